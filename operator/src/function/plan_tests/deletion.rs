//! What is left to do before an object may go: the whole table.

use super::*;
use crate::function::deletion::plan_deletion;

const MINE: &[(&str, &str)] = &[(OWNER_TAG, "cluster/uid-1"), ("lambda-operator.io/object", "shop/hello")];
const PREDECESSOR: &[(&str, &str)] =
    &[(OWNER_TAG, "cluster/uid-0"), ("lambda-operator.io/object", "shop/hello")];
const SIBLING: &[(&str, &str)] = &[(OWNER_TAG, "cluster/uid-2"), ("lambda-operator.io/object", "shop/other")];
const FOREIGN: &[(&str, &str)] =
    &[(OWNER_TAG, "elsewhere/uid-1"), ("lambda-operator.io/object", "shop/hello")];

/// What is decided: whether it acts, waits, releases or is denied, and with which words.
fn decided(case: &Case, observed: Option<&Observed>, policy: DeletionPolicy, sent: bool) -> String {
    let owner = me();
    let facts = Facts {
        owner: &owner,
        adopt: case.adopt,
        observe_only: false,
        deletion_policy: policy,
        status: &case.status,
        changed: false,
        retry_due: true,
        delete_sent: sent,
        in_turn: false,
    };
    format!("{:?}", plan_deletion(observed, &facts))
}

/// Tags, policy, whether a deletion was sent, and what is done.
type Row<'a> = (&'a [(&'a str, &'a str)], DeletionPolicy, bool, &'a str);

#[test]
fn it_depends_on_the_owner_and_the_policy() {
    use DeletionPolicy::{Delete, Retain};
    const DELETES: &str = "(DeleteFunction)";
    const DISOWNS: &str = "(UntagResource(owner))";
    const WAITS: &str = "Wait(";
    const LEAVES: &str = "LeftInAWS";
    const GOES: &str = "Release(None)";
    let rows: [Row<'_>; 16] = [
        (MINE, Delete, false, DELETES),
        (MINE, Delete, true, WAITS),
        (MINE, Retain, false, DISOWNS),
        (MINE, Retain, true, DISOWNS),
        (PREDECESSOR, Delete, false, DELETES),
        (PREDECESSOR, Delete, true, WAITS),
        (PREDECESSOR, Retain, false, DISOWNS),
        (&[], Delete, false, LEAVES),
        (&[], Delete, true, LEAVES),
        (&[("team", "a")], Delete, false, LEAVES),
        (&[], Retain, false, GOES),
        (SIBLING, Delete, false, LEAVES),
        (SIBLING, Retain, false, GOES),
        (FOREIGN, Delete, false, LEAVES),
        (FOREIGN, Delete, true, LEAVES),
        (FOREIGN, Retain, false, GOES),
    ];
    for (tags, policy, sent, expected) in rows {
        let case = Case::new().tagged(tags);
        let decision = decided(&case, Some(&case.observed), policy, sent);
        assert!(decision.contains(expected), "{tags:?} {policy:?} {sent}: {decision}");
    }
}

#[test]
fn what_aws_is_deleting_already_is_waited_for_whoever_owns_it() {
    for tags in [MINE, PREDECESSOR, &[], FOREIGN] {
        for policy in [DeletionPolicy::Delete, DeletionPolicy::Retain] {
            let mut case = Case::new().tagged(tags);
            case.live().state = "Deleting".into();
            let decision = decided(&case, Some(&case.observed), policy, false);
            assert!(decision.starts_with("Wait("), "{tags:?} {policy:?}: {decision}");
        }
    }
}

#[test]
fn without_readable_tags_nothing_is_decided_and_the_remedy_is_told() {
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Retain] {
        for sent in [false, true] {
            let mut case = Case::new();
            case.live().tags = Err("AccessDenied".into());
            let decision = decided(&case, Some(&case.observed), policy, sent);
            assert!(decision.starts_with("Denied(") && decision.contains("lambda:ListTags"), "{decision}");
        }
    }
}

#[test]
fn a_listing_is_not_enough() {
    let mut case = Case::new();
    case.observed.live = None;
    assert!(decided(&case, Some(&case.observed), DeletionPolicy::Delete, false).starts_with("Wait("));
}

#[test]
fn what_is_gone_lets_the_object_go_and_only_what_it_had_is_news() {
    let mut case = Case::new();
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Retain] {
        assert_eq!(decided(&case, None, policy, true), "Release(None)");
    }
    case.status.arn = Some("arn:f".into());
    let decision = decided(&case, None, DeletionPolicy::Delete, true);
    assert!(decision.contains("arn:f is deleted"), "{decision}");
    let mut stranger = Case::new().tagged(FOREIGN);
    stranger.status.common.origin = None;
    let decision = decided(&stranger, Some(&stranger.observed), DeletionPolicy::Delete, false);
    assert_eq!(decision, "Release(None)", "what this object never had is no news");
}

#[test]
fn a_function_that_is_left_says_why() {
    let text = |tags| {
        let case = Case::new().tagged(tags);
        decided(&case, Some(&case.observed), DeletionPolicy::Delete, false)
    };
    assert!(text(FOREIGN).contains("another cluster") && text(SIBLING).contains("shop/other"));
    assert!(text(&[]).contains("has vanished"));
}
