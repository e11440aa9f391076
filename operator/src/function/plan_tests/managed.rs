//! Functions on a capacity provider, with durable executions or with tenants: what AWS fixes, `$LATEST.PUBLISHED` and its
//! scaling.

use super::*;
use crate::function::model::{Durable, Instances, LATEST_PUBLISHED, Look};
use crate::function::publish::look;
use crate::section::{self, Limits, Scaling, Section, Value};

fn instances() -> Instances {
    Instances { provider: "arn:cp".into(), ..Instances::default() }
}

fn durable() -> Durable {
    Durable { timeout: 60, retention: 14, kms_key_arn: String::new() }
}

/// A function on a capacity provider whose `$LATEST.PUBLISHED` is wanted.
fn managed() -> Case {
    let mut case = Case::new();
    let has = Instances { concurrency: Some(16), memory_per_vcpu: Some(2048), ..instances() };
    case.desired.configuration.instances = Some(instances());
    case.observed.configuration.instances = Some(has);
    case.live().state = "ActiveNonInvocable".into();
    case.desired.publishing = Some(Publishing { latest: true, ..Publishing::default() });
    case
}

/// Carries the publication out as the engine and AWS do.
fn publish(case: &mut Case, state: &str) {
    case.observed.versions = Versions::default();
    assert_eq!(case.actions(), [format!("PublishVersion({}, LATEST_PUBLISHED)", case.observed.code_sha256)]);
    let action = case.plan().actions.remove(0);
    Functions::prepare(&action, &mut case.status);
    case.observed.versions.published = Some(version(state));
    Functions::record(&action, Some(&case.observed), &mut case.status);
    case.observed.versions = Versions::default();
    case.observed.revision_id.push('+');
    Functions::recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.status.common.pending, None);
}

fn version(state: &str) -> Version {
    let failed = state == "Failed";
    Version {
        number: LATEST_PUBLISHED.into(),
        state: state.into(),
        state_reason: failed.then(|| "no room".into()),
        state_reason_code: failed.then(|| "InsufficientCapacity".into()),
    }
}

fn published() -> Case {
    let mut case = managed();
    publish(&mut case, "Active");
    report(&mut case, true);
    case
}

#[test]
fn what_aws_fixes_at_the_creation_is_refused_with_a_way_out() {
    type Change = fn(&mut Configuration);
    let kept: [(&str, Change); 3] = [
        ("capacityProviderConfig", |c| c.instances = Some(instances())),
        ("durable", |c| c.durable = Some(durable())),
        ("tenancyConfig", |c| c.tenant_isolation = "PER_TENANT".into()),
    ];
    for (path, change) in kept {
        let mut wanted = Case::new();
        change(&mut wanted.desired.configuration);
        let mut there = Case::new();
        change(&mut there.observed.configuration);
        for (case, words) in [(wanted, "has no"), (there, "has a")] {
            let Plan { actions, verdict, .. } = case.plan();
            assert_eq!((actions, verdict.reason()), (Vec::new(), Reason::ImmutableFieldChanged));
            for word in [path, words, "Retain"] {
                assert!(verdict.message().contains(word), "{path}: {}", verdict.message());
            }
        }
        let mut both = Case::new();
        change(&mut both.desired.configuration);
        change(&mut both.observed.configuration);
        assert_eq!(both.actions(), [""; 0]);
    }
}

