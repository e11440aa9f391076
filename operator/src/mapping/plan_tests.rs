//! The plan in tables: fields, states, ownership, deletion; and as a property.
#![allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]

mod fields;
mod manifest;
mod property;
mod states;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, DeletionPolicy, EventSourceMappingStatus, Origin, Pending};
use serde_json::json;

use super::deletion::plan_deletion;
use super::desired::Desired;
use super::desired::tests::from;
use super::model::{Observed, Source};
use super::plan::{Action, plan};
use super::{ADOPTION, CREATION, status};
use crate::engine::kind::{Deletion, Facts};
use crate::engine::ownership::Owner;
use crate::engine::verdict::{Plan, Verdict};

const ARN: &str =
    "arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:0a1b2c3d-0000-4000-8000-00000000abcd";

fn owner() -> Owner {
    Owner::new("cluster", "uid-1", "shop", "orders")
}

fn facts<'a>(owner: &'a Owner, status: &'a EventSourceMappingStatus) -> Facts<'a, EventSourceMappingStatus> {
    Facts {
        owner,
        adopt: AdoptPolicy::Never,
        observe_only: false,
        deletion_policy: DeletionPolicy::Delete,
        status,
        changed: true,
        retry_due: true,
        delete_sent: false,
        in_turn: false,
    }
}

/// What AWS has once `desired` was created and has settled.
fn created(desired: &Desired) -> Observed {
    let mut tags = desired.tags.clone();
    tags.extend(owner().tags());
    let mut configuration = desired.configuration.clone();
    configuration.function = configuration.function.at(ARN);
    let mut fixed = desired.fixed.clone();
    if fixed.source.is_kafka() {
        fixed.consumer_group.get_or_insert_with(|| "0a1b2c3d-0000-4000-8000-00000000abcd".into());
    }
    Observed {
        uuid: "0a1b2c3d-0000-4000-8000-00000000abcd".into(),
        arn: ARN.into(),
        state: if desired.enabled { "Enabled" } else { "Disabled" }.into(),
        state_reason: Some("USER_INITIATED".into()),
        last_result: Some("OK".into()),
        last_modified: Some(1_768_469_400),
        filter_error: None,
        fixed,
        configuration,
        tags: Some(Ok(tags)),
    }
}

/// The status of an object that has created its mapping.
fn having() -> EventSourceMappingStatus {
    let mut status =
        EventSourceMappingStatus { arn: Some(ARN.into()), ..EventSourceMappingStatus::default() };
    status.common.origin = Some(Origin::Created);
    status.common.managed_tags = vec!["team".into()];
    status
}

fn planned(desired: &Desired, observed: Option<&Observed>) -> Plan<Action> {
    plan(desired, observed, &facts(&owner(), &having()))
}

fn queue() -> Desired {
    from("sqs", json!({"batchSize": 5, "tags": {"team": "a"}}))
}

#[test]
fn what_was_created_leaves_nothing_to_do() {
    for service in ["sqs", "kinesis", "dynamodb", "kafka", "mq", "rds", ""] {
        let desired = from(service, json!({"enabled": false, "tags": {"team": "a"}}));
        let first = planned(&desired, None);
        assert!(matches!(&first.actions[..], [Action::Create { enabled: false, .. }]), "{service}");
        let plan = planned(&desired, Some(&created(&desired)));
        assert!(plan.actions.is_empty() && plan.differs.is_empty(), "{service}: {plan:?}");
        assert!(matches!(plan.verdict, Verdict::Settled(Reason::Available, _)));
    }
}

#[test]
fn tags_are_read_only_when_something_may_follow_from_them() {
    let desired = queue();
    let (owner, status) = (owner(), having());
    let mut observed = Observed { tags: None, ..created(&desired) };
    let mut known = facts(&owner, &status);
    assert_eq!(plan(&desired, Some(&observed), &known).actions, [Action::ReadTags], "the spec has changed");
    known.changed = false;
    assert!(plan(&desired, Some(&observed), &known).actions.is_empty(), "a poll that finds all as wanted");
    observed.state = "Disabled".into();
    assert_eq!(plan(&desired, Some(&observed), &known).actions, [Action::ReadTags], "before a change");
    observed.state = "Updating".into();
    known.changed = true;
    assert!(plan(&desired, Some(&observed), &known).actions.is_empty(), "nothing can be changed now");
    for unsure in [EventSourceMappingStatus::default(), {
        let mut status = having();
        status.common.pending = Some(Pending::new(ADOPTION));
        status
    }] {
        known = Facts { status: &unsure, changed: false, ..facts(&owner, &status) };
        assert_eq!(plan(&desired, Some(&observed), &known).actions, [Action::ReadTags], "whose is it?");
    }
}

