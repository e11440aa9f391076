//! Each operation on functions, through the real SDK, against the simulator: what is sent, and what is understood.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::{BTreeMap, BTreeSet};

use lambda_operator::aws::Class;
use lambda_operator::function::model::{
    Code, CodeSource, Configuration, Environment, Field, FileSystem, ImageConfig, Logging, PackageType, Vpc,
};
use serde_json::{Value, json};

mod aws_support;
use aws_support::{ACCOUNT, REGION, ROLE, USER, World, archive, map, plain, world, zip};

const EVERY: [Field; 17] = [
    Field::Runtime,
    Field::Role,
    Field::Handler,
    Field::Description,
    Field::Timeout,
    Field::MemorySize,
    Field::EphemeralStorage,
    Field::Environment,
    Field::KmsKeyArn,
    Field::Vpc,
    Field::DeadLetter,
    Field::Tracing,
    Field::Layers,
    Field::FileSystems,
    Field::ImageConfig,
    Field::SnapStart,
    Field::Logging,
];

/// A zip function with everything set that goes together.
fn rich() -> Configuration {
    let layer = |n| format!("arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l{n}:1");
    Configuration {
        description: "what it is for".to_owned(),
        timeout: 30,
        memory_size: 512,
        ephemeral_storage: 1024,
        environment: Environment::Known(map([("KEY", "value"), ("OTHER", "")])),
        kms_key_arn: format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/k"),
        vpc: Vpc {
            subnet_ids: BTreeSet::from(["subnet-a".to_owned(), "subnet-b".to_owned()]),
            security_group_ids: BTreeSet::from(["sg-a".to_owned()]),
            ipv6_allowed_for_dual_stack: true,
        },
        dead_letter_target: format!("arn:aws:sqs:{REGION}:{ACCOUNT}:q"),
        tracing_mode: "Active".to_owned(),
        layers: vec![layer(2), layer(1)],
        file_systems: vec![FileSystem {
            arn: format!("arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-00000000000000000"),
            local_mount_path: "/mnt/data".to_owned(),
            direct_s3_read: None,
        }],
        logging: Logging {
            format: "JSON".to_owned(),
            application_level: Some("DEBUG".to_owned()),
            system_level: Some("WARN".to_owned()),
            group: "elsewhere".to_owned(),
        },
        ..plain("f")
    }
}

fn image_configuration() -> Configuration {
    let image_config = ImageConfig {
        entry_point: vec!["/bin/app".to_owned()],
        command: vec!["serve".to_owned(), "now".to_owned()],
        working_directory: "/srv".to_owned(),
    };
    Configuration { runtime: None, handler: None, image_config, ..plain("f") }
}

fn image(tag: &str) -> Code {
    let uri = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/app:{tag}");
    Code {
        source: CodeSource::Image { uri },
        architecture: "arm64".to_owned(),
        source_kms_key_arn: String::new(),
    }
}

/// The members of the only call since the last look.
async fn sent(world: &World, operation: &str) -> Value {
    let ledger = world.account.ledger().await;
    world.account.clear_ledger().await;
    assert_eq!(ledger.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), [operation]);
    ledger[0].request.clone()
}

