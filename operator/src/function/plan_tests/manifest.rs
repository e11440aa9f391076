//! A function that is taken over by what its manifest says is changed in nothing but ownership tags.

use lambda_operator_crds::{
    Architecture, CommonSpec, ExternalCode, FunctionCode, ImageCode, LambdaFunction, ObjectRef,
};
use serde_json::json;

use super::property::configurations;
use super::*;
use crate::engine::kind::Inputs;
use crate::function::manifest::{Setting, Variables, spec};
use crate::function::model::{Durable, Instances};
use crate::k8s::references::{Contents, Offer, ReferenceKey, ReferenceKind};
use crate::manifest::{changes, owner};
use crate::section::{EventInvoke, Section, Statement, Url, Value};

const SIGNING: &str = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-1";

fn setting() -> Setting {
    Setting {
        common: CommonSpec { adopt: Some(AdoptPolicy::Unowned), ..CommonSpec::default() },
        function_name: None,
        code: FunctionCode { external: Some(ExternalCode {}), ..FunctionCode::default() },
        variables: Variables::Left,
        layers: BTreeMap::from([("l".to_owned(), ObjectRef { name: "layer".into() })]),
        code_signing: BTreeMap::from([(SIGNING.to_owned(), ObjectRef { name: "signing".into() })]),
        providers: BTreeMap::from([("p".to_owned(), ObjectRef { name: "provider".into() })]),
    }
}

/// What the objects offer that a manifest refers to, and a Secret with all variables.
fn inputs(variables: &Environment) -> Inputs {
    let mut inputs = Inputs::new();
    let version = Some("l".to_owned());
    let layer = ReferenceKey::new(ReferenceKind::LambdaLayer, "", "layer");
    inputs.insert_offer(layer, Some(Offer { version, ..Offer::default() }));
    let signing = ReferenceKey::new(ReferenceKind::CodeSigningConfig, "", "signing");
    inputs.insert_offer(signing, Some(Offer { arn: SIGNING.into(), ..Offer::default() }));
    let provider = ReferenceKey::new(ReferenceKind::CapacityProvider, "", "provider");
    inputs.insert_offer(provider, Some(Offer { arn: "p".into(), ..Offer::default() }));
    let contents = Contents {
        data: variables.variables().map(|(name, value)| (name.clone(), value.clone())).collect(),
        not_text: BTreeSet::new(),
        version: crate::k8s::references::Version { uid: String::new(), resource_version: String::new() },
    };
    inputs.insert(ReferenceKey::new(ReferenceKind::Secret, "", "variables"), Some(contents));
    inputs
}

fn object(observed: &Observed, setting: Setting) -> LambdaFunction {
    LambdaFunction::new("hello", spec(observed, setting))
}

fn changed(observed: &Observed, setting: Setting) -> Vec<String> {
    let mut owned = observed.clone();
    let tags = owned.live.as_mut().unwrap().tags.as_mut().unwrap();
    tags.extend(owner().tags());
    changes::<Functions>(&object(observed, setting), &inputs(&observed.configuration.environment), &owned)
}

fn with_sections(values: impl IntoIterator<Item = (Section, Option<Value>)>) -> Observed {
    Observed { sections: Has { values: values.into_iter().collect(), ..Has::default() }, ..observed() }
}

fn url(auth_type: &str) -> (Section, Option<Value>) {
    let url = Url { auth_type: auth_type.into(), invoke_mode: "BUFFERED".into(), ..Url::default() };
    (Section::Url, Some(Value::Url(url)))
}

fn permission(sid: &str, statement: Option<Statement>) -> (Section, Option<Value>) {
    let section = Section::Permission(sid.into());
    (section, statement.map(|statement| Value::Permission(sid.into(), statement)))
}

#[test]
fn what_is_awss_default_is_not_written() {
    let observed = observed();
    let spec = serde_json::to_value(object(&observed, setting()).spec).unwrap();
    let expected = json!({
        "adopt": "Unowned", "code": {"external": {}}, "handler": "index.handler", "runtime": "python3.14",
        "role": "arn:aws:iam::111122223333:role/r",
    });
    assert_eq!(spec, expected);
    assert_eq!(changed(&observed, setting()), Vec::<String>::new());
}

