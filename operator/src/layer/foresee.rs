//! What AWS has after a change to a layer, before anybody has made it. Pure.

use serde_json::{Value, json};

use crate::engine::forecast::{Foresee, Place};
use crate::layer::Layers;
use crate::layer::execute::after;
use crate::layer::model::Metadata;
use crate::layer::model::{Observed, Policy, Target, Version};
use crate::layer::plan::Action;

impl Foresee for Layers {
    fn foresee(
        _: Option<&Target>,
        action: &Action,
        observed: Option<&Observed>,
        place: &Place,
    ) -> Option<Observed> {
        match action {
            Action::Publish(publication) => {
                let number = publication.newest_known + 1;
                let version = Version {
                    arn: place.arn(format_args!("layer:{}:{number}", publication.layer)),
                    number,
                    metadata: publication.metadata.clone(),
                    token: Some(publication.token.clone()),
                    code_sha256: publication.source.code_sha256.clone(),
                };
                Some(Observed { version: Some(version), found: false, policy: Some(Policy::new()) })
            }
            Action::Adopt { .. }
            | Action::AddPermission { .. }
            | Action::RemovePermission { .. }
            | Action::DeleteVersion { .. } => after(action, observed),
        }
    }

    fn view(observed: &Observed) -> Value {
        let Some(version) = &observed.version else { return json!({}) };
        let Metadata { description, architectures, runtimes, license } = &version.metadata;
        let permissions = observed.policy.iter().flatten().map(|(sid, permission)| {
            let principal = permission.as_ref().map(|permission| permission.principal.clone());
            json!({"statementId": sid, "principal": principal})
        });
        let mut view = json!({
            "version": version.number,
            "description": description,
            "compatibleArchitectures": architectures,
            "compatibleRuntimes": runtimes,
            "licenseInfo": license,
            "permissions": permissions.collect::<Vec<_>>(),
        });
        let nothing = [json!(""), json!([])];
        if let Some(fields) = view.as_object_mut() {
            fields.retain(|_, value| !nothing.contains(value));
        }
        view
    }

    fn takes_over(action: &Action) -> bool {
        matches!(action, Action::Adopt { .. })
    }
}
