//! From `env` and `envFrom` to the environment of a function.

use std::collections::BTreeMap;

use lambda_operator_crds::{EnvFromSource, EnvVar, LambdaFunctionSpec};

use crate::engine::kind::{Inputs, Unready};
use crate::k8s::references::{Contents, ObjectKey, ReferenceKey, ReferenceKind, Version};

/// Names that Lambda sets itself and refuses.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
///
/// Not everything that begins with `AWS_LAMBDA_`: `AWS_LAMBDA_EXEC_WRAPPER`, for one, is the user's to set
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html>). What is missing here AWS refuses itself.
const RESERVED: [&str; 21] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// All variables of a function together, in bytes of the JSON object that AWS measures ("String measured: {…}").
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST_ENVIRONMENT: usize = 4096;

/// Where the value of a variable comes from, so that a change of it is noticed without the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It stands in the spec.
    Spec,
    /// A key of a Secret or ConfigMap at this version.
    Object {
        /// Which kind.
        kind: ReferenceKind,
        /// `metadata.uid` and `metadata.resourceVersion`.
        version: Version,
        /// The key.
        key: String,
    },
}

/// A variable on its way.
struct Variable {
    value: String,
    /// For messages.
    origin: String,
    source: Source,
}

/// An environment. Deliberately without Debug.
pub(super) struct Resolved {
    /// Values by name.
    pub(super) variables: BTreeMap<String, String>,
    /// Where each comes from.
    pub(super) sources: BTreeMap<String, Source>,
}

/// Builds the environment. `env` wins over `envFrom`, a later entry over an earlier one.
pub(super) fn resolve(
    spec: &LambdaFunctionSpec,
    namespace: &str,
    inputs: &Inputs,
) -> Result<Resolved, Unready> {
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for source in spec.env_from.iter().flatten() {
        add_all(source, namespace, inputs, &mut variables)?;
    }
    for variable in spec.env.iter().flatten() {
        if let Some(found) = value_of(variable, namespace, inputs)? {
            variables.insert(variable.name.clone(), found);
        }
    }
    for (name, variable) in &variables {
        check_name(name, &variable.origin)?;
    }
    check_size(&variables)?;
    let (mut values, mut sources) = (BTreeMap::new(), BTreeMap::new());
    for (name, Variable { value, origin: _, source }) in variables {
        values.insert(name.clone(), value);
        sources.insert(name, source);
    }
    Ok(Resolved { variables: values, sources })
}

fn check_size(variables: &BTreeMap<String, Variable>) -> Result<(), Unready> {
    let values: BTreeMap<&String, &String> =
        variables.iter().map(|(name, variable)| (name, &variable.value)).collect();
    let size = serde_json::json!(values).to_string().len();
    let largest = variables.iter().max_by_key(|(_, variable)| variable.value.len());
    match largest {
        Some((name, Variable { value, origin, .. })) if size > LARGEST_ENVIRONMENT => {
            Err(Unready::Invalid(format!(
                "the environment has {size} bytes as JSON, but Lambda allows {LARGEST_ENVIRONMENT} for all variables together. \
             The largest is {name} from {origin} with {} bytes. Move large values into a file of the package, SSM or S3.",
                value.len()
            )))
        }
        _ => Ok(()),
    }
}

fn check_name(name: &str, origin: &str) -> Result<(), Unready> {
    let mut characters = name.chars();
    let starts_well = characters.next().is_some_and(|first| first.is_ascii_alphabetic());
    let goes_on_well = characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    let problem = if RESERVED.contains(&name) {
        "is reserved by Lambda"
    } else if !starts_well || !goes_on_well || name.len() < 2 {
        "is no name that Lambda takes (a letter, then at least one letter, digit or underscore)"
    } else {
        return Ok(());
    };
    Err(Unready::Invalid(format!(
        "the environment variable {name:?} from {origin} {problem}. Rename or remove it."
    )))
}

