//! Tables: what is wanted, what AWS has, what is known, and what is done about it.

use std::collections::BTreeSet;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, DeletionPolicy, LambdaLayer, LambdaLayerStatus, Origin};
use serde_json::{Value, json};

use super::desired::{Desired, tests::object};
use super::execute::after;
use super::model::{Look, Metadata, Observed, Policy, Version};
use super::plan::{Action, Publication};
use super::{Layers, deletion, desired, leaving, retention, status, target};
use crate::engine::kind::{Deletion, Facts, Inputs, Kind, Report};
use crate::engine::ownership::Owner;
use crate::engine::verdict::{Plan, Verdict};

mod property;

const LAYER: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:tools";

fn owner() -> Owner {
    Owner::new("cluster", "uid-1", "shop", "tools")
}

/// A layer on its way through visits, AWS being simulated in plain data.
struct Case {
    object: LambdaLayer,
    status: LambdaLayerStatus,
    /// Of which version, and who may use each.
    aws: Vec<(Version, Policy)>,
    newest: i64,
    in_use: BTreeSet<String>,
    log: Vec<String>,
}

impl Case {
    fn new(spec: Value) -> Self {
        let (status, log, in_use) = (LambdaLayerStatus::default(), Vec::new(), BTreeSet::new());
        Self { object: object(spec), status, aws: Vec::new(), newest: 0, in_use, log }
    }

    /// The same object with another spec.
    fn with(mut self, spec: Value) -> Self {
        self.object = object(spec);
        self
    }

    fn desired(&self) -> Desired {
        let mut inputs = Inputs::new();
        inputs.insert_uses(self.in_use.clone());
        desired::desired(&self.object, &inputs).unwrap()
    }

    /// Somebody publishes a version.
    fn put(&mut self, metadata: Metadata, token: Option<&str>, sha: &str) -> i64 {
        self.newest += 1;
        let (token, code_sha256) = (token.map(str::to_owned), Some(sha.to_owned()));
        let arn = format!("{LAYER}:{}", self.newest);
        self.aws.push((Version { arn, number: self.newest, metadata, token, code_sha256 }, Policy::new()));
        self.newest
    }

    /// As `aws::layer` reads it.
    fn observed(&self, desired: Option<&Desired>) -> Option<Observed> {
        let target = match desired {
            Some(desired) => target(&self.object, &self.status, desired),
            None => leaving(&self.object, &self.status)?,
        };
        let lost = target.lost.as_ref().and_then(|lost| {
            let newer = self.aws.iter().filter(|(version, _)| version.number > lost.newest_known);
            newer.into_iter().find(|(version, _)| version.token.as_ref() == Some(&lost.token))
        });
        let looked = match target.look {
            Look::Away if target.lost.is_none() => return Some(Observed::default()),
            Look::Away => None,
            Look::At(number) => self.aws.iter().find(|(version, _)| version.number == number),
            Look::Newest(_) | Look::Taken => self.aws.last(),
        };
        let (version, policy) = lost.or(looked)?;
        let reads = target.policy && (lost.is_some() || target.look != Look::Taken);
        let policy = reads.then(|| policy.clone());
        Some(Observed { version: Some(version.clone()), found: lost.is_some(), policy })
    }

    fn facts<'a>(&self, owner: &'a Owner, status: &'a LambdaLayerStatus) -> Facts<'a, LambdaLayerStatus> {
        let common = &self.object.spec.common;
        Facts {
            owner,
            adopt: common.adopt(),
            observe_only: common.management_policy() == lambda_operator_crds::ManagementPolicy::Observe,
            deletion_policy: common.deletion_policy(),
            status,
            changed: true,
            retry_due: true,
            delete_sent: false,
            in_turn: false,
        }
    }

    fn plan(&mut self) -> Plan<Action> {
        let desired = self.desired();
        let observed = self.observed(Some(&desired));
        if let Some(observed) = &observed {
            Layers::recover(observed, &owner(), &mut self.status);
        }
        Layers::plan(&desired, observed.as_ref(), &self.facts(&owner(), &self.status))
    }

