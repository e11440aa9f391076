//! The mark at the end of a function's description that makes `$LATEST` differ from a version that failed and that AWS
//! would else answer a publication with. It is put there before, and taken away after the publication. Pure.

use lambda_operator_crds::LambdaFunctionStatus;

use crate::engine::kind::Facts;
use crate::function::model::{Configuration, Observed};
use crate::function::publish::{Standing, is_exhausted, number_of, standing};

/// What every mark begins with.
const MARK: &str = "[lambda-operator: publishing again after version ";

/// AWS's limit for a description.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html>
const LONGEST: usize = 256;

/// Whether a description carries a mark.
pub(super) fn is_marked(description: &str) -> bool {
    unmarked(description).len() < description.len()
}

/// The description without a mark.
pub(super) fn unmarked(description: &str) -> &str {
    match description.rfind(MARK) {
        Some(at) if description.ends_with(']') => description[..at].trim_end(),
        _ => description,
    }
}

/// The description with a mark, shortened to make room. `None`: it may not be shortened, because nobody would know the
/// rest afterwards.
pub(super) fn mark(description: &str, version: i64, may_shorten: bool) -> Option<String> {
    let mark = format!("{MARK}{version}]");
    let room = LONGEST.saturating_sub(mark.chars().count() + 1);
    if description.chars().count() > room && !may_shorten {
        return None;
    }
    let kept: String = description.chars().take(room).collect();
    Some(format!("{kept} {mark}").trim_start().to_owned())
}

/// The version that a description's mark names.
fn marked_after(description: &str) -> Option<i64> {
    let at = description.rfind(MARK)?;
    description[at + MARK.len()..].strip_suffix(']')?.parse().ok()
}

/// Whether the mark is there for a publication that is still to come: then it is no difference to be mended.
pub(super) fn is_awaited(
    target: &Configuration,
    observed: &Observed,
    facts: &Facts<'_, LambdaFunctionStatus>,
) -> bool {
    let description = &observed.configuration.description;
    let Some((number, published)) = marked_after(description).zip(facts.status.published.as_ref()) else {
        return false;
    };
    let awaited = match standing(published) {
        Standing::Missing => true,
        Standing::Failed => number_of(published) == number,
        Standing::Pending | Standing::Usable => false,
    };
    awaited
        && (!is_exhausted(published) || facts.changed)
        && published.code_sha256.as_ref() == Some(&observed.code_sha256)
        && mark(&target.description, number, true).as_ref() == Some(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_taken_away_without_a_trace() {
        for text in ["", "what it is for", "ends with ]"] {
            let marked = mark(text, 3, true).unwrap();
            assert!(is_marked(&marked) && !is_marked(text), "{marked}");
            assert_eq!(unmarked(&marked), text);
        }
        assert_ne!(mark("a", 3, true), mark("a", 4, true));
    }

    #[test]
    fn a_long_description_makes_room() {
        let long = "\u{20ac}".repeat(256);
        let marked = mark(&long, 12, true).unwrap();
        assert_eq!(marked.chars().count(), 256);
        assert!(is_marked(&marked) && long.starts_with(unmarked(&marked)));
        assert_eq!(mark(&long, 12, false), None, "nobody would know what it was");
    }
}
