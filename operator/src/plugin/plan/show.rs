//! A plan for people and for programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::Value;

use super::entry::{Change, Entry};
use super::lines::Line;
use crate::text::sentence;

/// A plan for programs.
#[derive(Serialize)]
pub struct Plan<'a> {
    summary: Summary,
    objects: &'a [Entry],
}

/// How many objects would come to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    create: usize,
    update: usize,
    adopt: usize,
    invoke: usize,
    none: usize,
    busy: usize,
    refused: usize,
}

impl<'a> Plan<'a> {
    /// All of these.
    pub fn of(objects: &'a [Entry]) -> Self {
        Self { summary: Summary::of(objects), objects }
    }
}

impl Summary {
    fn of(entries: &[Entry]) -> Self {
        let mut summary = Self::default();
        for entry in entries {
            let count = match entry.change {
                Change::Create => &mut summary.create,
                Change::Update => &mut summary.update,
                Change::Adopt => &mut summary.adopt,
                Change::Invoke => &mut summary.invoke,
                Change::None => &mut summary.none,
                Change::Busy => &mut summary.busy,
                Change::Refused => &mut summary.refused,
            };
            *count += 1;
        }
        summary
    }

    fn text(self) -> String {
        let Self { create, update, adopt, invoke, none, busy, refused } = self;
        let parts = [
            (create, "to create"),
            (update, "to change"),
            (adopt, "to take over as they are"),
            (invoke, "to invoke"),
            (none, "with nothing to do"),
            (busy, "that AWS is busy with"),
            (refused, "that can't be worked on"),
        ];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        format!("Plan: {}.", parts.join(", "))
    }
}

/// A plan for people; `all`: also what stays as it is.
pub fn text(entries: &[Entry], all: bool) -> String {
    let mut text = String::new();
    let told = |entry: &&Entry| all || entry.change != Change::None || !entry.notes.is_empty();
    for entry in entries.iter().filter(told) {
        paragraph(entry, &mut text);
        text.push('\n');
    }
    let nothing = entries.iter().all(|entry| entry.change == Change::None);
    text += &if nothing {
        "Nothing to do: AWS has what the manifests say.".to_owned()
    } else {
        Summary::of(entries).text()
    };
    text + "\n"
}

fn paragraph(entry: &Entry, text: &mut String) {
    let Entry { kind, namespace, name, change, resource, differences, actions, message, notes } = entry;
    let (mark, colour, what) = match change {
        Change::Create => ("+", AnsiColor::Green, "is created"),
        Change::Update => ("~", AnsiColor::Yellow, "is changed"),
        Change::Adopt => (">", AnsiColor::Cyan, "is taken over as it is"),
        Change::Invoke => ("!", AnsiColor::Yellow, "is invoked"),
        Change::None => ("=", AnsiColor::White, "stays as it is"),
        Change::Busy => ("…", AnsiColor::Yellow, "waits for AWS"),
        Change::Refused => ("✗", AnsiColor::Red, "can't be worked on"),
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let place = if namespace.is_empty() { String::new() } else { format!(" in {namespace}") };
    let resource = resource.as_ref().map(|arn| format!(": {arn}")).unwrap_or_default();
    let _ = writeln!(text, "{style}{mark} {kind}/{name}{style:#}{place} {what}{resource}");
    for line in differences {
        let _ = writeln!(text, "    {}", difference(line));
    }
    if !actions.is_empty() {
        let _ = writeln!(text, "    by {}", actions.join(", "));
    }
    for message in message.iter().chain(notes) {
        let _ = writeln!(text, "    {}", sentence(message));
    }
}

fn difference(line: &Line) -> String {
    let Line { path, before, after, hidden } = line;
    match (before, after) {
        _ if *hidden => format!("~ {path} (the values aren't shown)"),
        (None, Some(after)) => format!("+ {path}: {}", short(after)),
        (Some(before), None) => format!("- {path}: {}", short(before)),
        (before, after) => {
            let shown = |value: &Option<Value>| value.as_ref().map(short).unwrap_or_default();
            format!("~ {path}: {} → {}", shown(before), shown(after))
        }
    }
}

/// A text without its quotes, anything else as JSON.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains('\n') => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(name: &str, change: Change) -> Entry {
        Entry {
            kind: "LambdaFunction".into(),
            namespace: "shop".into(),
            name: name.into(),
            change,
            resource: None,
            differences: Vec::new(),
            actions: Vec::new(),
            message: None,
            notes: Vec::new(),
        }
    }

    fn plain(entries: &[Entry]) -> String {
        anstream::adapter::strip_str(&text(entries, false)).to_string()
    }

    #[test]
    fn a_plan_names_what_changes_and_counts_the_rest() {
        let line = |path: &str, before: Value, after: Value| Line {
            path: path.into(),
            before: Some(before).filter(|value| !value.is_null()),
            after: Some(after).filter(|value| !value.is_null()),
            hidden: path.starts_with("env"),
        };
        let changed = Entry {
            differences: vec![
                line("memorySize", json!(128), json!(256)),
                line("description", Value::Null, json!("new")),
                line("kmsKeyArn", json!("arn:k"), Value::Null),
                line("env.A", Value::Null, Value::Null),
            ],
            actions: vec!["UpdateFunctionConfiguration{MemorySize}".into()],
            resource: Some("arn:f".into()),
            ..entry("a", Change::Update)
        };
        let stuck = Entry { message: Some("no such layer".into()), ..entry("b", Change::Refused) };
        assert_eq!(
            plain(&[changed, stuck, entry("c", Change::None)]),
            "~ LambdaFunction/a in shop is changed: arn:f\n\
             \x20   ~ memorySize: 128 → 256\n\
             \x20   + description: new\n\
             \x20   - kmsKeyArn: arn:k\n\
             \x20   ~ env.A (the values aren't shown)\n\
             \x20   by UpdateFunctionConfiguration{MemorySize}\n\
             \n\
             ✗ LambdaFunction/b in shop can't be worked on\n\
             \x20   no such layer.\n\
             \n\
             Plan: 1 to change, 1 with nothing to do, 1 that can't be worked on.\n"
        );
    }

    #[test]
    fn an_empty_plan_says_so() {
        let nothing = "Nothing to do: AWS has what the manifests say.\n";
        assert_eq!(plain(&[entry("a", Change::None)]), nothing);
        let all = text(&[entry("a", Change::None)], true);
        let all = anstream::adapter::strip_str(&all).to_string();
        assert_eq!(all, format!("= LambdaFunction/a in shop stays as it is\n\n{nothing}"));
    }
}
