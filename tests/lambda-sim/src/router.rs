//! Which operation a call is: the table of methods and paths, as in the model of the API, with the quota that
//! each operation draws on and the handler that implements it.

use crate::ops::{account, aliases, executions, functions, lists, sts, tags, updates, versions};
use crate::ops::{
    capacity_providers, code_signing, code_signing_link, ecr, invoke, layer_policy, layers, mappings, s3,
};
use crate::ops::{concurrency, event_invoke, policy, provisioned, recursion, resource_policy};
use crate::ops::{runtime_management, scaling, urls};
use crate::quota::Quota;
use crate::request::{Handler, Parameter};
use crate::wire;

/// One operation.
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    pub(crate) service: &'static str,
    method: &'static str,
    /// With `{}` for the first parameter, and the names of further ones; what follows a `?` must be in the query.
    /// Other services than Lambda are routed without it.
    path: &'static str,
    pub(crate) quota: Quota,
    /// The member of the request that its whole body is, which needn't be an object then.
    pub(crate) payload: Option<&'static str>,
    pub(crate) handler: Handler,
}

const fn lambda(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    handler: Handler,
) -> Route {
    Route { operation, service: "lambda", method, path, quota: Quota::Rest, payload: None, handler }
}

/// Calls of the data plane, which have other limits than those of the control plane.
const fn invocation(
    path: &'static str,
    operation: &'static str,
    payload: &'static str,
    handler: Handler,
) -> Route {
    Route { quota: Quota::Unlimited, payload: Some(payload), ..lambda("POST", path, operation, handler) }
}

const fn provider_read(path: &'static str, operation: &'static str, handler: Handler) -> Route {
    Route { quota: Quota::CapacityProviderReads, ..lambda("GET", path, operation, handler) }
}

const fn provider_write(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    handler: Handler,
) -> Route {
    Route { quota: Quota::CapacityProviderWrites, ..lambda(method, path, operation, handler) }
}

const fn sts(operation: &'static str, handler: Handler) -> Route {
    Route { service: "sts", quota: Quota::Unlimited, ..lambda("POST", "/", operation, handler) }
}

const fn s3(method: &'static str, operation: &'static str, handler: Handler) -> Route {
    Route { service: "s3", quota: Quota::Unlimited, ..lambda(method, "/{}", operation, handler) }
}

const fn ecr(operation: &'static str, handler: Handler) -> Route {
    Route { service: "ecr", quota: Quota::Unlimited, ..lambda("POST", "/", operation, handler) }
}

const FUNCTIONS: &str = "/2015-03-31/functions";
const FUNCTION: &str = "/2015-03-31/functions/{}";
const CONFIGURATION: &str = "/2015-03-31/functions/{}/configuration";
const CODE: &str = "/2015-03-31/functions/{}/code";
const VERSIONS: &str = "/2015-03-31/functions/{}/versions";
const ALIASES: &str = "/2015-03-31/functions/{}/aliases";
const ALIAS: &str = "/2015-03-31/functions/{}/aliases/{Name}";
const POLICY: &str = "/2015-03-31/functions/{}/policy";
const STATEMENT: &str = "/2015-03-31/functions/{}/policy/{StatementId}";
const RESOURCE_POLICY: &str = "/2026-07-09/resource-policy/{}";
const URL: &str = "/2021-10-31/functions/{}/url";
const URLS: &str = "/2021-10-31/functions/{}/urls";
const RECURSION: &str = "/2024-08-31/functions/{}/recursion-config";
const RUNTIME: &str = "/2021-07-20/functions/{}/runtime-management-config";
const SCALING: &str = "/2025-11-30/functions/{}/function-scaling-config";
const CONCURRENCY: &str = "/2017-10-31/functions/{}/concurrency";
const GET_CONCURRENCY: &str = "/2019-09-30/functions/{}/concurrency";
const PROVISIONED: &str = "/2019-09-30/functions/{}/provisioned-concurrency";
const PROVISIONED_LIST: &str = "/2019-09-30/functions/{}/provisioned-concurrency?List=ALL";
const EVENT_INVOKE: &str = "/2019-09-25/functions/{}/event-invoke-config";
const EVENT_INVOKES: &str = "/2019-09-25/functions/{}/event-invoke-config/list";
const EXECUTIONS: &str = "/2025-12-01/functions/{}/durable-executions";
const EXECUTION: &str = "/2025-12-01/durable-executions/{}";
const EXECUTION_HISTORY: &str = "/2025-12-01/durable-executions/{}/history";
const EXECUTION_STOP: &str = "/2025-12-01/durable-executions/{}/stop";
const CALLBACK_SUCCESS: &str = "/2025-12-01/durable-execution-callbacks/{}/succeed";
const CALLBACK_FAILURE: &str = "/2025-12-01/durable-execution-callbacks/{}/fail";
const CALLBACK_HEARTBEAT: &str = "/2025-12-01/durable-execution-callbacks/{}/heartbeat";
const INVOCATIONS: &str = "/2015-03-31/functions/{}/invocations";
const INVOCATIONS_ASYNC: &str = "/2014-11-13/functions/{}/invoke-async";
const INVOCATIONS_STREAMED: &str = "/2021-11-15/functions/{}/response-streaming-invocations";
const TAGS: &str = "/2017-03-31/tags/{}";
const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
const MAPPING: &str = "/2015-03-31/event-source-mappings/{}";
const ACCOUNT: &str = "/2016-08-19/account-settings";
const LAYERS: &str = "/2018-10-31/layers";
const LAYER_BY_ARN: &str = "/2018-10-31/layers?find=LayerVersion";
const LAYER_VERSIONS: &str = "/2018-10-31/layers/{}/versions";
const LAYER_VERSION: &str = "/2018-10-31/layers/{}/versions/{VersionNumber}";
const LAYER_POLICY: &str = "/2018-10-31/layers/{}/versions/{VersionNumber}/policy";
const LAYER_STATEMENT: &str = "/2018-10-31/layers/{}/versions/{VersionNumber}/policy/{StatementId}";
const CODE_SIGNING: &str = "/2020-04-22/code-signing-configs";
const CODE_SIGNING_CONFIG: &str = "/2020-04-22/code-signing-configs/{}";
const CODE_SIGNING_FUNCTIONS: &str = "/2020-04-22/code-signing-configs/{}/functions";
const CODE_SIGNING_LINK: &str = "/2020-06-30/functions/{}/code-signing-config";

