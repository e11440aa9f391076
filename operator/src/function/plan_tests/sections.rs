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

/// In the spec, in AWS as it was read, managed before, and what is done.
type Link = (Option<&'static str>, Option<&'static str>, bool, &'static [&'static str]);

#[test]
fn the_code_signing_link_is_managed_from_the_moment_it_was_in_the_spec() {
    let cases: [Link; 9] = [
        (None, None, false, &[]),
        (None, Some("a"), false, &[]),
        (None, Some("a"), true, &["DeleteFunctionCodeSigningConfig"]),
        (None, Some(""), true, &[]),
        (Some("a"), Some(""), false, &["PutFunctionCodeSigningConfig(a)"]),
        (Some("a"), Some("b"), true, &["PutFunctionCodeSigningConfig(a)"]),
        (Some("a"), Some("a"), true, &[]),
        (Some(""), Some("b"), false, &["DeleteFunctionCodeSigningConfig"]),
        (Some(""), Some(""), true, &[]),
    ];
    for (wanted, has, managed, expected) in cases {
        let mut case = Case::new();
        case.desired.code_signing = wanted.map(Into::into);
        case.observed.code_signing = has.map(Into::into);
        case.status.common.managed_sections = managed.then(|| CODE_SIGNING.into()).into_iter().collect();
        assert_eq!(case.actions(), expected, "{wanted:?} {has:?} {managed}");
        assert_eq!(case.plan().differs.is_empty(), expected.is_empty());
    }
}

#[test]
fn the_link_comes_before_configuration_and_code() {
    let mut case = Case::new();
    case.desired.code_signing = Some("a".into());
    case.observed.code_signing = Some(String::new());
    case.desired.configuration.timeout = 9;
    case.desired.package = Some(package("b", true));
    let link = "PutFunctionCodeSigningConfig(a)";
    assert_eq!(case.actions(), [link, "UpdateFunctionConfiguration{Timeout}"]);
    case.desired.configuration.timeout = 3;
    assert_eq!(case.actions().first().map(String::as_str), Some(link));
    assert_eq!(case.actions().len(), 2);
}

#[test]
fn the_link_is_read_only_while_it_is_managed_and_not_at_every_poll() {
    let mut case = Case::new();
    let asks = |case: &Case| signing::is_to_be_read(&case.desired, &case.status);
    let ready = |case: &mut Case, status: &str| {
        let condition = serde_json::json!({
            "type": "Ready", "status": status, "reason": "r", "message": "", "lastTransitionTime": "2026-01-15T09:30:00Z",
        });
        case.status.common.conditions = vec![serde_json::from_value(condition).unwrap()];
    };
    ready(&mut case, "True");
    assert!(!asks(&case), "never in the spec");
    case.desired.code_signing = Some("a".into());
    assert!(asks(&case));
    ready(&mut case, "Unknown");
    assert!(asks(&case), "the status doesn't know of it");
    case.status.code_signing_config_arn = Some("a".into());
    assert!(!asks(&case), "AWS is at work, and the link was made before");
    case.desired.code_signing = None;
    assert!(!asks(&case));
    case.status.common.managed_sections.push(CODE_SIGNING.into());
    assert!(asks(&case), "it is to go");
}

#[test]
fn a_new_function_is_created_with_its_link_which_is_its_own_from_then_on() {
    let mut case = Case { status: LambdaFunctionStatus::default(), ..Case::new() };
    case.desired.code_signing = Some("a".into());
    let create = case.plan_for(None).actions.remove(0);
    assert!(matches!(&create, Action::Create { code_signing: Some(arn), .. } if arn == "a"));
    Functions::prepare(&create, &mut case.status);
    assert_eq!(case.status.common.managed_sections, [CODE_SIGNING]);
    assert_eq!(case.status.code_signing_config_arn.as_deref(), Some("a"));
    let announced = case.status.clone();
    Functions::record(&create, Some(&case.observed), &mut case.status);
    assert_eq!(case.status, announced, "nothing more to write");
    Functions::recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.actions(), [""; 0], "a poll that doesn't ask for the link trusts the status");
    case.desired.code_signing = Some(String::new());
    assert!(matches!(case.plan_for(None).actions[0], Action::Create { code_signing: None, .. }));
}

#[test]
fn a_link_that_somebody_else_owns_is_used_at_create_and_left_alone_then() {
    let mut case = Case::new();
    case.desired.code_signing = Some("a".into());
    case.desired.ignored.code_signing = true;
    case.observed.code_signing = Some("b".into());
    assert_eq!(case.actions(), ["PutFunctionCodeSigningConfig(a)"], "not made yet");
    case.status.common.managed_sections.push(CODE_SIGNING.into());
    assert_eq!(case.actions(), [""; 0]);
    case.desired.ignored.code_signing = false;
    case.desired.package.as_mut().unwrap().package_type = PackageType::Image;
    assert!(signing::wanted(&case.desired, &case.status).is_none(), "AWS knows none of images");
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
