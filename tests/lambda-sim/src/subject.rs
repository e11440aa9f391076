//! What a call is about: the name under which the ledger and faults know it, and its ARN for the texts of IAM.

use crate::layer::LayerId;
use crate::naming;
use crate::ops::mapping_tags;
use crate::region::Region;
use crate::request::Request;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// One of Lambda's, by the word that its ARN has for it.
    Lambda(&'static str),
    /// An object of S3.
    Object,
    /// A repository of ECR, in the registry that the call names.
    Repository { registry: Option<String> },
}

/// A function, an alias, a layer or a version of it, a code signing config, a capacity provider, an event source mapping,
/// an object of S3 or a repository of ECR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    kind: Kind,
    pub(crate) name: String,
    /// Its ARN, if the call names it by that: with the qualifier of a function, and of another account's layer.
    given_arn: Option<String>,
}

impl Subject {
    fn new(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.to_owned(), given_arn: None }
    }

    /// None for calls about a whole account, and for those that are given the name by the answer.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        match request.operation {
            "HeadObject" | "GetObject" => Some(Self::new(Kind::Object, &request.label)),
            "BatchGetImage" => {
                let registry = request.text("registryId").map(ToOwned::to_owned);
                Some(Self::new(Kind::Repository { registry }, request.text("repositoryName")?))
            }
            operation if operation.contains("Layer") => layer(request),
            operation if operation.contains("CapacityProvider") => capacity_provider(request),
            _ => tagged(request).or_else(|| mapping(request)).or_else(|| function(request)),
        }
    }

    /// The ARN of it, in the caller's account and region unless the call names others.
    pub(crate) fn arn(&self, region: &Region) -> String {
        if let Some(arn) = &self.given_arn {
            return arn.clone();
        }
        let (name, place, account) = (&self.name, &region.name, &region.account);
        match &self.kind {
            Kind::Lambda(kind) => format!("arn:aws:lambda:{place}:{account}:{kind}:{name}"),
            Kind::Object => format!("arn:aws:s3:::{name}"),
            Kind::Repository { registry } => {
                format!("arn:aws:ecr:{place}:{}:repository/{name}", registry.as_ref().unwrap_or(account))
            }
        }
    }
}

/// What is called by its ARN, for its tags or always.
fn tagged(request: &Request) -> Option<Subject> {
    let named = |kind: &'static str| {
        let (_, id) = request.label.split_once(&format!(":{kind}:"))?;
        Some(Subject::new(Kind::Lambda(kind), id))
    };
    named("code-signing-config").or_else(|| named("capacity-provider"))
}

/// By its name, which of a new one is in the body.
fn capacity_provider(request: &Request) -> Option<Subject> {
    let raw = if request.label.is_empty() { request.text("CapacityProviderName")? } else { &request.label };
    let name = raw.rsplit(':').next().unwrap_or(raw);
    Some(Subject::new(Kind::Lambda("capacity-provider"), name))
}

/// By its UUID, or for tags by its ARN. A new mapping has neither: the call is about its function.
fn mapping(request: &Request) -> Option<Subject> {
    let label = request.label.as_str();
    let is_about_mapping = request.operation.ends_with("EventSourceMapping") && !label.is_empty();
    let uuid = mapping_tags::uuid_of(label).or(is_about_mapping.then_some(label))?;
    Some(Subject::new(Kind::Lambda("event-source-mapping"), uuid))
}

fn function(request: &Request) -> Option<Subject> {
    let raw = if request.label.is_empty() { request.text("FunctionName")? } else { &request.label };
    // A durable execution is one of its function.
    let function =
        naming::bare_name(raw.split_once("/durable-execution/").map_or(raw, |(function, _)| function));
    let kind = Kind::Lambda("function");
    if let Some(alias) = alias(request) {
        return Some(Subject::new(kind, &format!("{function}:{alias}")));
    }
    let qualifier = request.query("Qualifier").or_else(|| naming::own_qualifier(raw));
    if let Some(qualifier) = qualifier.filter(|_| is_of_section(request.operation)) {
        return Some(Subject::new(kind, &format!("{function}:{qualifier}")));
    }
    let given_arn = Some(&request.label).filter(|label| label.starts_with("arn:")).cloned();
    Some(Subject { given_arn, ..Subject::new(kind, function) })
}

