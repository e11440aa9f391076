//! What comes first, and what waits.

use super::*;

#[test]
fn a_function_that_is_not_there_is_created_with_the_owners_tags() {
    let mut case = Case::new();
    case.desired.tags.insert("team".into(), "a".into());
    let plan = case.plan_for(None);
    let [Action::Create { tags, .. }] = plan.actions.as_slice() else { panic!("{:?}", plan.actions) };
    assert_eq!(tags.get(OWNER_TAG).map(String::as_str), Some("cluster/uid-1"));
    assert_eq!(tags.get("team").map(String::as_str), Some("a"));
    assert_eq!(plan.verdict.reason(), Reason::Creating);
}

#[test]
fn what_may_not_be_created_waits_and_says_for_whom() {
    let observing = Case { observe_only: true, ..Case::new() };
    let mut external = Case::new();
    external.desired.package = None;
    for (case, word) in [(observing, "Observe"), (external, "spec.code.external")] {
        let plan = case.plan_for(None);
        assert!(plan.actions.is_empty());
        assert_eq!(plan.verdict.reason(), Reason::DependencyNotReady);
        assert!(plan.verdict.message().contains(word), "{}", plan.verdict.message());
    }
}

#[test]
fn configuration_goes_before_code_and_both_before_the_rest() {
    let mut case = Case::new();
    case.desired.configuration.memory_size = 256;
    case.desired.package = Some(package("b", true));
    case.desired.tags.insert("team".into(), "a".into());
    case.desired.reserved_concurrency = Some(5);
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{MemorySize}"]);
    assert_eq!(case.plan().differs, ["memorySize", "code", "tags.team", CONCURRENCY]);
    case.observed.configuration.memory_size = 256;
    assert_eq!(case.actions().len(), 1);
    assert!(case.actions()[0].starts_with("UpdateFunctionCode"), "{:?}", case.actions());
    case.observed.code_sha256 = sha("b");
    assert_eq!(case.actions(), [r#"TagResource["team"]"#, "PutFunctionConcurrency(5)"]);
}

#[test]
fn while_aws_is_busy_nothing_is_sent() {
    for (state, update) in [("Pending", None), ("Active", Some("InProgress")), ("Deleting", None)] {
        let mut case = Case { changed: true, retry_due: true, ..Case::new() };
        case.desired.configuration.memory_size = 256;
        case.live().state = state.into();
        case.live().last_update_status = update.map(Into::into);
        let plan = case.plan();
        assert!(plan.actions.is_empty() && matches!(plan.verdict, Verdict::Progress(..)), "{state}");
        assert_eq!(plan.differs, ["memorySize"]);
    }
}

#[test]
fn another_architecture_or_package_key_sends_the_code_again() {
    let mut case = Case::new();
    case.observed.architecture = "arm64".into();
    assert_eq!(case.plan().differs, ["architectures"]);
    let mut case = Case::new();
    case.live().source_kms_key_arn = "arn:key".into();
    assert_eq!(case.plan().differs, ["code.sourceKMSKeyArn"]);
    assert!(matches!(case.plan().actions.as_slice(), [Action::UpdateCode { .. }]));
}

#[test]
fn the_package_type_can_not_be_changed() {
    let mut case = Case::new();
    case.observed.package_type = PackageType::Image;
    case.desired.configuration.memory_size = 256;
    let plan = case.plan();
    assert!(plan.actions.is_empty());
    assert!(matches!(plan.verdict, Verdict::Problem(Reason::ImmutableFieldChanged, _, Recheck::OnChange)));
}
