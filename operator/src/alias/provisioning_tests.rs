//! Tables over the plan of an alias with provisioned concurrency.

use lambda_operator_crds::{LambdaAliasStatus, ProvisionedConcurrencyStatus};
use serde_json::{Value as Json, json};

use super::model::Observed;
use super::plan::{Action, plan};
use super::plan_tests::{facts, holding, observed, owner, wanted};
use crate::engine::kind::Facts;
use crate::engine::verdict::{Plan, Verdict};
use crate::section::{Provisioned, Section, Value};

/// An alias with weights that are the spec's, and so many environments in this state; `None`: none.
fn having(version: &str, weights: &[(&str, f64)], provisioned: Option<(i32, &str)>) -> Observed {
    let mut has = observed(version, "", weights);
    has.sections.provisioned = provisioned.map(|(requested, status)| Provisioned {
        requested,
        status: status.into(),
        reason: Some("it is full".into()),
        ..Provisioned::default()
    });
    let value = provisioned.map(|(requested, _)| Value::Provisioned(requested));
    has.sections.values.insert(Section::Provisioned, value);
    has
}

fn spec(version: &str, weights: &Json, number: i32) -> Json {
    json!({
        "functionVersion": version, "routingConfig": {"additionalVersionWeights": weights},
        "provisionedConcurrency": {"provisionedConcurrentExecutions": number},
    })
}

fn managing() -> LambdaAliasStatus {
    let mut status = holding();
    status.common.managed_sections = vec!["provisionedConcurrency".into()];
    status
}

fn planned(spec: &Json, has: &Observed, retry_due: bool) -> Plan<Action> {
    let (owner, status) = (owner(), managing());
    let facts = Facts { changed: false, retry_due, ..facts(&owner, &status) };
    plan(&wanted(spec.clone()), Some(has), &facts)
}

fn actions(plan: &Plan<Action>) -> Vec<String> {
    plan.actions.iter().map(|action| format!("{action:?}")).collect()
}

const PUT: &str = "[Put(Provisioned(5))]";
const LOOK: &str = "Get{Provisioned}";

#[test]
fn the_order_is_version_no_weights_number_ready_weights() {
    let split = json!({"2": 0.1});
    let weights: &[(&str, f64)] = &[("2", 0.1)];
    for (version, has, expected, done) in [
        ("3", having("3", &[], None), vec![PUT], false),
        ("3", having("3", weights, None), vec!["UpdateAlias[\"routingConfig\"]", PUT], false),
        (
            "4",
            having("3", weights, None),
            vec!["UpdateAlias[\"functionVersion\", \"routingConfig\"]", PUT],
            false,
        ),
        ("3", having("3", &[], Some((5, "IN_PROGRESS"))), vec![], false),
        ("3", having("3", &[("2", 1.0)], Some((5, "IN_PROGRESS"))), vec![], false),
        ("3", having("3", &[], Some((5, "READY"))), vec!["UpdateAlias[\"routingConfig\"]"], true),
        ("3", having("3", weights, Some((5, "READY"))), vec![], true),
        // The environments of one version are moved to another one before anything else.
        (
            "4",
            having("3", weights, Some((5, "READY"))),
            vec!["UpdateAlias[\"functionVersion\", \"routingConfig\"]", LOOK],
            false,
        ),
        ("4", having("3", &[], Some((7, "READY"))), vec!["UpdateAlias[\"functionVersion\"]", LOOK], false),
        ("3", having("3", &[("2", 1.0)], Some((7, "IN_PROGRESS"))), vec![], false),
        ("3", having("3", &[], Some((7, "IN_PROGRESS"))), vec![PUT], false),
    ] {
        let plan = planned(&spec(version, &split, 5), &has, false);
        assert_eq!(actions(&plan), expected, "{version} from {has:?}");
        let settled = matches!(plan.verdict, Verdict::Settled(..));
        assert!(
            settled == done || plan.actions.iter().any(|action| matches!(action, Action::Look(_))),
            "{plan:?}"
        );
    }
}

