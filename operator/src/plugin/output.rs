//! What commands print: JSON, YAML, or for people a table like kubectl's. Colours are for terminals; `anstream` takes them
//! away where they aren't wanted (a pipe, NO_COLOR).

use std::io::{self, ErrorKind, Write};

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use tabled::builder::Builder;
use tabled::settings::{Padding, Style as Lines};

use super::failure::Failure;
use super::object::Object;

/// How to print.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct OutputArgs {
    /// Print JSON or YAML instead of text for people.
    #[arg(short = 'o', long = "output", value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<Format>,
}

/// A format for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON, indented.
    Json,
    /// YAML.
    Yaml,
}

impl OutputArgs {
    /// Whether a person reads it.
    pub fn is_human(self) -> bool {
        self.format.is_none()
    }

    /// Prints a value, or for people the text.
    pub fn print<T: Serialize>(self, value: &T, human: impl FnOnce() -> String) -> Result<(), Failure> {
        let text = match self.format {
            None => human(),
            Some(Format::Json) => serde_json::to_string_pretty(value).map_err(unwritable)? + "\n",
            Some(Format::Yaml) => serde_saphyr::to_string(value).map_err(unwritable)?,
        };
        print(&text)
    }
}

/// A value that a format can't say.
pub fn unwritable(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("the answer can't be written in this format: {error}"))
}

/// Prints a text to stdout. Who reads may have had enough, as `head` does.
pub fn print(text: &str) -> Result<(), Failure> {
    written(anstream::stdout().write_all(text.as_bytes()).and_then(|()| anstream::stdout().flush()))
}

/// Prints bytes as they are.
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("stdout can't be written to: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells a person something besides the answer, on stderr. If that can't be written to, there is nobody to tell.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// What becomes of objects one after the other: a line for each as it happens, or a list for programs at the end.
pub struct Report {
    output: OutputArgs,
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    name: String,
    changed: bool,
}

impl Report {
    /// Nothing yet.
    pub fn new(output: OutputArgs) -> Self {
        Self { output, entries: Vec::new() }
    }

    /// An object was changed, in words.
    pub fn changed(&mut self, object: &Object, text: &str) -> Result<(), Failure> {
        self.add(object, text, true)
    }

    /// An object is as it was, and why.
    pub fn unchanged(&mut self, object: &Object, text: &str) -> Result<(), Failure> {
        self.add(object, text, false)
    }

    fn add(&mut self, object: &Object, text: &str, changed: bool) -> Result<(), Failure> {
        let (kind, namespace, name) = (object.kind.name.clone(), object.namespace(), object.name());
        self.entries.push(Entry { kind, namespace, name, changed });
        if self.output.is_human() { print(&format!("{} {text}\n", object.label())) } else { Ok(()) }
    }

    /// That was all.
    pub fn end(self) -> Result<(), Failure> {
        if self.output.is_human() { Ok(()) } else { self.output.print(&self.entries, String::new) }
    }
}

/// A table for people, as kubectl prints them: no lines, and three spaces between the columns.
pub struct Table(Builder);

impl Table {
    /// A table with these columns.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        let mut builder = Builder::default();
        builder.push_record(columns);
        Self(builder)
    }

    /// A table whose first column says what the second is.
    pub fn of_facts() -> Self {
        Self(Builder::default())
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.push_record(cells.map(|cell| one_line(&cell)));
    }

    /// The text.
    pub fn render(self) -> String {
        let mut table = self.0.build();
        table.with(Lines::empty()).with(Padding::new(0, 3, 0, 0));
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n") + "\n"
    }
}

/// Messages may have several lines, rows have one.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A value that may be missing.
pub fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "<none>".to_owned(), |value| value.to_string())
}

/// A time that may be missing, in UTC.
pub fn time(time: Option<Timestamp>) -> String {
    or_none(time.map(|time| time.strftime("%Y-%m-%d %H:%M:%S")))
}

/// The status of the condition Ready, in its colour.
pub fn ready(status: &str) -> String {
    let colour = match status {
        "True" => AnsiColor::Green,
        "False" => AnsiColor::Red,
        "" => return String::new(),
        _ => AnsiColor::Yellow,
    };
    let style = Style::new().fg_color(Some(colour.into()));
    format!("{style}{status}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_look_like_kubectls_also_in_colour() {
        let mut table = Table::new(["NAME", "READY", "MESSAGE"]);
        table.row(["hello".to_owned(), ready("True"), String::new()]);
        table.row(["a-longer-name".to_owned(), ready("False"), "two\nlines".to_owned()]);
        let text = table.render();
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(
            plain,
            "NAME            READY   MESSAGE\n\
             hello           True\n\
             a-longer-name   False   two lines\n"
        );
        assert!(text.contains("\u{1b}[32mTrue\u{1b}[0m"), "{text:?}");
    }
}
