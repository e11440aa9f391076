//! Two answers, field by field.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::ids::{Pairs, skeleton};
use crate::side::Answer;

/// Members whose values only their maker understands: both sides must have one, and that is all.
const OPAQUE: [&str; 2] = ["Location", "NextMarker"];

/// How two answers differ at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The status or the error code; the bodies aren't compared then.
    Answer,
    /// LocalEmu leaves the member out.
    Missing,
    /// LocalEmu has a member that `lambda-sim` hasn't.
    Extra,
    /// Both have it, with other values.
    Value,
}

/// One difference, with what each side has there.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// A JSON pointer into the body; empty for the answer itself.
    pub at: String,
    /// How they differ.
    pub kind: Kind,
    /// What `lambda-sim` says; null for [`Kind::Extra`].
    pub sim: Value,
    /// What LocalEmu says; null for [`Kind::Missing`].
    pub emulator: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, kind, sim, emulator } = self;
        match kind {
            Kind::Answer => write!(f, "lambda-sim answers {sim}, LocalEmu {emulator}"),
            Kind::Missing => write!(f, "{at}: lambda-sim has {sim}, LocalEmu nothing"),
            Kind::Extra => write!(f, "{at}: lambda-sim has nothing, LocalEmu {emulator}"),
            Kind::Value => write!(f, "{at}: lambda-sim has {sim}, LocalEmu {emulator}"),
        }
    }
}

/// All differences between two answers; ids are paired on the way.
pub fn answers(sim: &Answer, emulator: &Answer, unordered: bool, pairs: &mut Pairs) -> Vec<Difference> {
    let mut comparison = Comparison { unordered, pairs, found: Vec::new() };
    if sim.outcome == emulator.outcome {
        comparison.values("", &sim.body, &emulator.body);
    } else {
        let told = |answer: &Answer| Value::from(answer.outcome.clone());
        comparison.found.push(Difference {
            at: String::new(),
            kind: Kind::Answer,
            sim: told(sim),
            emulator: told(emulator),
        });
    }
    comparison.found
}

struct Comparison<'a> {
    unordered: bool,
    pairs: &'a mut Pairs,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn values(&mut self, at: &str, sim: &Value, emulator: &Value) {
        match (sim, emulator) {
            (Value::Object(_), Value::Object(_)) => self.objects(at, sim, emulator),
            (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
                self.lists(at, left.iter().collect(), right.iter().collect());
            }
            (Value::String(_), Value::String(_)) if is_opaque(at) => {}
            (Value::String(left), Value::String(right)) => self.texts(at, left, right),
            // Seconds since 1970, of mappings.
            (Value::Number(_), Value::Number(_)) if at.ends_with("/LastModified") => {}
            (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
            _ if sim == emulator => {}
            _ => self.differ(at, Kind::Value, sim.clone(), emulator.clone()),
        }
    }

    fn objects(&mut self, at: &str, sim: &Value, emulator: &Value) {
        let names = |value: &Value| value.as_object().into_iter().flat_map(|o| o.keys().cloned()).collect();
        let (left, right): (BTreeSet<String>, BTreeSet<String>) = (names(sim), names(emulator));
        for name in left.union(&right) {
            let at = format!("{at}/{name}");
            match (sim.get(name), emulator.get(name)) {
                (Some(left), Some(right)) => self.values(&at, left, right),
                (Some(left), None) => self.differ(&at, Kind::Missing, left.clone(), Value::Null),
                (_, right) => self.differ(&at, Kind::Extra, Value::Null, right.cloned().unwrap_or_default()),
            }
        }
    }

    fn lists(&mut self, at: &str, mut left: Vec<&Value>, mut right: Vec<&Value>) {
        if self.unordered {
            left.sort_by_cached_key(|item| skeleton(&item.to_string()));
            right.sort_by_cached_key(|item| skeleton(&item.to_string()));
        }
        for (index, (left, right)) in left.into_iter().zip(right).enumerate() {
            self.values(&format!("{at}/{index}"), left, right);
        }
    }

    /// Documents in texts, such as policies, are compared as documents: how they are set means nothing.
    fn texts(&mut self, at: &str, sim: &str, emulator: &str) {
        let document = |text: &str| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
        if let (Some(left), Some(right)) = (document(sim), document(emulator)) {
            return self.values(at, &left, &right);
        }
        if let Err((left, right)) = self.pairs.compare(sim, emulator) {
            self.differ(at, Kind::Value, left.into(), right.into());
        }
    }

    fn differ(&mut self, at: &str, kind: Kind, sim: Value, emulator: Value) {
        self.found.push(Difference { at: at.to_owned(), kind, sim, emulator });
    }
}

