//! What is to be looked at and changed. Pure and total.

use std::collections::BTreeSet;

use lambda_operator_crds::{CommonStatus, Origin};

use super::model::{Change, Has, Section};
use super::{Wanted, is_managed, manage};

/// The next step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What has to be read first; nothing is changed before that.
    pub look: BTreeSet<Section>,
    /// What has to change, in order.
    pub changes: Vec<Change>,
}

/// Spec paths in which AWS differs.
pub fn paths(changes: &[Change]) -> impl Iterator<Item = String> {
    changes.iter().map(|change| change.section().path().into_owned())
}

/// Decides. A section that is new in the spec of a resource that the object itself created is put there without a look,
/// where that replaces what is there: nobody is known to have set it.
pub fn step(wanted: &Wanted, has: &Has, status: &CommonStatus, observe_only: bool) -> Step {
    step_of(wanted, has, status, observe_only, |_| true)
}

/// The same for some of the sections.
pub fn step_of(
    wanted: &Wanted,
    has: &Has,
    status: &CommonStatus,
    observe_only: bool,
    concerns: impl Fn(&Section) -> bool,
) -> Step {
    let created = status.origin == Some(Origin::Created) && !observe_only;
    let mut step = Step::default();
    let mut has = has.clone();
    let targets = wanted.targets(status).into_iter();
    for (section, target) in targets.filter(|(section, _)| concerns(section)) {
        let unseen = created && section != Section::stand_in() && !is_managed(&section, status);
        let change = match (target, has.values.get(&section)) {
            (Some(value), None) if unseen && section.is_replaced() => Change::Put(value.clone()),
            (None, None) if unseen => continue,
            (_, None) => {
                step.look.insert(section);
                continue;
            }
            (target, Some(has)) if target == has.as_ref() => continue,
            (Some(value), Some(_)) => Change::Put(value.clone()),
            (None, Some(_)) => Change::Clear(section),
        };
        has.apply(&change);
        step.changes.push(change);
    }
    if !step.look.is_empty() {
        step.changes.clear();
    }
    // Whoever is let in by another statement from now on is not locked out in between.
    step.changes.sort_by_key(|change| matches!(change, Change::Clear(Section::Permission(_))));
    step
}

/// Stores that the object answers for what it is about to change.
pub fn announce(changes: &[Change], status: &mut CommonStatus) {
    for change in changes {
        manage(&change.section().path(), status);
    }
}

/// What they hung on is gone, and they with it.
pub fn forget(status: &mut CommonStatus) {
    status.managed_sections.retain(|managed| Section::from_path(managed).is_none());
}

/// What is in the spec is managed from now on, even if AWS had it already; what isn't has been removed. Called when all
/// is as it is to be.
pub fn report(wanted: &Wanted, status: &mut CommonStatus) {
    let in_spec = |section: &Section| wanted.values.contains_key(section);
    status
        .managed_sections
        .retain(|managed| Section::from_path(managed).is_none_or(|section| in_spec(&section)));
    for section in wanted.values.keys() {
        manage(&section.path(), status);
    }
}