fn add_all(
    source: &EnvFromSource,
    namespace: &str,
    inputs: &Inputs,
    variables: &mut BTreeMap<String, Variable>,
) -> Result<(), Unready> {
    let prefix = source.prefix.as_deref().unwrap_or_default();
    let (kind, selector) = match (&source.secret_ref, &source.config_map_ref) {
        (Some(selector), None) => (ReferenceKind::Secret, selector),
        (None, Some(selector)) => (ReferenceKind::ConfigMap, selector),
        _ => {
            let text = "an entry of spec.envFrom needs exactly one of secretRef and configMapRef; set one and remove the other";
            return Err(Unready::Invalid(text.into()));
        }
    };
    let Some(contents) = find(kind, &selector.name, namespace, inputs, selector.optional)? else {
        return Ok(());
    };
    if let Some(key) = contents.not_text.first() {
        return Err(not_text(kind, &selector.name, key));
    }
    for (key, value) in &contents.data {
        let origin = format!("spec.envFrom, {} {}, key {key}", kind.as_str(), selector.name);
        let source = Source::Object { kind, version: contents.version.clone(), key: key.clone() };
        let variable = Variable { value: value.clone(), origin, source };
        variables.insert(format!("{prefix}{key}"), variable);
    }
    Ok(())
}

fn value_of(variable: &EnvVar, namespace: &str, inputs: &Inputs) -> Result<Option<Variable>, Unready> {
    let Some(source) = &variable.value_from else {
        let value = variable.value.clone().unwrap_or_default();
        return Ok(Some(Variable { value, origin: "spec.env".into(), source: Source::Spec }));
    };
    let (kind, selector) = match (&source.secret_key_ref, &source.config_map_key_ref) {
        (Some(selector), None) => (ReferenceKind::Secret, selector),
        (None, Some(selector)) => (ReferenceKind::ConfigMap, selector),
        _ => {
            let text = format!(
                "spec.env {}: valueFrom needs exactly one of secretKeyRef and configMapKeyRef; set one and remove the other",
                variable.name
            );
            return Err(Unready::Invalid(text));
        }
    };
    let Some(contents) = find(kind, &selector.name, namespace, inputs, selector.optional)? else {
        return Ok(None);
    };
    let origin = format!("spec.env, {} {}, key {}", kind.as_str(), selector.name, selector.key);
    if contents.not_text.contains(&selector.key) {
        return Err(not_text(kind, &selector.name, &selector.key));
    }
    match contents.data.get(&selector.key) {
        Some(value) => {
            let key = selector.key.clone();
            let source = Source::Object { kind, version: contents.version.clone(), key };
            Ok(Some(Variable { value: value.clone(), origin, source }))
        }
        None if selector.optional == Some(true) => Ok(None),
        None => Err(Unready::Missing(format!(
            "{} {} has no key {}, which the environment variable {} needs. Add the key, or mark the reference as optional.",
            kind.as_str(),
            selector.name,
            selector.key,
            variable.name
        ))),
    }
}

fn not_text(kind: ReferenceKind, name: &str, key: &str) -> Unready {
    Unready::Invalid(format!(
        "{} {name}, key {key}, is not UTF-8 text, so it can't be an environment variable. Store it as text, for example base64.",
        kind.as_str()
    ))
}

