//! Somebody in the console, at code signing configs. Which of them a function has is changed by `edit_function`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use crate::code_signing::{CodeSigningConfig, users};
use crate::error::ApiError;
use crate::merge::into_object;
use crate::region::Region;
use crate::request::without_nulls;
use crate::rules::{code_signing, tags};

/// `{"do": "code_signing", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum CodeSigningCommand {
    List,
    Show { arn: String },
    Put { config: Value },
    Edit { arn: String, changes: Value },
    Remove { arn: String },
}

impl CodeSigningCommand {
    pub(super) fn carry_out(self, region: &mut Region) -> Result<Value, ApiError> {
        match self {
            Self::List => Ok(json!(region.code_signing.keys().collect::<Vec<_>>())),
            Self::Show { arn } => Ok(shown(region, &arn)),
            Self::Put { config } => {
                let body = into_object(without_nulls(config));
                code_signing::check(&body, &["AllowedPublishers"])?;
                let config = CodeSigningConfig::new(region, &body);
                let arn = config.arn.clone();
                region.code_signing.insert(arn.clone(), config);
                Ok(arn.into())
            }
            Self::Edit { arn, changes } => {
                let missing = || ApiError::not_found(format!("there is no {arn}"));
                let config = region.code_signing.get_mut(&arn).ok_or_else(missing)?;
                let set = into_object(without_nulls(changes));
                config.change(&set);
                if set.contains_key("Tags") {
                    config.tags = tags::of(&set);
                }
                Ok(Value::Null)
            }
            Self::Remove { arn } => {
                let users = region.functions.values_mut();
                let users = users.filter(|function| function.code_signing.as_ref() == Some(&arn));
                users.for_each(|function| function.code_signing = None);
                Ok(json!(region.code_signing.remove(&arn).is_some()))
            }
        }
    }
}

fn shown(region: &Region, arn: &str) -> Value {
    let Some(config) = region.code_signing.get(arn) else { return Value::Null };
    let mut shown = config.shown();
    shown["Tags"] = json!(config.tags);
    shown["FunctionArns"] = json!(users(region, arn).collect::<Vec<_>>());
    shown
}

impl AccountControl {
    /// The ARNs of all code signing configs.
    pub async fn code_signing_configs(&self) -> Vec<String> {
        self.run(Command::CodeSigning(CodeSigningCommand::List)).await
    }

    /// A code signing config with its `Tags` and the `FunctionArns` that use it.
    pub async fn code_signing_config(&self, arn: &str) -> Option<Value> {
        self.run(Command::CodeSigning(CodeSigningCommand::Show { arn: arn.to_owned() })).await
    }

    /// Somebody in the console makes a config: the body of a CreateCodeSigningConfig request. Returns its ARN.
    pub async fn put_code_signing_config(&self, config: Value) -> String {
        self.run(Command::CodeSigning(CodeSigningCommand::Put { config })).await
    }

    /// Somebody in the console changes a config: members of an UpdateCodeSigningConfig request, and `Tags` (all of
    /// them). Nothing is checked.
    pub async fn edit_code_signing_config(&self, arn: &str, changes: Value) {
        let arn = arn.to_owned();
        self.tell(Command::CodeSigning(CodeSigningCommand::Edit { arn, changes })).await;
    }

    /// Somebody in the console takes a config from its functions and deletes it; false if there is none of the ARN.
    pub async fn remove_code_signing_config(&self, arn: &str) -> bool {
        self.run(Command::CodeSigning(CodeSigningCommand::Remove { arn: arn.to_owned() })).await
    }
}