#[test]
fn what_aws_gave_up_is_said_and_asked_for_again_when_it_is_due() {
    let has = having("3", &[], Some((5, "FAILED")));
    let plan = planned(&spec("3", &json!({}), 5), &has, false);
    assert_eq!(actions(&plan), [""; 0]);
    let (reason, text) = (plan.verdict.reason().as_str(), plan.verdict.message());
    assert!(reason == "DependencyNotReady" && text.contains("it is full"), "{reason} {text}");
    assert_eq!(actions(&planned(&spec("3", &json!({}), 5), &has, true)), [PUT]);
    assert_eq!(actions(&planned(&spec("3", &json!({}), 0), &has, false)), ["[Clear(Provisioned)]"]);
}

/// The new version may be broken: no traffic is sent to it only to ask again.
#[test]
fn a_move_that_failed_leaves_the_traffic_with_the_former_version() {
    let has = having("4", &[("3", 1.0)], Some((5, "FAILED")));
    for (retry_due, number) in [(false, 5), (true, 5), (true, 7)] {
        let plan = planned(&spec("4", &json!({}), number), &has, retry_due);
        assert_eq!(actions(&plan), [""; 0]);
        let text = plan.verdict.message();
        assert!(text.contains("still serves") && text.contains("Point the alias"), "{text}");
    }
    let back = planned(&spec("3", &json!({}), 5), &has, false);
    assert_eq!(actions(&back), ["UpdateAlias[\"functionVersion\"]", LOOK]);
    assert_eq!(actions(&planned(&spec("4", &json!({}), 0), &has, false)), ["[Clear(Provisioned)]"]);
}

#[test]
fn none_ends_it_and_then_the_traffic_may_be_split() {
    let has = having("3", &[], Some((5, "READY")));
    let plan = planned(&spec("3", &json!({"2": 0.1}), 0), &has, false);
    assert_eq!(actions(&plan), ["UpdateAlias[\"routingConfig\"]", "[Clear(Provisioned)]"]);
    assert!(matches!(plan.verdict, Verdict::Settled(..)), "{plan:?}");
}

#[test]
fn a_number_that_somebody_else_manages_is_used_once() {
    let external = json!({
        "functionVersion": "3", "provisionedConcurrency": {"provisionedConcurrentExecutions": 5, "managedBy": "External"},
    });
    let first = plan(&wanted(external.clone()), Some(&observed("3", "", &[])), &facts(&owner(), &holding()));
    assert_eq!(actions(&first), [PUT]);
    assert_eq!(actions(&planned(&external, &having("3", &[], Some((9, "READY"))), false)), [""; 0]);
}

#[test]
fn until_aws_is_ready_only_that_is_looked_at() {
    let mut wanted_all = spec("3", &json!({}), 5);
    wanted_all["eventInvokeConfig"] = json!({"maximumRetryAttempts": 0});
    let mut status = managing();
    status.common.managed_sections.push("eventInvokeConfig".into());
    let looks = |status: &LambdaAliasStatus, has: &Observed| {
        let owner = owner();
        actions(&plan(
            &wanted(wanted_all.clone()),
            Some(has),
            &Facts { changed: false, ..facts(&owner, status) },
        ))
    };
    let unread = observed("3", "", &[]);
    assert_eq!(looks(&status, &unread), ["Get{EventInvoke, Provisioned}"]);
    let in_progress = ProvisionedConcurrencyStatus { status: "IN_PROGRESS".into(), ..Default::default() };
    status.provisioned_concurrency = Some(in_progress);
    assert_eq!(looks(&status, &unread), [LOOK]);
    assert_eq!(looks(&status, &having("3", &[], Some((5, "IN_PROGRESS")))), [""; 0]);
    assert_eq!(looks(&status, &having("3", &[], Some((5, "READY")))), ["Get{EventInvoke}"]);
}
