//! Versions: when one is published, what becomes of one that failed, which ones may go, and what a lost answer leaves.

use super::*;
use crate::function::forced;
use crate::function::model::{Look, Newer};
use crate::function::publish::look;

/// A function of which a version is published for each change.
fn publishing() -> Case {
    let mut case = Case::new();
    case.desired.publishing = Some(Publishing::default());
    case
}

/// Publishes as the engine and AWS do. AWS gives the version this number and state.
fn publish(case: &mut Case, number: i64, state: &str) {
    answer(case, number, state, true);
}

/// The same; a publication that changes nothing gives the function no new revision.
fn answer(case: &mut Case, number: i64, state: &str, is_new: bool) {
    case.observed.versions = Versions::default();
    let plan = case.plan();
    let action = plan.actions.iter().find(|action| matches!(action, Action::Publish { .. }));
    let action = action.unwrap_or_else(|| panic!("{:?}: {:?}", plan.actions, plan.verdict));
    assert_eq!(plan.verdict.reason(), Reason::Publishing);
    Functions::prepare(action, &mut case.status);
    case.observed.versions.published = Some(version(number, state));
    Functions::record(action, Some(&case.observed), &mut case.status);
    case.observed.versions = Versions::default();
    if is_new {
        case.observed.revision_id.push('+');
    }
    Functions::recover(&case.observed, &me(), &mut case.status);
    assert_eq!(case.status.common.pending, None);
}

fn version(number: i64, state: &str) -> Version {
    let failed = state == "Failed";
    Version {
        number: number.to_string(),
        state: state.into(),
        state_reason: failed.then(|| "the function took too long".into()),
        state_reason_code: failed.then(|| "FunctionError".into()),
    }
}

fn settle(case: &mut Case) {
    assert_eq!(case.actions(), [""; 0]);
    assert!(matches!(case.plan().verdict, Verdict::Settled(..)), "{:?}", case.plan().verdict);
    report(case, true);
}

fn looks(case: &Case) -> Look {
    let (version, newer) = look(&case.desired, &case.status);
    Look { version, newer, ..Look::default() }
}

#[test]
fn a_version_is_published_once_for_each_change() {
    let mut case = publishing();
    assert_eq!(case.actions(), [format!("PublishVersion({})", sha("a"))]);
    publish(&mut case, 1, "Active");
    settle(&mut case);
    assert_eq!((case.status.version.as_deref(), &case.status.published_versions[..]), (Some("1"), &[1][..]));
    let changes: &[fn(&mut Case)] = &[
        |case| {
            case.desired.configuration.timeout = 9;
            case.observed.configuration.timeout = 9;
        },
        |case| {
            case.desired.package = Some(package("b", true));
            case.observed.code_sha256 = sha("b");
        },
    ];
    for (number, change) in (2..).zip(changes) {
        change(&mut case);
        publish(&mut case, number, "Active");
        settle(&mut case);
    }
    assert_eq!(case.status.published_versions, [1, 2, 3]);
    case.desired.publishing = None;
    case.observed.configuration.timeout = 3;
    case.desired.configuration.timeout = 3;
    assert_eq!(case.actions(), [""; 0], "versions were switched off");
}