const PROVIDERS: &str = "/2025-11-30/capacity-providers";
const PROVIDER: &str = "/2025-11-30/capacity-providers/{}";
const PROVIDER_VERSIONS: &str = "/2025-11-30/capacity-providers/{}/function-versions";

static ROUTES: &[Route] = &[
    lambda("POST", FUNCTIONS, "CreateFunction", functions::create),
    lambda("GET", FUNCTIONS, "ListFunctions", lists::functions),
    Route { quota: Quota::GetFunction, ..lambda("GET", FUNCTION, "GetFunction", functions::get) },
    lambda("DELETE", FUNCTION, "DeleteFunction", functions::delete),
    lambda("GET", CONFIGURATION, "GetFunctionConfiguration", functions::get_configuration),
    lambda("PUT", CONFIGURATION, "UpdateFunctionConfiguration", updates::configuration),
    lambda("PUT", CODE, "UpdateFunctionCode", updates::code),
    lambda("POST", VERSIONS, "PublishVersion", versions::publish),
    lambda("GET", VERSIONS, "ListVersionsByFunction", lists::versions),
    lambda("GET", ALIASES, "ListAliases", aliases::list),
    lambda("POST", ALIASES, "CreateAlias", aliases::create),
    lambda("GET", ALIAS, "GetAlias", aliases::get),
    lambda("PUT", ALIAS, "UpdateAlias", aliases::update),
    lambda("DELETE", ALIAS, "DeleteAlias", aliases::delete),
    lambda("POST", POLICY, "AddPermission", policy::add),
    Route { quota: Quota::GetPolicy, ..lambda("GET", POLICY, "GetPolicy", policy::get) },
    lambda("DELETE", STATEMENT, "RemovePermission", policy::remove),
    lambda("PUT", RESOURCE_POLICY, "PutResourcePolicy", resource_policy::put),
    lambda("GET", RESOURCE_POLICY, "GetResourcePolicy", resource_policy::get),
    lambda("DELETE", RESOURCE_POLICY, "DeleteResourcePolicy", resource_policy::delete),
    lambda("POST", URL, "CreateFunctionUrlConfig", urls::create),
    lambda("GET", URL, "GetFunctionUrlConfig", urls::get),
    lambda("PUT", URL, "UpdateFunctionUrlConfig", urls::update),
    lambda("DELETE", URL, "DeleteFunctionUrlConfig", urls::delete),
    lambda("GET", URLS, "ListFunctionUrlConfigs", urls::list),
    lambda("PUT", CONCURRENCY, "PutFunctionConcurrency", concurrency::put),
    lambda("DELETE", CONCURRENCY, "DeleteFunctionConcurrency", concurrency::delete),
    lambda("GET", GET_CONCURRENCY, "GetFunctionConcurrency", concurrency::get),
    lambda("PUT", PROVISIONED, "PutProvisionedConcurrencyConfig", provisioned::put),
    lambda("GET", PROVISIONED_LIST, "ListProvisionedConcurrencyConfigs", provisioned::list),
    lambda("GET", PROVISIONED, "GetProvisionedConcurrencyConfig", provisioned::get),
    lambda("DELETE", PROVISIONED, "DeleteProvisionedConcurrencyConfig", provisioned::delete),
    lambda("PUT", EVENT_INVOKE, "PutFunctionEventInvokeConfig", event_invoke::put),
    lambda("POST", EVENT_INVOKE, "UpdateFunctionEventInvokeConfig", event_invoke::update),
    lambda("GET", EVENT_INVOKE, "GetFunctionEventInvokeConfig", event_invoke::get),
    lambda("DELETE", EVENT_INVOKE, "DeleteFunctionEventInvokeConfig", event_invoke::delete),
    lambda("GET", EVENT_INVOKES, "ListFunctionEventInvokeConfigs", event_invoke::list),
    lambda("GET", RECURSION, "GetFunctionRecursionConfig", recursion::get),
    lambda("PUT", RECURSION, "PutFunctionRecursionConfig", recursion::put),
    lambda("GET", RUNTIME, "GetRuntimeManagementConfig", runtime_management::get),
    lambda("PUT", RUNTIME, "PutRuntimeManagementConfig", runtime_management::put),
    lambda("GET", SCALING, "GetFunctionScalingConfig", scaling::get),
    lambda("PUT", SCALING, "PutFunctionScalingConfig", scaling::put),
    lambda("GET", EXECUTIONS, "ListDurableExecutionsByFunction", executions::list),
    lambda("GET", EXECUTION, "GetDurableExecution", executions::get),
    lambda("GET", EXECUTION_HISTORY, "GetDurableExecutionHistory", executions::history),
    lambda("POST", EXECUTION_STOP, "StopDurableExecution", executions::stop),
    Route {
        payload: Some("Result"),
        ..lambda(
            "POST",
            CALLBACK_SUCCESS,
            "SendDurableExecutionCallbackSuccess",
            executions::callback_success,
        )
    },
    lambda("POST", CALLBACK_FAILURE, "SendDurableExecutionCallbackFailure", executions::callback_failure),
    lambda(
        "POST",
        CALLBACK_HEARTBEAT,
        "SendDurableExecutionCallbackHeartbeat",
        executions::callback_heartbeat,
    ),
    invocation(INVOCATIONS, "Invoke", "Payload", invoke::buffered),
    invocation(INVOCATIONS_STREAMED, "InvokeWithResponseStream", "Payload", invoke::streamed),
    invocation(INVOCATIONS_ASYNC, "InvokeAsync", "InvokeArgs", invoke::queued),
    lambda("POST", TAGS, "TagResource", tags::tag),
    lambda("DELETE", TAGS, "UntagResource", tags::untag),
    lambda("GET", TAGS, "ListTags", tags::list),
    lambda("POST", MAPPINGS, "CreateEventSourceMapping", mappings::create),
    lambda("GET", MAPPINGS, "ListEventSourceMappings", mappings::list),
    lambda("GET", MAPPING, "GetEventSourceMapping", mappings::get),
    lambda("PUT", MAPPING, "UpdateEventSourceMapping", mappings::update),
    lambda("DELETE", MAPPING, "DeleteEventSourceMapping", mappings::delete),
    lambda("GET", ACCOUNT, "GetAccountSettings", account::get_settings),
    lambda("GET", LAYER_BY_ARN, "GetLayerVersionByArn", layers::get_by_arn),
    lambda("GET", LAYERS, "ListLayers", layers::list),
    lambda("POST", LAYER_VERSIONS, "PublishLayerVersion", layers::publish),
    lambda("GET", LAYER_VERSIONS, "ListLayerVersions", layers::list_versions),
    lambda("GET", LAYER_VERSION, "GetLayerVersion", layers::get),
    lambda("DELETE", LAYER_VERSION, "DeleteLayerVersion", layers::delete),
    lambda("POST", LAYER_POLICY, "AddLayerVersionPermission", layer_policy::add),
    lambda("GET", LAYER_POLICY, "GetLayerVersionPolicy", layer_policy::get),
    lambda("DELETE", LAYER_STATEMENT, "RemoveLayerVersionPermission", layer_policy::remove),
    lambda("POST", CODE_SIGNING, "CreateCodeSigningConfig", code_signing::create),
    lambda("GET", CODE_SIGNING, "ListCodeSigningConfigs", code_signing::list),
    lambda("GET", CODE_SIGNING_CONFIG, "GetCodeSigningConfig", code_signing::get),
    lambda("PUT", CODE_SIGNING_CONFIG, "UpdateCodeSigningConfig", code_signing::update),
    lambda("DELETE", CODE_SIGNING_CONFIG, "DeleteCodeSigningConfig", code_signing::delete),
    lambda("GET", CODE_SIGNING_FUNCTIONS, "ListFunctionsByCodeSigningConfig", code_signing::list_functions),
    lambda("PUT", CODE_SIGNING_LINK, "PutFunctionCodeSigningConfig", code_signing_link::put),
    lambda("GET", CODE_SIGNING_LINK, "GetFunctionCodeSigningConfig", code_signing_link::get),
    lambda("DELETE", CODE_SIGNING_LINK, "DeleteFunctionCodeSigningConfig", code_signing_link::delete),
    provider_write("POST", PROVIDERS, "CreateCapacityProvider", capacity_providers::create),
    provider_read(PROVIDERS, "ListCapacityProviders", capacity_providers::list),
    provider_read(PROVIDER, "GetCapacityProvider", capacity_providers::get),
    provider_write("PUT", PROVIDER, "UpdateCapacityProvider", capacity_providers::update),
    provider_write("DELETE", PROVIDER, "DeleteCapacityProvider", capacity_providers::delete),
    provider_read(
        PROVIDER_VERSIONS,
        "ListFunctionVersionsByCapacityProvider",
        capacity_providers::list_versions,
    ),
    sts("GetCallerIdentity", sts::get_caller_identity),
    sts("AssumeRole", sts::assume_role),
    s3("HEAD", "HeadObject", s3::head),
    s3("GET", "GetObject", s3::get),
    ecr("BatchGetImage", ecr::batch_get_image),
];

