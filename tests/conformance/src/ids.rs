//! What can't be the same on both sides: generated ids, times, and where an endpoint listens. They are taken out of
//! texts before these are compared, and ids are paired: what one side calls by the same id again, the other must too.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

/// UUIDs, ids of code-signing configurations and URLs of functions; times; endpoints.
static VARYING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?<id> [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | \bcsc-[0-9a-f]{17}\b
              | https?://[0-9a-z]{32}\.lambda-url\.[a-z0-9.:-]+/ )
        | (?<time> \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d (?:\.(?<fraction>\d+))? )
        | (?<endpoint> https?://127\.0\.0\.1:\d+ )",
    )
    .expect("a constant pattern compiles")
});

/// A text with names in the place of what varies, and the ids that were there. Of times their precision counts.
fn masked(text: &str) -> (String, Vec<&str>) {
    let (mut skeleton, mut ids, mut end) = (String::new(), Vec::new(), 0);
    for found in VARYING.captures_iter(text) {
        let whole = found.get(0).expect("the whole match is always there");
        skeleton.push_str(&text[end..whole.start()]);
        end = whole.end();
        if found.name("id").is_some() {
            ids.push(whole.as_str());
            skeleton.push_str("<id>");
        } else {
            let fraction = found.name("fraction").map_or(0, |digits| digits.len());
            let time = format!("<time to {fraction} digits>");
            skeleton.push_str(if found.name("time").is_some() { &time } else { "<endpoint>" });
        }
    }
    skeleton.push_str(&text[end..]);
    (skeleton, ids)
}

/// A skeleton with a label in the place of each id.
fn filled(skeleton: &str, labels: &[&str]) -> String {
    let mut parts = skeleton.split("<id>");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.zip(labels).fold(first, |text, (part, label)| text + label + part)
}

/// A text as it sorts and is shown: without what varies.
pub fn skeleton(text: &str) -> String {
    masked(text).0
}

/// Which id of one side is which of the other.
#[derive(Debug, Default)]
pub struct Pairs {
    there: HashMap<String, String>,
    back: HashMap<String, String>,
}

impl Pairs {
    /// Whether two texts say the same; if not, what each of them is, for the message. Ids that both sides show for the
    /// first time are a pair from then on, and so are those that differ: a difference is told once.
    pub fn compare(&mut self, sim: &str, emulator: &str) -> Result<(), (String, String)> {
        let ((left, left_ids), (right, right_ids)) = (masked(sim), masked(emulator));
        if left != right {
            return Err((left, right));
        }
        let (mut shown, mut shown_right) = (Vec::new(), Vec::new());
        let mut same = true;
        for (one, other) in left_ids.into_iter().zip(right_ids) {
            let known = [self.there.contains_key(one), self.back.contains_key(other)];
            let paired = self.pair(one, other);
            same &= paired;
            let label = |known| match (paired, known) {
                (true, _) => "<id>",
                (false, true) => "<id seen before>",
                (false, false) => "<new id>",
            };
            shown.push(label(known[0]));
            shown_right.push(label(known[1]));
        }
        if same { Ok(()) } else { Err((filled(&left, &shown), filled(&right, &shown_right))) }
    }

    /// Whether they are a pair; they are one afterwards.
    fn pair(&mut self, one: &str, other: &str) -> bool {
        let same = match (self.there.get(one), self.back.get(other)) {
            (None, None) => true,
            (Some(known), _) => known == other,
            (None, Some(_)) => false,
        };
        if !same || !self.there.contains_key(one) {
            self.rebind(one, other);
        }
        same
    }

    fn rebind(&mut self, one: &str, other: &str) {
        if let Some(former) = self.there.insert(one.to_owned(), other.to_owned()) {
            self.back.remove(&former);
        }
        if let Some(former) = self.back.insert(other.to_owned(), one.to_owned())
            && former != one
        {
            self.there.remove(&former);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaa-0000-0000-0000-000000000000";
    const B: &str = "bbbbbbbb-0000-0000-0000-000000000000";
    const C: &str = "cccccccc-0000-0000-0000-000000000000";

    #[test]
    fn what_varies_is_masked_inside_of_texts() {
        assert_eq!(skeleton(&format!("mapping {A} exists")), "mapping <id> exists");
        assert_eq!(skeleton("arn:…:csc-0123456789abcdef0"), "arn:…:<id>");
        let url = "https://0123456789abcdefghijklmnopqrstuv.lambda-url.eu-west-1.on.aws/";
        assert_eq!(skeleton(url), "<id>");
        assert_eq!(skeleton("2026-01-02T03:04:05.678+0000"), "<time to 3 digits>+0000");
        assert_eq!(skeleton("http://127.0.0.1:4566/x"), "<endpoint>/x");
    }

    #[test]
    fn an_id_that_changes_on_one_side_only_is_told_once() {
        let mut pairs = Pairs::default();
        assert_eq!(pairs.compare(A, B), Ok(()));
        assert_eq!(pairs.compare(A, B), Ok(()));
        let told = pairs.compare(A, C).unwrap_err();
        assert_eq!(told, ("<id seen before>".to_owned(), "<new id>".to_owned()));
        assert_eq!(pairs.compare(A, C), Ok(()));
        assert!(pairs.compare(B, C).is_err(), "it changed on the other side now");
    }

    #[test]
    fn two_ids_of_one_side_are_not_one_of_the_other() {
        let mut pairs = Pairs::default();
        assert_eq!(pairs.compare(&format!("{A} {B}"), &format!("{B} {A}")), Ok(()));
        assert!(pairs.compare(&format!("{A} {A}"), &format!("{B} {A}")).is_err());
    }
}
