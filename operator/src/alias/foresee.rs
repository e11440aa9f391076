//! What AWS has after a change to an alias, before anybody has made it. Pure.

use lambda_operator_crds::LambdaAlias;
use serde_json::Value;

use crate::alias::Aliases;
use crate::alias::desired::function_key;
use crate::alias::manifest::{self, Setting};
use crate::alias::model::{Alias, Id, Newest, Observed};
use crate::alias::plan::{Action, Creation};
use crate::engine::forecast::{Foresee, LATER, Place, view_of};
use crate::engine::kind::Inputs;
use crate::section::Has;

impl Foresee for Aliases {
    fn foresee(
        _: Option<&Id>,
        action: &Action,
        observed: Option<&Observed>,
        place: &Place,
    ) -> Option<Observed> {
        let before = observed.cloned();
        match action {
            Action::Delete => None,
            Action::Create(Creation { function, name, version, description, weights }) => {
                let alias = Alias {
                    arn: place.arn(format_args!("function:{function}:{name}")),
                    version: version.clone().unwrap_or_else(|| LATER.to_owned()),
                    description: description.clone(),
                    weights: weights.clone(),
                    revision_id: String::new(),
                };
                Some(Observed { alias, newest: None, moving: false, sections: Has::default() })
            }
            Action::Adopt { .. } => before,
            Action::Update { setting, paths: _ } => {
                let mut next = before?;
                next.alias.version.clone_from(&setting.version);
                next.alias.description.clone_from(&setting.description);
                if let Some(weights) = &setting.weights {
                    next.alias.weights.clone_from(weights);
                }
                Some(next)
            }
            Action::Look(sections) => {
                let mut next = before?;
                next.sections.lack(sections.iter().cloned());
                Some(next)
            }
            Action::Sections(changes) => {
                let mut next = before?;
                for change in changes {
                    next.sections.foresee(change);
                }
                Some(next)
            }
        }
    }

    fn view(observed: &Observed) -> Value {
        let mut view = view_of(&manifest::spec(observed, Setting::default()));
        // These are the same for ever.
        view.as_object_mut().map(|fields| ["functionRef", "aliasName"].map(|name| fields.remove(name)));
        view
    }

    fn takes_over(action: &Action) -> bool {
        matches!(action, Action::Adopt { .. })
    }

    /// A version that the function is still to publish is the newest.
    fn anticipate(observed: &mut Observed, object: &LambdaAlias, inputs: &Inputs) {
        let Some(offer) = function_key(object).and_then(|key| inputs.usable(&key).ok().cloned()) else {
            return;
        };
        let (Some(version), Some(newest)) = (offer.version, &mut observed.newest) else { return };
        let number = |version: &str| version.parse::<u64>().ok();
        if number(&version) > newest.active.as_deref().and_then(number) {
            *newest = Newest { active: Some(version), busy: None, failed: None };
        }
    }
}
