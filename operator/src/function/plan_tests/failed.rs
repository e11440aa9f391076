//! Failed creations and updates.

use super::*;

fn creation(code: &str) -> Case {
    let mut case = Case::new();
    case.status.ever_active = None;
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
    used.status.ever_active = Some(true);
    let mut adopted = Case { changed: true, retry_due: true, ..creation("EniLimitExceeded") };
    adopted.status.common.origin = Some(Origin::Adopted);
    for case in [used, adopted] {
        let plan = case.plan();
        assert!(plan.actions.is_empty(), "{:?}", plan.actions);
        assert_eq!(plan.verdict.reason(), Reason::CreateFailed);
        assert!(plan.verdict.message().contains("Delete it in AWS"), "{}", plan.verdict.message());
    }
}

#[test]
fn what_was_active_is_never_replaced_although_it_never_became_ready() {
    // Reserved concurrency that AWS refuses keeps a function in use from ever being settled.
    let mut case = Case { changed: true, retry_due: true, ..creation("InternalError") };
    case.live().state = "Active".into();
    report(&mut case, false);
    assert_eq!((case.status.ever_active, &case.status.revision_id), (Some(true), &None));
    case.live().state = "Failed".into();
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn a_spec_that_was_corrected_while_aws_was_still_creating_counts() {
    let corrections: [fn(&mut Desired); 2] = [
        |desired| desired.configuration.memory_size = 256,
        |desired| desired.package = Some(package("b", true)),
    ];
    for correct in corrections {
        let mut case = creation("InvalidSubnet");
        correct(&mut case.desired);
        assert_eq!(case.actions(), [""; 0], "not before its time");
        case.retry_due = true;
        assert_eq!(case.actions(), ["DeleteFunction(failed creation)"]);
    }
    let mut case = Case { retry_due: true, ..creation("InvalidSubnet") };
    case.desired.tags.insert("team".into(), "a".into());
    case.desired.reserved_concurrency = Some(5);
    assert_eq!(case.actions(), [""; 0], "these had no part in it");
}

#[test]
fn who_does_not_create_is_told_who_has_to() {
    let mut observing = Case { observe_only: true, ..creation("InvalidSubnet") };
    observing.status.common.origin = None;
    let mut external = Case { changed: true, retry_due: true, ..creation("InvalidSubnet") };
    external.desired.package = None;
    for case in [observing, external] {
        let plan = case.plan();
        assert!(plan.actions.is_empty(), "{:?}", plan.actions);
        let text = plan.verdict.message();
        assert!(text.contains("Whoever does") && !text.contains("then created anew"), "{text}");
    }
}

fn update(code: &str) -> Case {
    let mut case = Case::new();
    case.live().last_update_status = Some("Failed".into());
    case.live().last_update_status_reason_code = Some(code.into());
    case
}

/// What the plan sends: the fields of a configuration and whether the code follows, or the code.
fn sent(case: &Case) -> (Vec<&'static str>, bool) {
    match case.plan().actions.as_slice() {
        [Action::UpdateConfiguration { fields, then_code, .. }] => {
            (fields.iter().map(|field| field.path()).collect(), *then_code)
        }
        [Action::UpdateCode { .. }] => (Vec::new(), true),
        other => panic!("{other:?}"),
    }
}

fn carried(paths: &[&str]) -> LastUpdate {
    LastUpdate { paths: paths.iter().map(|path| (*path).to_owned()).collect(), then_code: None }
}

#[test]
fn a_failed_update_waits_for_its_time() {
    let waiting = update("SubnetOutOfIPAddresses").plan();
    assert!(waiting.actions.is_empty());
    assert!(matches!(waiting.verdict, Verdict::Problem(Reason::QuotaExceeded, _, Recheck::Slow)));
}

#[test]
fn what_failed_is_sent_again_even_when_nothing_differs() {
    let mut case = Case { retry_due: true, ..update("SubnetOutOfIPAddresses") };
    case.status.last_update = Some(carried(&["vpcConfig"]));
    assert_eq!(sent(&case), (vec!["vpcConfig"], false));
    case.status.last_update = Some(carried(&["layers", "snapStart"]));
    assert_eq!(sent(&case), (vec!["layers", "snapStart"], false), "these as well, when they failed");
    case.status.last_update = Some(carried(&["code"]));
    assert_eq!(sent(&case), (vec![], true));
}

#[test]
fn where_it_is_unknown_what_failed_both_halves_are_sent() {
    let mut case = Case { retry_due: true, ..update("SubnetOutOfIPAddresses") };
    let (fields, then_code) = sent(&case);
    assert!(fields.contains(&"vpcConfig") && !fields.contains(&"layers") && then_code, "{fields:?}");
    act(&mut case);
    case.live().last_update_status = Some("Successful".into());
    report(&mut case, false);
    assert_eq!(sent(&case), (vec![], true), "the code, although it doesn't differ");
    act(&mut case);
    case.live().last_update_status = Some("Successful".into());
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn where_the_reason_blames_the_package_the_package_is_sent() {
    let case = Case { retry_due: true, ..update("InvalidImage") };
    assert_eq!(sent(&case), (vec![], true));
}

#[test]
fn what_is_not_ours_to_send_is_not_sent_again() {
    let mut case = Case { retry_due: true, ..update("InternalError") };
    case.status.last_update = Some(carried(&["code"]));
    case.desired.package = None;
    let (fields, then_code) = sent(&case);
    assert!(!fields.is_empty() && !then_code, "something has to be sent to leave the failed state");
    case.status.last_update = Some(carried(&["timeout", "layers"]));
    case.desired.ignored.fields.insert(Field::Layers);
    assert_eq!(sent(&case), (vec!["timeout"], false));
}

#[test]
fn a_correction_of_the_spec_goes_along() {
    let mut case = Case { retry_due: true, changed: true, ..update("InvalidSubnet") };
    case.desired.configuration.memory_size = 256;
    case.status.last_update = Some(carried(&["vpcConfig"]));
    assert_eq!(sent(&case), (vec!["memorySize", "vpcConfig"], false));
    case.status.last_update = Some(carried(&["code"]));
    assert_eq!(sent(&case), (vec!["memorySize"], true), "the code that failed is not forgotten over it");
}

#[test]
fn what_succeeded_is_not_sent_again_when_somebody_elses_update_fails() {
    let mut case = Case::new();
    case.desired.reserved_concurrency = Some(5);
    case.status.last_update = Some(carried(&["timeout"]));
    report(&mut case, false);
    assert_eq!(case.status.last_update, None);
}
