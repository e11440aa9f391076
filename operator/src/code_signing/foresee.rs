//! What AWS has after a change to a configuration, before anybody has made it. Pure.

use lambda_operator_crds::CommonSpec;
use serde_json::Value;

use crate::code_signing::CodeSigningConfigs;
use crate::code_signing::execute::after;
use crate::code_signing::manifest;
use crate::code_signing::model::Observed;
use crate::code_signing::plan::Action;
use crate::engine::forecast::{Foresee, LATER, Place, view_of};

impl Foresee for CodeSigningConfigs {
    fn foresee(
        _: Option<&String>,
        action: &Action,
        observed: Option<&Observed>,
        place: &Place,
    ) -> Option<Observed> {
        match action {
            Action::Delete => None,
            Action::Create { configuration, tags } => Some(Observed {
                arn: place.arn(format_args!("code-signing-config:{LATER}")),
                id: LATER.to_owned(),
                configuration: configuration.clone(),
                tags: Ok(tags.clone()),
                functions: Some(Vec::new()),
            }),
            Action::Own(tags) => after(&Action::Tag(tags.clone()), observed),
            Action::Update { .. } | Action::Tag(_) | Action::Untag(_) | Action::Disown(_) => {
                after(action, observed)
            }
        }
    }

    fn view(observed: &Observed) -> Value {
        view_of(&manifest::spec(observed, CommonSpec::default()))
    }

    fn takes_over(action: &Action) -> bool {
        matches!(action, Action::Own(_))
    }
}
