//! Tables over the plan, the deletion and the status of a provider.

use serde_json::json;

use super::CapacityProviders;
use super::desired::{self, Desired};
use super::execute::after;
use super::model::Observed;
use super::plan::{Action, plan};
use crate::engine::kind::{Deletion, Facts, Report};
use crate::engine::ownership::Owner;
use crate::engine::verdict::{Plan, Recheck, Verdict};
use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, CapacityProviderStatus, DeletionPolicy, Origin, Pending};

fn owner() -> Owner {
    Owner::new("cluster", "uid-1", "shop", "compute")
}

fn facts<'a>(owner: &'a Owner, status: &'a CapacityProviderStatus) -> Facts<'a, CapacityProviderStatus> {
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

/// What AWS has once `desired` was created and is Active.
fn created(desired: &Desired) -> Observed {
    let mut tags = desired.tags.clone();
    tags.extend(owner().tags());
    Observed {
        arn: "arn:aws:lambda:eu-west-1:1:capacity-provider:compute".into(),
        state: "Active".into(),
        configuration: desired.configuration.clone(),
        tags: Ok(tags),
        versions: Some(Vec::new()),
    }
}

fn in_state(state: &str) -> Observed {
    Observed { state: state.into(), ..created(&wanted(json!({}))) }
}

fn status() -> CapacityProviderStatus {
    let mut status = CapacityProviderStatus::default();
    status.common.origin = Some(Origin::Created);
    status.common.managed_tags = vec!["team".into()];
    status
}

fn planned(desired: &Desired, observed: Option<&Observed>) -> Plan<Action> {
    plan(desired, observed, &facts(&owner(), &status()))
}

#[test]
fn what_was_created_leaves_nothing_to_do() {
    let desired = wanted(json!({"tags": {"team": "a"}}));
    let first = planned(&desired, None);
    assert!(matches!(&first.actions[..], [Action::Create { .. }]));
    let plan = planned(&desired, Some(&created(&desired)));
    assert!(plan.actions.is_empty() && plan.differs.is_empty());
    assert!(matches!(plan.verdict, Verdict::Settled(Reason::Available, _)));
}

/// A spec path, and an edit in AWS that makes it differ.
type Edit = (&'static str, fn(&mut Observed));

#[test]
fn each_part_is_compared_and_named_and_mended_unless_it_is_ignored() {
    let desired = wanted(json!({"tags": {"team": "a"}}));
    let changes: [Edit; 8] = [
        ("capacityProviderScalingConfig", |o| o.configuration.scaling.max_vcpus = 2),
        ("capacityProviderScalingConfig", |o| o.configuration.scaling.mode = "Manual".into()),
        ("capacityProviderScalingConfig", |o| {
            o.configuration.scaling.policies.insert("Cpu".into(), 50.0);
        }),
        ("propagateTags", |o| o.configuration.propagation.mode = "Explicit".into()),
        ("telemetryConfig", |o| o.configuration.logging.level = "DEBUG".into()),
        ("telemetryConfig", |o| o.configuration.logging.group = "mine".into()),
        ("tags.team", |o| drop(o.tags.as_mut().unwrap().insert("team".into(), "b".into()))),
        ("tags.team", |o| drop(o.tags.as_mut().unwrap().remove("team"))),
    ];
    for (path, change) in changes {
        let mut observed = created(&desired);
        change(&mut observed);
        let plan = planned(&desired, Some(&observed));
        assert_eq!((plan.actions.len(), plan.differs), (1, vec![path.to_owned()]));
        let mended = after(&plan.actions[0], Some(&observed)).unwrap();
        assert_eq!(Observed { state: "Active".into(), ..mended }, created(&desired));
        let ignoring = wanted(json!({"tags": {"team": "a"}, "ignoreDrift": [path]}));
        assert!(planned(&ignoring, Some(&observed)).actions.is_empty(), "{path} is ignored");
    }
}

#[test]
fn only_what_differs_is_sent_and_tags_go_before_what_sets_aws_to_work() {
    let desired = wanted(json!({"tags": {"team": "a"}}));
    let mut observed = created(&wanted(json!({"telemetryConfig": {"loggingConfig": {"logGroup": "mine"}}})));
    observed.tags.as_mut().unwrap().insert("somebody".into(), "x".into());
    let plan = planned(&desired, Some(&observed));
    let [Action::Tag(tags), Action::Update(changes)] = &plan.actions[..] else {
        panic!("{:?}", plan.actions)
    };
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["team"]);
    assert!(changes.scaling.is_none() && changes.propagation.is_none() && changes.logging.is_some());
}

#[test]
fn what_aws_has_fixed_stalls_and_says_how_to_replace() {
    let desired = wanted(json!({}));
    let changes: [Edit; 5] = [
        ("vpcConfig.subnetIds", |o| drop(o.configuration.fixed.subnets.pop_first())),
        ("vpcConfig.securityGroupIds", |o| drop(o.configuration.fixed.security_groups.pop_first())),
        ("permissionsConfig.capacityProviderOperatorRoleArn", |o| o.configuration.fixed.role = "r".into()),
        ("instanceRequirements.architectures", |o| {
            o.configuration.fixed.architectures = ["arm64".to_owned()].into();
        }),
        ("kmsKeyArn", |o| o.configuration.fixed.kms_key_arn = "arn:key".into()),
    ];
    for (path, change) in changes {
        let mut observed = created(&desired);
        change(&mut observed);
        let plan = planned(&desired, Some(&observed));
        assert!(plan.actions.is_empty() && plan.differs == [path], "{:?}", plan.differs);
        let Verdict::Problem(Reason::ImmutableFieldChanged, text, Recheck::OnChange) = plan.verdict else {
            panic!("{:?}", plan.verdict)
        };
        assert!(text.contains(path) && text.contains("create a new CapacityProvider"), "{text}");
    }
}

#[test]
fn what_is_left_to_aws_may_be_what_it_chose() {
    let mut observed = created(&wanted(json!({})));
    observed.configuration.fixed.allowed.insert("m8g.large".into());
    observed.configuration.fixed.architectures.clear();
    assert!(planned(&wanted(json!({})), Some(&observed)).differs.is_empty());
    let chosen = wanted(json!({"instanceRequirements": {"allowedInstanceTypes": ["c8g.*"]}}));
    assert_eq!(planned(&chosen, Some(&observed)).differs, ["instanceRequirements.allowedInstanceTypes"]);
}

#[test]
fn nothing_is_done_while_aws_is_at_work() {
    let desired = wanted(json!({"capacityProviderScalingConfig": {"maxVCpuCount": 8}}));
    let (owner, mut status) = (owner(), status());
    for (state, ever_active, reason) in [
        ("Pending", None, Reason::Creating),
        ("Pending", Some(true), Reason::Updating),
        ("Deleting", Some(true), Reason::Updating),
        ("Unheard", Some(true), Reason::Updating),
    ] {
        status.ever_active = ever_active;
        let plan = plan(&desired, Some(&in_state(state)), &facts(&owner, &status));
        assert!(plan.actions.is_empty(), "{state}");
        assert!(matches!(plan.verdict, Verdict::Progress(why, _) if why == reason), "{:?}", plan.verdict);
    }
}

#[test]
fn a_failed_creation_is_replaced_once_something_changed_and_if_nobody_can_have_used_it() {
    let desired = wanted(json!({}));
    let (owner, known) = (owner(), status());
    let failed = in_state("Failed");
    let decide = |status: &CapacityProviderStatus, observed: &Observed, changed, retry_due| {
        plan(&desired, Some(observed), &Facts { changed, retry_due, ..facts(&owner, status) })
    };
    assert_eq!(decide(&known, &failed, true, true).actions, [Action::Replace]);
    for (changed, retry_due) in [(false, true), (true, false)] {
        let plan = decide(&known, &failed, changed, retry_due);
        assert!(plan.actions.is_empty() && plan.verdict.reason() == Reason::CreateFailed);
        assert!(plan.verdict.message().contains("reconcile-at"), "{}", plan.verdict.message());
    }
    let mut corrected = failed.clone();
    corrected.configuration.fixed.role = "arn:wrong".into();
    assert_eq!(decide(&known, &corrected, false, true).actions, [Action::Replace], "while it was creating");
    let active = CapacityProviderStatus { ever_active: Some(true), ..known.clone() };
    let mut adopted = known.clone();
    adopted.common.origin = Some(Origin::Adopted);
    let used = Observed { versions: Some(vec!["hello:1".into()]), ..failed.clone() };
    for (status, observed) in [(&active, &failed), (&adopted, &failed), (&known, &used)] {
        let plan = decide(status, observed, true, true);
        assert!(plan.actions.is_empty() && plan.verdict.reason() == Reason::CreateFailed);
        assert!(plan.verdict.message().contains("Delete it in AWS"), "{}", plan.verdict.message());
    }
}

#[test]
fn who_owns_it_decides() {
    let desired = wanted(json!({}));
    let mut observed = created(&desired);
    observed.tags = Ok(Owner::new("cluster", "uid-2", "shop", "other").tags());
    let plan = planned(&desired, Some(&observed));
    assert!(plan.actions.is_empty() && plan.verdict.reason() == Reason::OwnershipConflict);
    observed.tags = Ok(Owner::new("cluster", "uid-0", "shop", "compute").tags());
    assert_eq!(planned(&desired, Some(&observed)).actions, [Action::Own(owner().tags())]);
}

#[test]
fn observed_only_nothing_is_done_and_all_differences_are_told() {
    let (owner, status) = (owner(), CapacityProviderStatus::default());
    let facts = Facts { observe_only: true, ..facts(&owner, &status) };
    let desired = wanted(json!({"capacityProviderScalingConfig": {"maxVCpuCount": 8}}));
    let mut observed = in_state("Active");
    observed.configuration.fixed.role = "arn:other".into();
    let plan_of = plan(&desired, Some(&observed), &facts);
    assert!(plan_of.actions.is_empty() && plan_of.differs.len() == 2, "{:?}", plan_of.differs);
    assert!(matches!(plan_of.verdict, Verdict::Settled(_, text) if text.contains("only observed")));
    let absent = plan(&desired, None, &facts);
    assert!(absent.actions.is_empty() && absent.verdict.reason() == Reason::DependencyNotReady);
}

#[test]
fn it_is_deleted_unless_a_version_uses_it() {
    let mut observed = in_state("Active");
    let (owner, status) = (owner(), status());
    let known = facts(&owner, &status);
    let decide = |observed: Option<&Observed>| super::deletion::plan_deletion(observed, &known);
    assert_eq!(decide(Some(&observed)), Deletion::Act(Action::Delete));
    let sent = Facts { delete_sent: true, ..facts(&owner, &status) };
    assert!(matches!(super::deletion::plan_deletion(Some(&observed), &sent), Deletion::Wait(_)));
    observed.versions = Some((0..12).map(|number| format!("hello:{number}")).collect());
    let Deletion::Blocked(text) = decide(Some(&observed)) else { panic!("it is in use") };
    assert!(text.contains("hello:0") && text.contains("and 2 more") && !text.contains("hello:11"), "{text}");
    assert!(matches!(decide(Some(&in_state("Deleting"))), Deletion::Wait(_)));
    assert_eq!(decide(None), Deletion::Release(None));
}

fn reported(observed: Option<&Observed>, mut status: CapacityProviderStatus) -> CapacityProviderStatus {
    let (desired, owner) = (wanted(json!({"tags": {"team": "a"}})), owner());
    let report = Report::<CapacityProviders> {
        desired: Some(&desired),
        observed,
        differs: &[],
        settled: true,
        owner: &owner,
        observe_only: false,
    };
    super::status::report(&report, &mut status);
    status
}

#[test]
fn the_status_says_what_is_there_and_forgets_what_is_gone() {
    let mut observed = in_state("Active");
    observed.versions = Some((0..120).map(|number| format!("hello:{number}")).collect());
    let told = reported(Some(&observed), status());
    assert_eq!((told.state.as_deref(), told.ever_active), (Some("Active"), Some(true)));
    assert_eq!((told.function_versions.len(), told.common.managed_tags.len()), (100, 1));
    let later = reported(Some(&Observed { versions: None, ..in_state("Pending") }), told.clone());
    assert_eq!((later.ever_active, later.function_versions.len()), (Some(true), 100));
    let gone = reported(None, told);
    assert_eq!((gone.arn, gone.ever_active, gone.common.origin), (None, None, None));
    let mut foreign = in_state("Active");
    foreign.tags = Ok(Owner::new("cluster", "uid-2", "shop", "other").tags());
    assert_eq!(reported(Some(&foreign), status()).arn, None);
}

#[test]
fn a_pending_call_is_settled_by_the_owners_tags_alone() {
    for (operation, origin) in [("CreateCapacityProvider", Origin::Created), ("TagResource", Origin::Adopted)]
    {
        let mut status = CapacityProviderStatus::default();
        status.common.pending = Some(Pending::new(operation));
        let mut observed = in_state("Pending");
        observed.tags = Ok(crate::engine::tags::Tags::new());
        super::status::recover(&observed, &owner(), &mut status);
        assert!(status.common.pending.is_some() && status.arn.is_none());
        super::status::recover(&in_state("Pending"), &owner(), &mut status);
        assert_eq!((status.common.pending, status.common.origin), (None, Some(origin)));
    }
}