#[test]
fn nothing_is_published_before_configuration_code_and_sections_are_there() {
    let mut case = publishing();
    case.desired.configuration.timeout = 9;
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{Timeout}"]);
    case.desired.configuration.timeout = 3;
    case.live().last_update_status = Some("InProgress".into());
    assert_eq!(case.actions(), [""; 0]);
    case.live().last_update_status = Some("Successful".into());
    case.desired.reserved_concurrency = Some(5);
    let published = format!("PublishVersion({})", sha("a"));
    assert_eq!(case.actions(), ["PutFunctionConcurrency(5)", published.as_str()]);
    case.desired.tags.insert("team".into(), "a".into());
    let expected = [r#"TagResource["team"]"#, "PutFunctionConcurrency(5)", "GetFunction"];
    assert_eq!(case.actions(), expected, "tags move the revision that guards the publication");
    case.observe_only = true;
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn a_version_with_a_snapshot_counts_once_it_is_active() {
    let mut case = publishing();
    publish(&mut case, 1, "Active");
    settle(&mut case);
    case.desired.configuration.timeout = 9;
    case.observed.configuration.timeout = 9;
    publish(&mut case, 2, "Pending");
    assert_eq!(case.plan().verdict.reason(), Reason::Publishing);
    report(&mut case, false);
    assert_eq!(case.status.version.as_deref(), Some("1"), "nobody is to be moved yet");
    assert_eq!(looks(&case).version.as_deref(), Some("2"));
    case.observed.versions.published = Some(version(2, "Pending"));
    assert_eq!(case.plan().verdict.reason(), Reason::Publishing);
    case.observed.versions.published = Some(version(2, "Active"));
    settle(&mut case);
    assert_eq!(case.status.version.as_deref(), Some("2"));
    assert_eq!(looks(&case), Look::default(), "an idle function costs nothing");
}

#[test]
fn a_pending_version_that_somebody_deletes_is_published_again() {
    let mut case = publishing();
    publish(&mut case, 1, "Pending");
    case.observed.versions.gone = true;
    assert_eq!(case.actions(), [format!("PublishVersion({})", sha("a"))]);
}

#[test]
fn what_others_published_is_never_taken_for_ours() {
    let mut case = publishing();
    case.status.common.origin = Some(Origin::Adopted);
    assert_eq!(case.actions(), ["ListVersionsByFunction"]);
    case.observed.versions = Versions { listed: true, newer: vec![(7, sha("a"))], ..Versions::default() };
    let action = case.plan().actions.remove(0);
    assert!(matches!(action, Action::Publish { newest_known: 7, .. }), "{action:?}");
    case.status.common.origin = Some(Origin::Created);
    answer(&mut case, 7, "Active", false);
    settle(&mut case);
    assert_eq!(case.status.version.as_deref(), Some("7"), "AWS says that nothing has changed since");
    assert_eq!(case.status.published_versions, [0_i64; 0]);
}

#[test]
fn an_answer_that_is_lost_is_found_among_the_newer_versions() {
    for (there, revision, version, ours) in [
        (vec![(2, sha("a"))], "1+", Some("2"), vec![1, 2]),
        (vec![(2, sha("a")), (3, sha("a"))], "1+", Some("3"), vec![1]),
        (vec![(2, sha("other"))], "1+", None, vec![1]),
        (Vec::new(), "1", None, vec![1]),
    ] {
        let mut case = publishing();
        case.status.published_versions = vec![1];
        case.status.version = Some("1".into());
        let action = case.plan().actions.remove(0);
        Functions::prepare(&action, &mut case.status);
        let expected = Newer { than: 1, unless: Some("1".into()) };
        assert_eq!(looks(&case).newer, Some(expected));
        case.observed.versions.newer = there;
        case.observed.revision_id = revision.into();
        Functions::recover(&case.observed, &me(), &mut case.status);
        let published = case.status.published.clone().unwrap();
        assert_eq!(published.version.as_deref(), version);
        assert_eq!(case.status.published_versions, ours);
        assert_eq!(case.status.common.pending, None);
        case.observed.versions = Versions::default();
        match version {
            Some(number) => {
                assert_eq!(looks(&case).version.as_deref(), Some(number), "its state isn't known");
            }
            None => assert_eq!(case.actions(), [format!("PublishVersion({})", sha("a"))]),
        }
    }
}

#[test]
fn a_failed_version_is_deleted_and_published_again_a_few_times() {
    let mut case = publishing();
    publish(&mut case, 1, "Pending");
    for attempt in 1..5 {
        case.observed.versions.published = Some(version(attempt, "Failed"));
        report(&mut case, false);
        case.observed.versions = Versions::default();
        assert_eq!(
            (case.actions(), looks(&case)),
            (vec![], Look::default()),
            "not yet, and it costs nothing"
        );
        let text = case.plan().verdict.message().to_owned();
        assert!(
            text.contains(&format!("version {attempt} failed: FunctionError")) && text.contains("of 5"),
            "{text}"
        );
        case.retry_due = true;
        let expected =
            [format!("DeleteFunction(failed version {attempt})"), format!("PublishVersion({})", sha("a"))];
        assert_eq!(case.actions(), expected);
        let discard = case.plan().actions.remove(0);
        case.observed.versions.deleted = vec![attempt];
        Functions::record(&discard, Some(&case.observed), &mut case.status);
        publish(&mut case, attempt + 1, "Pending");
        case.retry_due = false;
    }
    case.observed.versions.published = Some(version(5, "Failed"));
    case.retry_due = true;
    let plan = case.plan();
    assert!(plan.actions.is_empty());
    assert_eq!(plan.verdict.reason(), Reason::CreateFailed);
    assert!(plan.verdict.message().contains("5 times"), "{}", plan.verdict.message());
    case.changed = true;
    assert_eq!(case.actions().len(), 2, "who asks gets one more");
    assert_eq!(case.status.version, None, "nobody was ever moved to it");
}

#[test]
fn a_failed_version_that_stays_is_left_behind_by_a_mark() {
    let mut case = publishing();
    case.desired.configuration.description = "what it is for".into();
    case.observed.configuration.description = "what it is for".into();
    publish(&mut case, 1, "Failed");
    case.retry_due = true;
    case.observed.versions.in_use = true;
    let [Action::UpdateConfiguration { configuration, fields, .. }] = &case.plan().actions[..] else {
        panic!("{:?}", case.actions())
    };
    assert_eq!(*fields, BTreeSet::from([Field::Description]));
    case.observed.configuration.description = configuration.description.clone();
    (case.retry_due, case.observed.versions) = (false, Versions::default());
    assert_eq!(case.plan().differs, [""; 0], "it is no drift");
    let [Action::Publish { publication, .. }] = &case.plan().actions[..] else {
        panic!("{:?}", case.actions())
    };
    assert_eq!(publication.description.as_deref(), Some("what it is for"), "the version has no mark");
    publish(&mut case, 2, "Pending");
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{Description}"], "the mark goes");
    case.observed.configuration.description = "what it is for".into();
    assert_eq!(case.plan().verdict.reason(), Reason::Publishing);
    case.observed.versions.published = Some(version(2, "Active"));
    settle(&mut case);
    assert_eq!(case.status.published_versions, [1, 2]);
}

#[test]
fn a_mark_that_does_not_help_comes_to_an_end() {
    let mut case = publishing();
    publish(&mut case, 1, "Failed");
    case.status.published_versions.clear();
    case.retry_due = true;
    let [Action::UpdateConfiguration { configuration, .. }] = &case.plan().actions[..] else { panic!() };
    case.observed.configuration.description = configuration.description.clone();
    for _ in 1..5 {
        answer(&mut case, 1, "Failed", false);
    }
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{Description}"], "it is put back");
    case.observed.configuration.description.clear();
    assert_eq!(case.plan().verdict.reason(), Reason::CreateFailed);
}

#[test]
fn a_mark_is_nobodys_description() {
    let mut case = publishing();
    case.desired.ignored.fields.insert(Field::Description);
    publish(&mut case, 1, "Active");
    settle(&mut case);
    case.observed.configuration.description = forced::mark("theirs", 1, true).unwrap();
    let [Action::UpdateConfiguration { configuration, .. }] = &case.plan().actions[..] else { panic!() };
    assert_eq!(configuration.description, "theirs");
}

#[test]
fn only_our_own_versions_beyond_those_that_stay_may_go() {
    let mut case = publishing();
    case.desired.publishing = Some(Publishing { keep: Some(2), ..Publishing::default() });
    case.status.published_versions = vec![1, 3, 4];
    case.status.version = Some("4".into());
    publish(&mut case, 6, "Active");
    assert_eq!(case.actions(), ["DeleteFunction(versions [1, 3])"]);
    let retire = case.plan().actions.remove(0);
    case.observed.versions.deleted = vec![1];
    Functions::record(&retire, Some(&case.observed), &mut case.status);
    assert_eq!(case.status.published_versions, [3, 4, 6], "something uses 3");
    report(&mut case, true);
    case.observed.versions = Versions::default();
    assert_eq!(case.actions(), [""; 0], "asked once for each publication");
    case.changed = true;
    assert_eq!(case.actions(), ["DeleteFunction(versions [3])"], "or when the spec may say otherwise");
    case.desired.publishing = Some(Publishing { keep: Some(1), ..Publishing::default() });
    assert_eq!(case.actions(), ["DeleteFunction(versions [3, 4])"]);
    case.desired.publishing = Some(Publishing::default());
    assert_eq!(case.actions(), [""; 0]);
}

#[test]
fn what_an_object_of_the_cluster_names_is_neither_retired_nor_discarded() {
    let mut case = publishing();
    case.desired.publishing =
        Some(Publishing { latest: false, keep: Some(1), in_use: BTreeSet::from([1, 6]) });
    case.status.published_versions = vec![1, 3];
    publish(&mut case, 6, "Active");
    assert_eq!(case.actions(), ["DeleteFunction(versions [3])"]);
    case.status.published_versions = vec![1];
    assert_eq!(case.actions(), [""; 0]);
    let mut case = publishing();
    case.desired.publishing = Some(Publishing { latest: false, keep: None, in_use: BTreeSet::from([1]) });
    publish(&mut case, 1, "Failed");
    case.retry_due = true;
    assert_eq!(case.actions(), ["UpdateFunctionConfiguration{Description}"], "it is left behind by a mark");
}