fn is_opaque(at: &str) -> bool {
    at.rsplit('/').next().is_some_and(|name| OPAQUE.contains(&name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(sim: Value, emulator: Value) -> Vec<(String, Kind)> {
        let answer = |body| Answer { outcome: "200".to_owned(), body };
        let found = answers(&answer(sim), &answer(emulator), false, &mut Pairs::default());
        found.into_iter().map(|difference| (difference.at, difference.kind)).collect()
    }

    #[test]
    fn every_member_is_looked_at() {
        let differences = found(
            json!({"a": 1, "b": {"c": [1, {"d": "x"}]}, "gone": null}),
            json!({"a": 1.0, "b": {"c": [1, {"d": "y"}]}, "new": 1}),
        );
        let expected = [("/b/c/1/d", Kind::Value), ("/gone", Kind::Missing), ("/new", Kind::Extra)];
        assert_eq!(differences, expected.map(|(at, kind)| (at.to_owned(), kind)));
    }

    #[test]
    fn null_and_false_and_lists_of_another_length_differ() {
        for (one, other) in [(json!(null), json!(false)), (json!([1]), json!([1, 2])), (json!("1"), json!(1))]
        {
            assert_eq!(found(json!({"a": one}), json!({"a": other})), [("/a".to_owned(), Kind::Value)]);
        }
    }

    #[test]
    fn opaque_values_and_times_only_have_to_be_there() {
        let differences = found(
            json!({"NextMarker": "a", "LastModified": 1.5, "Created": "2026-01-01T00:00:00.000+0000"}),
            json!({"NextMarker": "b", "LastModified": 2, "Created": "2026-01-01T00:00:01.001+0000"}),
        );
        assert!(differences.is_empty(), "{differences:?}");
        assert_eq!(found(json!({"NextMarker": "a"}), json!({"NextMarker": null})).len(), 1);
    }

    #[test]
    fn documents_in_texts_are_compared_as_documents() {
        let sim = json!({"Policy": r#"{"Id":"a","Sid":1}"#});
        assert!(found(sim.clone(), json!({"Policy": r#"{ "Sid": 1, "Id": "a" }"#})).is_empty());
        let differences = found(sim, json!({"Policy": r#"{"Id":"b","Sid":1}"#}));
        assert_eq!(differences, [("/Policy/Id".to_owned(), Kind::Value)]);
    }

    #[test]
    fn another_status_or_code_hides_the_bodies() {
        let answer = |outcome: &str, body| Answer { outcome: outcome.to_owned(), body };
        let (sim, emulator) = (answer("200", json!({"a": 1})), answer("500 InternalError", json!({})));
        let found = answers(&sim, &emulator, false, &mut Pairs::default());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), r#"lambda-sim answers "200", LocalEmu "500 InternalError""#);
    }

    #[test]
    fn lists_without_an_order_are_sorted_by_what_does_not_vary() {
        let list = |ids: [&str; 2]| {
            let items = ids.map(|id| json!({"Name": &id[..1], "RevisionId": id}));
            Answer { outcome: "200".to_owned(), body: json!({"Items": items}) }
        };
        let (a, b) = ("aaaaaaaa-0000-0000-0000-000000000000", "bbbbbbbb-0000-0000-0000-000000000000");
        let differences = answers(&list([a, b]), &list([b, a]), true, &mut Pairs::default());
        assert!(differences.is_empty(), "{differences:?}");
    }
}
