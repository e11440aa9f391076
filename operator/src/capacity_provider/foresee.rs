//! What AWS has after a change to a provider, before anybody has made it. Pure.

use lambda_operator_crds::CommonSpec;
use serde_json::Value;

use crate::capacity_provider::CapacityProviders;
use crate::capacity_provider::execute::after;
use crate::capacity_provider::manifest;
use crate::capacity_provider::model::{ACTIVE, Observed};
use crate::capacity_provider::plan::Action;
use crate::engine::forecast::{Foresee, Place, view_of};

impl Foresee for CapacityProviders {
    fn foresee(
        name: Option<&String>,
        action: &Action,
        observed: Option<&Observed>,
        place: &Place,
    ) -> Option<Observed> {
        let next = match action {
            Action::Replace | Action::Delete => return None,
            Action::Create { configuration, tags } => Observed {
                arn: place.arn(format_args!("capacity-provider:{}", name?)),
                state: ACTIVE.to_owned(),
                configuration: (**configuration).clone(),
                tags: Ok(tags.clone()),
                versions: Some(Vec::new()),
            },
            Action::Own(tags) => after(&Action::Tag(tags.clone()), observed)?,
            Action::Update(_) | Action::Tag(_) | Action::Untag(_) | Action::Disown(_) => {
                after(action, observed)?
            }
        };
        Some(Observed { state: ACTIVE.to_owned(), ..next })
    }

    fn view(observed: &Observed) -> Value {
        view_of(&manifest::spec(observed, None, CommonSpec::default()))
    }

    fn takes_over(action: &Action) -> bool {
        matches!(action, Action::Own(_))
    }
}
