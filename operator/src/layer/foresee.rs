//! What AWS has after a change to a layer, before anybody has made it. Pure.

use serde_json::Value;

use crate::engine::forecast::{Foresee, Place};
use crate::layer::Layers;
use crate::layer::execute::after;
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
        let _ = observed;
        Value::Null
    }

    fn takes_over(action: &Action) -> bool {
        matches!(action, Action::Adopt { .. })
    }
}
