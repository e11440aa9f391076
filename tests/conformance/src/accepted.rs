//! The differences that are accepted, each with the reason and the source that says what AWS does: `accepted.yaml`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::compare::{Difference, Kind};

static LIST: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let text = include_str!("../accepted.yaml");
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("accepted.yaml: {error}"))
});

/// Some differences that have one reason.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The scenarios that show it; `*` is any.
    scenarios: Vec<String>,
    /// The steps of them that show it; `*` is any.
    steps: Vec<String>,
    /// Where in the answer: JSON pointers in which `*` is any one name, and a `**` at the beginning any number of them.
    #[serde(default)]
    at: Vec<String>,
    kind: Kind,
    /// What LocalEmu says there; any value if it isn't named. Answers always name it.
    #[serde(default)]
    emulator: Option<Value>,
    reason: String,
    source: String,
}

/// The scenario that must show what all scenarios may.
const SHOWS_ALL: &str = "functions";

/// The entries for one scenario, and which of them were needed.
#[derive(Debug)]
pub struct Accepted {
    scenario: String,
    entries: Vec<Entry>,
    /// Of each entry, by its number, the steps and places that were needed.
    needed: RefCell<BTreeSet<(usize, String)>>,
}

impl Accepted {
    /// The entries of `accepted.yaml` for a scenario.
    pub fn of(scenario: &str) -> Self {
        Self::among(&LIST, scenario)
    }

    fn among(list: &[Entry], scenario: &str) -> Self {
        let entries = list.iter().filter(|entry| entry.is_for(scenario) || entry.is_for("*"));
        Self {
            scenario: scenario.to_owned(),
            entries: entries.cloned().collect(),
            needed: RefCell::default(),
        }
    }

    /// Whether a difference of a step is accepted.
    pub fn allows(&self, step: &str, difference: &Difference) -> bool {
        let mut allowed = false;
        for (number, entry) in self.entries.iter().enumerate() {
            let fits = entry.kind == difference.kind
                && entry.emulator.as_ref().is_none_or(|value| *value == difference.emulator);
            let step = entry.steps.iter().find(|wanted| *wanted == "*" || *wanted == step);
            let at = entry.places().into_iter().find(|pattern| matches(pattern, &difference.at));
            if let (true, Some(step), Some(at)) = (fits, step, at) {
                allowed = true;
                let mut needed = self.needed.borrow_mut();
                needed.extend([(number, step.clone()), (number, at)]);
            }
        }
        allowed
    }

    /// What of the list no longer happens.
    pub fn not_needed(&self) -> Vec<String> {
        let needed = self.needed.borrow();
        let to_show = |entry: &Entry| entry.is_for(&self.scenario) || self.scenario == SHOWS_ALL;
        let listed = self.entries.iter().enumerate().filter(|(_, entry)| to_show(entry));
        let parts = listed.flat_map(|(number, entry)| {
            let parts = entry.steps.iter().cloned().chain(entry.places());
            parts.map(move |part| (number, part))
        });
        let left = parts.filter(|part| !needed.contains(part));
        left.map(|(number, part)| {
            let Entry { reason, source, .. } = &self.entries[number];
            format!("{part:?} of the entry: {reason} ({source})")
        })
        .collect()
    }
}

impl Entry {
    fn is_for(&self, scenario: &str) -> bool {
        self.scenarios.iter().any(|name| name == scenario)
    }

    /// The places, for answers the only one that they have.
    fn places(&self) -> Vec<String> {
        if self.kind == Kind::Answer { vec![String::new()] } else { self.at.clone() }
    }
}

