//! What the status keeps, and what later visits make of it.

use super::*;
use crate::function::status::{announce_creation, recover};

fn create(case: &Case) -> Action {
    let mut actions = case.plan_for(None).actions;
    assert_eq!(actions.len(), 1, "{actions:?}");
    actions.remove(0)
}

fn from_s3(key: &str) -> Case {
    let mut case = Case::new();
    case.desired.package = Some(package(key, false));
    case.observed.code_sha256 = sha(key);
    case.status = LambdaFunctionStatus::default();
    case
}

fn vanish(case: &mut Case) {
    let report = Report {
        desired: Some(&case.desired),
        observed: None,
        differs: &[],
        settled: false,
        owner: &me(),
        observe_only: case.observe_only,
    };
    Functions::report(&report, &mut case.status);
}

#[test]
fn a_function_that_vanished_leaves_nothing_behind() {
    let mut case = Case::new();
    case.status.common.origin = Some(Origin::Adopted);
    case.desired.reserved_concurrency = Some(5);
    case.live().reserved_concurrency = Some(5);
    report(&mut case, true);
    assert_eq!(case.status.ever_active, Some(true));
    vanish(&mut case);
    let expected = LambdaFunctionStatus::default();
    assert_eq!(case.status, expected);
}

#[test]
fn what_is_created_anew_counts_as_created_though_the_first_was_adopted() {
    let mut case = Case::new();
    case.status.common.origin = Some(Origin::Adopted);
    report(&mut case, true);
    let create = create(&case);
    Functions::prepare(&create, &mut case.status);
    let announced = case.status.clone();
    Functions::record(&create, Some(&case.observed), &mut case.status);
    assert_eq!(case.status, announced, "nothing more to write");
    recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.status.common.origin, Some(Origin::Created));
    assert_eq!((case.status.ever_active, case.status.common.pending.clone()), (None, None));
    case.live().state = "Failed".into();
    (case.retry_due, case.changed) = (true, true);
    assert_eq!(case.actions(), ["DeleteFunction(failed creation)"]);
}

#[test]
fn without_a_record_a_function_of_ours_counts_as_found() {
    let mut case = Case { status: LambdaFunctionStatus::default(), ..Case::new() };
    case.live().state = "Failed".into();
    report(&mut case, false);
    assert_eq!(case.status.common.origin, Some(Origin::Adopted), "it may have been in use for years");
}

#[test]
fn a_crash_after_the_creation_loses_nothing() {
    let mut case = from_s3("a");
    let create = create(&case);
    Functions::prepare(&create, &mut case.status);
    recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.actions(), [""; 0], "the package is known to be deployed");
}

#[test]
fn a_creation_tried_again_with_another_source_is_not_mistaken_for_it() {
    // The first call took effect, although AWS answered with an error; the second one finds the function there.
    let mut case = from_s3("a");
    let first = create(&case);
    Functions::prepare(&first, &mut case.status);
    vanish(&mut case);
    case.desired.package = Some(package("b", false));
    let second = create(&case);
    Functions::prepare(&second, &mut case.status);
    recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.status.code_source, None);
    assert!(matches!(case.plan().actions.as_slice(), [Action::UpdateCode { .. }]), "{:?}", case.actions());
}

#[test]
fn the_same_creation_tried_again_is_the_same_intent() {
    let mut status = LambdaFunctionStatus::default();
    let tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    announce_creation(&package("a", false), &tags, &mut status);
    let announced = status.clone();
    announce_creation(&package("a", false), &tags, &mut status);
    assert_eq!(status, announced);
    announce_creation(&package("b", false), &tags, &mut status);
    announce_creation(&package("b", false), &tags, &mut status);
    assert_eq!(status.common.pending.unwrap().fingerprint, None, "it may still come from a");
}

/// A function with code of `a` from S3 that is about to get that of `b`.
fn about_to_be_updated() -> Case {
    let mut case = from_s3("a");
    case.status = LambdaFunctionStatus {
        code_source: Some("source of a".into()),
        code_source_sha256: Some(sha("a")),
        ..known()
    };
    case.desired.package = Some(package("b", false));
    let actions = case.plan().actions;
    let [update @ Action::UpdateCode { .. }] = actions.as_slice() else { panic!("{actions:?}") };
    Functions::prepare(update, &mut case.status);
    case
}

