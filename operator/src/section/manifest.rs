//! From what AWS has to what a spec says of it: the reverse of `Wanted`. AWS's defaults are no sections.

use lambda_operator_crds::{
    CommonSections, Cors as CorsSpec, CorsEntry, CorsMethod, EventDestination, EventDestinations,
    EventInvokeConfig, FunctionUrl, Permission, ProvisionedConcurrency, RecursiveLoop,
    RuntimeManagement as RuntimeSpec,
};

use super::event_invoke::EventInvoke;
use super::model::{Has, Section, Value};
use super::permission::{INVOKE, Statement};
use super::runtime_management::RuntimeManagement;
use super::url::{self, Cors, Url};
use crate::manifest::{Unsaid, some_of, unless};

/// What the specs of functions and aliases say of sections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sections {
    /// Those that both have.
    pub common: CommonSections,
    /// What becomes of recursive loops.
    pub recursive_loop: Option<RecursiveLoop>,
    /// When the runtime is updated.
    pub runtime_management: Option<RuntimeSpec>,
    /// How many environments are kept ready.
    pub provisioned: Option<ProvisionedConcurrency>,
}

/// The sections that a spec has to have. A policy is written as `permissions`; what no permission can say stays as it is.
pub fn of(has: &Has, unsaid: &mut Unsaid) -> Sections {
    let mut sections = Sections::default();
    let mut permissions = Vec::new();
    let url = has.values.get(&Section::Url).and_then(Option::as_ref);
    let implied = implied(url, has, unsaid);
    for value in has.values.values().flatten() {
        match value {
            Value::Url(url) => sections.common.function_url = url_of(url, unsaid),
            Value::Permission(sid, statement) => {
                if !implied.contains(&sid.as_str()) && !statement.foreign {
                    permissions.push(permission_of(sid, statement, unsaid));
                }
            }
            Value::EventInvoke(settings) => sections.common.event_invoke_config = Some(settings_of(settings)),
            Value::RecursiveLoop(treatment) => {
                sections.recursive_loop = unsaid.word("recursiveLoop", treatment);
            }
            Value::RuntimeManagement(updates) => sections.runtime_management = updates_of(updates, unsaid),
            Value::Provisioned(number) => {
                let number = *number;
                sections.provisioned = Some(ProvisionedConcurrency {
                    provisioned_concurrent_executions: number,
                    managed_by: None,
                });
            }
            // What GetPolicy shows of a policy is in the statements. Limits are of what is published, which stays with whoever
            // publishes it.
            Value::ResourcePolicy(_) | Value::Scaling(_) => {}
        }
    }
    sections.common.permissions = some_of(permissions.into_iter().flatten());
    sections
}

/// The ids of the statements that follow from a URL: one for everybody brings two, and another has none of them. One that is
/// other than that, and that no permission can say, is left as it is.
fn implied(url: Option<&Value>, has: &Has, unsaid: &mut Unsaid) -> Vec<&'static str> {
    let Some(Value::Url(url)) = url else { return Vec::new() };
    let mut implied = Vec::new();
    for (sid, wanted) in url::statements() {
        let section = Section::Permission(sid.to_owned());
        let statement = match has.values.get(&section) {
            Some(Some(Value::Permission(_, statement))) => Some(Some(statement)),
            Some(_) => Some(None),
            None => None,
        };
        match statement {
            Some(Some(statement)) if url.is_for_everybody() && *statement == wanted => implied.push(sid),
            // It is among the permissions.
            Some(Some(statement)) if !statement.foreign => {}
            Some(None) if !url.is_for_everybody() => {}
            _ => unsaid.add(section.path()),
        }
    }
    implied
}

fn url_of(url: &Url, unsaid: &mut Unsaid) -> Option<FunctionUrl> {
    let Url { auth_type, invoke_mode, cors } = url;
    let path = Section::Url.path();
    Some(FunctionUrl {
        auth_type: unsaid.known(&path, auth_type)?,
        invoke_mode: unsaid.word(&path, invoke_mode),
        cors: unless(cors_of(cors), &CorsSpec::default()),
    })
}

fn cors_of(cors: &Cors) -> CorsSpec {
    let Cors { credentials, headers, methods, origins, exposed, max_age } = cors.clone();
    CorsSpec {
        allow_credentials: unless(credentials, &false),
        allow_headers: some_of(headers.into_iter().map(CorsEntry)),
        allow_methods: some_of(methods.into_iter().map(CorsMethod)),
        allow_origins: some_of(origins.into_iter().map(CorsEntry)),
        expose_headers: some_of(exposed.into_iter().map(CorsEntry)),
        max_age: unless(max_age, &0),
    }
}

fn permission_of(sid: &str, statement: &Statement, unsaid: &mut Unsaid) -> Option<Permission> {
    let Statement {
        action,
        principal,
        source_arn,
        source_account,
        organization,
        event_source_token,
        url_auth_type,
        via_url,
        foreign: _,
    } = statement.clone();
    let auth_type = match url_auth_type {
        // Without it the statement would let more people in.
        Some(auth) => Some(unsaid.known(&Section::Permission(sid.to_owned()).path(), &auth)?),
        None => None,
    };
    Some(Permission {
        statement_id: sid.to_owned(),
        action: unless(action, &INVOKE.to_owned()),
        principal,
        source_arn,
        source_account,
        principal_org_id: organization,
        event_source_token,
        function_url_auth_type: auth_type,
        invoked_via_function_url: unless(via_url, &false),
    })
}

fn settings_of(settings: &EventInvoke) -> EventInvokeConfig {
    let EventInvoke { retries, age, on_success, on_failure } = settings.clone();
    let to = |arn: Option<String>| arn.map(|destination| EventDestination { destination });
    let destinations = EventDestinations { on_success: to(on_success), on_failure: to(on_failure) };
    EventInvokeConfig {
        maximum_retry_attempts: retries,
        maximum_event_age_in_seconds: age,
        destination_config: unless(destinations, &EventDestinations::default()),
    }
}

fn updates_of(updates: &RuntimeManagement, unsaid: &mut Unsaid) -> Option<RuntimeSpec> {
    let RuntimeManagement { update_on, version_arn } = updates.clone();
    let update_on = unsaid.word(&Section::RuntimeManagement.path(), &update_on)?;
    Some(RuntimeSpec { update_runtime_on: Some(update_on), runtime_version_arn: version_arn })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The statements that a URL for everybody brings.
    pub(crate) fn of_url() -> [(&'static str, Statement); 2] {
        url::statements()
    }
}