#[test]
fn what_a_url_for_everybody_brings_is_not_written_and_what_it_lacks_stays_so() {
    let [(by_url, one), (invoke, two)] = crate::section::manifest::tests::of_url();
    let whole = with_sections([
        url("NONE"),
        permission(by_url, Some(one.clone())),
        permission(invoke, Some(two.clone())),
    ]);
    let written = object(&whole, setting()).spec;
    assert_eq!((written.sections.permissions, written.common.ignore_drift), (None, None));
    assert_eq!(changed(&whole, setting()), Vec::<String>::new());

    // As the URLs of before October 2025 are.
    let half = with_sections([url("NONE"), permission(by_url, Some(one.clone())), permission(invoke, None)]);
    let written = object(&half, setting()).spec;
    assert_eq!(written.common.ignore_drift, Some(vec![format!("permissions.{invoke}")]));
    assert_eq!(changed(&half, setting()), Vec::<String>::new());

    let other = Statement { source_account: Some("111122223333".into()), ..one.clone() };
    let changed_by_hand = with_sections([
        url("NONE"),
        permission(by_url, Some(other)),
        permission(invoke, Some(Statement { foreign: true, ..Statement::default() })),
    ]);
    let written = object(&changed_by_hand, setting()).spec;
    assert_eq!(written.sections.permissions.unwrap()[0].statement_id, by_url);
    assert_eq!(changed(&changed_by_hand, setting()), Vec::<String>::new());

    let left_over = with_sections([url("AWS_IAM"), permission(by_url, Some(one)), permission(invoke, None)]);
    assert_eq!(object(&left_over, setting()).spec.sections.permissions.unwrap().len(), 1);
    assert_eq!(changed(&left_over, setting()), Vec::<String>::new());

    for unread in [with_sections([url("NONE")]), with_sections([url("AWS_IAM")])] {
        assert_eq!(object(&unread, setting()).spec.common.ignore_drift.unwrap().len(), 2);
        assert_eq!(changed(&unread, setting()), Vec::<String>::new());
    }
}

#[test]
fn every_section_is_written_as_it_is() {
    let invoke = EventInvoke {
        retries: Some(0),
        on_failure: Some("arn:aws:sqs:eu-west-1:1:q".into()),
        ..EventInvoke::default()
    };
    let runtime =
        crate::section::RuntimeManagement::new("Manual", Some("arn:aws:lambda:eu-west-1::runtime:1".into()));
    let statement = Statement {
        action: "lambda:InvokeFunction".into(),
        principal: "s3.amazonaws.com".into(),
        source_arn: Some("arn:aws:s3:::b".into()),
        ..Statement::default()
    };
    let observed = with_sections([
        (Section::EventInvoke, Some(Value::EventInvoke(invoke))),
        (Section::RecursiveLoop, Some(Value::RecursiveLoop("Allow".into()))),
        (Section::RuntimeManagement, runtime.map(Value::RuntimeManagement)),
        permission("s3", Some(statement)),
        permission("by-hand", Some(Statement { foreign: true, ..Statement::default() })),
    ]);
    let spec = serde_json::to_value(object(&observed, setting()).spec).unwrap();
    assert_eq!(spec["eventInvokeConfig"]["maximumRetryAttempts"], 0);
    assert_eq!(
        (&spec["recursiveLoop"], &spec["runtimeManagement"]["updateRuntimeOn"]),
        (&json!("Allow"), &json!("Manual"))
    );
    let permissions =
        json!([{"statementId": "s3", "principal": "s3.amazonaws.com", "sourceArn": "arn:aws:s3:::b"}]);
    assert_eq!(spec["permissions"], permissions);
    assert_eq!(changed(&observed, setting()), Vec::<String>::new());
}