/// Whether an operation is about what a version or an alias has of its own.
fn is_of_section(operation: &str) -> bool {
    let sections = ["Permission", "Policy", "UrlConfig", "EventInvokeConfig", "RuntimeManagementConfig"];
    let sections = sections.iter().chain(&["ProvisionedConcurrencyConfig", "ScalingConfig"]);
    sections.into_iter().any(|section| operation.contains(section))
}

fn alias(request: &Request) -> Option<&str> {
    let name = request.parameter("Name").or_else(|| request.text("Name"));
    name.filter(|_| request.operation.ends_with("Alias"))
}

fn layer(request: &Request) -> Option<Subject> {
    let raw = if request.label.is_empty() { request.query("Arn")? } else { &request.label };
    let (id, version) = LayerId::from_arn(raw).unzip();
    let version = version.flatten().map(|version| version.to_string());
    let version = version.or_else(|| request.parameter("VersionNumber").map(ToOwned::to_owned));
    let versioned =
        |name: &str| version.as_ref().map_or(name.to_owned(), |version| format!("{name}:{version}"));
    let name = versioned(id.as_ref().map_or(raw, |id| &id.name));
    let given_arn = id.as_ref().map(|id| versioned(&id.to_string()));
    Some(Subject { given_arn, ..Subject::new(Kind::Lambda("layer"), &name) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(request: &Request) -> Option<String> {
        Subject::of(request).map(|subject| subject.name)
    }

    #[test]
    fn functions_and_aliases_are_known_by_their_names() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello:3";
        let mut request = Request { operation: "GetFunction", label: arn.into(), ..Request::default() };
        assert_eq!(named(&request).as_deref(), Some("hello"));
        let label = format!("{arn}/durable-execution/run/0");
        request = Request { operation: "GetDurableExecution", label, ..Request::default() };
        assert_eq!(named(&request).as_deref(), Some("hello"));
        request = Request { operation: "CreateAlias", label: "hello".into(), ..Request::default() };
        request.body.insert("Name".into(), "live".into());
        assert_eq!(named(&request).as_deref(), Some("hello:live"));
        request = Request { operation: "PutFunctionEventInvokeConfig", ..request };
        assert_eq!(named(&request).as_deref(), Some("hello"));
        request.query.push(("Qualifier".into(), "3".into()));
        assert_eq!(named(&request).as_deref(), Some("hello:3"));
        let policy = Request { operation: "GetResourcePolicy", label: arn.into(), ..Request::default() };
        assert_eq!(named(&policy).as_deref(), Some("hello:3"));
        request = Request { operation: "GetAlias", parameters: vec![("Name", "live".into())], ..request };
        assert_eq!(named(&request).as_deref(), Some("hello:live"));
    }

    #[test]
    fn layers_are_known_with_their_version() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:layer:tools:3";
        let query = vec![("Arn".to_owned(), arn.to_owned())];
        let request = Request { operation: "GetLayerVersionByArn", query, ..Request::default() };
        assert_eq!(named(&request).as_deref(), Some("tools:3"));
        let mut request =
            Request { operation: "PublishLayerVersion", label: "tools".into(), ..Request::default() };
        assert_eq!(named(&request).as_deref(), Some("tools"));
        request = Request {
            operation: "DeleteLayerVersion",
            parameters: vec![("VersionNumber", "4".into())],
            ..request
        };
        assert_eq!(named(&request).as_deref(), Some("tools:4"));
        assert_eq!(named(&Request { operation: "ListLayers", ..Request::default() }), None);
    }

    #[test]
    fn a_code_signing_config_is_known_by_its_id_and_denied_by_its_arn() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0";
        let request = Request { operation: "TagResource", label: arn.into(), ..Request::default() };
        let subject = Subject::of(&request).unwrap();
        assert_eq!(subject.name, "csc-0123456789abcdef0");
        assert_eq!(subject.arn(&region()), arn);
    }

    #[test]
    fn a_capacity_provider_is_known_by_its_name() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:capacity-provider:compute";
        let about = |operation, label: &str| Request { operation, label: label.into(), ..Request::default() };
        let mut create = about("CreateCapacityProvider", "");
        create.body.insert("CapacityProviderName".into(), "compute".into());
        let listing = about("ListFunctionVersionsByCapacityProvider", "compute");
        for request in [create, listing, about("TagResource", arn), about("GetCapacityProvider", arn)] {
            let subject = Subject::of(&request).unwrap();
            assert_eq!((subject.name.as_str(), subject.arn(&region()).as_str()), ("compute", arn));
        }
        assert_eq!(named(&about("ListCapacityProviders", "")), None);
    }

    fn region() -> Region {
        Region::new("111122223333", "eu-west-1", crate::AccountSettings::default())
    }

    #[test]
    fn a_mapping_is_known_by_its_uuid_and_a_new_one_by_its_function() {
        let uuid = "01234567-89ab-cdef-0123-456789abcdef";
        let arn = format!("arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:{uuid}");
        let about = |operation, label: &str| Request { operation, label: label.into(), ..Request::default() };
        for request in [about("UpdateEventSourceMapping", uuid), about("TagResource", &arn)] {
            let subject = Subject::of(&request).unwrap();
            assert_eq!((subject.name.as_str(), subject.arn(&region())), (uuid, arn.clone()));
        }
        let mut create = about("CreateEventSourceMapping", "");
        create.body.insert("FunctionName".into(), "hello:live".into());
        assert_eq!(named(&create).as_deref(), Some("hello"));
        assert_eq!(named(&about("ListEventSourceMappings", "")), None);
    }

    #[test]
    fn objects_and_repositories_have_arns_of_their_own() {
        let object = Request { operation: "HeadObject", label: "code/a:1/b".into(), ..Request::default() };
        let object = Subject::of(&object).unwrap();
        assert_eq!(
            (object.name.as_str(), object.arn(&region()).as_str()),
            ("code/a:1/b", "arn:aws:s3:::code/a:1/b")
        );
        let mut image = Request { operation: "BatchGetImage", ..Request::default() };
        image.body.insert("repositoryName".into(), "team/app".into());
        let repository = |account: &str| format!("arn:aws:ecr:eu-west-1:{account}:repository/team/app");
        assert_eq!(Subject::of(&image).unwrap().arn(&region()), repository("111122223333"));
        image.body.insert("registryId".into(), "999999999999".into());
        let subject = Subject::of(&image).unwrap();
        assert_eq!((subject.name.as_str(), subject.arn(&region())), ("team/app", repository("999999999999")));
    }

    #[test]
    fn what_a_call_names_by_its_arn_is_denied_by_that() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:hello:3";
        let request = Request { operation: "GetFunction", label: function.into(), ..Request::default() };
        assert_eq!(Subject::of(&request).unwrap().arn(&region()), function);
        let layer = "arn:aws:lambda:eu-west-1:999999999999:layer:tools";
        let parameters = vec![("VersionNumber", "4".to_owned())];
        let request =
            Request { operation: "GetLayerVersion", label: layer.into(), parameters, ..Request::default() };
        assert_eq!(Subject::of(&request).unwrap().arn(&region()), format!("{layer}:4"));
        let alias = Request {
            operation: "GetAlias",
            parameters: vec![("Name", "live".into())],
            ..Request::default()
        };
        let alias = Request { label: "arn:aws:lambda:eu-west-1:111122223333:function:hello".into(), ..alias };
        assert_eq!(Subject::of(&alias).unwrap().arn(&region()), function.replace(":3", ":live"));
    }
}
