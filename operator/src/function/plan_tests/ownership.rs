//! Whose function it is, and what may then be done.

use super::*;

const FOREIGN: [(&str, &str); 2] =
    [(OWNER_TAG, "elsewhere/uid-9"), ("lambda-operator.io/object", "other/hello")];
const PREDECESSOR: [(&str, &str); 2] =
    [(OWNER_TAG, "cluster/uid-0"), ("lambda-operator.io/object", "shop/hello")];

/// Tags, `spec.adopt`, how it came to this object before, and what is done.
type Row<'a> = (&'a [(&'a str, &'a str)], AdoptPolicy, Option<Origin>, &'a [&'a str]);

#[test]
fn only_what_is_ours_or_may_be_taken_over_is_touched() {
    use AdoptPolicy::{Force, Never, Unowned};
    let own = "TagResource(owner)";
    let cases: [Row<'_>; 11] = [
        (&[], Never, None, &[]),
        (&[], Unowned, None, &[own]),
        (&[], Force, None, &[own]),
        (&[], Never, Some(Origin::Created), &[]),
        (&[], Unowned, Some(Origin::Created), &[]),
        (&[], Force, Some(Origin::Adopted), &[own]),
        (&FOREIGN, Never, None, &[]),
        (&FOREIGN, Unowned, None, &[]),
        (&FOREIGN, Force, None, &[own]),
        (&PREDECESSOR, Never, None, &[own]),
        (&[("team", "a")], Never, None, &[]),
    ];
    for (tags, adopt, origin, expected) in cases {
        let mut case = Case { adopt, ..Case::new() }.tagged(tags);
        case.desired.configuration.memory_size = 256;
        case.status.common.origin = origin;
        assert_eq!(case.actions(), expected, "{tags:?} {adopt:?} {origin:?}");
        if expected.is_empty() {
            let verdict = case.plan().verdict;
            assert_eq!(verdict.reason(), Reason::OwnershipConflict, "{tags:?} {adopt:?} {origin:?}");
            assert!(verdict.message().contains("spec.adopt"), "a remedy: {}", verdict.message());
        }
    }
}

#[test]
fn a_conflict_says_whose_it_is_or_which_tag_is_missing() {
    let foreign = Case::new().tagged(&FOREIGN).plan().verdict;
    assert!(foreign.message().contains("other/hello of another cluster"), "{}", foreign.message());
    let vanished = Case::new().tagged(&[]).plan().verdict;
    assert!(vanished.message().contains("has vanished"), "{}", vanished.message());
    assert!(vanished.message().contains("cluster/uid-1"), "what to put back: {}", vanished.message());
}

#[test]
fn unreadable_tags_stop_an_adoption_and_nothing_else() {
    let mut case = Case::new();
    case.live().tags = Err("not authorized to perform lambda:ListTags".into());
    case.desired.configuration.memory_size = 256;
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{MemorySize}"]);
    case.status.common.origin = None;
    let plan = case.plan();
    assert!(plan.actions.is_empty() && plan.verdict.reason() == Reason::AccessDenied);
    assert!(plan.verdict.message().contains("lambda:ListTags"), "{}", plan.verdict.message());
}

#[test]
fn a_listing_has_no_tags_and_decides_nothing_about_the_owner() {
    let mut case = Case::new();
    case.observed.live = None;
    assert!(matches!(case.plan().verdict, Verdict::Settled(Reason::Available, _)));
}

#[test]
fn who_only_observes_needs_not_own() {
    let mut case = Case { observe_only: true, ..Case::new() }.tagged(&FOREIGN);
    case.status.common.origin = None;
    assert!(matches!(case.plan().verdict, Verdict::Settled(Reason::Available, _)));
}