#[test]
fn what_aws_fixes_at_the_creation_is_written_with_what_it_says() {
    let mut observed = observed();
    let on = |provider: &str| {
        let instances =
            Instances { provider: provider.into(), concurrency: Some(8), memory_per_vcpu: Some(2048) };
        Some(instances)
    };
    observed.configuration.instances = on("p");
    observed.configuration.durable = Some(Durable { timeout: 60, retention: 14, kms_key_arn: String::new() });
    observed.configuration.tenant_isolation = "PER_TENANT".into();
    let spec = serde_json::to_value(object(&observed, setting()).spec).unwrap();
    let config = json!({
        "capacityProviderRef": {"name": "provider"}, "perExecutionEnvironmentMaxConcurrency": 8,
        "executionEnvironmentMemoryGiBPerVCpu": 2.0,
    });
    assert_eq!(
        (&spec["capacityProviderConfig"], &spec["durable"]),
        (&config, &json!({"executionTimeout": 60}))
    );
    assert_eq!(spec["tenancyConfig"], json!({"tenantIsolationMode": "PER_TENANT"}));
    assert_eq!(changed(&observed, setting()), Vec::<String>::new());
    observed.configuration.instances = on("another");
    let spec = serde_json::to_value(object(&observed, setting()).spec).unwrap();
    assert_eq!(spec["capacityProviderConfig"]["capacityProviderArn"], "another");
}

#[test]
fn an_image_is_named_by_its_digest() {
    let mut observed = Observed { package_type: PackageType::Image, ..observed() };
    observed.configuration.runtime = None;
    observed.configuration.handler = None;
    let live = observed.live.as_mut().unwrap();
    live.image_uri = Some("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1".into());
    live.resolved_image_uri = Some("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:1".into());
    let uri = live.resolved_image_uri.clone().unwrap();
    let code = FunctionCode { image: Some(ImageCode { uri }), ..FunctionCode::default() };
    assert_eq!(changed(&observed, Setting { code, ..setting() }), Vec::<String>::new());
}

#[test]
fn an_environment_that_can_not_be_decrypted_is_left_alone() {
    let mut observed = observed();
    observed.configuration.environment = Environment::Unknown("AccessDenied: no".into());
    assert_eq!(object(&observed, setting()).spec.common.ignore_drift, Some(vec!["env".to_owned()]));
    assert_eq!(changed(&observed, setting()), Vec::<String>::new());
}

prop_compose! {
    fn functions()(
        configuration in configurations().boxed(), variables in btree_map("[A-C]{2}", "[xy]{0,2}", 0..3), arm: bool, unreadable: bool,
        tags in btree_map("[tu]|aws:x", "[12]", 0..3), reserved in prop::option::of(0..3), text in "|csc|arn",
        tracing in prop::sample::select(vec!["PassThrough", "Active", "Sampled"]), logs in prop::sample::select(vec!["INFO", "WARN"]),
    ) -> Observed {
        let mut observed = observed();
        let vpc = configuration.vpc.clone().normalized();
        observed.configuration = Configuration { tracing_mode: tracing.into(), vpc, ..configuration };
        if observed.configuration.logging.system_level.is_some() {
            observed.configuration.logging.system_level = Some(logs.into());
        }
        observed.configuration.environment = Environment::Known(variables);
        observed.architecture = if arm { "arm64".into() } else { "x86_64".into() };
        observed.unreadable = unreadable.then_some(Field::ImageConfig).into_iter().collect();
        observed.code_signing = Some(if text == "csc" { SIGNING.into() } else { text });
        let live = observed.live.as_mut().unwrap();
        (live.tags, live.reserved_concurrency) = (Ok(tags), reserved);
        observed
    }
}

proptest! {
    #[test]
    fn a_function_that_is_taken_over_by_its_manifest_is_not_changed(
        observed in functions(),
        variables in prop::sample::select(vec![Variables::Left, Variables::Plain, Variables::Secret("variables".into())]),
    ) {
        let setting = Setting { variables, ..setting() };
        let arm = object(&observed, setting.clone()).spec.architectures == Some(vec![Architecture::Arm64]);
        prop_assert_eq!(arm, observed.architecture == "arm64");
        prop_assert_eq!(changed(&observed, setting.clone()), Vec::<String>::new());
        // Before that, it is taken over: nothing is done with it but that.
        let object = object(&observed, setting);
        let desired = Functions::desired(&object, &inputs(&observed.configuration.environment)).unwrap();
        let (status, me) = (LambdaFunctionStatus::default(), me());
        let facts = Facts {
            owner: &me, adopt: object.spec.common.adopt(), observe_only: false, deletion_policy: DeletionPolicy::Delete,
            status: &status, changed: true, retry_due: true, delete_sent: false, in_turn: false,
        };
        prop_assert_eq!(plan(&desired, Some(&observed), &facts).actions, vec![Action::Own { tags: me.tags() }]);
    }
}