fn matches(pattern: &str, at: &str) -> bool {
    if let Some(end) = pattern.strip_prefix("**") {
        let count = end.matches('/').count();
        let start = at.rmatch_indices('/').nth(count.saturating_sub(1)).map_or(0, |(start, _)| start);
        return matches(end, &at[start..]);
    }
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), at.split('/').collect());
    wanted.len() == given.len()
        && wanted.iter().zip(given).all(|(wanted, given)| *wanted == "*" || *wanted == given)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::run::SCENARIOS;

    fn entry(kind: &str, steps: &[&str], at: &[&str]) -> Entry {
        let entry = json!({
            "scenarios": ["s"], "steps": steps, "at": at, "kind": kind, "reason": "why", "source": "https://x",
        });
        serde_json::from_value(entry).unwrap()
    }

    fn difference(kind: Kind, at: &str, emulator: Value) -> Difference {
        Difference { at: at.to_owned(), kind, sim: Value::Null, emulator }
    }

    #[test]
    fn every_entry_is_complete() {
        for entry in LIST.iter() {
            assert!(entry.source.starts_with("https://"), "{entry:?}");
            let known = |name: &String| name == "*" || SCENARIOS.contains(&name.as_str());
            assert!(entry.scenarios.iter().all(known), "{entry:?}");
            assert!(
                !entry.reason.is_empty() && !entry.scenarios.is_empty() && !entry.steps.is_empty(),
                "{entry:?}"
            );
            let places =
                if entry.kind == Kind::Answer { entry.emulator.is_some() } else { !entry.at.is_empty() };
            assert!(places, "{entry:?}");
        }
    }

    #[test]
    fn places_are_patterns() {
        assert!(matches("/a/*/c", "/a/0/c") && !matches("/a/*/c", "/a/0/d") && !matches("/a", "/a/b"));
        assert!(matches("**/c", "/a/b/c") && matches("**/c", "/c") && matches("**/b/c", "/a/b/c"));
        assert!(!matches("**/b/c", "/a/x/c") && !matches("**/c", "/a/c/d") && !matches("**/b/c", "/c"));
    }

    #[test]
    fn what_is_not_listed_is_not_allowed() {
        let list = [entry("missing", &["create"], &["/a"])];
        let accepted = Accepted::among(&list, "s");
        assert!(accepted.allows("create", &difference(Kind::Missing, "/a", Value::Null)));
        assert!(!accepted.allows("update", &difference(Kind::Missing, "/a", Value::Null)));
        assert!(!accepted.allows("create", &difference(Kind::Missing, "/b", Value::Null)));
        assert!(!accepted.allows("create", &difference(Kind::Value, "/a", Value::Null)));
        let other = Accepted::among(&list, "other");
        assert!(!other.allows("create", &difference(Kind::Missing, "/a", Value::Null)));
        assert!(other.not_needed().is_empty());
    }

    #[test]
    fn the_value_of_the_emulator_counts_where_it_is_named() {
        let mut answer = entry("answer", &["*"], &[]);
        answer.emulator = Some(json!("500 InternalError"));
        let accepted = Accepted::among(&[answer], "s");
        assert!(!accepted.allows("create", &difference(Kind::Answer, "", json!("501 InternalError"))));
        assert_eq!(accepted.not_needed().len(), 2, "neither its step nor its place was needed");
        assert!(accepted.allows("create", &difference(Kind::Answer, "", json!("500 InternalError"))));
        assert!(accepted.not_needed().is_empty());
    }

    #[test]
    fn what_all_scenarios_may_show_one_of_them_must() {
        let mut everywhere = entry("missing", &["*"], &["**/a"]);
        everywhere.scenarios = vec!["*".to_owned()];
        let list = [everywhere];
        let of = |scenario| Accepted::among(&list, scenario);
        assert!(of("s").allows("create", &difference(Kind::Missing, "/b/a", Value::Null)));
        assert!(of("s").not_needed().is_empty());
        assert_eq!(of(SHOWS_ALL).not_needed().len(), 2);
    }

    #[test]
    fn each_step_and_place_of_an_entry_must_be_needed() {
        let accepted = Accepted::among(&[entry("extra", &["create", "update"], &["/a", "/b"])], "s");
        accepted.allows("create", &difference(Kind::Extra, "/a", Value::Null));
        let left = accepted.not_needed();
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(left[0].starts_with("\"update\" of ") && left[1].starts_with("\"/b\" of"), "{left:?}");
    }
}