#[test]
fn tags_change_before_the_configuration_which_sets_aws_to_work() {
    let mut observed = created(&from("sqs", json!({"tags": {"team": "b", "old": "1"}})));
    observed.tags.as_mut().unwrap().as_mut().unwrap().insert("somebody".into(), "x".into());
    let mut status = having();
    status.common.managed_tags.push("old".into());
    let owner = owner();
    let plan = plan(&queue(), Some(&observed), &facts(&owner, &status));
    let names: Vec<String> = plan.actions.iter().map(|action| format!("{action:?}")).collect();
    let expected =
        [r#"TagResource["team"]"#, r#"UntagResource["old"]"#, r#"UpdateEventSourceMapping["batchSize"]"#];
    assert_eq!(names, expected);
    assert_eq!(plan.differs, ["batchSize", "tags.team", "tags.old"]);
}

#[test]
fn who_owns_it_decides() {
    let desired = queue();
    let mut observed = created(&from("sqs", json!({"batchSize": 7})));
    let (owner, new) = (owner(), EventSourceMappingStatus::default());
    let own = || vec![Action::Own { uuid: observed.uuid.clone(), tags: owner.tags() }];
    let decide =
        |observed: &Observed, adopt| plan(&desired, Some(observed), &Facts { adopt, ..facts(&owner, &new) });
    observed.tags = Some(Ok(Owner::new("cluster", "uid-2", "shop", "other").tags()));
    let plan = decide(&observed, AdoptPolicy::Unowned);
    assert!(plan.actions.is_empty() && plan.verdict.reason() == Reason::OwnershipConflict);
    assert_eq!(decide(&observed, AdoptPolicy::Force).actions, own());
    observed.tags = Some(Ok(Owner::new("cluster", "uid-0", "shop", "orders").tags()));
    assert_eq!(decide(&observed, AdoptPolicy::Never).actions, own());
    observed.tags = Some(Ok([].into()));
    assert_eq!(decide(&observed, AdoptPolicy::Never).verdict.reason(), Reason::OwnershipConflict);
    assert_eq!(decide(&observed, AdoptPolicy::Unowned).actions, own());
    observed.tags = Some(Err("denied".into()));
    assert_eq!(decide(&observed, AdoptPolicy::Unowned).verdict.reason(), Reason::AccessDenied);
}

#[test]
fn what_can_never_become_the_spec_is_not_taken_over() {
    let desired = from("kinesis", json!({"startingPosition": "LATEST"}));
    let mut observed = created(&from("kinesis", json!({"startingPosition": "TRIM_HORIZON"})));
    observed.tags = Some(Ok([].into()));
    let (owner, new) = (owner(), EventSourceMappingStatus::default());
    let plan = plan(&desired, Some(&observed), &Facts { adopt: AdoptPolicy::Unowned, ..facts(&owner, &new) });
    assert!(plan.actions.is_empty());
    assert_eq!(plan.verdict.reason(), Reason::ImmutableFieldChanged);
}

#[test]
fn a_creation_and_an_adoption_are_recovered_once_the_tags_say_whose_it_is() {
    let observed = created(&queue());
    for (operation, origin) in [(CREATION, Origin::Created), (ADOPTION, Origin::Adopted)] {
        let mut lost = EventSourceMappingStatus::default();
        lost.common.pending = Some(Pending::new(operation));
        let mut found = lost.clone();
        status::recover(&observed, &owner(), &mut found);
        assert_eq!(
            (found.common.origin, found.uuid.as_deref()),
            (Some(origin), Some(observed.uuid.as_str()))
        );
        assert!(found.common.pending.is_none());
        for tags in [None, Some(Ok([].into())), Some(Err("denied".into()))] {
            let mut unsure = lost.clone();
            status::recover(&Observed { tags, ..observed.clone() }, &owner(), &mut unsure);
            assert_eq!(unsure, lost);
        }
    }
}

#[test]
fn an_object_that_only_observes_reports_and_changes_nothing() {
    let (owner, new) = (owner(), EventSourceMappingStatus::default());
    let known = Facts { observe_only: true, ..facts(&owner, &new) };
    let desired = from("sqs", json!({"batchSize": 5, "enabled": false}));
    let mut observed = created(&from("sqs", json!({})));
    observed.tags = Some(Ok([].into()));
    let plan_of = |observed: Option<&Observed>| plan(&desired, observed, &known);
    let plan = plan_of(Some(&observed));
    assert!(plan.actions.is_empty() && matches!(plan.verdict, Verdict::Settled(..)));
    assert_eq!(plan.differs, ["batchSize", "enabled"]);
    observed.fixed.source = Source::Arn("arn:aws:sqs:eu-west-1:111122223333:other".into());
    assert_eq!(plan_of(Some(&observed)).differs, ["eventSourceArn", "batchSize", "enabled"]);
    assert_eq!(plan_of(None).verdict.reason(), Reason::DependencyNotReady);
}

#[test]
fn a_deletion_waits_for_aws_and_for_the_tags() {
    let (owner, status) = (owner(), having());
    let known = facts(&owner, &status);
    let retain = Facts { deletion_policy: DeletionPolicy::Retain, ..facts(&owner, &status) };
    let mut observed = created(&queue());
    assert_eq!(plan_deletion(Some(&observed), &known), Deletion::Act(Action::Delete));
    let sent = Facts { delete_sent: true, ..facts(&owner, &status) };
    assert!(matches!(plan_deletion(Some(&observed), &sent), Deletion::Wait(_)));
    assert!(matches!(plan_deletion(Some(&observed), &retain), Deletion::Part(Action::Disown(_))));
    observed.state = "Creating".into();
    assert!(
        matches!(plan_deletion(Some(&observed), &known), Deletion::Wait(text) if text.contains("Creating"))
    );
    assert!(matches!(plan_deletion(Some(&observed), &retain), Deletion::Part(_)));
    observed.state = "Deleting".into();
    assert!(matches!(plan_deletion(Some(&observed), &retain), Deletion::Wait(_)));
    let unread = Observed { tags: None, state: "Enabled".into(), ..observed };
    assert_eq!(plan_deletion(Some(&unread), &known), Deletion::Act(Action::ReadTags));
    assert!(matches!(plan_deletion(None, &known), Deletion::Release(Some(_))));
}