    /// One visit, as the engine makes it. `dies`: the operator ends after so many calls, before anything is stored.
    fn visit(&mut self, dies: Option<usize>) -> Plan<Action> {
        let plan = self.plan();
        let desired = self.desired();
        let mut observed = self.observed(Some(&desired));
        let observe_only = self.facts(&owner(), &self.status).observe_only;
        let mut known = self.status.clone();
        for (at, action) in plan.actions.iter().filter(|_| !observe_only).enumerate() {
            status::prepare(action, &mut known);
            if known.common.pending.is_some() || known.managed_permissions != self.status.managed_permissions
            {
                self.status = known.clone();
            }
            observed = self.act(action, observed.as_ref());
            if dies == Some(at) {
                return plan;
            }
            known.common.pending = None;
            Layers::record(action, observed.as_ref(), &mut known);
        }
        let settled = matches!(plan.verdict, Verdict::Settled(..));
        let report = Report {
            desired: Some(&desired),
            observed: observed.as_ref(),
            differs: &plan.differs,
            settled,
            owner: &owner(),
            observe_only,
        };
        Layers::report(&report, &mut known);
        self.status = known;
        plan
    }

    /// What AWS makes of a call.
    fn act(&mut self, action: &Action, observed: Option<&Observed>) -> Option<Observed> {
        self.log.push(format!("{action:?}"));
        match action {
            Action::Publish(publication) => {
                let Publication { source, metadata, token, .. } = &**publication;
                let sha = source.code_sha256.clone().unwrap_or_else(|| source.fingerprint.clone());
                self.put(metadata.clone(), Some(token), &sha);
                let (version, policy) = self.aws.last().cloned()?;
                return Some(Observed { version: Some(version), found: false, policy: Some(policy) });
            }
            Action::Adopt { .. } => {}
            Action::AddPermission { sid, permission, .. } => {
                let number = observed?.version.as_ref()?.number;
                let (_, policy) = self.aws.iter_mut().find(|(version, _)| version.number == number)?;
                assert!(!policy.contains_key(sid), "AWS refuses a second statement of an id");
                policy.insert(sid.clone(), Some(permission.clone()));
            }
            Action::RemovePermission { number, sid, .. } => {
                let version = self.aws.iter_mut().find(|(version, _)| version.number == *number);
                if let Some((_, policy)) = version {
                    policy.remove(sid);
                }
            }
            Action::DeleteVersion { number, .. } => self.aws.retain(|(version, _)| version.number != *number),
        }
        after(action, observed)
    }

    fn numbers(&self) -> Vec<i64> {
        self.aws.iter().map(|(version, _)| version.number).collect()
    }

