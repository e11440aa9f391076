//! Somebody in the console, at the versions of a function.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use super::edit;
use super::handler::function;
use crate::error::ApiError;
use crate::lifecycle::Lifecycle;
use crate::merge::into_object;
use crate::ops::versions;
use crate::region::Region;

/// `{"do": "version", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum VersionCommand {
    Publish { function: String, description: Option<String> },
    Edit { function: String, number: String, changes: Value },
    Remove { function: String, number: String },
}

impl VersionCommand {
    pub(super) fn carry_out(self, region: &mut Region) -> Result<Value, ApiError> {
        match self {
            Self::Publish { function: of, description } => {
                let function = function(region, &of)?;
                let published =
                    versions::publish_latest(function, description.as_deref(), Lifecycle::settled());
                Ok(published["Version"].clone())
            }
            Self::Edit { function: of, number, changes } => {
                let function = function(region, &of)?;
                let arn = function.qualified_arn(Some(&number));
                let found = function.published.iter_mut().find(|version| version.number == number);
                let version = found.ok_or_else(|| ApiError::function_not_found(&arn))?;
                version.lifecycle = Lifecycle::settled();
                edit::change_states(&mut version.lifecycle, &into_object(changes));
                version.touch();
                Ok(Value::Null)
            }
            Self::Remove { function: of, number } => {
                Ok(json!(function(region, &of)?.remove_version(&number)))
            }
        }
    }
}

impl AccountControl {
    /// Somebody in the console publishes `$LATEST`, which settles at once. Returns the number, which is that of
    /// the last version when nothing has changed since.
    pub async fn publish_version(&self, function: &str, description: Option<&str>) -> String {
        let (function, description) = (function.to_owned(), description.map(ToOwned::to_owned));
        self.run(Command::Version(VersionCommand::Publish { function, description })).await
    }

    /// Settles a version in a state: `State`, `StateReason`, `StateReasonCode`, and the three of `LastUpdateStatus`.
    pub async fn edit_version(&self, function: &str, number: &str, changes: Value) {
        let (function, number) = (function.to_owned(), number.to_owned());
        self.tell(Command::Version(VersionCommand::Edit { function, number, changes })).await;
    }

    /// Somebody in the console deletes a version, whatever points to it; false if there is none of the number.
    pub async fn remove_version(&self, function: &str, number: &str) -> bool {
        let (function, number) = (function.to_owned(), number.to_owned());
        self.run(Command::Version(VersionCommand::Remove { function, number })).await
    }
}
