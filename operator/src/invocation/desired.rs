//! From a spec to what is to be invoked: parsed, references resolved. After this the raw object is not touched.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::ResourceExt;
use lambda_operator_crds::{InvocationType, LambdaInvocation, PayloadKey, PayloadSource};

use crate::aws::Invocation;
use crate::engine::kind::{Inputs, Unready};
use crate::engine::usage;
use crate::k8s::references::{ReferenceKey, ReferenceKind};
use crate::mapping::model::FunctionName;

/// How long the answer is waited for when the spec doesn't say: a function runs for 15 minutes at most, and its start and
/// the answer take a moment.
const LONGEST: Duration = Duration::from_secs(15 * 60 + 30);

/// An invocation as it is to be. Deliberately without Debug: the payload may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Desired {
    function: String,
    qualifier: Option<String>,
    /// How it is invoked.
    pub kind: InvocationType,
    payload: String,
    tenant: Option<String>,
    patience: Duration,
    /// Whether the answer and the log are kept.
    pub records: bool,
}

impl Desired {
    /// What is invoked, for people.
    pub fn target(&self) -> String {
        let qualifier = self.qualifier.as_ref().map(|qualifier| format!(":{qualifier}"));
        format!("{}{}", self.function, qualifier.unwrap_or_default())
    }

    /// The call.
    pub fn request(&self) -> Invocation<'_> {
        Invocation {
            function: &self.function,
            qualifier: self.qualifier.as_deref(),
            kind: self.kind.as_str(),
            payload: &self.payload,
            tenant: self.tenant.as_deref(),
            client_context: None,
            durable_name: None,
            with_log: self.records,
            patience: self.patience,
        }
    }
}

/// What the spec names in the cluster.
pub fn references(object: &LambdaInvocation) -> BTreeSet<ReferenceKey> {
    let payload = object.spec.payload_from.as_ref().and_then(|source| payload_key(object, source));
    target_key(object).into_iter().chain(payload.map(|(key, _)| key)).collect()
}

/// The version of a function that the spec names by its number, as [`usage`] knows it.
pub fn uses(object: &LambdaInvocation) -> BTreeSet<String> {
    let (spec, status) = (&object.spec, object.status.as_ref());
    let place = |of: fn(&lambda_operator_crds::LambdaInvocationStatus) -> Option<&str>| status.and_then(of);
    let number = spec.qualifier.as_ref().filter(|qualifier| qualifier.bytes().all(|b| b.is_ascii_digit()));
    let used = match (&spec.function_name, target_key(object), number) {
        (Some(name), _, number) => {
            let name = number.map_or_else(|| name.clone(), |number| format!("{name}:{number}"));
            let (account, region) =
                (place(|status| status.account.as_deref()), place(|status| status.region.as_deref()));
            FunctionName::parse(&name).version(account, region)
        }
        (None, Some(function), Some(number)) => Some(usage::version_of(&function, number)),
        _ => None,
    };
    used.into_iter().collect()
}

/// Parses a LambdaInvocation.
///
/// # Errors
/// What is wrong with the payload, or what the invocation waits for.
pub fn desired(object: &LambdaInvocation, inputs: &Inputs) -> Result<Desired, Unready> {
    let spec = &object.spec;
    let patience = spec.timeout.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    Ok(Desired {
        function: function(object, inputs)?,
        qualifier: spec.qualifier.clone(),
        kind: spec.invocation_type.unwrap_or_default(),
        payload: payload(object, inputs)?,
        tenant: spec.tenant_id.clone(),
        patience: patience.unwrap_or(LONGEST),
        records: spec.record_result.unwrap_or(false),
    })
}

/// Whether a wrong spec stays wrong, whatever changes in the cluster.
pub fn is_self_contained(object: &LambdaInvocation) -> bool {
    object.spec.payload_from.is_none()
}

/// A function is invoked as its spec says it: not while AWS is still at work on that.
fn function(object: &LambdaInvocation, inputs: &Inputs) -> Result<String, Unready> {
    let Some(key) = target_key(object) else {
        return Ok(object.spec.function_name.clone().unwrap_or_default());
    };
    let offer = inputs.usable(&key)?;
    if offer.settled {
        return Ok(offer.arn.clone());
    }
    let (kind, name) = (key.kind.as_str(), &key.object.name);
    Err(Unready::Missing(format!(
        "{kind} {name} is not Ready for its present spec yet; it is invoked once it is."
    )))
}

