//! Somebody in the console, at the sections of a function and of its versions and aliases. Nothing is checked, and
//! everything settles at once.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use super::handler::function;
use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::merge::into_object;
use crate::ops::policy;
use crate::policy::Policy;
use crate::region::Region;
use crate::request::without_nulls;
use crate::sections::LATEST;
use crate::sections::event_invoke::EventInvoke;
use crate::sections::provisioned::Provisioned;
use crate::sections::runtime_management::RuntimeManagement;
use crate::sections::url::Url;
use crate::settings::SettleDelay;

/// What a function, a version or an alias has beside code and configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// The resource policy, as a document.
    Policy,
    /// The URL: members of a CreateFunctionUrlConfig request. A URL that is there keeps its host and what isn't named.
    Url,
    /// Settings for asynchronous invocations: the body of a PutFunctionEventInvokeConfig request.
    EventInvoke,
    /// `Allow` or `Terminate`, only of the function itself.
    RecursiveLoop,
    /// The body of a PutRuntimeManagementConfig request.
    RuntimeManagement,
    /// Provisioned concurrency: `ProvisionedConcurrentExecutions`, `Status` (`READY` if it isn't named) and `StatusReason`.
    Provisioned,
    /// The limits of a FunctionScalingConfig, requested and applied.
    Scaling,
}

/// `{"do": "section", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum SectionCommand {
    Show { function: String, qualifier: Option<String>, section: Section },
    Set { function: String, qualifier: Option<String>, section: Section, value: Option<Value> },
    PutPermission { function: String, qualifier: Option<String>, permission: Value },
    RemovePermission { function: String, qualifier: Option<String>, statement: String },
}

impl SectionCommand {
    pub(super) fn carry_out(self, region: &mut Region) -> Result<Value, ApiError> {
        match self {
            Self::Show { function, qualifier, section } => {
                let function = region.function(&function, Access::Other, Instant::now())?;
                return Ok(shown(function, qualifier.as_deref(), section));
            }
            Self::Set { function: of, qualifier, section, value } => {
                let qualifier = qualifier.unwrap_or_else(|| LATEST.to_owned());
                match value {
                    Some(value) => set(region, &of, qualifier, section, without_nulls(value))?,
                    None => remove(function(region, &of)?, &qualifier, section),
                }
            }
            Self::PutPermission { function: of, qualifier, permission } => {
                let function = function(region, &of)?;
                let arn = function.qualified_arn(qualifier.as_deref());
                let qualifier = qualifier.as_deref().unwrap_or(LATEST);
                let mut changed = policy::current(function, qualifier);
                changed.put(policy::statement(&arn, &into_object(without_nulls(permission))));
                policy::set(function, qualifier, Some(changed));
            }
            Self::RemovePermission { function: of, qualifier, statement } => {
                let function = function(region, &of)?;
                let qualifier = qualifier.as_deref().unwrap_or(LATEST);
                let current = policy::current(function, qualifier);
                if current.has(&statement) {
                    policy::set(function, qualifier, current.without(&statement));
                }
            }
        }
        Ok(Value::Null)
    }
}

/// As the operation that reads it would answer; null if there is nothing.
fn shown(function: &Function, qualifier: Option<&str>, section: Section) -> Value {
    let (sections, key) = (&function.sections, qualifier.unwrap_or(LATEST));
    let arn = function.qualified_arn(qualifier);
    let found = match section {
        Section::Policy => sections.policies.get(key).map(|(_, policy)| policy.document()),
        Section::Url => sections.urls.get(key).map(|url| url.shown(&arn)),
        Section::EventInvoke => sections.event_invokes.get(key).map(|config| config.shown(&arn)),
        Section::RecursiveLoop => sections.recursive_loop.clone().map(Value::from),
        Section::RuntimeManagement => sections.runtime_management.get(key).map(|config| config.shown(&arn)),
        Section::Provisioned => sections.provisioned.get(key).map(Provisioned::shown),
        Section::Scaling => sections.scaling.get(key).map(|scaling| scaling.shown(&arn)),
    };
    found.unwrap_or_default()
}