/// Finds a REST operation and the parameters in its path.
pub(crate) fn rest(method: &str, path: &str, query: &str) -> Option<(&'static Route, Vec<Parameter>)> {
    let path = path.trim_end_matches('/');
    let mut routes = ROUTES.iter().filter(|route| route.service == "lambda" && route.method == method);
    routes.find_map(|route| parameters(route.path, path, query).map(|found| (route, found)))
}

/// Finds an operation of the query protocol.
pub(crate) fn query(action: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.service == "sts" && route.operation == action)
}

/// Finds an operation on an object of S3.
pub(crate) fn object(method: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.service == "s3" && route.method == method)
}

/// Finds an operation of ECR by the header `X-Amz-Target`.
pub(crate) fn target(header: &str) -> Option<&'static Route> {
    let operation = header.strip_prefix("AmazonEC2ContainerRegistry_V20150921.")?;
    ROUTES.iter().find(|route| route.service == "ecr" && route.operation == operation)
}

fn parameters(pattern: &'static str, path: &str, query: &str) -> Option<Vec<Parameter>> {
    let (pattern, flag) = pattern.split_once('?').map_or((pattern, None), |(path, flag)| (path, Some(flag)));
    if flag.is_some_and(|flag| query.split('&').all(|pair| pair != flag)) {
        return None;
    }
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut found = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(segment), Some(value)) => match parameter(segment) {
                Some(name) if !value.is_empty() => found.push((name, wire::decoded(value))),
                None if segment == value => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_the_operation_and_its_parameter() {
        let found = |method: &str, path: &str| {
            rest(method, path, "").map(|(route, parameters)| (route.operation, parameters))
        };
        assert_eq!(found("GET", "/2015-03-31/functions/"), Some(("ListFunctions", vec![])));
        let get = found("GET", "/2015-03-31/functions/a%3A1");
        assert_eq!(get, Some(("GetFunction", vec![("", "a:1".into())])));
        let update = found("PUT", "/2015-03-31/functions/a/configuration");
        assert_eq!(update, Some(("UpdateFunctionConfiguration", vec![("", "a".into())])));
        let alias = found("GET", "/2015-03-31/functions/a/aliases/live");
        assert_eq!(alias, Some(("GetAlias", vec![("", "a".into()), ("Name", "live".into())])));
        assert_eq!(found("PUT", "/2015-03-31/functions/a"), None);
        assert_eq!(query("AssumeRole").unwrap().operation, "AssumeRole");
        assert_eq!(object("HEAD").unwrap().operation, "HeadObject");
        assert!(target("AmazonEC2ContainerRegistry_V20150921.BatchGetImage").is_some());
    }

    #[test]
    fn the_query_tells_operations_on_one_path_apart() {
        let found = |query: &str| rest("GET", LAYERS, query).unwrap().0.operation;
        assert_eq!(found("find=LayerVersion&Arn=a"), "GetLayerVersionByArn");
        assert_eq!(found("MaxItems=5"), "ListLayers");
    }
}