#[tokio::test]
async fn what_is_created_reads_back_equal() {
    let world = world().await;
    let (wanted, tags) = (rich(), map([("team", "blue")]));
    let created = world.scope.create_function("f", &wanted, &zip("one"), &tags, USER).await.unwrap();
    assert_eq!(world.calls().await, ["CreateFunction"]);
    assert_eq!(created.configuration, wanted);
    let live = created.live.clone().unwrap();
    assert_eq!((live.state.as_str(), &live.tags), ("Pending", &Ok(tags.clone())));

    let read = world.get("f").await;
    assert_eq!(world.calls().await, ["GetFunction"]);
    assert_eq!(read.configuration, wanted);
    assert_eq!(read.arn, format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"));
    assert_eq!((read.package_type, read.architecture.as_str()), (PackageType::Zip, "x86_64"));
    assert_eq!(read.code_sha256, created.code_sha256);
    let live = read.live.unwrap();
    assert_eq!((live.state.as_str(), live.last_update_status.as_deref()), ("Active", Some("Successful")));
    assert_eq!((live.tags, live.reserved_concurrency), (Ok(tags), None));
}

#[tokio::test]
async fn a_create_leaves_out_what_is_at_its_default() {
    let world = world().await;
    world.scope.create_function("f", &plain("f"), &zip("one"), &BTreeMap::new(), USER).await.unwrap();
    let mut request = sent(&world, "CreateFunction").await;
    request["Code"] = Value::Null;
    assert_eq!(
        request,
        json!({
            "FunctionName": "f", "Role": ROLE, "Runtime": "nodejs22.x", "Handler": "index.handler",
            "PackageType": "Zip", "Architectures": ["x86_64"], "Timeout": 3, "MemorySize": 128, "Code": null,
        })
    );
    assert_eq!(world.get("f").await.configuration, plain("f"));
}

#[tokio::test]
async fn an_image_has_no_runtime_handler_or_layers() {
    let world = world().await;
    let wanted = image_configuration();
    let stray = Configuration {
        runtime: Some("nodejs22.x".to_owned()),
        handler: Some("h".to_owned()),
        ..wanted.clone()
    };
    let created =
        world.scope.create_function("f", &stray, &image("v1"), &BTreeMap::new(), USER).await.unwrap();
    let request = sent(&world, "CreateFunction").await;
    for absent in ["Runtime", "Handler", "Layers", "SnapStart", "EphemeralStorage", "VpcConfig"] {
        assert_eq!(request.get(absent), None, "{absent}");
    }
    assert_eq!(request["PackageType"], "Image");
    assert_eq!(created.configuration, wanted);
    let read = world.get("f").await;
    assert_eq!(
        (&read.configuration, read.package_type, read.architecture.as_str()),
        (&wanted, PackageType::Image, "arm64")
    );
    let live = read.live.unwrap();
    assert!(live.image_uri.unwrap().ends_with("app:v1"));
    assert!(live.resolved_image_uri.unwrap().contains("@sha256:"));
}

#[tokio::test]
async fn code_comes_from_s3_too() {
    let world = world().await;
    let version = world.account.s3_put("b", "k", &archive("content")).await;
    let source = CodeSource::S3 {
        bucket: "b".to_owned(),
        key: "k".to_owned(),
        object_version: Some(version.clone()),
        storage_mode: "COPY".to_owned(),
    };
    let kms = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/code");
    let code = Code { source, architecture: "arm64".to_owned(), source_kms_key_arn: kms.clone() };
    let created = world.scope.create_function("f", &plain("f"), &code, &BTreeMap::new(), USER).await.unwrap();
    let request = sent(&world, "CreateFunction").await;
    assert_eq!(
        request["Code"],
        json!({"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": version, "SourceKMSKeyArn": kms})
    );
    let read = world.get("f").await;
    assert_eq!(read.code_sha256, created.code_sha256);
    assert_eq!(read.live.unwrap().source_kms_key_arn, kms);
}

#[tokio::test]
async fn an_update_sends_exactly_its_fields() {
    let expected = |field| match field {
        Field::Runtime => json!({"Runtime": "nodejs22.x"}),
        Field::Role => json!({"Role": ROLE}),
        Field::Handler => json!({"Handler": "index.handler"}),
        Field::Description => json!({"Description": ""}),
        Field::Timeout => json!({"Timeout": 3}),
        Field::MemorySize => json!({"MemorySize": 128}),
        Field::EphemeralStorage => json!({"EphemeralStorage": {"Size": 512}}),
        Field::Environment => json!({"Environment": {"Variables": {}}}),
        Field::KmsKeyArn => json!({"KMSKeyArn": "", "Environment": {"Variables": {}}}),
        Field::Vpc => {
            json!({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": false}})
        }
        Field::DeadLetter => json!({"DeadLetterConfig": {"TargetArn": ""}}),
        Field::Tracing => json!({"TracingConfig": {"Mode": "PassThrough"}}),
        Field::Layers => json!({"Layers": []}),
        Field::FileSystems => json!({"FileSystemConfigs": []}),
        Field::ImageConfig => json!({"ImageConfig": {}}),
        Field::SnapStart => json!({"SnapStart": {"ApplyOn": "None"}}),
        Field::Logging => json!({"LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}}),
        // A function has them for good: `aws_managed` changes what they say.
        Field::Instances | Field::Durable => json!({}),
    };
    let world = world().await;
    world.function(&plain("f")).await;
    world.account.clear_ledger().await;
    for field in EVERY {
        // Whether AWS would take it for this package type is not the question here.
        drop(world.scope.update_configuration("f", &plain("f"), &BTreeSet::from([field]), None, USER).await);
        assert_eq!(sent(&world, "UpdateFunctionConfiguration").await, expected(field), "{field:?}");
        world.account.settle().await;
    }
}

#[tokio::test]
async fn every_field_can_be_cleared() {
    let world = world().await;
    let before = world.function(&rich()).await;
    assert_eq!(before.configuration, rich());
    let fields: BTreeSet<Field> = EVERY.into_iter().filter(|field| *field != Field::ImageConfig).collect();
    let updated = world
        .scope
        .update_configuration("f", &plain("f"), &fields, Some(&before.revision_id), USER)
        .await
        .unwrap();
    assert_eq!((&updated.configuration, updated.live), (&plain("f"), None));
    world.account.settle().await;
    assert_eq!(world.get("f").await.configuration, plain("f"));
}

#[tokio::test]
async fn each_field_can_be_cleared_alone() {
    let world = world().await;
    world.function(&rich()).await;
    let fields = [
        Field::Description,
        // Before the environment, without which there is no key.
        Field::KmsKeyArn,
        Field::Environment,
        Field::DeadLetter,
        Field::Tracing,
        Field::Layers,
        Field::FileSystems,
        Field::Vpc,
        Field::Logging,
        Field::EphemeralStorage,
    ];
    let mut wanted = rich();
    for field in fields {
        clear(&mut wanted, field);
        let set = BTreeSet::from([field]);
        world.scope.update_configuration("f", &wanted, &set, None, USER).await.unwrap();
        world.account.settle().await;
        assert_eq!(world.get("f").await.configuration, wanted, "{field:?}");
    }
}

fn clear(configuration: &mut Configuration, field: Field) {
    let plain = plain("f");
    match field {
        Field::Description => configuration.description = plain.description,
        Field::Environment => configuration.environment = plain.environment,
        Field::KmsKeyArn => configuration.kms_key_arn = plain.kms_key_arn,
        Field::DeadLetter => configuration.dead_letter_target = plain.dead_letter_target,
        Field::Tracing => configuration.tracing_mode = plain.tracing_mode,
        Field::Layers => configuration.layers = plain.layers,
        Field::FileSystems => configuration.file_systems = plain.file_systems,
        Field::Vpc => configuration.vpc = plain.vpc,
        Field::Logging => configuration.logging = plain.logging,
        Field::EphemeralStorage => configuration.ephemeral_storage = plain.ephemeral_storage,
        _ => unreachable!("{field:?}"),
    }
}

#[tokio::test]
async fn an_image_config_is_replaced_and_cleared_as_a_whole() {
    let world = world().await;
    let mut wanted = image_configuration();
    world.scope.create_function("f", &wanted, &image("v1"), &BTreeMap::new(), USER).await.unwrap();
    world.account.settle().await;
    let fields = BTreeSet::from([Field::ImageConfig]);
    wanted.image_config = ImageConfig { command: vec!["other".to_owned()], ..ImageConfig::default() };
    world.scope.update_configuration("f", &wanted, &fields, None, USER).await.unwrap();
    world.account.settle().await;
    assert_eq!(world.get("f").await.configuration.image_config, wanted.image_config);
    wanted.image_config = ImageConfig::default();
    world.scope.update_configuration("f", &wanted, &fields, None, USER).await.unwrap();
    world.account.settle().await;
    assert_eq!(world.get("f").await.configuration, wanted);
}

#[tokio::test]
async fn an_unknown_environment_is_no_drift_and_is_not_sent() {
    let world = world().await;
    world.function(&rich()).await;
    let error =
        json!({"Environment": {"Error": {"ErrorCode": "KMSAccessDeniedException", "Message": "not yours"}}});
    world.account.edit_function("f", error).await;
    let observed = world.get("f").await;
    assert_eq!(
        observed.configuration.environment,
        Environment::Unknown("KMSAccessDeniedException: not yours".to_owned())
    );
    world.account.clear_ledger().await;
    let fields = BTreeSet::from([Field::KmsKeyArn, Field::Environment, Field::Timeout]);
    let mut wanted = observed.configuration;
    wanted.kms_key_arn = String::new();
    world.scope.update_configuration("f", &wanted, &fields, None, USER).await.unwrap();
    let request = sent(&world, "UpdateFunctionConfiguration").await;
    assert_eq!(request, json!({"KMSKeyArn": "", "Timeout": 30}));
}

#[tokio::test]
async fn a_new_key_takes_the_environment_along() {
    let world = world().await;
    world.function(&rich()).await;
    world.account.clear_ledger().await;
    let key = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/other");
    let wanted = Configuration { kms_key_arn: key.clone(), ..rich() };
    world
        .scope
        .update_configuration("f", &wanted, &BTreeSet::from([Field::KmsKeyArn]), None, USER)
        .await
        .unwrap();
    let request = sent(&world, "UpdateFunctionConfiguration").await;
    assert_eq!(
        request,
        json!({"KMSKeyArn": key, "Environment": {"Variables": {"KEY": "value", "OTHER": ""}}})
    );
}

#[tokio::test]
async fn new_code_is_deployed_with_its_architecture() {
    let world = world().await;
    let before = world.function(&plain("f")).await;
    let code = Code { architecture: "arm64".to_owned(), ..zip("two") };
    world.scope.update_code("f", &code, Some(&before.revision_id), USER).await.unwrap();
    world.account.settle().await;
    let after = world.get("f").await;
    assert_ne!(after.code_sha256, before.code_sha256);
    assert_eq!((after.architecture.as_str(), &after.configuration), ("arm64", &before.configuration));
}

#[tokio::test]
async fn an_old_revision_is_refused() {
    let world = world().await;
    world.function(&plain("f")).await;
    let fields = BTreeSet::from([Field::Timeout]);
    let old = Some("00000000-0000-0000-0000-000000000000");
    let error = world.scope.update_configuration("f", &plain("f"), &fields, old, USER).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Lock, "PreconditionFailedException"));
    let error = world.scope.update_code("f", &zip("two"), old, USER).await.unwrap_err();
    assert_eq!(error.class, Class::Lock);
}

#[tokio::test]
async fn what_is_not_there_reads_as_none_and_deletes_as_done() {
    let world = world().await;
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None);
    world.scope.delete_function("f", USER).await.unwrap();
    assert!(!world.scope.has_versions_or_aliases("f", USER).await.unwrap());
    world.function(&plain("f")).await;
    world.scope.delete_function("f", USER).await.unwrap();
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None);
}

#[tokio::test]
async fn a_second_create_finds_the_first() {
    let world = world().await;
    world.function(&plain("f")).await;
    let answer = world.scope.create_function("f", &plain("f"), &zip("one"), &BTreeMap::new(), USER).await;
    let error = answer.unwrap_err();
    assert_eq!((error.class, error.operation), (Class::AlreadyExists, "CreateFunction"));
    assert!(error.request_id.is_some() && error.message.contains("already exist"), "{error}");
}

#[tokio::test]
async fn a_name_with_a_qualifier_never_reaches_aws() {
    let world = world().await;
    for name in ["f:1", "f:$LATEST", "arn:aws:lambda:eu-west-1:111122223333:function:f", "", "a/b"] {
        let error = world.scope.delete_function(name, USER).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Terminal, "InvalidFunctionName"), "{name}");
    }
    assert_eq!(world.calls().await, Vec::<String>::new());
}

