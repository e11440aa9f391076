//! What `ignoreDrift` and AWS itself keep out of the comparison.

use super::*;

fn ignoring(paths: &[&str]) -> Case {
    let mut case = Case::new();
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    case.desired.ignored = Ignored::parse(&paths).unwrap();
    case
}

fn variables(pairs: &[(&str, &str)]) -> Environment {
    Environment::Known(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

#[test]
fn ignored_parts_are_not_compared() {
    let mut case = ignoring(&["memorySize", "code", "tags.team", "env.A", "reservedConcurrentExecutions"]);
    case.desired.configuration.memory_size = 256;
    case.desired.package = Some(package("b", true));
    case.desired.tags.insert("team".into(), "a".into());
    case.desired.configuration.environment = variables(&[("A", "1")]);
    case.desired.reserved_concurrency = Some(5);
    case.status.common.managed_sections = vec![CONCURRENCY.into()];
    assert_eq!(case.actions(), [""; 0]);
    assert!(case.plan().differs.is_empty());
}

#[test]
fn where_a_whole_struct_is_sent_the_observed_part_is_sent_back() {
    let mut case = ignoring(&["env.THEIRS"]);
    case.desired.configuration.environment = variables(&[("OURS", "new"), ("THEIRS", "first")]);
    case.observed.configuration.environment = variables(&[("OURS", "old"), ("THEIRS", "tuned")]);
    let plan = case.plan();
    let [Action::UpdateConfiguration { configuration, fields, .. }] = plan.actions.as_slice() else {
        panic!("{:?}", plan.actions)
    };
    assert_eq!(fields, &BTreeSet::from([Field::Environment]));
    assert_eq!(configuration.environment, variables(&[("OURS", "new"), ("THEIRS", "tuned")]));
}

#[test]
fn they_are_used_at_create() {
    let mut case = ignoring(&["memorySize", "code", "tags.team"]);
    case.desired.configuration.memory_size = 256;
    case.desired.tags.insert("team".into(), "a".into());
    let plan = case.plan_for(None);
    let [Action::Create { configuration, tags, .. }] = plan.actions.as_slice() else {
        panic!("{:?}", plan.actions)
    };
    assert_eq!((configuration.memory_size, tags.contains_key("team")), (256, true));
}

#[test]
fn an_environment_that_aws_can_not_read_is_no_difference() {
    let mut case = Case::new();
    case.desired.configuration.environment = variables(&[("A", "1")]);
    case.observed.configuration.environment = Environment::Unknown("AccessDeniedException".into());
    assert_eq!(case.actions(), [""; 0]);
    case.desired.configuration.memory_size = 256;
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{MemorySize}"], "and is not sent along");
}

#[test]
fn an_image_config_that_aws_can_not_read_is_no_difference() {
    let mut case = Case::new();
    case.desired.configuration.image_config.command = vec!["serve".into()];
    case.observed.unreadable.insert(Field::ImageConfig);
    assert_eq!(case.actions(), [""; 0]);
    case.desired.configuration.memory_size = 256;
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{MemorySize}"], "and is not sent along");
}

#[test]
fn an_ignored_concurrency_of_an_adopted_function_is_left_alone() {
    let mut case = ignoring(&[CONCURRENCY]);
    case.desired.reserved_concurrency = Some(5);
    assert_eq!(case.actions(), ["PutFunctionConcurrency(5)"], "used at create");
    case.status.common.origin = Some(Origin::Adopted);
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn the_key_of_no_variables_is_hidden_and_no_difference() {
    let mut case = Case::new();
    case.desired.configuration.kms_key_arn = "arn:key".into();
    assert_eq!(case.actions(), [""; 0]);
    case.desired.configuration.environment = variables(&[("A", "1")]);
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{Environment, KmsKeyArn}"]);
}
