//! What is left to do before an object may go: the whole table.

use super::*;
use crate::function::deletion::{asks, plan_deletion};
use crate::function::model::{Durable, Ending};

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

/// A durable function that goes, in this state, with these executions running.
fn durable(state: &str, running: Option<(Ending, usize)>) -> Case {
    let mut case = Case::new().tagged(MINE);
    let durable = Durable { timeout: 60, retention: 14, kms_key_arn: String::new() };
    case.observed.configuration.durable = Some(durable);
    case.live().state = state.into();
    case.observed.running =
        running.map(|(ending, number)| (ending, (0..number).map(|number| format!("arn:{number}")).collect()));
    case
}

#[test]
fn what_runs_is_waited_for_or_stopped_before_the_function_goes() {
    let rows = [
        ("Active", None, "(DeleteFunction)"),
        ("Active", Some((Ending::Stopped, 2)), r#"(StopDurableExecution["arn:0", "arn:1"])"#),
        ("Active", Some((Ending::Stopped, 0)), "(DeleteFunction)"),
        ("Deleting", Some((Ending::Stopped, 1)), r#"(StopDurableExecution["arn:0"])"#),
        ("Deleting", Some((Ending::Stopped, 0)), "AWS is deleting the function"),
        ("Deleting", Some((Ending::Awaited, 0)), "AWS is deleting the function"),
        ("Deleting", Some((Ending::Awaited, 1)), "running: 1 durable execution."),
        ("Deleting", Some((Ending::Awaited, 3)), "running: 3 durable executions."),
        ("Deleting", None, "AWS is deleting the function"),
    ];
    for (state, running, expected) in rows {
        let case = durable(state, running);
        let decision = decided(&case, Some(&case.observed), DeletionPolicy::Delete, false);
        assert!(decision.contains(expected), "{state} {running:?}: {decision}");
    }
}

#[test]
fn many_are_stopped_in_turns_and_who_waits_is_told_what_to_do() {
    let case = durable("Active", Some((Ending::Stopped, 250)));
    let decision = decided(&case, Some(&case.observed), DeletionPolicy::Delete, false);
    assert!(decision.contains("arn:99") && !decision.contains("arn:100"), "{decision}");
    let theirs = durable("Deleting", Some((Ending::Stopped, 2))).tagged(FOREIGN);
    let decision = decided(&theirs, Some(&theirs.observed), DeletionPolicy::Delete, false);
    assert!(decision.starts_with("Wait("), "what runs of somebody else's function goes on: {decision}");
    let case = durable("Deleting", Some((Ending::Awaited, 2)));
    let decision = decided(&case, Some(&case.observed), DeletionPolicy::Delete, false);
    for words in ["spec.durable.onDelete to Stop", "kubectl lambda durable stop"] {
        assert!(decision.contains(words), "{decision}");
    }
}

#[test]
fn aws_is_asked_what_runs_only_where_that_matters() {
    let asked = |state, ending| asks(ending, &durable(state, None).observed);
    assert!(asked("Active", Ending::Stopped) && asked("Deleting", Ending::Stopped));
    assert!(!asked("Active", Ending::Awaited) && asked("Deleting", Ending::Awaited));
    assert!(!asks(Ending::Stopped, &Case::new().observed), "nothing of it lasts");
}
