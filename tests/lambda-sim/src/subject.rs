//! What a call is about: the name under which the ledger and faults know it, and its ARN for the texts of IAM.

use serde_json::Value;

use crate::naming;
use crate::region::Region;
use crate::request::Request;

/// A function or an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    kind: &'static str,
    pub(crate) name: String,
}

impl Subject {
    /// None for calls about a whole account, and for those that are given the name by the answer.
    pub(crate) fn of(request: &Request) -> Option<Self> {
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
}