fn target_key(object: &LambdaInvocation) -> Option<ReferenceKey> {
    let namespace = object.namespace().unwrap_or_default();
    let key = |kind, name: &str| ReferenceKey::new(kind, &namespace, name);
    let function = object.spec.function_ref.as_ref().map(|of| key(ReferenceKind::LambdaFunction, &of.name));
    function.or_else(|| object.spec.alias_ref.as_ref().map(|of| key(ReferenceKind::LambdaAlias, &of.name)))
}

fn payload_key<'a>(
    object: &LambdaInvocation,
    source: &'a PayloadSource,
) -> Option<(ReferenceKey, &'a PayloadKey)> {
    let secret = source.secret_key_ref.as_ref().map(|of| (ReferenceKind::Secret, of));
    let (kind, of) =
        secret.or(source.config_map_key_ref.as_ref().map(|of| (ReferenceKind::ConfigMap, of)))?;
    Some((ReferenceKey::new(kind, &object.namespace().unwrap_or_default(), &of.name), of))
}

fn payload(object: &LambdaInvocation, inputs: &Inputs) -> Result<String, Unready> {
    let (text, origin) = match &object.spec.payload_from {
        Some(source) => stored(object, source, inputs)?,
        None => (object.spec.payload.clone().unwrap_or_default(), "spec.payload".to_owned()),
    };
    if text.is_empty() {
        return Ok(text);
    }
    // The error says where, and nothing of what is there.
    match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        Ok(_) => Ok(text),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let text = format!(
                "{origin} is not JSON: it can't be read from line {line}, column {column} on. Write it as JSON, such as \
                 {{\"order\": 7}}; a text needs quotes of its own."
            );
            Err(Unready::Invalid(text))
        }
    }
}