#[tokio::test]
async fn concurrency_is_reserved_and_given_back() {
    let world = world().await;
    world.function(&plain("f")).await;
    for reserved in [0, 5] {
        world.scope.put_concurrency("f", reserved, USER).await.unwrap();
        assert_eq!(world.get("f").await.live.unwrap().reserved_concurrency, Some(reserved));
    }
    let error = world.scope.put_concurrency("f", 901, USER).await.unwrap_err();
    assert_eq!(error.class, Class::Quota, "{error}");
    world.scope.delete_concurrency("f", USER).await.unwrap();
    assert_eq!(world.get("f").await.live.unwrap().reserved_concurrency, None);
}

#[tokio::test]
async fn tags_are_added_and_removed() {
    let world = world().await;
    let arn = world.function(&plain("f")).await.arn;
    world.account.clear_ledger().await;
    world.scope.tag(&arn, &BTreeMap::new(), USER).await.unwrap();
    world.scope.untag(&arn, &[], USER).await.unwrap();
    assert_eq!(world.calls().await, Vec::<String>::new());
    world.scope.tag(&arn, &map([("a", "1"), ("b/c:d", "ü")]), USER).await.unwrap();
    world.scope.tag(&arn, &map([("a", "2")]), USER).await.unwrap();
    assert_eq!(world.get("f").await.live.unwrap().tags, Ok(map([("a", "2"), ("b/c:d", "ü")])));
    world.scope.untag(&arn, &["b/c:d".to_owned(), "none".to_owned()], USER).await.unwrap();
    assert_eq!(world.get("f").await.live.unwrap().tags, Ok(map([("a", "2")])));
}

