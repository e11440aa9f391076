//! What a call is about: the name under which the ledger and faults know it, and its ARN for the texts of IAM.

use serde_json::Value;

use crate::layer::LayerId;
use crate::naming;
use crate::region::Region;
use crate::request::Request;

/// A function, an alias, a layer or a version of it, or a code signing config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    kind: &'static str,
    pub(crate) name: String,
}

impl Subject {
    /// None for calls about a whole account, and for those that are given the name by the answer.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        if request.operation.contains("Layer") {
            return layer(request);
        }
        if let Some((_, id)) = request.label.split_once(":code-signing-config:") {
            return Some(Self { kind: "code-signing-config", name: id.to_owned() });
        }
        let raw = if request.label.is_empty() { request.text("FunctionName")? } else { &request.label };
        let name = naming::bare_name(raw).to_owned();
        Some(Self { kind: "function", name: with_alias(request, name) })
    }

    /// The ARN of it in the caller's account and region.
    pub(crate) fn arn(&self, region: &Region) -> String {
        format!("arn:aws:lambda:{}:{}:{}:{}", region.name, region.account, self.kind, self.name)
    }
}

fn with_alias(request: &Request, function: String) -> String {
    let is_about_alias = request.operation.ends_with("Alias");
    let alias = request.parameter("Name").or_else(|| request.body.get("Name").and_then(Value::as_str));
    match alias.filter(|_| is_about_alias) {
        Some(alias) => format!("{function}:{alias}"),
        None => function,
    }
}

fn layer(request: &Request) -> Option<Subject> {
    let raw = if request.label.is_empty() { request.query("Arn")? } else { &request.label };
    let (name, version) = match LayerId::from_arn(raw) {
        Some((id, version)) => (id.name, version.map(|version| version.to_string())),
        None => (raw.to_owned(), None),
    };
    let version = version.or_else(|| request.parameter("VersionNumber").map(ToOwned::to_owned));
    let name = version.map_or_else(|| name.clone(), |version| format!("{name}:{version}"));
    Some(Subject { kind: "layer", name })
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
        request = Request { operation: "CreateAlias", label: "hello".into(), ..Request::default() };
        request.body.insert("Name".into(), "live".into());
        assert_eq!(named(&request).as_deref(), Some("hello:live"));
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
        let region = Region::new("111122223333", "eu-west-1", crate::AccountSettings::default());
        assert_eq!(subject.arn(&region), arn);
    }
}