    /// The calls since the last look.
    fn calls(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// The deletion, to its end.
    fn leave(&mut self) -> Deletion<Action> {
        for _ in 0..20 {
            let observed = self.observed(None);
            let status = self.status.clone();
            match deletion::plan_deletion(observed.as_ref(), &self.facts(&owner(), &status)) {
                Deletion::Act(action) => {
                    self.act(&action, observed.as_ref());
                    Layers::record(&action, observed.as_ref(), &mut self.status);
                }
                end => return end,
            }
        }
        panic!("the deletion doesn't end")
    }
}

fn settled(spec: Value) -> Case {
    let mut case = Case::new(spec);
    case.visit(None);
    case.calls();
    case
}

fn files(text: &str) -> Value {
    json!({"inline": {"files": {"python/a.py": text}}})
}

#[test]
fn a_layer_is_published_once() {
    let mut case = Case::new(json!({"description": "d"}));
    case.visit(None);
    assert_eq!(case.calls(), [r#"PublishLayerVersion["content"]"#]);
    let status = &case.status;
    assert_eq!(status.common.origin, Some(Origin::Created));
    assert_eq!((status.latest_version, status.published_versions.as_slice()), (Some(1), &[1][..]));
    assert_eq!(status.latest_version_arn.as_deref(), Some(format!("{LAYER}:1").as_str()));
    assert!(status.common.pending.is_none() && status.code_sha256.is_some());
    let plan = case.visit(None);
    assert!(case.calls().is_empty() && plan.differs.is_empty());
}

#[test]
fn each_change_of_content_or_metadata_publishes_and_says_why() {
    for (path, change) in [
        ("content", json!({"content": files("A = 2\n")})),
        ("content", json!({"content": {"s3": {"bucket": "packages", "key": "k"}}})),
        ("description", json!({"description": "other"})),
        ("compatibleArchitectures", json!({"compatibleArchitectures": ["arm64"]})),
        ("compatibleRuntimes", json!({"compatibleRuntimes": ["python3.14"]})),
        ("licenseInfo", json!({"licenseInfo": "MIT"})),
    ] {
        let mut case = settled(json!({})).with(change);
        case.visit(None);
        assert_eq!(case.calls(), [format!("PublishLayerVersion[{path:?}]")]);
        assert_eq!(case.status.published_versions, [1, 2]);
        case.visit(None);
        assert!(case.calls().is_empty(), "{path} is published once");
        let mut back = case.with(json!({}));
        back.visit(None);
        assert_eq!(back.calls().len(), 1, "what was before is published again");
    }
}

#[test]
fn the_same_content_from_elsewhere_publishes_nothing() {
    let s3 = json!({"content": {"s3": {"bucket": "packages", "key": "k"}}});
    let mut case = settled(s3);
    let bytes = crate::package::zip("f", &object(json!({})).spec.content.inline.unwrap().files).unwrap();
    case.aws[0].0.code_sha256 = Some(crate::package::code_sha256(&bytes));
    let mut case = case.with(json!({}));
    case.visit(None);
    assert!(case.calls().is_empty());
    assert!(case.status.content_source.unwrap().starts_with("inline:"), "the new source is remembered");
}

#[test]
fn ignored_metadata_is_published_with_the_first_version_and_then_stays_as_it_is() {
    let mut case = settled(json!({"description": "d", "ignoreDrift": ["description"]}))
        .with(json!({"description": "e", "ignoreDrift": ["description"]}));
    case.visit(None);
    assert!(case.calls().is_empty());
    let mut case =
        case.with(json!({"description": "e", "licenseInfo": "MIT", "ignoreDrift": ["description"]}));
    case.visit(None);
    assert_eq!(case.calls(), [r#"PublishLayerVersion["licenseInfo"]"#]);
    assert_eq!(case.aws[1].0.metadata.description, "d");
    let mut case = case.with(json!({"description": "e", "licenseInfo": "MIT"}));
    case.visit(None);
    assert_eq!(case.calls(), [r#"PublishLayerVersion["description"]"#]);
}

#[test]
fn metadata_that_aws_shows_otherwise_is_not_published_over_and_over() {
    let mut case = settled(json!({"licenseInfo": "MIT "}));
    case.aws[0].0.metadata.license = "MIT".into();
    case.visit(None);
    assert!(case.calls().is_empty());
}

#[test]
fn a_version_that_somebody_deleted_is_published_again() {
    let mut case = settled(json!({}));
    case.aws.clear();
    let plan = case.visit(None);
    assert_eq!(plan.differs, ["content"]);
    assert_eq!(case.calls(), [r#"PublishLayerVersion["content"]"#]);
    assert_eq!(case.status.latest_version, Some(2));
}

#[test]
fn a_lost_publication_is_found_by_its_token() {
    let mut case = settled(json!({})).with(json!({"content": files("A = 2\n"), "permissions": []}));
    case.visit(Some(0));
    assert_eq!(case.calls().len(), 1);
    assert_eq!(case.status.common.pending.as_ref().unwrap().newest_known, Some(1));
    let theirs = Metadata::default();
    case.put(theirs, Some("0123456789ab"), "of somebody else");
    case.visit(None);
    assert!(case.calls().is_empty(), "it is not published twice");
    assert_eq!(
        (case.status.latest_version, case.status.published_versions.as_slice()),
        (Some(2), &[1, 2][..])
    );
    assert!(case.status.common.pending.is_none());
    case.visit(None);
    assert!(case.calls().is_empty());
}

#[test]
fn a_lost_publication_of_what_is_no_longer_wanted_is_known_as_ones_own() {
    let mut case = settled(json!({})).with(json!({"content": files("A = 2\n")}));
    case.visit(Some(0));
    let mut case = case.with(json!({"content": files("A = 3\n")}));
    case.visit(None);
    assert_eq!(case.status.published_versions, [1, 2, 3]);
    let mut lost = settled(json!({})).with(json!({"content": files("A = 2\n")}));
    lost.visit(Some(0));
    lost.aws.pop();
    let mut lost = lost.with(json!({"content": files("A = 3\n")}));
    lost.visit(None);
    assert_eq!(lost.status.published_versions, [1, 3], "what never took place is no version");
}

#[test]
fn a_layer_of_somebody_else_needs_adoption() {
    let theirs = |case: &mut Case| case.put(Metadata::default(), None, "theirs");
    let mut case = Case::new(json!({}));
    theirs(&mut case);
    let plan = case.visit(None);
    assert_eq!(plan.verdict.reason(), Reason::OwnershipConflict);
    assert!(plan.verdict.message().contains("spec.adopt to Unowned") && case.calls().is_empty());
    let mut case = case.with(json!({"adopt": "Unowned"}));
    case.visit(None);
    assert_eq!(case.calls(), [r#"PublishLayerVersion["content"]"#]);
    assert_eq!(case.status.common.origin, Some(Origin::Adopted));
    assert_eq!(case.status.published_versions, [2]);
}

#[test]
fn what_is_there_already_is_adopted_without_a_call_and_never_deleted() {
    let mut case =
        Case::new(json!({"adopt": "Unowned", "permissions": [{"statementId": "s", "principal": "*"}]}));
    let sha = case.desired().source.unwrap().code_sha256.unwrap();
    case.put(Metadata::default(), None, &sha);
    case.visit(None);
    assert_eq!(case.calls(), ["adopt 1", "AddLayerVersionPermission s"]);
    assert_eq!(case.status.common.origin, Some(Origin::Adopted));
    assert_eq!((case.status.latest_version, case.status.published_versions.len()), (Some(1), 0));
    case.visit(None);
    assert!(case.calls().is_empty());
    assert!(matches!(case.leave(), Deletion::Release(Some(_))));
    assert_eq!(case.calls(), ["RemoveLayerVersionPermission s"]);
}

fn permissions(principals: &[(&str, &str)]) -> Value {
    let all = principals.iter().map(|(sid, who)| json!({"statementId": sid, "principal": who}));
    all.collect()
}

#[test]
fn every_version_is_given_the_permissions() {
    let all = permissions(&[("a", "111122223333"), ("b", "*")]);
    let mut case = Case::new(json!({"permissions": all}));
    case.visit(None);
    let expected =
        [r#"PublishLayerVersion["content"]"#, "AddLayerVersionPermission a", "AddLayerVersionPermission b"];
    assert_eq!(case.calls(), expected);
    assert_eq!(case.status.managed_permissions, ["a", "b"]);
    let mut case = case.with(json!({"permissions": all, "content": files("A = 2\n")}));
    case.visit(None);
    assert_eq!(case.calls(), expected);
    assert_eq!(case.aws[0].1.len(), 2, "the version before keeps its own");
}

#[test]
fn only_statements_of_the_spec_are_touched() {
    let root = "arn:aws:iam::111122223333:root";
    let mut case = settled(json!({"permissions": permissions(&[("a", root), ("b", "*"), ("c", "*")])}));
    let policy = &mut case.aws[0].1;
    policy.insert("theirs".into(), None);
    policy.remove("b");
    policy.insert("c".into(), None);
    let plan = case.visit(None);
    assert_eq!(plan.differs, ["permissions.b", "permissions.c"], "an account and its root are the same");
    let expected =
        ["AddLayerVersionPermission b", "RemoveLayerVersionPermission c", "AddLayerVersionPermission c"];
    assert_eq!(case.calls(), expected);
    let mut case = case.with(json!({"permissions": permissions(&[("a", root)])}));
    case.visit(None);
    assert_eq!(case.calls(), ["RemoveLayerVersionPermission b", "RemoveLayerVersionPermission c"]);
    let mut case = case.with(json!({}));
    case.visit(None);
    assert_eq!(case.calls(), ["RemoveLayerVersionPermission a"]);
    assert_eq!(case.aws[0].1.keys().collect::<Vec<_>>(), ["theirs"]);
    assert!(case.status.managed_permissions.is_empty() && case.status.common.managed_sections.is_empty());
    let observed = case.observed(Some(&case.desired())).unwrap();
    assert!(observed.policy.is_none(), "what isn't managed isn't read");
}

#[test]
fn a_lost_first_publication_is_given_its_permissions() {
    for ignored in [json!([]), json!(["permissions"])] {
        let spec = json!({"permissions": permissions(&[("a", "*")]), "ignoreDrift": ignored});
        let mut case = Case::new(spec);
        case.visit(Some(0));
        case.calls();
        case.visit(None);
        assert_eq!(case.calls(), ["AddLayerVersionPermission a"]);
        case.visit(None);
        assert!(case.calls().is_empty());
    }
}

#[test]
fn ignored_permissions_are_given_to_new_versions_and_then_left_alone() {
    let spec = json!({"permissions": permissions(&[("a", "*")]), "ignoreDrift": ["permissions"]});
    let mut case = settled(spec);
    case.aws[0].1.clear();
    case.visit(None);
    assert!(case.calls().is_empty());
}

#[test]
fn what_a_new_version_was_refused_is_given_to_it_later() {
    let spec = json!({"permissions": permissions(&[("a", "*"), ("b", "*")]), "ignoreDrift": ["permissions"]});
    let mut case = settled(spec);
    assert!(case.status.permissions_to_give.is_empty());
    case.aws[0].1.clear();
    case.status.permissions_to_give = vec!["b".into()];
    case.visit(None);
    assert_eq!(case.calls(), ["AddLayerVersionPermission b"], "the other one is drift");
    assert!(case.status.permissions_to_give.is_empty());
    let mut lost = case.with(json!({
        "content": files("A = 2\n"), "permissions": permissions(&[("a", "*")]), "ignoreDrift": ["permissions"],
    }));
    lost.visit(Some(0));
    let desired = lost.desired();
    let found = lost.observed(Some(&desired)).unwrap();
    let mut known = lost.status.clone();
    status::recover(&found, &mut known);
    assert!(known.permissions_to_give.contains(&"a".to_owned()), "also if the first attempt then fails");
}

#[test]
fn retention_spares_what_is_used_what_others_published_and_the_newest_two_at_a_publication() {
    let spec = |text: &str| json!({"content": files(text), "versionRetention": {"keep": 1}});
    let mut case = settled(spec("1"));
    case.put(Metadata::default(), None, "theirs");
    let mut case = case.with(spec("3"));
    case.visit(None);
    assert_eq!(case.numbers(), [1, 2, 3], "functions are still to roll");
    case.in_use.insert(format!("{LAYER}:1"));
    case.visit(None);
    assert_eq!(case.numbers(), [1, 2, 3], "one is in use");
    assert_eq!(retention::awaited(Some(1), &case.status), BTreeSet::from([format!("{LAYER}:1")]));
    case.in_use.clear();
    case.visit(None);
    assert_eq!((case.numbers(), case.status.published_versions.as_slice()), (vec![2, 3], &[3][..]));
    assert!(retention::awaited(Some(1), &case.status).is_empty());
    assert_eq!(case.calls(), [r#"PublishLayerVersion["content"]"#, "DeleteLayerVersion 1"]);
}

#[test]
fn more_than_are_kept_go_with_the_publication() {
    let spec = |text: &str| json!({"content": files(text), "versionRetention": {"keep": 2}});
    let mut case = settled(spec("1"));
    for text in ["2", "3", "4"] {
        case = case.with(spec(text));
        case.visit(None);
    }
    assert_eq!(case.numbers(), [3, 4]);
    let mut all = case.with(json!({"content": files("4")}));
    all.visit(None);
    assert_eq!(all.numbers(), [3, 4], "without retention all stay");
}

#[test]
fn only_the_newest_thousand_versions_are_remembered() {
    let mut published: Vec<i64> = (1..=1000).collect();
    retention::remember(&mut published, 1001);
    assert_eq!((published.len(), published[0], published[999]), (1000, 2, 1001));
}

#[test]
fn what_somebody_else_publishes_is_followed() {
    let external = json!({"content": {"external": {}}});
    let mut case = Case::new(external);
    let plan = case.visit(None);
    assert_eq!(plan.verdict.reason(), Reason::DependencyNotReady);
    for number in [1, 2] {
        case.put(Metadata::default(), None, "theirs");
        let plan = case.visit(None);
        assert_eq!((plan.verdict.reason(), case.status.latest_version), (Reason::Available, Some(number)));
    }
    assert!(case.calls().is_empty() && case.status.common.origin.is_none());
    assert_eq!(case.status.code_sha256.as_deref(), Some("theirs"));
    assert_eq!(case.leave(), Deletion::Release(None));
    case.aws.clear();
    case.visit(None);
    assert_eq!(case.status.latest_version_arn, None);
}

#[test]
fn who_only_observes_says_what_differs() {
    let mut case = Case::new(json!({"managementPolicy": "Observe", "description": "d"}));
    assert_eq!(case.visit(None).verdict.reason(), Reason::DependencyNotReady);
    case.put(Metadata::default(), None, "theirs");
    let plan = case.visit(None);
    assert_eq!(plan.differs, ["content", "description"]);
    assert!(matches!(plan.verdict, Verdict::Settled(Reason::Available, _)) && case.calls().is_empty());
    assert_eq!(case.status.latest_version, Some(1));
}

#[test]
fn a_deletion_takes_what_was_published_and_nothing_else() {
    let mut case = settled(json!({"permissions": permissions(&[("a", "*")])}));
    case.put(Metadata::default(), None, "theirs");
    let mut case = case.with(json!({"content": files("3")}));
    case.visit(None);
    case.calls();
    assert!(matches!(case.leave(), Deletion::Release(Some(note)) if note.reason == "Deleted"));
    assert_eq!(case.calls(), ["DeleteLayerVersion 1", "DeleteLayerVersion 3"]);
    assert_eq!(case.numbers(), [2]);
}

#[test]
fn a_deletion_takes_a_lost_publication_too() {
    let mut case = Case::new(json!({}));
    case.visit(Some(0));
    case.calls();
    case.leave();
    assert_eq!((case.calls(), case.numbers().len()), (vec!["DeleteLayerVersion 1".to_owned()], 0));
}

#[test]
fn what_is_retained_stays() {
    let mut case = settled(json!({"deletionPolicy": "Retain"}));
    assert!(matches!(case.leave(), Deletion::Release(Some(note)) if note.reason == "Retained"));
    assert!(case.calls().is_empty());
    assert_eq!(case.object.spec.common.deletion_policy(), DeletionPolicy::Retain);
    assert_eq!(case.object.spec.common.adopt(), AdoptPolicy::Never);
    let mut lost = Case::new(json!({"deletionPolicy": "Retain"}));
    lost.visit(Some(0));
    lost.calls();
    assert!(matches!(lost.leave(), Deletion::Release(_)) && lost.calls().is_empty());
}
