//! States: what is waited for, and what somebody or Lambda itself has disabled.

use lambda_operator_crds::conditions::Reason;
use serde_json::json;

use super::{Action, Facts, Observed, Verdict, created, facts, having, owner, plan, planned, queue};
use crate::engine::verdict::Recheck;
use crate::mapping::desired::tests::from;
use crate::mapping::state::problem;

#[test]
fn while_aws_is_at_work_nothing_is_changed() {
    for (state, reason) in [
        ("Creating", Reason::Creating),
        ("Enabling", Reason::Updating),
        ("Disabling", Reason::Updating),
        ("Updating", Reason::Updating),
        ("a state that nobody knows yet", Reason::Updating),
    ] {
        let mut observed = created(&from("sqs", json!({"batchSize": 7})));
        observed.state = state.into();
        let plan = planned(&queue(), Some(&observed));
        assert!(plan.actions.is_empty() && matches!(&plan.verdict, Verdict::Progress(r, _) if *r == reason));
        assert!(plan.verdict.message().contains(state));
    }
}

#[test]
fn a_mapping_that_somebody_deletes_is_waited_for_and_then_created_anew() {
    let observed = Observed { state: "Deleting".into(), tags: None, ..created(&queue()) };
    let waiting = planned(&queue(), Some(&observed));
    assert!(waiting.actions.is_empty() && matches!(waiting.verdict, Verdict::Progress(..)));
    assert!(matches!(&planned(&queue(), None).actions[..], [Action::Create { .. }]));
}

#[test]
fn what_a_user_has_disabled_or_enabled_is_corrected_at_once() {
    for (wanted, state) in [(true, "Disabled"), (false, "Enabled")] {
        for reason in [None, Some("USER_INITIATED"), Some("User action")] {
            let desired = from("sqs", json!({"enabled": wanted}));
            let mut observed = created(&desired);
            (observed.state, observed.state_reason) = (state.into(), reason.map(Into::into));
            let (owner, status) = (owner(), having());
            let known = Facts { changed: false, retry_due: false, ..facts(&owner, &status) };
            let plan = plan(&desired, Some(&observed), &known);
            let [Action::Update { enabled, fields, .. }] = &plan.actions[..] else { panic!("{plan:?}") };
            assert_eq!(
                (*enabled, fields.len(), &plan.differs[..]),
                (Some(wanted), 0, &["enabled".to_owned()][..])
            );
        }
    }
}

#[test]
fn what_lambda_has_disabled_is_enabled_when_its_time_has_come() {
    let desired = queue();
    let mut observed = created(&desired);
    (observed.state, observed.state_reason) =
        ("Disabled".into(), Some("LAMBDA_INITIATED: no permission".into()));
    let (owner, status) = (owner(), having());
    let early = Facts { changed: false, retry_due: false, ..facts(&owner, &status) };
    let waiting = plan(&desired, Some(&observed), &early);
    assert!(waiting.actions.is_empty() && waiting.differs.is_empty(), "nobody else did it: {waiting:?}");
    let Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Reluctant) = &waiting.verdict else {
        panic!("{waiting:?}")
    };
    assert!(text.contains("no permission") && text.contains("less and less often"), "{text}");
    let due = plan(&desired, Some(&observed), &Facts { retry_due: true, ..early });
    assert!(matches!(&due.actions[..], [Action::Update { enabled: Some(true), .. }]), "{due:?}");
    let off = from("sqs", json!({"batchSize": 5, "enabled": false, "tags": {"team": "a"}}));
    let settled = planned(&off, Some(&observed));
    assert!(settled.actions.is_empty() && matches!(settled.verdict, Verdict::Settled(..)), "as it should be");
}

#[test]
fn a_problem_with_what_is_processed_is_told_beside_the_verdict() {
    let mut observed = created(&queue());
    assert_eq!(problem(&observed), None);
    observed.last_result = Some("PROBLEM: Function call failed".into());
    assert!(problem(&observed).unwrap().contains("PROBLEM: Function call failed"));
    assert!(matches!(planned(&queue(), Some(&observed)).verdict, Verdict::Settled(..)));
    observed.filter_error = Some("KMSAccessDeniedException: no".into());
    let text = problem(&observed).unwrap();
    assert!(text.contains("Function call failed") && text.contains("KMSAccessDeniedException"), "{text}");
}

#[test]
fn tags_are_read_when_it_is_its_turn() {
    let desired = queue();
    let observed = Observed { tags: None, ..created(&desired) };
    let (owner, status) = (owner(), having());
    let quiet = Facts { changed: false, retry_due: false, ..facts(&owner, &status) };
    let planned = |known| plan(&desired, Some(&observed), known);
    assert!(planned(&quiet).actions.is_empty(), "not at a poll");
    let in_turn = Facts { in_turn: true, ..quiet };
    assert!(matches!(&planned(&in_turn).actions[..], [Action::ReadTags]));
    let busy = Observed { state: "Updating".into(), ..observed.clone() };
    assert!(plan(&desired, Some(&busy), &in_turn).actions.is_empty());
}