fn find<'a>(
    kind: ReferenceKind,
    name: &str,
    namespace: &str,
    inputs: &'a Inputs,
    optional: Option<bool>,
) -> Result<Option<&'a Contents>, Unready> {
    let object = ObjectKey { namespace: namespace.to_owned(), name: name.to_owned() };
    match inputs.get(&ReferenceKey { kind, object }).and_then(Option::as_ref) {
        Some(contents) => Ok(Some(contents)),
        None if optional == Some(true) => Ok(None),
        None => Err(Unready::Missing(format!(
            "{} {name} does not exist in namespace {namespace}. Create it, or mark the reference as optional.",
            kind.as_str()
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[expect(clippy::needless_pass_by_value, reason = "takes `json!` as it is written")]
    fn spec(text: serde_json::Value) -> LambdaFunctionSpec {
        let mut all = serde_json::json!({"role": "r", "code": {"external": {}}});
        all.as_object_mut().unwrap().extend(text.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn inputs(kind: ReferenceKind, name: &str, data: &[(&str, &str)]) -> Inputs {
        let mut inputs = Inputs::new();
        add(&mut inputs, kind, name, data);
        inputs
    }

    fn invalid(result: Result<Resolved, Unready>) -> String {
        match result {
            Err(Unready::Invalid(text) | Unready::Missing(text)) => text,
            Ok(resolved) => panic!("expected an error, got {:?}", resolved.variables.keys()),
        }
    }

    fn add(inputs: &mut Inputs, kind: ReferenceKind, name: &str, data: &[(&str, &str)]) {
        let contents = Contents {
            data: data.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            not_text: BTreeSet::from(["blob".to_owned()]).into_iter().filter(|_| name == "binary").collect(),
            version: Version { uid: "u".into(), resource_version: "1".into() },
        };
        inputs.insert(ReferenceKey::new(kind, "shop", name), Some(contents));
    }

    #[test]
    fn env_wins_over_env_from_and_later_over_earlier() {
        let mut all = inputs(ReferenceKind::Secret, "one", &[("AA", "1"), ("BB", "1"), ("CC", "1")]);
        add(&mut all, ReferenceKind::ConfigMap, "two", &[("BB", "2"), ("CC", "2")]);
        let spec = spec(serde_json::json!({
            "envFrom": [{"secretRef": {"name": "one"}}, {"configMapRef": {"name": "two"}}],
            "env": [{"name": "CC", "value": "3"}],
        }));
        let Resolved { variables, sources } = resolve(&spec, "shop", &all).unwrap_or_else(|_| panic!());
        assert!(
            matches!(&sources["BB"], Source::Object { kind: ReferenceKind::ConfigMap, key, .. } if key == "BB")
        );
        assert_eq!(sources["CC"], Source::Spec);
        let values: Vec<&str> = variables.values().map(String::as_str).collect();
        assert_eq!(values, ["1", "2", "3"]);
    }

    #[test]
    fn a_missing_secret_or_key_is_named_unless_optional() {
        let missing = spec(
            serde_json::json!({"env": [{"name": "AA", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw"}}}]}),
        );
        assert!(
            invalid(resolve(&missing, "shop", &Inputs::new()))
                .contains("Secret db does not exist in namespace shop")
        );
        let there = inputs(ReferenceKind::Secret, "db", &[]);
        assert!(invalid(resolve(&missing, "shop", &there)).contains("Secret db has no key pw"));
        let optional = spec(
            serde_json::json!({"env": [{"name": "AA", "valueFrom": {"secretKeyRef": {"name": "db", "key": "pw", "optional": true}}}]}),
        );
        assert!(
            resolve(&optional, "shop", &Inputs::new()).is_ok_and(|resolved| resolved.variables.is_empty())
        );
    }

    #[test]
    fn a_bad_or_reserved_key_names_its_source() {
        let spec_from = spec(serde_json::json!({"envFrom": [{"secretRef": {"name": "db"}}]}));
        let text =
            invalid(resolve(&spec_from, "shop", &inputs(ReferenceKind::Secret, "db", &[("my-key", "v")])));
        assert!(text.contains("\"my-key\"") && text.contains("Secret db"), "{text}");
        let text = invalid(resolve(
            &spec_from,
            "shop",
            &inputs(ReferenceKind::Secret, "db", &[("AWS_REGION", "v")]),
        ));
        assert!(text.contains("reserved"), "{text}");
    }

    #[test]
    fn names_of_lambda_are_reserved_unless_they_are_for_the_user_to_set() {
        let resolved = |name: &str| {
            resolve(&spec(serde_json::json!({"env": [{"name": name, "value": "v"}]})), "shop", &Inputs::new())
        };
        for name in
            ["AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN", "_HANDLER"]
        {
            assert!(invalid(resolved(name)).contains("is reserved by Lambda"), "{name}");
        }
        assert!(resolved("AWS_LAMBDA_EXEC_WRAPPER").is_ok());
    }

    #[test]
    fn more_than_4_kb_names_the_largest_and_no_value() {
        let spec = spec(serde_json::json!({"env": [{"name": "BIG", "value": "x".repeat(4094)}]}));
        let text = invalid(resolve(&spec, "shop", &Inputs::new()));
        assert!(text.contains("BIG from spec.env with 4094 bytes") && !text.contains("xxx"), "{text}");
    }

    #[test]
    fn the_environment_is_measured_as_aws_does() {
        let of =
            |value: usize| spec(serde_json::json!({"env": [{"name": "BIG", "value": "x".repeat(value)}]}));
        let room = 4096 - r#"{"BIG":""}"#.len();
        assert!(resolve(&of(room), "shop", &Inputs::new()).is_ok());
        assert!(invalid(resolve(&of(room + 1), "shop", &Inputs::new())).contains("4097 bytes as JSON"));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let spec = spec(serde_json::json!({"envFrom": [{"secretRef": {"name": "binary"}}]}));
        assert!(
            invalid(resolve(&spec, "shop", &inputs(ReferenceKind::Secret, "binary", &[])))
                .contains("key blob")
        );
    }
}
