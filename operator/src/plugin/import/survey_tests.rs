//! The reads against the simulator: everything is found, page by page, in as few calls as there can be.

use std::collections::BTreeMap;
use std::sync::Arc;

use lambda_sim::{AccountControl, Fault, FaultError, Section as InAws, Sim};
use serde_json::{Value, json};

use super::export::Packages;
use super::naming::Names;
use super::notes::Notes;
use super::progress::Progress;
use super::survey::Survey;
use super::write::{self, Manifest, Setting};
use super::{EnvPolicy, deliver};
use crate::aws::{Aws, AwsSettings, NoObserver, OpenGate, Scope};
use crate::plugin::output::Format;
use crate::plugin::place::APPLICATION;
use crate::section::Section;

const ACCOUNT: &str = "111122223333";

struct World {
    _sim: Sim,
    account: AccountControl,
    scope: Arc<Scope>,
    notes: Notes,
}

impl World {
    async fn start() -> Self {
        let sim = Sim::start(lambda_sim::Options::default()).await.unwrap();
        let settings = AwsSettings {
            endpoint_url: Some(sim.endpoint()),
            region: Some("eu-west-1".to_owned()),
            quotas_enabled: false,
            application: APPLICATION,
            static_credentials: Some((format!("AKIA{ACCOUNT}"), "secret".to_owned())),
            ..AwsSettings::default()
        };
        let scope = Aws::new(settings, Arc::new(OpenGate), Arc::new(NoObserver)).scope(None).await.unwrap();
        let account = sim.control().account(ACCOUNT, "eu-west-1");
        Self { _sim: sim, account, scope, notes: Notes::default() }
    }

    async fn put(&self, name: &str, extra: Value) {
        let mut function = json!({
            "FunctionName": name, "Role": format!("arn:aws:iam::{ACCOUNT}:role/r"), "Runtime": "python3.14", "Handler": "i.h",
            "Code": {"S3Bucket": "b", "S3Key": "k"},
        });
        function.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.account.put_function(function).await;
    }

    async fn survey(&self, names: &[&str]) -> (Survey, BTreeMap<String, usize>) {
        self.account.clear_ledger().await;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let survey = Survey::of(&self.scope, &names, &self.notes, &Progress::default()).await.unwrap();
        let mut calls = BTreeMap::new();
        for call in self.account.ledger().await {
            assert!(call.is_read(), "{call:?}");
            *calls.entry(call.operation).or_default() += 1;
        }
        (survey, calls)
    }
}

impl World {
    /// The manifests, about which the planner has nothing to say.
    fn written(&self, survey: &Survey, setting: &Setting) -> Vec<Manifest> {
        let manifests = write::all(survey, &Names::of(survey), &Packages::default(), setting, &self.notes);
        assert_eq!(self.notes.texts(), Vec::<String>::new());
        manifests
    }
}

fn counted<const N: usize>(calls: [(&str, usize); N]) -> BTreeMap<String, usize> {
    calls.map(|(operation, number)| (operation.to_owned(), number)).into()
}

