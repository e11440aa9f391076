//! Failed creations and updates.

use super::*;

fn creation(code: &str) -> Case {
    let mut case = Case::new();
    case.status.revision_id = None;
    case.live().state = "Failed".into();
    case.live().state_reason_code = Some(code.into());
    case
}

#[test]
fn a_failed_creation_is_replaced_when_that_can_help() {
    let lasting = "InvalidSubnet";
    let passing = "EniLimitExceeded";
    // (code, changed, retry due, is replaced)
    let cases = [
        (lasting, false, false, false),
        (lasting, false, true, false),
        (lasting, true, true, true),
        (passing, false, false, false),
        (passing, false, true, true),
        (passing, true, true, true),
    ];
    for (code, changed, retry_due, replaced) in cases {
        let case = Case { changed, retry_due, ..creation(code) };
        let expected: &[&str] = if replaced { &["DeleteFunction(failed creation)"] } else { &[] };
        assert_eq!(case.actions(), expected, "{code} {changed} {retry_due}");
    }
}

#[test]
fn what_was_in_use_or_adopted_is_never_replaced() {
    let mut used = Case { changed: true, retry_due: true, ..creation("EniLimitExceeded") };
    used.status.revision_id = Some("1".into());
    let mut adopted = Case { changed: true, retry_due: true, ..creation("EniLimitExceeded") };
    adopted.status.common.origin = Some(Origin::Adopted);
    for case in [used, adopted] {
        let plan = case.plan();
        assert!(plan.actions.is_empty(), "{:?}", plan.actions);
        assert_eq!(plan.verdict.reason(), Reason::CreateFailed);
        assert!(plan.verdict.message().contains("Delete it in AWS"), "{}", plan.verdict.message());
    }
}

fn update(code: &str) -> Case {
    let mut case = Case::new();
    case.live().last_update_status = Some("Failed".into());
    case.live().last_update_status_reason_code = Some(code.into());
    case
}

#[test]
fn a_failed_update_is_sent_again_even_when_nothing_differs_but_not_before_its_time() {
    let waiting = update("SubnetOutOfIPAddresses").plan();
    assert!(waiting.actions.is_empty());
    assert!(matches!(waiting.verdict, Verdict::Problem(Reason::QuotaExceeded, _, Recheck::Slow)));
    let due = Case { retry_due: true, ..update("SubnetOutOfIPAddresses") }.plan();
    let [Action::UpdateConfiguration { fields, .. }] = due.actions.as_slice() else {
        panic!("{:?}", due.actions)
    };
    assert!(fields.contains(&Field::Vpc) && !fields.contains(&Field::Layers), "{fields:?}");
}

#[test]
fn a_failed_code_update_sends_the_code() {
    let case = Case { retry_due: true, ..update("InvalidImage") };
    assert!(matches!(case.plan().actions.as_slice(), [Action::UpdateCode { .. }]));
}

#[test]
fn a_correction_of_the_spec_goes_first() {
    let mut case = Case { retry_due: true, changed: true, ..update("InvalidSubnet") };
    case.desired.configuration.memory_size = 256;
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{MemorySize}"]);
}