#[test]
fn a_crash_after_an_update_of_the_code_loses_nothing() {
    let mut case = about_to_be_updated();
    case.observed.code_sha256 = sha("b");
    case.live().last_update_status = Some("InProgress".into());
    recover(&case.observed, &me(), &mut case.status);
    report(&mut case, false);
    assert!(case.status.common.pending.is_some(), "AWS is not done");
    case.live().last_update_status = Some("Successful".into());
    recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.status.common.pending, None);
    assert_eq!(case.status.common.origin, Some(Origin::Created), "it is no creation");
    assert_eq!(case.status.code_source.as_deref(), Some("source of b"));
    assert_eq!(case.actions(), [""; 0], "the package is known to be deployed");
}

#[test]
fn a_crash_before_an_update_of_the_code_leaves_it_to_be_done() {
    let mut case = about_to_be_updated();
    recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.status.common.pending, None);
    assert_eq!(case.status.code_source.as_deref(), Some("source of a"));
    assert!(matches!(case.plan().actions.as_slice(), [Action::UpdateCode { .. }]), "{:?}", case.actions());
}

#[test]
fn what_aws_shows_needs_no_intent() {
    let intent = |package: Package| {
        let update = Action::UpdateCode { package: Box::new(package), replaces: sha("a") };
        let mut status = known();
        Functions::prepare(&update, &mut status);
        status.common.pending.is_some()
    };
    let image = |uri: &str| {
        let source = CodeSource::Image { uri: uri.into() };
        let code = Code { source, ..package("a", false).code };
        Package { code, ..package("a", false) }
    };
    assert!(intent(package("b", false)) && intent(image("app:v1")));
    assert!(!intent(package("b", true)) && !intent(image("app@sha256:1")));
    assert!(!intent(Package { checksum: Some(sha("b")), ..package("b", false) }));
}

#[test]
fn the_hash_is_always_that_of_aws_and_the_deployed_pair_is_kept_apart() {
    let mut case = from_s3("a");
    case.status = known();
    let plan = case.plan();
    Functions::record(&plan.actions[0], Some(&case.observed), &mut case.status);
    case.observed.code_sha256 = "somebody else's".into();
    report(&mut case, false);
    assert_eq!(case.status.code_sha256.as_deref(), Some("somebody else's"));
    assert_eq!(case.status.code_source_sha256, Some(sha("a")));
    assert_eq!(case.plan().differs, ["code"]);
}

#[test]
fn who_only_observes_sees_the_hash_and_no_difference_in_what_can_not_be_compared() {
    let mut case = Case { observe_only: true, ..from_s3("a") };
    assert!(case.plan().differs.is_empty());
    report(&mut case, true);
    assert_eq!(case.status.code_sha256, Some(sha("a")));
    assert_eq!((case.status.code_source.clone(), case.status.revision_id.as_deref()), (None, Some("1")));
    case.desired.package = Some(package("b", true));
    assert_eq!(case.plan().differs, ["code"], "inline code can be compared");
    report(&mut case, true);
    assert_eq!(case.status.code_sha256, Some(sha("a")), "and AWS's hash is still what is reported");
}

#[test]
fn a_failed_creation_does_not_make_another_source_look_deployed() {
    let mut case = from_s3("a");
    let create = create(&case);
    Functions::prepare(&create, &mut case.status);
    recover(&case.observed, &me(), &mut case.status);
    case.live().state = "Failed".into();
    case.desired.package = Some(package("b", false));
    report(&mut case, false);
    assert_eq!(case.status.code_source, Some(package("a", false).fingerprint));
}

#[test]
fn a_concurrency_that_aws_had_already_is_managed_from_now_on() {
    let mut case = Case::new();
    case.desired.reserved_concurrency = Some(5);
    case.live().reserved_concurrency = Some(5);
    assert_eq!(case.actions(), [""; 0]);
    report(&mut case, true);
    case.desired.reserved_concurrency = None;
    assert_eq!(case.actions(), ["DeleteFunctionConcurrency"]);
}