#[tokio::test]
async fn every_page_is_read_and_nothing_is_asked_twice() {
    let world = World::start().await;
    for number in 0..55 {
        world.put(&format!("f{number:02}"), json!({})).await;
    }
    for number in 0..120 {
        let (function, queue) =
            (format!("f{:02}", number % 55), format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:q{number}"));
        world.account.put_mapping(json!({"FunctionName": function, "EventSourceArn": queue})).await;
    }
    for number in 0..51 {
        let content = json!({"Content": {"S3Bucket": "b", "S3Key": "k"}});
        world.account.publish_layer(&format!("l{number}"), content).await;
    }
    let (survey, calls) = world.survey(&[]).await;
    assert_eq!((survey.functions.len(), survey.mappings.len(), survey.layers.len()), (55, 120, 51));
    assert!(survey.functions.is_sorted_by(|a, b| a.name < b.name));
    let expected = counted([
        ("GetFunction", 55),
        ("GetFunctionRecursionConfig", 55),
        ("GetPolicy", 55),
        ("GetRuntimeManagementConfig", 55),
        ("ListAliases", 55),
        ("ListCapacityProviders", 1),
        ("ListCodeSigningConfigs", 1),
        ("ListEventSourceMappings", 2),
        ("ListFunctionEventInvokeConfigs", 55),
        ("ListFunctionUrlConfigs", 55),
        ("ListFunctions", 2),
        ("ListLayers", 2),
        ("ListTags", 120),
    ]);
    assert_eq!(calls, expected);
    assert_eq!(world.notes.lost(), 0);
}

impl World {
    /// A function `orders` with everything that hangs on it and that it uses, and others of each beside that. The ARN of its
    /// code-signing configuration.
    async fn orders(&self) -> String {
        let layer = json!({"Content": {"S3Bucket": "b", "S3Key": "k"}});
        for name in ["used", "unused"] {
            self.account.publish_layer(name, layer.clone()).await;
        }
        let layer = format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:used:1");
        for name in ["compute", "unused"] {
            let provider = json!({
                "CapacityProviderName": name, "VpcConfig": {"SubnetIds": ["subnet-a"], "SecurityGroupIds": ["sg-a"]},
                "PermissionsConfig": {"CapacityProviderOperatorRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/capacity")},
            });
            self.account.put_capacity_provider(provider).await;
        }
        let provider = format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:capacity-provider:compute");
        let managed =
            json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": provider}});
        let function = json!({"Layers": [layer], "CapacityProviderConfig": managed, "MemorySize": 2048});
        self.put("orders", function).await;
        self.put("other", json!({})).await;
        let profile = format!("arn:aws:signer:eu-west-1:{ACCOUNT}:/signing-profiles/release/a1b2c3d4e5");
        let signing = json!({"AllowedPublishers": {"SigningProfileVersionArns": [profile]}});
        let signing = [signing.clone(), signing];
        let linked = self.account.put_code_signing_config(signing[0].clone()).await;
        self.account.put_code_signing_config(signing[1].clone()).await;
        self.account.edit_function("orders", json!({"CodeSigningConfigArn": linked})).await;
        for function in ["orders", "other"] {
            let queue = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:{function}");
            self.account.put_mapping(json!({"FunctionName": function, "EventSourceArn": queue})).await;
        }
        self.account.publish_version("orders", None).await;
        self.account.put_alias("orders", json!({"Name": "live", "FunctionVersion": "1"})).await;
        self.account.provision("orders", "live", Some("READY")).await;
        let url = json!({"AuthType": "AWS_IAM", "InvokeMode": "BUFFERED"});
        self.account.set_section("orders", Some("live"), InAws::Url, Some(url)).await;
        self.account.event_invoke("orders", "live", Some(json!({"MaximumRetryAttempts": 0}))).await;
        let permission =
            json!({"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"});
        self.account.put_permission("orders", Some("live"), permission).await;
        linked
    }
}

#[tokio::test]
async fn chosen_functions_come_with_what_belongs_to_them() {
    let world = World::start().await;
    let linked = world.orders().await;
    let (survey, calls) = world.survey(&["orders"]).await;
    let expected = counted([
        ("GetFunction", 1),
        ("GetFunctionRecursionConfig", 1),
        ("GetPolicy", 2),
        ("GetRuntimeManagementConfig", 1),
        ("ListAliases", 1),
        ("ListCapacityProviders", 1),
        ("ListCodeSigningConfigs", 1),
        ("ListEventSourceMappings", 1),
        ("ListFunctionEventInvokeConfigs", 1),
        ("ListFunctionUrlConfigs", 1),
        ("ListFunctionsByCodeSigningConfig", 2),
        ("ListLayers", 1),
        ("ListProvisionedConcurrencyConfigs", 1),
        ("ListTags", 3),
    ]);
    assert_eq!(calls, expected);
    let [function] = &survey.functions[..] else { panic!("{survey:?}") };
    assert_eq!(function.observed.code_signing.as_ref(), Some(&linked));
    let [(alias, observed)] = &function.aliases[..] else { panic!("{function:?}") };
    assert_eq!((alias.as_str(), observed.alias.version.as_str()), ("live", "1"));
    let has = |section: &Section| observed.sections.values[section].is_some();
    let permission = Section::Permission("s3".into());
    for section in [&Section::Url, &Section::EventInvoke, &Section::Provisioned, &permission] {
        assert!(has(section), "{section:?}: {observed:?}");
    }
    assert_eq!(function.observed.sections.values[&Section::Url], None, "the URL is the alias's");
    assert_eq!((survey.mappings.len(), survey.signing.len()), (1, 1));
    assert_eq!(survey.layers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["used"]);
}

