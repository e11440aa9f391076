//! Which operation a call is: the table of methods and paths, as in the model of the API, with the quota that
//! each operation draws on and the handler that implements it.

use crate::ops::{
    account, aliases, concurrency, ecr, functions, lists, mappings, policy, s3, sts, tags, updates, versions,
};
use crate::quota::Quota;
use crate::request::Handler;
use crate::wire;

/// One operation.
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    pub(crate) service: &'static str,
    method: &'static str,
    /// With `{}` for the one parameter. Other services than Lambda are routed without it.
    path: &'static str,
    pub(crate) quota: Quota,
    pub(crate) handler: Handler,
}

const fn lambda(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    handler: Handler,
) -> Route {
    Route { operation, service: "lambda", method, path, quota: Quota::Rest, handler }
}

const fn sts(operation: &'static str, handler: Handler) -> Route {
    Route { operation, service: "sts", method: "POST", path: "/", quota: Quota::Unlimited, handler }
}

const fn s3(method: &'static str, operation: &'static str, handler: Handler) -> Route {
    Route { operation, service: "s3", method, path: "/{}", quota: Quota::Unlimited, handler }
}

const fn ecr(operation: &'static str, handler: Handler) -> Route {
    Route { operation, service: "ecr", method: "POST", path: "/", quota: Quota::Unlimited, handler }
}

const FUNCTIONS: &str = "/2015-03-31/functions";
const FUNCTION: &str = "/2015-03-31/functions/{}";
const CONFIGURATION: &str = "/2015-03-31/functions/{}/configuration";
const CODE: &str = "/2015-03-31/functions/{}/code";
const VERSIONS: &str = "/2015-03-31/functions/{}/versions";
const ALIASES: &str = "/2015-03-31/functions/{}/aliases";
const POLICY: &str = "/2015-03-31/functions/{}/policy";
const CONCURRENCY: &str = "/2017-10-31/functions/{}/concurrency";
const GET_CONCURRENCY: &str = "/2019-09-30/functions/{}/concurrency";
const TAGS: &str = "/2017-03-31/tags/{}";
const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
const MAPPING: &str = "/2015-03-31/event-source-mappings/{}";
const ACCOUNT: &str = "/2016-08-19/account-settings";

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
    Route { quota: Quota::GetPolicy, ..lambda("GET", POLICY, "GetPolicy", policy::get) },
    lambda("PUT", CONCURRENCY, "PutFunctionConcurrency", concurrency::put),
    lambda("DELETE", CONCURRENCY, "DeleteFunctionConcurrency", concurrency::delete),
    lambda("GET", GET_CONCURRENCY, "GetFunctionConcurrency", concurrency::get),
    lambda("POST", TAGS, "TagResource", tags::tag),
    lambda("DELETE", TAGS, "UntagResource", tags::untag),
    lambda("GET", TAGS, "ListTags", tags::list),
    lambda("POST", MAPPINGS, "CreateEventSourceMapping", mappings::create),
    lambda("GET", MAPPINGS, "ListEventSourceMappings", mappings::list),
    lambda("GET", MAPPING, "GetEventSourceMapping", mappings::get),
    lambda("PUT", MAPPING, "UpdateEventSourceMapping", mappings::update),
    lambda("DELETE", MAPPING, "DeleteEventSourceMapping", mappings::delete),
    lambda("GET", ACCOUNT, "GetAccountSettings", account::get_settings),
    sts("GetCallerIdentity", sts::get_caller_identity),
    sts("AssumeRole", sts::assume_role),
    s3("HEAD", "HeadObject", s3::head),
    s3("GET", "GetObject", s3::get),
    ecr("BatchGetImage", ecr::batch_get_image),
];

/// Finds a REST operation and the parameter in its path.
pub(crate) fn rest(method: &str, path: &str) -> Option<(&'static Route, String)> {
    let path = path.trim_end_matches('/');
    let mut routes = ROUTES.iter().filter(|route| route.service == "lambda" && route.method == method);
    routes.find_map(|route| label(route.path, path).map(|label| (route, label)))
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

fn label(pattern: &str, path: &str) -> Option<String> {
    let Some((before, after)) = pattern.split_once("{}") else {
        return (pattern == path).then(String::new);
    };
    let label = path.strip_prefix(before)?.strip_suffix(after)?;
    (!label.is_empty() && !label.contains('/')).then(|| wire::decoded(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_the_operation_and_its_parameter() {
        let found =
            |method: &str, path: &str| rest(method, path).map(|(route, label)| (route.operation, label));
        assert_eq!(found("GET", "/2015-03-31/functions/"), Some(("ListFunctions", String::new())));
        assert_eq!(found("GET", "/2015-03-31/functions/a%3A1"), Some(("GetFunction", "a:1".into())));
        let update = found("PUT", "/2015-03-31/functions/a/configuration");
        assert_eq!(update, Some(("UpdateFunctionConfiguration", "a".into())));
        assert_eq!(found("PUT", "/2015-03-31/functions/a"), None);
        assert_eq!(query("AssumeRole").unwrap().operation, "AssumeRole");
        assert_eq!(object("HEAD").unwrap().operation, "HeadObject");
        assert!(target("AmazonEC2ContainerRegistry_V20150921.BatchGetImage").is_some());
    }
}