#[test]
fn what_is_ignored_may_be_there_or_not() {
    let mut case = Case::new();
    case.desired.configuration.instances = Some(instances());
    case.observed.configuration.durable = Some(durable());
    case.desired.ignored.fields = BTreeSet::from([Field::Instances, Field::Durable]);
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn values_are_changed_and_what_aws_chose_is_sent_along() {
    let mut case = Case::new();
    case.desired.configuration.instances = Some(instances());
    case.observed.configuration.instances = Some(Instances { concurrency: Some(16), ..instances() });
    case.desired.configuration.durable = Some(durable());
    case.observed.configuration.durable = Some(durable());
    assert_eq!(case.actions(), [""; 0], "nothing is said of the concurrency");
    case.desired.configuration.instances.as_mut().unwrap().provider = "arn:other".into();
    case.desired.configuration.durable.as_mut().unwrap().retention = 3;
    let plan = case.plan();
    assert_eq!(plan.differs, ["capacityProviderConfig", "durable"]);
    let [Action::UpdateConfiguration { configuration, .. }] = &plan.actions[..] else { panic!("{plan:?}") };
    assert_eq!(configuration.instances.as_ref().unwrap().concurrency, Some(16));
}

#[test]
fn the_latest_is_published_anew_for_each_change_and_has_no_number() {
    let mut case = managed();
    publish(&mut case, "Pending");
    let (verdict, (looked_at, newer)) = (case.plan().verdict, look(&case.desired, &case.status));
    assert_eq!(
        (verdict.reason(), looked_at.as_deref(), newer),
        (Reason::Publishing, Some(LATEST_PUBLISHED), None)
    );
    case.observed.versions.published = Some(version("Active"));
    assert_eq!(case.actions(), [""; 0]);
    report(&mut case, true);
    assert_eq!(case.status.version.as_deref(), Some(LATEST_PUBLISHED));
    assert!(case.status.published_versions.is_empty(), "nothing is to be retired");
    case.desired.configuration.timeout = 9;
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{Timeout}"]);
    case.observed.configuration.timeout = 9;
    publish(&mut case, "Active");
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn what_is_published_in_another_way_does_not_count() {
    let mut case = published();
    case.desired.publishing = Some(Publishing::default());
    assert_eq!(look(&case.desired, &case.status), (None, None));
    assert_eq!(case.actions(), [format!("PublishVersion({})", sha("a"))]);
    let mut case = managed();
    case.desired.publishing = Some(Publishing::default());
    let action = case.plan().actions.remove(0);
    Functions::prepare(&action, &mut case.status);
    case.observed.versions.published = Some(Version { number: "1".into(), ..version("Pending") });
    Functions::record(&action, Some(&case.observed), &mut case.status);
    case.status.common.pending = None;
    case.desired.publishing = Some(Publishing { latest: true, ..Publishing::default() });
    assert_eq!(look(&case.desired, &case.status), (None, None), "how the other stands is of no interest");
    publish(&mut case, "Active");
}

#[test]
fn after_an_answer_that_was_lost_the_latest_is_published_again() {
    let mut case = managed();
    let action = case.plan().actions.remove(0);
    Functions::prepare(&action, &mut case.status);
    case.observed.revision_id.push('+');
    assert_eq!(look(&case.desired, &case.status), (None, None), "there is nothing to find");
    Functions::recover(&case.observed, &me(), &mut case.status);
    publish(&mut case, "Active");
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn what_somebody_may_have_published_of_a_change_that_is_mended_is_published_again() {
    let mut case = published();
    case.observed.configuration.timeout = 9;
    let action = case.plan().actions.remove(0);
    Functions::record(&action, Some(&case.observed), &mut case.status);
    case.observed.configuration.timeout = 3;
    publish(&mut case, "Active");
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn what_failed_is_published_in_its_place_until_it_was_tried_often_enough() {
    let mut case = managed();
    for attempt in 1..=5 {
        publish(&mut case, "Failed");
        case.retry_due = false;
        let verdict = case.plan().verdict;
        let reason = if attempt < 5 { Reason::AwsUnavailable } else { Reason::CreateFailed };
        assert_eq!(verdict.reason(), reason, "{}", verdict.message());
        assert!(
            verdict.message().contains("$LATEST.PUBLISHED failed") && verdict.message().contains("no room")
        );
        case.retry_due = true;
        if attempt < 5 {
            continue;
        }
        assert_eq!(case.actions(), [""; 0]);
        case.changed = true;
    }
    publish(&mut case, "Active");
}

const WANTED: Limits = Limits { min: Some(1), max: Some(9) };
const DEFAULT: Limits = Limits { min: Some(3), max: None };

fn scaled(limits: Limits) -> Case {
    let mut case = published();
    case.desired.sections.values.insert(Section::Scaling, Some(Value::Scaling(limits)));
    case
}

/// AWS says this of the scaling.
fn has(case: &mut Case, requested: Option<Limits>, applied: Limits) {
    case.observed.sections.scaling = Some(Scaling { requested, applied });
    case.observed.sections.values.insert(Section::Scaling, requested.map(Value::Scaling));
}

#[test]
fn it_is_scaled_once_it_is_published_and_ready_when_that_is_in_force() {
    let mut case = managed();
    case.desired.sections.values.insert(Section::Scaling, Some(Value::Scaling(WANTED)));
    publish(&mut case, "Pending");
    assert_eq!(case.actions(), [""; 0], "it isn't there yet");
    case.observed.versions.published = Some(version("Active"));
    let plan = case.plan();
    assert_eq!((plan.verdict.reason(), plan.differs), (Reason::Updating, vec!["scaling".to_owned()]));
    let [Action::Sections(changes)] = &plan.actions[..] else { panic!("{:?}", plan.actions) };
    section::announce(changes, &mut case.status.common);
    has(&mut case, Some(WANTED), DEFAULT);
    let plan = case.plan();
    assert!(plan.actions.is_empty());
    for words in ["1 to 9", "at least 3"] {
        assert!(plan.verdict.message().contains(words), "{}", plan.verdict.message());
    }
    report(&mut case, false);
    let shown = case.status.scaling.clone().unwrap();
    assert_eq!(shown.applied.min_execution_environments, Some(3));
    has(&mut case, Some(WANTED), WANTED);
    assert_eq!((case.actions(), case.plan().verdict.reason()), (Vec::new(), Reason::Available));
}

#[test]
fn none_at_all_is_ready_and_deactivated() {
    let mut case = scaled(Limits::NONE);
    has(&mut case, Some(Limits::NONE), WANTED);
    assert_eq!(case.plan().verdict.reason(), Reason::Updating);
    has(&mut case, Some(Limits::NONE), Limits::NONE);
    assert!(matches!(case.plan().verdict, Verdict::Settled(Reason::Deactivated, _)));
}

#[test]
fn scaling_is_reverted_when_it_is_removed_and_never_touched_when_it_was_never_there() {
    let mut case = scaled(WANTED);
    has(&mut case, Some(WANTED), WANTED);
    report(&mut case, true);
    assert_eq!(case.status.common.managed_sections, ["scaling"]);
    case.desired.sections.values.clear();
    let plan = case.plan();
    assert!(
        matches!(&plan.actions[..], [Action::Sections(changes)] if changes.len() == 1),
        "{:?}",
        plan.actions
    );
    assert_eq!(plan.verdict.reason(), Reason::Available);
    let mut case = published();
    has(&mut case, Some(WANTED), DEFAULT);
    assert_eq!((case.actions(), case.plan().verdict.reason()), (Vec::new(), Reason::Available));
}

#[test]
fn other_sections_are_not_looked_at_with_every_poll() {
    let mut case = scaled(WANTED);
    case.desired.sections.values.insert(Section::RecursiveLoop, Some(Value::RecursiveLoop("Allow".into())));
    let looks = |case: &Case, section: &Section| match &case.plan().actions[..] {
        [Action::Look(sections)] => *sections == BTreeSet::from([section.clone()]),
        other => panic!("{other:?}"),
    };
    case.status.common.managed_sections = vec!["scaling".into(), "recursiveLoop".into()];
    assert!(looks(&case, &Section::RecursiveLoop), "nothing is under way");
    case.status.scaling = Some(Scaling { requested: Some(WANTED), applied: DEFAULT }.shown());
    assert!(looks(&case, &Section::Scaling));
    has(&mut case, Some(WANTED), DEFAULT);
    assert_eq!((case.actions(), case.plan().verdict.reason()), (Vec::new(), Reason::Updating));
    has(&mut case, Some(WANTED), WANTED);
    assert!(looks(&case, &Section::RecursiveLoop), "before it is called settled");
}

#[test]
fn nothing_of_it_is_looked_at_for_others() {
    assert_eq!(look(&desired(), &known()), (None, None));
    assert_eq!(Look::default().ending, None);
}
