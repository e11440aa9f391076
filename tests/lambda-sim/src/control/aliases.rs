//! Somebody in the console, at the aliases of a function. Nothing is checked, so that an alias can also have the
//! weights that AWS itself gives it for a while, e.g. `{"1": 1.0}` while provisioned concurrency moves.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use super::handler::function;
use crate::error::ApiError;
use crate::merge::into_object;
use crate::ops::aliases;
use crate::region::Region;
use crate::request::without_nulls;

/// `{"do": "alias", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum AliasCommand {
    Show { function: String, name: String },
    Edit { function: String, name: String, changes: Value },
    Remove { function: String, name: String },
}

impl AliasCommand {
    pub(super) fn carry_out(self, region: &mut Region) -> Result<Value, ApiError> {
        match self {
            Self::Show { function: of, name } => Ok(json!(function(region, &of)?.aliases.get(&name))),
            Self::Edit { function: of, name, changes } => {
                let function = function(region, &of)?;
                let arn = function.qualified_arn(Some(&name));
                let missing = || ApiError::not_found(format!("Alias not found: {arn}"));
                let alias = function.aliases.get_mut(&name).ok_or_else(missing)?;
                let cleared = changes.get("RoutingConfig").is_some_and(Value::is_null);
                let mut set = into_object(without_nulls(changes));
                if cleared {
                    set.insert("RoutingConfig".into(), json!({}));
                }
                aliases::change(alias, &set);
                Ok(Value::Null)
            }
            Self::Remove { function: of, name } => Ok(json!(function(region, &of)?.remove_alias(&name))),
        }
    }
}

impl AccountControl {
    /// An alias as GetAlias would return it now.
    pub async fn alias(&self, function: &str, name: &str) -> Option<Value> {
        let (function, name) = (function.to_owned(), name.to_owned());
        self.run(Command::Alias(AliasCommand::Show { function, name })).await
    }

    /// Somebody in the console, or AWS itself, changes an alias: members of an UpdateAlias request. A
    /// `RoutingConfig` of null or without weights removes them. Nothing is checked.
    pub async fn edit_alias(&self, function: &str, name: &str, changes: Value) {
        let (function, name) = (function.to_owned(), name.to_owned());
        self.tell(Command::Alias(AliasCommand::Edit { function, name, changes })).await;
    }

    /// Somebody in the console deletes an alias; false if there is none of the name.
    pub async fn remove_alias(&self, function: &str, name: &str) -> bool {
        let (function, name) = (function.to_owned(), name.to_owned());
        self.run(Command::Alias(AliasCommand::Remove { function, name })).await
    }
}
