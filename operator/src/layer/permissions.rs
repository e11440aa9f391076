//! Who may use a layer: AWS gives each version a policy of its own and carries nothing over, and a statement can only be
//! replaced. Pure.

use lambda_operator_crds::LambdaLayerStatus;

use crate::layer::desired::Desired;
use crate::layer::model::Observed;
use crate::layer::plan::Action;

/// The section of the spec.
pub(super) const SECTION: &str = "permissions";

/// What is to be changed, and the spec paths.
pub(super) struct Corrections {
    pub(super) actions: Vec<Action>,
    pub(super) paths: Vec<String>,
}

/// What a new version is given.
pub(super) fn given(desired: &Desired) -> impl Iterator<Item = Action> {
    let wanted = desired.permissions.iter().flatten();
    wanted.map(|(sid, permission)| Action::AddPermission {
        layer: desired.name.clone(),
        sid: sid.clone(),
        permission: permission.clone(),
    })
}

/// Brings the policy of a version to what the spec says. Statements of others stay. Where drift is ignored, a new
/// version is still given all that it hasn't got: what was refused, and anything after a lost call has published it.
pub(super) fn corrections(
    desired: &Desired,
    observed: &Observed,
    number: i64,
    status: &LambdaLayerStatus,
) -> Corrections {
    let mut found = Corrections { actions: Vec::new(), paths: Vec::new() };
    let compares = !desired.ignored.permissions || observed.found;
    let due = |sid: &String| compares || status.permissions_to_give.contains(sid);
    let Some(policy) = &observed.policy else { return found };
    let layer = &desired.name;
    let remove = |sid: &str, replaced| {
        let (layer, sid) = (layer.clone(), sid.to_owned());
        Action::RemovePermission { layer, number, sid, replaced }
    };
    for add in given(desired) {
        let Action::AddPermission { sid, permission, .. } = &add else { continue };
        let has = policy.get(sid);
        if !due(sid) || has.is_some_and(|has| has.as_ref() == Some(permission)) {
            continue;
        }
        found.paths.push(format!("{SECTION}.{sid}"));
        found.actions.extend(has.map(|_| remove(sid, true)));
        found.actions.push(add);
    }
    let is_wanted = |sid: &String| desired.permissions.as_ref().is_some_and(|all| all.contains_key(sid));
    let outdated = |sid: &&String| compares && policy.contains_key(*sid) && !is_wanted(sid);
    for sid in status.managed_permissions.iter().filter(outdated) {
        found.paths.push(format!("{SECTION}.{sid}"));
        found.actions.push(remove(sid, false));
    }
    found
}
