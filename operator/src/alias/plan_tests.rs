//! Tables over the plan and the deletion of an alias.

use std::collections::BTreeMap;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, DeletionPolicy, LambdaAliasStatus, Origin};
use serde_json::{Value, json};

use super::desired::{self, Desired};
use super::model::{Alias, Newest, Observed, Setting, Weights};
use super::plan::{Action, plan};
use super::{Aliases, status};
use crate::engine::kind::{Deletion, Facts, Inputs, Kind, Report};
use crate::engine::ownership::Owner;
use crate::engine::verdict::{Plan, Verdict};
use crate::section::Has;

pub(super) fn owner() -> Owner {
    Owner::new("cluster", "uid-1", "shop", "live")
}

pub(super) fn facts<'a>(owner: &'a Owner, status: &'a LambdaAliasStatus) -> Facts<'a, LambdaAliasStatus> {
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

/// An alias of the LambdaFunction `quotes`, whose newest version is 7.
pub(super) fn wanted(spec: Value) -> Desired {
    desired::desired(&desired::tests::object(spec), &desired::tests::inputs(Some("7"))).unwrap()
}

/// An alias of a function that is only named, which follows its newest version.
fn following() -> Desired {
    let spec = json!({"functionRef": null, "functionName": "quotes-prod", "version": "Latest"});
    desired::desired(&desired::tests::object(spec), &Inputs::new()).unwrap()
}

pub(super) fn observed(version: &str, description: &str, weights: &[(&str, f64)]) -> Observed {
    let alias = Alias {
        arn: "arn:aws:lambda:eu-west-1:111122223333:function:quotes-prod:live".into(),
        version: version.into(),
        description: description.into(),
        weights: of(weights),
        revision_id: "r-1".into(),
    };
    Observed { alias, newest: None, moving: false, sections: Has::default() }
}

fn of(weights: &[(&str, f64)]) -> Weights {
    weights.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect()
}

/// The status of an object that has the alias.
pub(super) fn holding() -> LambdaAliasStatus {
    let mut status = LambdaAliasStatus::default();
    status::pin("quotes-prod", "live", &mut status);
    status.common.origin = Some(Origin::Created);
    status.common.account = Some("111122223333".into());
    status.common.region = Some("eu-west-1".into());
    status
}

fn planned(desired: &Desired, observed: Option<&Observed>) -> Plan<Action> {
    plan(desired, observed, &facts(&owner(), &holding()))
}

fn update(plan: &Plan<Action>) -> (&Setting, &[&'static str]) {
    match &plan.actions[..] {
        [Action::Update { setting, paths }] => (setting, paths),
        other => panic!("one update, not {other:?}"),
    }
}

#[test]
fn what_was_created_leaves_nothing_to_do() {
    let routing = json!({"additionalVersionWeights": {"2": 0.1}});
    let desired = wanted(json!({"functionVersion": "3", "description": "d", "routingConfig": routing}));
    let [Action::Create(creation)] = &planned(&desired, None).actions[..] else { panic!("a creation") };
    assert_eq!((creation.version.as_deref(), &creation.weights), (Some("3"), &of(&[("2", 0.1)])));
    let plan = planned(&desired, Some(&observed("3", "d", &[("2", 0.1)])));
    assert!(plan.actions.is_empty() && plan.differs.is_empty());
    assert!(matches!(plan.verdict, Verdict::Settled(Reason::Available, _)));
}

#[test]
fn each_field_is_compared_and_named_unless_it_is_ignored() {
    let spec = |ignored: &[&str]| {
        wanted(json!({
            "functionVersion": "3", "description": "d", "ignoreDrift": ignored,
            "routingConfig": {"additionalVersionWeights": {"2": 0.1}},
        }))
    };
    for (path, has) in [
        ("functionVersion", observed("4", "d", &[("2", 0.1)])),
        ("description", observed("3", "by hand", &[("2", 0.1)])),
        ("routingConfig", observed("3", "d", &[])),
        ("routingConfig", observed("3", "d", &[("2", 0.2)])),
        ("routingConfig", observed("3", "d", &[("1", 0.1)])),
    ] {
        let plan = planned(&spec(&[]), Some(&has));
        assert_eq!(update(&plan).1, [path]);
        assert_eq!(plan.differs, [path]);
        assert!(planned(&spec(&[path]), Some(&has)).actions.is_empty(), "{path} is ignored");
    }
}

#[test]
fn an_update_always_sends_version_description_and_weights() {
    let desired = wanted(json!({"functionVersion": "3"}));
    let plan = planned(&desired, Some(&observed("3", "", &[("2", 0.1)])));
    let (setting, paths) = update(&plan);
    assert_eq!(paths, ["routingConfig"], "weights that the spec no longer has are cleared");
    let expected = Setting { version: "3".into(), description: String::new(), weights: Some(Weights::new()) };
    assert_eq!(*setting, expected);
}

#[test]
fn what_is_ignored_is_sent_as_it_is() {
    let spec =
        json!({"functionVersion": "3", "description": "d", "ignoreDrift": ["version", "routingConfig"]});
    let plan = planned(&wanted(spec), Some(&observed("5", "", &[("4", 0.5)])));
    let (setting, paths) = update(&plan);
    assert_eq!(paths, ["description"]);
    let expected = Setting { version: "5".into(), description: "d".into(), weights: None };
    assert_eq!(*setting, expected, "weights that aren't sent stay");
}

#[test]
fn weights_of_a_shift_of_provisioned_concurrency_are_aws_s_own() {
    let desired = wanted(json!({"functionVersion": "3", "description": "d"}));
    let all = observed("3", "d", &[("2", 1.0)]);
    let some = Observed { moving: true, ..observed("3", "d", &[("2", 0.4)]) };
    for has in [&all, &some] {
        let plan = planned(&desired, Some(has));
        assert!(plan.actions.is_empty() && plan.differs.is_empty(), "no drift");
        assert!(
            matches!(&plan.verdict, Verdict::Progress(Reason::Updating, text) if text.contains("version 2 gets"))
        );
        let mut described = has.clone();
        described.alias.description = String::new();
        let plan = planned(&desired, Some(&described));
        assert_eq!(update(&plan).0.weights, None, "another change leaves the shift alone");
        let mut older = has.clone();
        older.alias.version = "1".into();
        let plan = planned(&desired, Some(&older));
        assert_eq!(update(&plan).0.weights, Some(Weights::new()), "another version begins anew");
    }
    let by_hand = observed("3", "d", &[("2", 0.4)]);
    assert_eq!(update(&planned(&desired, Some(&by_hand))).1, ["routingConfig"]);
}

#[test]
fn an_alias_that_follows_moves_to_the_newest_active_version_only() {
    let desired = following();
    let with = |newest: Newest| Observed { newest: Some(newest), ..observed("3", "", &[]) };
    let known = |active: &str| Newest { active: Some(active.into()), ..Newest::default() };
    assert!(planned(&desired, Some(&with(known("3")))).actions.is_empty());
    let plan = planned(&desired, Some(&with(known("4"))));
    assert_eq!((update(&plan).0.version.as_str(), update(&plan).1), ("4", &["version"][..]));
    let busy = Newest { busy: Some("version 4 is Pending (Creating)".into()), ..known("3") };
    let plan = planned(&desired, Some(&with(busy)));
    assert!(plan.actions.is_empty());
    assert!(
        matches!(&plan.verdict, Verdict::Progress(Reason::Updating, text) if text.contains("version 4 is Pending"))
    );
    let failed = Newest { failed: Some("version 4 is Failed".into()), ..known("3") };
    let plan = planned(&desired, Some(&with(failed)));
    assert!(plan.actions.is_empty(), "no alias moves to a version that failed");
    assert!(
        matches!(&plan.verdict, Verdict::Settled(Reason::Available, text) if text.contains("version 4 is Failed"))
    );
    let none = planned(&desired, Some(&with(Newest::default())));
    assert!(none.actions.is_empty(), "without any it stays where it is");
}

#[test]
fn of_a_lambda_function_it_follows_what_that_offers() {
    let plan = planned(&wanted(json!({"version": "Latest"})), Some(&observed("6", "", &[])));
    assert_eq!(update(&plan).0.version, "7");
}

#[test]
fn what_the_status_does_not_know_needs_adoption() {
    let desired = wanted(json!({"functionVersion": "3"}));
    let (owner, has) = (owner(), observed("2", "", &[]));
    let stranger = LambdaAliasStatus::default();
    let known = facts(&owner, &stranger);
    let refused = plan(&desired, Some(&has), &known);
    assert!(refused.actions.is_empty() && refused.verdict.reason() == Reason::OwnershipConflict);
    for adopt in [AdoptPolicy::Unowned, AdoptPolicy::Force] {
        let plan = plan(&desired, Some(&has), &Facts { adopt, ..facts(&owner, &stranger) });
        let [Action::Adopt { function, name, .. }, Action::Update { .. }] = &plan.actions[..] else {
            panic!("{:?}", plan.actions)
        };
        assert_eq!((function.as_str(), name.as_str()), ("quotes-prod", "live"));
    }
    let observing = plan(&desired, Some(&has), &Facts { observe_only: true, ..facts(&owner, &stranger) });
    assert_eq!(observing.differs, ["functionVersion"]);
}

#[test]
fn a_lost_creation_is_known_again_by_what_was_sent() {
    let desired = wanted(json!({"functionVersion": "3"}));
    let mut lost = LambdaAliasStatus::default();
    Aliases::prepare(&planned(&desired, None).actions[0], &mut lost);
    assert_eq!(lost.function_name.as_deref(), Some("quotes-prod"), "the function is pinned before the call");
    let mut found = lost.clone();
    Aliases::recover(&observed("3", "", &[]), &owner(), &mut found);
    assert_eq!((found.common.origin, found.common.pending), (Some(Origin::Created), None));
    let mut other = lost.clone();
    Aliases::recover(&observed("2", "theirs", &[]), &owner(), &mut other);
    assert_eq!((other.common.origin, other.common.pending), (None, None), "somebody else's");
}

#[test]
fn an_alias_stays_with_its_function_and_in_its_place() {
    let desired = wanted(json!({"functionVersion": "3"}));
    let reason = |change: &dyn Fn(&mut LambdaAliasStatus)| {
        let mut status = holding();
        change(&mut status);
        let plan = plan(&desired, Some(&observed("3", "", &[])), &facts(&owner(), &status));
        assert!(plan.actions.is_empty());
        (plan.verdict.reason(), plan.verdict.message().to_owned())
    };
    let (moved, text) = reason(&|status| status.function_name = Some("quotes-test".into()));
    assert_eq!(moved, Reason::ImmutableFieldChanged);
    assert!(
        text.contains("LambdaFunction quotes is the function quotes-prod") && text.contains("quotes-test"),
        "{text}"
    );
    let (elsewhere, text) = reason(&|status| status.common.region = Some("us-east-1".into()));
    assert_eq!(elsewhere, Reason::InvalidSpec);
    assert!(text.contains("region eu-west-1") && text.contains("region us-east-1"), "{text}");
    assert_eq!(reason(&|status| status.common.account = Some("4".into())).0, Reason::InvalidSpec);
}

#[test]
fn it_is_deleted_only_if_it_is_ours() {
    let owner = owner();
    let has = observed("3", "", &[]);
    let decide = |status: &LambdaAliasStatus, deletion_policy, observed| {
        super::deletion::plan_deletion(observed, &Facts { deletion_policy, ..facts(&owner, status) })
    };
    let (ours, stranger) = (holding(), LambdaAliasStatus::default());
    let mut pending = LambdaAliasStatus::default();
    Aliases::prepare(&planned(&wanted(json!({"functionVersion": "3"})), None).actions[0], &mut pending);
    let (delete, retain) = (DeletionPolicy::Delete, DeletionPolicy::Retain);
    assert_eq!(decide(&ours, delete, Some(&has)), Deletion::Part(Action::Delete));
    assert_eq!(decide(&pending, delete, Some(&has)), Deletion::Part(Action::Delete));
    assert_eq!(decide(&stranger, delete, Some(&has)), Deletion::Release(None));
    assert!(
        matches!(decide(&ours, retain, Some(&has)), Deletion::Release(Some(note)) if note.reason == "Retained")
    );
    assert_eq!(decide(&stranger, delete, None), Deletion::Release(None));
}

/// What AWS has after an action.
fn applied(action: &Action, before: Option<&Observed>) -> Option<Observed> {
    match action {
        Action::Create(creation) => {
            let version = creation.version.clone().unwrap_or_else(|| "9".to_owned());
            let mut next = observed(&version, &creation.description, &[]);
            next.alias.weights.clone_from(&creation.weights);
            Some(next)
        }
        Action::Update { setting, .. } => {
            let mut next = before?.clone();
            next.alias.version.clone_from(&setting.version);
            next.alias.description.clone_from(&setting.description);
            next.alias.weights = setting.weights.clone().unwrap_or(next.alias.weights);
            Some(next)
        }
        Action::Sections(changes) => {
            let mut next = before?.clone();
            for change in changes {
                next.sections.apply(change);
            }
            Some(next)
        }
        Action::Adopt { .. } | Action::Look(_) | Action::Delete => before.cloned(),
    }
}

/// Every combination of what a spec can say, what AWS can have, and what is ignored.
#[test]
fn what_was_carried_out_leaves_nothing_to_do() {
    let specs = ["1", "2", "$LATEST"].iter().flat_map(|version| {
        ["", "d"].iter().flat_map(move |description| {
            [json!({}), json!({"3": 0.1})].into_iter().flat_map(move |weights| {
                [vec![], vec!["version"], vec!["description"], vec!["routingConfig"]].into_iter().map(
                    move |ignored| {
                        json!({
                            "functionVersion": version, "description": description, "ignoreDrift": ignored,
                            "routingConfig": {"additionalVersionWeights": weights},
                        })
                    },
                )
            })
        })
    });
    let states: Vec<Option<Observed>> = ["1", "2"]
        .iter()
        .flat_map(|version| {
            let weights = [vec![], vec![("3", 0.1)], vec![("3", 0.2)], vec![("4", 1.0)]];
            weights.into_iter().map(move |weights| Some(observed(version, "", &weights)))
        })
        .chain([None])
        .collect();
    let mut seen = BTreeMap::new();
    for spec in specs {
        for state in &states {
            let desired = wanted(spec.clone());
            let mut has = state.clone();
            let first = planned(&desired, has.as_ref());
            for action in &first.actions {
                *seen.entry(format!("{action:?}")).or_insert(0) += 1;
                has = applied(action, has.as_ref());
            }
            let second = planned(&desired, has.as_ref());
            assert!(
                second.actions.is_empty() && second.differs.is_empty(),
                "{spec} from {state:?}: {second:?}"
            );
        }
    }
    assert!(seen.len() > 4, "{seen:?}");
}

#[test]
fn weights_that_were_left_there_leave_no_question() {
    let desired = wanted(json!({"functionVersion": "3"}));
    let mut status = holding();
    assert_eq!(desired.look(&status).weights, Some(vec![Weights::new()]));
    let report = |settled, status: &mut LambdaAliasStatus| {
        let has = observed("3", "", &[("2", 0.1)]);
        let (owner, observed) = (owner(), Some(&has));
        let report =
            Report { desired: None, observed, differs: &[], settled, owner: &owner, observe_only: false };
        Aliases::report(&report, status);
    };
    report(true, &mut status);
    assert_eq!(desired.look(&status).weights, Some(vec![Weights::new(), of(&[("2", 0.1)])]));
    report(false, &mut status);
    assert_eq!(desired.look(&status).weights, Some(vec![Weights::new()]), "they may be AWS's own");
    assert!(status.routing_config.is_some(), "they are shown all the same");
}
