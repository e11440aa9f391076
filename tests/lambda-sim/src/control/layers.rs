//! Somebody in the console, at layers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use super::edit::as_console;
use crate::error::ApiError;
use crate::layer::{LayerId, LayerVersion, Layers};
use crate::merge::into_object;
use crate::ops::{layer_policy, layers};
use crate::region::Region;
use crate::request::without_nulls;

/// `{"do": "layer", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum LayerCommand {
    Show { name: String },
    Publish { name: String, layer: Value },
    Remove { name: String, number: u64 },
    PutPermission { name: String, number: u64, permission: Value },
    RemovePermission { name: String, number: u64, statement: String },
}

impl LayerCommand {
    pub(super) fn carry_out(self, region: &mut Region, all: &mut Layers) -> Result<Value, ApiError> {
        match self {
            Self::Show { name } => Ok(shown(all, &LayerId::new(region, &name))),
            Self::Publish { name, layer } => {
                let body = into_object(without_nulls(layer));
                let version = as_console(region, all, |ctx| layers::build(ctx, &body))?;
                Ok(json!(all.publish(&LayerId::new(region, &name), version)))
            }
            Self::Remove { name, number } => Ok(json!(all.remove(&LayerId::new(region, &name), number))),
            Self::PutPermission { name, number, permission } => {
                let (arn, version) = version(region, all, &name, number)?;
                let statement = layer_policy::statement(&arn, &into_object(without_nulls(permission)));
                layer_policy::put(version, statement);
                Ok(Value::Null)
            }
            Self::RemovePermission { name, number, statement } => {
                layer_policy::take(version(region, all, &name, number)?.1, &statement);
                Ok(Value::Null)
            }
        }
    }
}

/// The versions, the oldest first, each with the statements of its policy.
fn shown(all: &Layers, id: &LayerId) -> Value {
    let versions = all.layer(id).into_iter().flat_map(|layer| &layer.versions);
    let shown = versions.map(|(number, version)| {
        let mut shown = version.described(id, *number);
        shown["Statements"] = json!(version.policy.as_ref().map(|(_, policy)| policy.statements()));
        shown
    });
    shown.collect()
}

fn version<'a>(
    region: &Region,
    all: &'a mut Layers,
    name: &str,
    number: u64,
) -> Result<(String, &'a mut LayerVersion), ApiError> {
    let id = LayerId::new(region, name);
    let arn = id.version_arn(number);
    let missing = ApiError::not_found(format!("Layer version {arn} does not exist."));
    Ok((arn, all.version_mut(&id, number).ok_or(missing)?))
}

impl AccountControl {
    /// The versions of a layer as GetLayerVersion would return them, the oldest first, each with its `Statements`.
    pub async fn layer(&self, name: &str) -> Vec<Value> {
        self.run(Command::Layer(LayerCommand::Show { name: name.to_owned() })).await
    }

    /// Somebody in the console publishes a version: the body of a PublishLayerVersion request. Returns its number.
    pub async fn publish_layer(&self, name: &str, layer: Value) -> u64 {
        self.run(Command::Layer(LayerCommand::Publish { name: name.to_owned(), layer })).await
    }

    /// Somebody in the console deletes a version of a layer; false if there is none of the number.
    pub async fn remove_layer_version(&self, name: &str, number: u64) -> bool {
        self.run(Command::Layer(LayerCommand::Remove { name: name.to_owned(), number })).await
    }

    /// Somebody in the console adds a permission, or replaces the one of its `StatementId`: the body of an
    /// AddLayerVersionPermission request.
    pub async fn put_layer_permission(&self, name: &str, number: u64, permission: Value) {
        let name = name.to_owned();
        self.tell(Command::Layer(LayerCommand::PutPermission { name, number, permission })).await;
    }

    /// Somebody in the console removes a permission, if there is one of the statement id.
    pub async fn remove_layer_permission(&self, name: &str, number: u64, statement: &str) {
        let (name, statement) = (name.to_owned(), statement.to_owned());
        self.tell(Command::Layer(LayerCommand::RemovePermission { name, number, statement })).await;
    }
}
