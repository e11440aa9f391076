//! Tables over the plan and the deletion of a configuration.

use serde_json::json;

use super::desired::{self, Desired};
use super::model::Observed;
use super::plan::{Action, plan};
use crate::engine::kind::{Deletion, Facts};
use crate::engine::ownership::Owner;
use crate::engine::verdict::{Plan, Verdict};
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, CodeSigningConfigStatus, DeletionPolicy, Origin};

fn owner() -> Owner {
    Owner::new("cluster", "uid-1", "shop", "signed")
}

fn facts<'a>(owner: &'a Owner, status: &'a CodeSigningConfigStatus) -> Facts<'a, CodeSigningConfigStatus> {
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

fn wanted(spec: serde_json::Value) -> Desired {
    desired::desired(&desired::tests::object(spec)).unwrap()
}

/// What AWS has once `desired` was created.
fn created(desired: &Desired) -> Observed {
    let mut tags = desired.tags.clone();
    tags.extend(owner().tags());
    Observed {
        arn: "arn:aws:lambda:eu-west-1:1:code-signing-config:csc-1".into(),
        id: "csc-1".into(),
        configuration: desired.configuration.clone(),
        tags: Ok(tags),
        functions: Some(Vec::new()),
    }
}

fn status() -> CodeSigningConfigStatus {
    let mut status = CodeSigningConfigStatus::default();
    status.common.origin = Some(Origin::Created);
    status.common.managed_tags = vec!["team".into()];
    status
}

fn planned(desired: &Desired, observed: Option<&Observed>) -> Plan<Action> {
    plan(desired, observed, &facts(&owner(), &status()))
}

#[test]
fn what_was_created_leaves_nothing_to_do() {
    let desired = wanted(json!({"description": "d", "tags": {"team": "a"}}));
    let first = planned(&desired, None);
    assert!(matches!(&first.actions[..], [Action::Create { .. }]));
    let plan = planned(&desired, Some(&created(&desired)));
    assert!(plan.actions.is_empty() && plan.differs.is_empty());
    assert!(matches!(plan.verdict, Verdict::Settled(Reason::Available, _)));
}

/// A spec path, and an edit in AWS that makes it differ.
type Edit = (&'static str, fn(&mut Observed));

#[test]
fn each_field_is_compared_and_named_unless_it_is_ignored() {
    let desired = wanted(json!({"description": "d", "tags": {"team": "a"}}));
    let changes: [Edit; 5] = [
        ("description", |o| o.configuration.description = "by hand".into()),
        ("allowedPublishers", |o| drop(o.configuration.publishers.pop_first())),
        ("codeSigningPolicies", |o| o.configuration.policy = "Enforce".into()),
        ("tags.team", |o| drop(o.tags.as_mut().unwrap().insert("team".into(), "b".into()))),
        ("tags.team", |o| drop(o.tags.as_mut().unwrap().remove("team"))),
    ];
    for (path, change) in changes {
        let mut observed = created(&desired);
        change(&mut observed);
        let plan = planned(&desired, Some(&observed));
        assert_eq!((plan.actions.len(), plan.differs), (1, vec![path.to_owned()]));
        let ignoring = wanted(json!({"description": "d", "tags": {"team": "a"}, "ignoreDrift": [path]}));
        assert!(planned(&ignoring, Some(&observed)).actions.is_empty(), "{path} is ignored");
    }
}

#[test]
fn a_tag_that_was_ours_goes_and_that_of_somebody_else_stays() {
    let mut observed = created(&wanted(json!({"tags": {"team": "a"}})));
    observed.tags.as_mut().unwrap().insert("somebody".into(), "x".into());
    let plan = planned(&wanted(json!({})), Some(&observed));
    assert_eq!(plan.actions, [Action::Untag(vec!["team".into()])]);
}

#[test]
fn who_owns_it_decides() {
    let desired = wanted(json!({}));
    let mut observed = created(&desired);
    observed.tags = Ok(Owner::new("cluster", "uid-2", "shop", "other").tags());
    let plan = planned(&desired, Some(&observed));
    assert!(plan.actions.is_empty() && plan.verdict.reason() == Reason::OwnershipConflict);
    observed.tags = Ok(Owner::new("cluster", "uid-0", "shop", "signed").tags());
    assert_eq!(planned(&desired, Some(&observed)).actions, [Action::Own(owner().tags())]);
}

#[test]
fn it_is_deleted_unless_a_function_uses_it() {
    let mut observed = created(&wanted(json!({})));
    let (owner, status) = (owner(), status());
    let known = facts(&owner, &status);
    let decide = |observed: Option<&Observed>| super::deletion::plan_deletion(observed, &known);
    assert_eq!(decide(Some(&observed)), Deletion::Act(Action::Delete));
    observed.functions = Some(vec!["hello".into()]);
    assert!(matches!(decide(Some(&observed)), Deletion::Blocked(text) if text.contains("hello")));
    assert_eq!(decide(None), Deletion::Release(None));
}

#[test]
fn one_that_is_to_be_taken_over_is_not_created_when_it_is_not_there() {
    let desired =
        wanted(json!({"codeSigningConfigArn": "arn:aws:lambda:eu-west-1:1:code-signing-config:csc-2"}));
    let plan = planned(&desired, None);
    assert!(plan.actions.is_empty() && plan.verdict.reason() == Reason::DependencyNotReady);
}
