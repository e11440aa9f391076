//! The single exit of a pass: from a verdict to `status`, Events, metrics and the next visit.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{Resource, ResourceExt};
use lambda_operator_crds::conditions::{ConditionType, Readiness, Reason};
use lambda_operator_crds::{FINALIZER, ManagementPolicy, ReferenceVersion};

use crate::engine::kind::{Aside, Kind};
use crate::engine::memory::reconcile_at;
use crate::engine::verdict::Verdict;
use crate::k8s::conditions;
use crate::k8s::events::Note;
use crate::runtime::metrics::Standing;

/// What a pass leaves for the status, besides what the kind reports.
pub struct Summary<'a> {
    /// How it stands.
    pub verdict: &'a Verdict,
    /// The versions of the references that were used; `None`: they were not looked at.
    pub references: Option<Vec<ReferenceVersion>>,
    /// Why a reference could not be used.
    pub missing: Option<&'a str>,
    /// Paths in which AWS differs although nobody changed the spec; `None`: not compared.
    pub drift: Option<&'a [String]>,
    /// Conditions of the kind's own.
    pub asides: &'a [Aside],
}

/// Fills in everything that all kinds have in common.
pub fn fill<K: Kind>(object: &K::Object, status: &mut K::Status, summary: &Summary<'_>, now: &Time) {
    let generation = object.meta().generation.unwrap_or_default();
    let at = (generation, now);
    let common = K::common_status_mut(status);
    common.observed_generation = generation;
    common.last_handled_reconcile_at = reconcile_at(object);
    let all = &mut common.conditions;
    conditions::summarize(all, summary.verdict, at);
    conditions::remove(all, ConditionType::Suspended);

    let text = (summary.verdict.reason().as_str(), summary.verdict.message());
    match summary.verdict {
        Verdict::Settled(..) if summary.drift.is_none_or(<[_]>::is_empty) => {
            conditions::set(
                all,
                ConditionType::Synced,
                "True",
                ("InSync", "AWS has what the spec says."),
                at,
            );
        }
        Verdict::Settled(..) => {
            conditions::set(
                all,
                ConditionType::Synced,
                "False",
                ("Drifted", "AWS differs from the spec."),
                at,
            );
        }
        _ => conditions::set(all, ConditionType::Synced, "False", text, at),
    }
    if let Some(missing) = summary.missing {
        let text = ("DependencyNotReady", missing);
        conditions::set(all, ConditionType::ReferencesResolved, "False", text, at);
    } else if summary.references.is_some() {
        let text = ("Resolved", "Everything that the spec refers to was found.");
        conditions::set(all, ConditionType::ReferencesResolved, "True", text, at);
    }
    match summary.drift {
        Some([]) => conditions::set(
            all,
            ConditionType::Drifted,
            "False",
            ("NoDrift", "AWS has what the spec says."),
            at,
        ),
        Some(paths) => {
            let message = format!("AWS differs from the spec in: {}.", paths.join(", "));
            conditions::set(all, ConditionType::Drifted, "True", ("DriftDetected", &message), at);
        }
        None => {}
    }
    for Aside { condition, reason, text } in summary.asides {
        match text {
            Some(text) => conditions::set(all, *condition, "True", (reason, text), at),
            None => conditions::remove(all, *condition),
        }
    }
    if let Some(references) = &summary.references {
        common.references.clone_from(references);
    }
}

/// Says in the status that the object is suspended, and nothing else.
pub fn suspend<K: Kind>(object: &K::Object, status: &mut K::Status, now: &Time) {
    let deleting = object.meta().deletion_timestamp.is_some();
    let message = if deleting {
        "spec.suspend is true: the deletion waits. Set it to false to let it go on."
    } else {
        "spec.suspend is true: nothing is done for this object. Set it to false to go on."
    };
    let at = (object.meta().generation.unwrap_or_default(), now);
    let all = &mut K::common_status_mut(status).conditions;
    conditions::set(all, ConditionType::Suspended, "True", ("Suspended", message), at);
}

/// The Event for a change of the Ready reason, where it deserves one.
pub fn note_of_change<K: Kind>(before: &K::Status, verdict: &Verdict) -> Option<Note> {
    note_of(&K::common_status(before).conditions, verdict)
}

/// The same from the conditions so far.
pub fn note_of(before: &[Condition], verdict: &Verdict) -> Option<Note> {
    let ready = before.iter().find(|condition| condition.type_ == "Ready");
    let reason = verdict.reason();
    let same = ready.is_some_and(|c| c.reason == reason.as_str() && c.message == verdict.message());
    match reason.readiness() {
        Readiness::Retrying | Readiness::Stalled if !same => {
            Some(Note::warning(reason.as_str(), "Reconcile", verdict.message()))
        }
        Readiness::Ready if ready.is_none_or(|c| c.status != "True") => {
            Some(Note::normal("Ready", "Reconcile", verdict.message()))
        }
        _ => None,
    }
}

/// The Events for conditions of a kind's own that say something new.
pub fn notes_of_asides(before: &[Condition], asides: &[Aside]) -> Vec<Note> {
    let said = |aside: &&Aside, text: &str| {
        before.iter().any(|known| known.type_ == aside.condition.as_str() && known.message == text)
    };
    let news = asides.iter().filter_map(|aside| {
        let text = aside.text.as_deref().filter(|text| !said(&aside, text))?;
        Some(Note::warning(aside.condition.as_str(), "Reconcile", text))
    });
    news.collect()
}

/// Where the metrics count an object; `None` before the first visit.
pub fn standing<K: Kind>(object: &K::Object) -> Option<Standing> {
    counted(&K::common_status(&K::status(object)).conditions)
}

/// The same from its conditions. Only what belongs to the closed sets is counted.
pub fn counted(all: &[Condition]) -> Option<Standing> {
    let status = |wanted: ConditionType| {
        let status = conditions::status_of(all, wanted)?;
        ["True", "False", "Unknown"].into_iter().find(|known| *known == status)
    };
    let ready = all.iter().find(|condition| condition.type_ == ConditionType::Ready.as_str())?;
    let reason = Reason::ALL.into_iter().map(Reason::as_str).find(|known| *known == ready.reason)?;
    let known = ConditionType::ALL.into_iter().filter_map(|each| Some((each.as_str(), status(each)?)));
    Some(Standing { reason, ready: ready.status == "True", conditions: known.collect() })
}

/// Whether the stored status already says that all is well with this generation.
pub fn is_current<K: Kind>(object: &K::Object, references: &[ReferenceVersion]) -> bool {
    let status = K::status(object);
    let common = K::common_status(&status);
    let ready = common.conditions.iter().find(|condition| condition.type_ == ConditionType::Ready.as_str());
    let observes = K::common(object).management_policy() == ManagementPolicy::Observe;
    ready.is_some_and(|condition| condition.status == "True")
        && (observes || object.finalizers().iter().any(|finalizer| finalizer == FINALIZER))
        && conditions::status_of(&common.conditions, ConditionType::Suspended).is_none()
        && Some(common.observed_generation) == object.meta().generation
        && common.references == references
        && common.pending.is_none()
        && common.last_handled_reconcile_at == reconcile_at(object)
        && object.meta().deletion_timestamp.is_none()
}

/// A short name for logs.
pub fn log_name(object: &impl ResourceExt) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}