/// A payload from a Secret or ConfigMap, and where it is from.
fn stored(
    object: &LambdaInvocation,
    source: &PayloadSource,
    inputs: &Inputs,
) -> Result<(String, String), Unready> {
    let Some((key, of)) = payload_key(object, source) else {
        let text = "spec.payloadFrom needs exactly one of secretKeyRef and configMapKeyRef; set one and remove the other.";
        return Err(Unready::Invalid(text.to_owned()));
    };
    let (kind, PayloadKey { name, key: entry }) = (key.kind.as_str(), of);
    let Some(contents) = inputs.get(&key).and_then(Option::as_ref) else {
        let namespace = &key.object.namespace;
        return Err(Unready::Missing(format!(
            "{kind} {name} does not exist in namespace {namespace}. Create it; the invocation starts then."
        )));
    };
    let origin = format!("key {entry} of {kind} {name}");
    match contents.data.get(entry) {
        Some(text) => Ok((text.clone(), origin)),
        None if contents.not_text.contains(entry) => {
            Err(Unready::Invalid(format!("{origin} is not UTF-8 text, and JSON is. Store it as text.")))
        }
        None => Err(Unready::Missing(format!(
            "{kind} {name} has no key {entry}, which is to be the payload. Add the key; the invocation starts then."
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
pub(in crate::invocation) mod tests {
    use std::collections::HashMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::k8s::references::{Contents, Offer, Version};

    pub(in crate::invocation) fn object(spec: Value) -> LambdaInvocation {
        serde_json::from_value(json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaInvocation",
            "metadata": {"name": "once", "namespace": "shop", "generation": 1}, "spec": spec,
        }))
        .unwrap()
    }

    fn key(kind: ReferenceKind, name: &str) -> ReferenceKey {
        ReferenceKey::new(kind, "shop", name)
    }

    fn with_function(settled: bool) -> Inputs {
        let mut inputs = Inputs::new();
        let offer =
            Offer { arn: "arn:aws:lambda:eu-west-1:1:function:hello".into(), settled, ..Offer::default() };
        inputs.insert_offer(key(ReferenceKind::LambdaFunction, "hello"), Some(offer));
        inputs
    }

    fn with_secret(data: &[(&str, &str)]) -> Inputs {
        let mut inputs = Inputs::new();
        let data: HashMap<_, _> = data.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let version = Version { uid: "u".into(), resource_version: "1".into() };
        let contents = Contents { data, not_text: ["binary".to_owned()].into(), version };
        inputs.insert(key(ReferenceKind::Secret, "s"), Some(contents));
        inputs
    }

    fn unready(spec: Value, inputs: &Inputs) -> Unready {
        desired(&object(spec), inputs).err().expect("it isn't ready")
    }

    fn from_secret(entry: &str) -> Value {
        json!({"functionName": "hello", "payloadFrom": {"secretKeyRef": {"name": "s", "key": entry}}})
    }

    #[test]
    fn a_function_alone_is_asked_for_an_answer_to_nothing() {
        let Desired { function, qualifier, kind, payload, tenant, patience, records } =
            desired(&object(json!({"functionName": "hello"})), &Inputs::new()).ok().unwrap();
        assert_eq!((function.as_str(), qualifier, kind), ("hello", None, InvocationType::RequestResponse));
        assert_eq!((payload.as_str(), tenant, patience.as_secs(), records), ("", None, 930, false));
    }

    #[test]
    fn what_the_spec_says_is_what_is_sent() {
        let spec = json!({
            "functionName": "hello", "qualifier": "live", "payload": "{\"n\":1e2}", "tenantId": "blue",
            "invocationType": "Event", "timeout": 7,
        });
        let desired = desired(&object(spec), &Inputs::new()).ok().unwrap();
        assert_eq!(desired.target(), "hello:live");
        let request = desired.request();
        assert_eq!((request.function, request.qualifier, request.kind), ("hello", Some("live"), "Event"));
        assert_eq!((request.payload, request.tenant), ("{\"n\":1e2}", Some("blue")), "as it stands");
        assert!(request.patience.as_secs() == 7 && !request.with_log);
    }

    #[test]
    fn an_object_is_invoked_once_it_is_ready_for_its_present_spec() {
        let spec = || json!({"functionRef": {"name": "hello"}});
        assert!(
            matches!(unready(spec(), &Inputs::new()), Unready::Missing(text) if text.contains("does not exist"))
        );
        let Unready::Missing(text) = unready(spec(), &with_function(false)) else { panic!() };
        assert!(text.starts_with("LambdaFunction hello is not Ready for its present spec"), "{text}");
        let desired = desired(&object(spec()), &with_function(true)).ok().unwrap();
        assert_eq!(desired.target(), "arn:aws:lambda:eu-west-1:1:function:hello");
    }

    #[test]
    fn a_payload_that_is_missing_is_waited_for_by_name() {
        let Unready::Missing(text) = unready(from_secret("k"), &Inputs::new()) else { panic!() };
        assert!(text.starts_with("Secret s does not exist in namespace shop"), "{text}");
        let Unready::Missing(text) = unready(from_secret("k"), &with_secret(&[])) else { panic!() };
        assert!(text.starts_with("Secret s has no key k"), "{text}");
        let desired = desired(&object(from_secret("k")), &with_secret(&[("k", "[1]")])).ok().unwrap();
        assert_eq!(desired.request().payload, "[1]");
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place_and_not_shown() {
        let bad = "{\"password\": hunter2}";
        for (spec, inputs, origin) in [
            (json!({"functionName": "hello", "payload": bad}), Inputs::new(), "spec.payload"),
            (from_secret("k"), with_secret(&[("k", bad)]), "key k of Secret s"),
            (from_secret("binary"), with_secret(&[]), "key binary of Secret s"),
        ] {
            let Unready::Invalid(text) = unready(spec, &inputs) else { panic!("{origin}") };
            assert!(text.starts_with(origin) && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn references_are_the_target_and_the_payload() {
        let mut spec = from_secret("k");
        spec["functionName"] = Value::Null;
        spec["aliasRef"] = json!({"name": "live"});
        let wanted = [key(ReferenceKind::LambdaAlias, "live"), key(ReferenceKind::Secret, "s")];
        assert_eq!(references(&object(spec)), BTreeSet::from(wanted));
    }

    #[test]
    fn a_version_that_is_named_is_in_use() {
        let hello = key(ReferenceKind::LambdaFunction, "hello");
        let used = |spec| uses(&object(spec)).into_iter().next();
        let by_object = json!({"functionRef": {"name": "hello"}, "qualifier": "7"});
        assert_eq!(used(by_object), Some(usage::version_of(&hello, "7")));
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
        let at = usage::version_at("111122223333", "eu-west-1", "hello", "7");
        assert_eq!(used(json!({"functionName": arn, "qualifier": "7"})).as_ref(), Some(&at));
        assert_eq!(used(json!({"functionName": format!("{arn}:7")})), Some(at));
        assert_eq!(used(json!({"functionRef": {"name": "hello"}, "qualifier": "live"})), None);
        assert_eq!(
            used(json!({"functionName": "hello", "qualifier": "7"})),
            None,
            "nobody knows where it is"
        );
    }
}