#[tokio::test]
async fn a_listing_says_all_but_the_live_part() {
    let world = world().await;
    let read = world.function(&rich()).await;
    let (page, next) = world.scope.list_functions(None, USER).await.unwrap();
    let (name, listed) = &page[0];
    assert_eq!((name.as_str(), page.len(), next), ("f", 1, None));
    assert_eq!(listed.live, None);
    assert_eq!((&listed.configuration, &listed.arn), (&read.configuration, &read.arn));
    assert_eq!((&listed.revision_id, &listed.code_sha256), (&read.revision_id, &read.code_sha256));
}

#[tokio::test]
async fn a_listing_has_pages_of_fifty() {
    let world = world().await;
    for n in 0..120 {
        let function = json!({
            "FunctionName": format!("f{n:03}"), "Role": ROLE, "Runtime": "nodejs22.x", "Handler": "i.h",
            "Code": {"S3Bucket": "b", "S3Key": "k"},
        });
        world.account.put_function(function).await;
    }
    let (mut marker, mut sizes, mut names) = (None, Vec::new(), BTreeSet::new());
    loop {
        let (page, next) = world.scope.list_functions(marker, USER).await.unwrap();
        sizes.push(page.len());
        names.extend(page.into_iter().map(|(name, _)| name));
        marker = next;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((sizes, names.len()), (vec![50, 50, 20], 120));
}

#[tokio::test]
async fn an_alias_or_a_version_is_noticed() {
    let world = world().await;
    world.function(&plain("f")).await;
    assert!(!world.scope.has_versions_or_aliases("f", USER).await.unwrap());
    world.account.put_alias("f", json!({"Name": "live", "FunctionVersion": "$LATEST"})).await;
    assert!(world.scope.has_versions_or_aliases("f", USER).await.unwrap());
}

#[tokio::test]
async fn values_of_the_environment_stay_out_of_errors() {
    let world = world().await;
    let text = "1 validation error detected: Value '{KEY=hunter2}' at 'environment.variables' failed";
    world.account.inject(lambda_sim::Fault::error("CreateFunction", 400, "ValidationException", text)).await;
    let environment = Environment::Known(map([("KEY", "hunter2")]));
    let configuration = Configuration { environment, ..plain("f") };
    let answer = world.scope.create_function("f", &configuration, &zip("one"), &BTreeMap::new(), USER).await;
    let error = answer.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error}");
    assert!(error.message.contains("Value '***' at 'environment.variables'"), "{error}");
}