#[tokio::test]
async fn what_refers_to_another_refers_to_its_object() {
    let world = World::start().await;
    world.orders().await;
    let (survey, _) = world.survey(&["orders"]).await;
    let manifests =
        world.written(&survey, &Setting { namespace: None, account_ref: None, env: EnvPolicy::Keep });
    let kinds: Vec<&str> = manifests.iter().map(|manifest| manifest.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "CodeSigningConfig",
            "CapacityProvider",
            "LambdaLayer",
            "LambdaFunction",
            "LambdaAlias",
            "EventSourceMapping",
        ]
    );
    let [signing, _, layer, function, alias, mapping] = &manifests[..] else { panic!("{manifests:?}") };
    let spec = &function.object["spec"];
    assert_eq!(spec["codeSigningConfigRef"], json!({"name": signing.name}));
    assert_eq!(spec["layers"], json!([{"layerRef": {"name": layer.name}}]));
    assert_eq!((alias.name.as_str(), mapping.name.as_str()), ("orders-live", "orders-orders"));
    for object in [alias, mapping] {
        assert_eq!(object.object["spec"]["functionRef"], json!({"name": "orders"}));
        assert_eq!(object.object["metadata"], json!({"name": object.name}));
    }
    let yaml = deliver::document(&manifests, Format::Yaml).unwrap();
    assert_eq!(yaml.matches("\n---\n").count(), 5, "{yaml}");

    // A version of the layer that the function doesn't have: it would move if it followed the layer.
    let layer = json!({"Content": {"S3Bucket": "b", "S3Key": "newer"}});
    world.account.publish_layer("used", layer).await;
    let (survey, _) = world.survey(&["orders"]).await;
    let setting =
        Setting { namespace: Some("shop".into()), account_ref: Some("team".into()), env: EnvPolicy::Keep };
    let manifests = world.written(&survey, &setting);
    let [account, .., mapping] = &manifests[..] else { panic!("{manifests:?}") };
    assert_eq!(
        (account.kind.as_str(), &account.object["spec"]["accountId"]),
        ("LambdaAccount", &json!(ACCOUNT))
    );
    assert!(account.object["metadata"]["namespace"].is_null());
    let place = (&mapping.object["metadata"]["namespace"], &mapping.object["spec"]["accountRef"]);
    assert_eq!(place, (&json!("shop"), &json!({"name": "team"})));
    let function = manifests.iter().find(|manifest| manifest.kind == "LambdaFunction").unwrap();
    assert!(function.object["spec"]["layers"][0]["arn"].as_str().unwrap().ends_with("layer:used:1"));
}

#[tokio::test]
async fn what_objects_of_the_operator_have_is_counted_and_left_out() {
    let world = World::start().await;
    let tags = json!({"lambda-operator.io/owner": "c/u", "lambda-operator.io/object": "shop/orders"});
    world.put("ours", json!({"Tags": tags})).await;
    world.put("theirs", json!({})).await;
    let queue = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:q");
    world.account.put_mapping(json!({"FunctionName": "theirs", "EventSourceArn": queue, "Tags": tags})).await;
    let layer = json!({"Content": {"S3Bucket": "b", "S3Key": "k"}, "Description": "x [lambda-operator 0123456789ab]"});
    world.account.publish_layer("ours", layer).await;
    let (survey, calls) = world.survey(&[]).await;
    assert_eq!(survey.functions.len(), 1);
    assert_eq!(survey.owned, [("event source mappings", 1), ("functions", 1), ("layers", 1)].into());
    assert_eq!(calls["ListAliases"], 1, "what is left out isn't read on");
}

#[tokio::test]
async fn what_may_not_be_read_is_told_once_and_left_out() {
    let world = World::start().await;
    for name in ["a", "b"] {
        world.put(name, json!({})).await;
    }
    let denied = ["GetPolicy", "ListLayers", "ListTags"];
    world.account.configure(|aws| aws.deny.extend(denied.map(str::to_owned))).await;
    let (survey, calls) = world.survey(&[]).await;
    assert_eq!((survey.functions.len(), calls["GetPolicy"]), (2, 2));
    assert_eq!(world.notes.lost(), 1, "a kind is missing");
    let said = world.notes.texts();
    assert_eq!(said.len(), 3, "{said:?}");
    for operation in denied {
        assert!(said.iter().any(|text| text.contains(&format!("lambda:{operation}"))), "{said:?}");
    }
    let sections = &survey.functions[0].observed.sections.values;
    assert!(!sections.keys().any(|section| matches!(section, Section::Permission(_))));
    assert!(sections[&Section::RecursiveLoop].is_none());
}

#[tokio::test]
async fn a_throttled_call_is_made_again_and_a_name_that_is_not_there_is_told() {
    let world = World::start().await;
    world.put("a", json!({})).await;
    let throttled = FaultError::throttled();
    world.account.inject(Fault::new("ListAliases", lambda_sim::FaultEffect::Error(throttled)).nth(1)).await;
    let (survey, calls) = world.survey(&["a", "gone"]).await;
    assert_eq!((survey.functions.len(), calls["ListAliases"]), (1, 2));
    assert_eq!(survey.missing, ["gone"]);
}
