//! Parts that are managed only once they were in the spec.

use super::*;

/// In the spec, in AWS, managed before, and what is done.
type Row = (Option<i32>, Option<i32>, bool, &'static [&'static str]);

#[test]
fn reserved_concurrency_is_managed_from_the_moment_it_was_in_the_spec() {
    let cases: [Row; 8] = [
        (None, None, false, &[]),
        (None, Some(5), false, &[]),
        (None, Some(5), true, &["DeleteFunctionConcurrency"]),
        (None, None, true, &[]),
        (Some(5), None, false, &["PutFunctionConcurrency(5)"]),
        (Some(5), Some(5), false, &[]),
        (Some(5), Some(7), true, &["PutFunctionConcurrency(5)"]),
        (Some(0), None, true, &["PutFunctionConcurrency(0)"]),
    ];
    for (wanted, has, managed, expected) in cases {
        let mut case = Case::new();
        case.desired.reserved_concurrency = wanted;
        case.live().reserved_concurrency = has;
        case.status.common.managed_sections = managed.then(|| CONCURRENCY.into()).into_iter().collect();
        assert_eq!(case.actions(), expected, "{wanted:?} {has:?} {managed}");
    }
}

#[test]
fn only_tags_that_this_object_put_there_are_removed() {
    let mut tags = me().tags();
    tags.extend([("old".into(), "1".into()), ("theirs".into(), "2".into()), ("team".into(), "b".into())]);
    let mut case = Case::new();
    case.live().tags = Ok(tags);
    case.desired.tags.insert("team".into(), "a".into());
    case.status.common.managed_tags = vec!["old".into(), "gone".into(), "team".into()];
    assert_eq!(case.actions(), [r#"TagResource["team"]"#, r#"UntagResource["old"]"#]);
    assert_eq!(case.plan().differs, ["tags.team", "tags.old"]);
}

#[test]
fn a_listing_says_nothing_of_tags_and_concurrency() {
    let mut case = Case::new();
    case.desired.tags.insert("team".into(), "a".into());
    case.desired.reserved_concurrency = Some(5);
    case.observed.live = None;
    assert_eq!(case.actions(), [""; 0]);
}