fn set(region: &mut Region, of: &str, key: String, section: Section, value: Value) -> Result<(), ApiError> {
    let sent = value.as_object().cloned().unwrap_or_default();
    let region_name = region.name.clone();
    let function = function(region, of)?;
    let sections = &mut function.sections;
    match section {
        Section::Policy => policy::set(function, &key, Some(Policy::new(value))),
        Section::RecursiveLoop => sections.recursive_loop = value.as_str().map(ToOwned::to_owned),
        Section::Url => {
            let url = sections.urls.entry(key).and_modify(|url| url.change(&sent));
            url.or_insert_with(|| Url::new(&region_name, &sent));
        }
        Section::EventInvoke => drop(sections.event_invokes.insert(key, EventInvoke::new(&sent))),
        Section::RuntimeManagement => {
            sections.runtime_management.insert(key, RuntimeManagement::new(&sent));
        }
        Section::Provisioned => {
            let count = sent.get("ProvisionedConcurrentExecutions").and_then(Value::as_u64).unwrap_or(1);
            let text = |name: &str| sent.get(name).and_then(Value::as_str);
            let mut provisioned = Provisioned::requested(count, SettleDelay::Hold, Instant::now());
            provisioned.force(text("Status").unwrap_or("READY"), text("StatusReason"));
            // A moved alias gets its traffic back: nothing would end AWS's weights any more.
            function.remove_provisioned(&key);
            function.sections.provisioned.insert(key, provisioned);
        }
        Section::Scaling => {
            let scaling = sections.scaling.entry(key).or_default();
            scaling.request(sent, SettleDelay::Hold, Instant::now());
            scaling.settle();
        }
    }
    Ok(())
}

fn remove(function: &mut Function, key: &str, section: Section) {
    let sections = &mut function.sections;
    match section {
        Section::Policy => {
            if sections.policies.contains_key(key) {
                policy::set(function, key, None);
            }
        }
        Section::Url => drop(sections.urls.remove(key)),
        Section::EventInvoke => drop(sections.event_invokes.remove(key)),
        Section::RecursiveLoop => sections.recursive_loop = None,
        Section::RuntimeManagement => drop(sections.runtime_management.remove(key)),
        Section::Provisioned => function.remove_provisioned(key),
        Section::Scaling => drop(sections.scaling.remove(key)),
    }
}

/// `qualifier` is a version or an alias; none is the function itself.
impl AccountControl {
    /// A section as the operation that reads it would answer now, of a policy the document. None if there is nothing.
    /// Looking doesn't settle it.
    pub async fn section(&self, function: &str, qualifier: Option<&str>, section: Section) -> Option<Value> {
        let (function, qualifier) = (function.to_owned(), qualifier.map(ToOwned::to_owned));
        self.run(Command::Section(SectionCommand::Show { function, qualifier, section })).await
    }

    /// Somebody in the console sets a section, or removes it. Nothing is checked, and it settles at once.
    pub async fn set_section(
        &self,
        function: &str,
        qualifier: Option<&str>,
        section: Section,
        value: Option<Value>,
    ) {
        let (function, qualifier) = (function.to_owned(), qualifier.map(ToOwned::to_owned));
        self.tell(Command::Section(SectionCommand::Set { function, qualifier, section, value })).await;
    }

    /// Somebody in the console adds a permission, or replaces the one of its `StatementId`: the body of an AddPermission
    /// request.
    pub async fn put_permission(&self, function: &str, qualifier: Option<&str>, permission: Value) {
        let (function, qualifier) = (function.to_owned(), qualifier.map(ToOwned::to_owned));
        self.tell(Command::Section(SectionCommand::PutPermission { function, qualifier, permission })).await;
    }

    /// Somebody in the console removes a permission, if there is one of the statement id.
    pub async fn remove_permission(&self, function: &str, qualifier: Option<&str>, statement: &str) {
        let (function, qualifier) = (function.to_owned(), qualifier.map(ToOwned::to_owned));
        let statement = statement.to_owned();
        self.tell(Command::Section(SectionCommand::RemovePermission { function, qualifier, statement }))
            .await;
    }

    /// Somebody in the console gives a version or an alias settings of its own for asynchronous invocations, such as
    /// `{"MaximumRetryAttempts": 1}`, or takes them away.
    pub async fn event_invoke(&self, function: &str, qualifier: &str, config: Option<Value>) {
        self.set_section(function, Some(qualifier), Section::EventInvoke, config).await;
    }

    /// Gives an alias or a version provisioned concurrency of one in this state (`IN_PROGRESS`, `READY`, `FAILED`), or
    /// takes it away.
    pub async fn provision(&self, function: &str, qualifier: &str, status: Option<&str>) {
        let value = status.map(|status| json!({"Status": status}));
        self.set_section(function, Some(qualifier), Section::Provisioned, value).await;
    }
}
