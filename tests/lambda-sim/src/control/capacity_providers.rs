//! Somebody in the console, at capacity providers. Which versions one runs is said by the configuration of functions
//! (`put_function` with a `CapacityProviderConfig`, then `publish_version`).

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use crate::capacity_provider::{CapacityProvider, users};
use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::merge::into_object;
use crate::region::Region;
use crate::request::without_nulls;
use crate::rules::{capacity_provider, tags};

/// `{"do": "capacity_provider", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum CapacityProviderCommand {
    List,
    Show { name: String },
    Put { provider: Value },
    Edit { name: String, changes: Value },
    Remove { name: String },
}

impl CapacityProviderCommand {
    pub(super) fn carry_out(self, region: &mut Region) -> Result<Value, ApiError> {
        let (now, fails) = (Instant::now(), region.settings.fail_create.is_some());
        match self {
            Self::List => {
                let names = region.capacity_providers.all(now, fails).map(|(name, _)| name.clone());
                Ok(json!(names.collect::<Vec<_>>()))
            }
            Self::Show { name } => {
                let found = region.capacity_providers.get(&name, Access::Other, now, fails).cloned();
                Ok(found.map_or(Value::Null, |provider| shown(region, &provider)))
            }
            Self::Put { provider } => {
                let body = into_object(without_nulls(provider));
                capacity_provider::check_new(&body)?;
                let name = body.get("CapacityProviderName").and_then(Value::as_str).unwrap_or_default();
                let mut provider = CapacityProvider::new(region, name, &body, now);
                provider.force_state("Active");
                region.capacity_providers.insert(name, provider);
                Ok(Value::Null)
            }
            Self::Edit { name, changes } => {
                let missing = || ApiError::not_found(format!("there is no {name}"));
                let provider = region.capacity_providers.get(&name, Access::Other, now, fails);
                let provider = provider.ok_or_else(missing)?;
                let set = into_object(without_nulls(changes));
                provider.apply(&set);
                if set.contains_key("Tags") {
                    provider.tags = tags::of(&set);
                }
                if let Some(state) = set.get("State").and_then(Value::as_str) {
                    provider.force_state(state);
                }
                Ok(Value::Null)
            }
            Self::Remove { name } => Ok(json!(region.capacity_providers.remove(&name))),
        }
    }
}

fn shown(region: &Region, provider: &CapacityProvider) -> Value {
    let mut shown = provider.shown();
    shown["Tags"] = json!(provider.tags);
    shown["FunctionVersions"] = json!(users(region, &provider.arn).into_keys().collect::<Vec<_>>());
    shown
}

impl AccountControl {
    /// The names of all capacity providers.
    pub async fn capacity_providers(&self) -> Vec<String> {
        self.run(Command::CapacityProvider(CapacityProviderCommand::List)).await
    }

    /// A capacity provider with its `Tags` and the ARNs of the `FunctionVersions` that use it.
    pub async fn capacity_provider(&self, name: &str) -> Option<Value> {
        let name = name.to_owned();
        self.run(Command::CapacityProvider(CapacityProviderCommand::Show { name })).await
    }

    /// Somebody in the console makes a provider, which is Active at once: the body of a CreateCapacityProvider request.
    pub async fn put_capacity_provider(&self, provider: Value) {
        self.tell(Command::CapacityProvider(CapacityProviderCommand::Put { provider })).await;
    }

    /// Somebody in the console changes a provider: members of a CreateCapacityProvider request, `Tags` (all of them) and
    /// `State`, which stays. Nothing is checked.
    pub async fn edit_capacity_provider(&self, name: &str, changes: Value) {
        let name = name.to_owned();
        self.tell(Command::CapacityProvider(CapacityProviderCommand::Edit { name, changes })).await;
    }

    /// Somebody in the console deletes a provider, whoever uses it; false if there is none of the name.
    pub async fn remove_capacity_provider(&self, name: &str) -> bool {
        let name = name.to_owned();
        self.run(Command::CapacityProvider(CapacityProviderCommand::Remove { name })).await
    }
}
