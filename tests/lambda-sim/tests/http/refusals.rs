//! What is refused, with AWS's codes and texts.

use lambda_sim::AuthError;
use serde_json::{Value, json};

use crate::client::{Bench, FUNCTIONS, ROLE, function};

const CONCURRENCY: &str = "/2017-10-31/functions/hello/concurrency";

fn with(member: &str, value: Value) -> Value {
    let mut request = function("hello");
    request[member] = value;
    request
}

#[tokio::test]
async fn bad_requests_are_refused_and_nothing_is_created() {
    let bench = Bench::start().await;
    let invalid = "InvalidParameterValueException";
    let cases = [
        (with("Timeout", json!(901)), "ValidationException", "at 'timeout' failed to satisfy constraint"),
        (with("Role", json!("r1")), "ValidationException", "at 'role'"),
        (with("Code", json!({"ZipFile": "bm8gemlw"})), invalid, "Could not unzip uploaded file."),
        (with("Code", json!({})), invalid, "Please provide a source for function code."),
        (with("Handler", Value::Null), invalid, "Runtime and Handler are mandatory"),
        (
            with("Runtime", json!("python2.7")),
            invalid,
            "The runtime parameter of python2.7 is no longer supported",
        ),
        (with("Environment", json!({"Variables": {"AWS_REGION": "x"}})), invalid, "reserved keys"),
        (
            with("Environment", json!({"Variables": {"KEY": "x".repeat(5000)}})),
            invalid,
            "exceeded the 4KB limit",
        ),
        (with("Architectures", json!([])), "ValidationException", "length greater than or equal to 1"),
        (
            with("Code", json!({"ImageUri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1"})),
            invalid,
            "Please don't provide ImageUri when the intended function PackageType is Zip.",
        ),
        (with("MemorySize", json!(20000)), invalid, "'MemorySize' value failed to satisfy constraint"),
    ];
    for (request, code, text) in cases {
        let message = bench.create(request).await.refused(400, code);
        assert!(message.contains(text), "{message}");
    }
    assert!(bench.account.functions().await.is_empty());
}

#[tokio::test]
async fn a_second_function_of_the_name_is_refused() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let text = bench.create(function("hello")).await.refused(409, "ResourceConflictException");
    assert_eq!(text, "Function already exist: hello");
}

/// As `test_code_signing_not_found_excs`, `test_function_concurrency_limits` and
/// `test_notfound_and_invalid_routingconfigs` of LocalStack recorded them.
#[tokio::test]
async fn a_few_refusals_have_no_type() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.call("POST", &format!("{FUNCTIONS}/hello/versions"), Some(json!({}))).await.ok();
    let config = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0";
    let weights = json!({"AdditionalVersionWeights": {"1": 0.5}});
    let alias = json!({"Name": "live", "FunctionVersion": "$LATEST", "RoutingConfig": weights});
    let without = [
        bench.get(&format!("/2020-04-22/code-signing-configs/{}", config.replace(':', "%3A"))).await,
        bench.call("PUT", CONCURRENCY, Some(json!({"ReservedConcurrentExecutions": 901}))).await,
        bench.call("POST", &format!("{FUNCTIONS}/hello/aliases"), Some(alias)).await,
    ];
    for refused in without {
        assert!(refused.status >= 400 && refused.body.get("Type").is_none(), "{refused:?}");
    }
    let with = bench.create(function("hello")).await;
    assert_eq!(with.body["Type"], "User");
}

#[tokio::test]
async fn a_negative_reservation_is_named() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let text = |answer: crate::client::Answer| answer.refused(400, "ValidationException");
    let negative =
        text(bench.call("PUT", CONCURRENCY, Some(json!({"ReservedConcurrentExecutions": -1}))).await);
    assert!(negative.contains("Value '-1' at 'reservedConcurrentExecutions'"), "{negative}");
    let absent = text(bench.call("PUT", CONCURRENCY, Some(json!({}))).await);
    assert!(absent.contains("Value null at 'reservedConcurrentExecutions'"), "{absent}");
}

#[tokio::test]
async fn what_is_missing_around_the_function_is_named() {
    let bench = Bench::start().await;
    bench
        .account
        .configure(|settings| {
            settings.missing_roles.insert(ROLE.to_owned());
            settings.missing_buckets.insert("gone".to_owned());
        })
        .await;
    let text = bench.create(function("hello")).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "The role defined for the function cannot be assumed by Lambda.");
    bench.account.configure(|settings| settings.missing_roles.clear()).await;
    let from_s3 = with("Code", json!({"S3Bucket": "gone", "S3Key": "k"}));
    let text = bench.create(from_s3.clone()).await.refused(400, "InvalidParameterValueException");
    assert_eq!(
        text,
        "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does \
         not exist"
    );
    bench.account.configure(|settings| settings.missing_buckets.clear()).await;
    assert_eq!(bench.create(from_s3).await.status, 201);
}

#[tokio::test]
async fn an_unsigned_call_is_refused() {
    let bench = Bench::start().await;
    let response = bench.http.get(format!("{}{FUNCTIONS}", bench.sim.endpoint())).send().await.unwrap();
    crate::client::answer(response).await.refused(403, "MissingAuthenticationTokenException");
}

#[tokio::test]
async fn bad_credentials_fail_every_call() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.auth_error = Some(AuthError::unrecognized_client())).await;
    let text = bench.get(FUNCTIONS).await.refused(403, "UnrecognizedClientException");
    assert_eq!(text, "The security token included in the request is invalid.");
    bench.account.configure(|settings| settings.auth_error = None).await;
    assert_eq!(bench.get(FUNCTIONS).await.status, 200);
}

#[tokio::test]
async fn a_denied_operation_is_refused_in_the_words_of_iam() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.account.patch(json!({"deny": ["UpdateFunctionConfiguration"]})).await;
    let text = bench.update("hello", json!({"Timeout": 4})).await.refused(403, "AccessDeniedException");
    assert_eq!(
        text,
        "User: arn:aws:iam::111122223333:user/AKIA111122223333 is not authorized to perform: \
         lambda:UpdateFunctionConfiguration on resource: arn:aws:lambda:eu-west-1:111122223333:function:hello \
         because no identity-based policy allows the lambda:UpdateFunctionConfiguration action"
    );
    assert_eq!(bench.function("hello").await["Configuration"]["Timeout"], 3);
}

#[tokio::test]
async fn what_is_not_implemented_says_so() {
    let bench = Bench::start().await;
    bench.get("/2015-03-31/nothing").await.refused(404, "UnknownOperationException");
    bench.get(&format!("{FUNCTIONS}/hello/policy")).await.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn tags_that_may_not_be_read_are_an_error_inside_the_answer() {
    let bench = Bench::start().await;
    bench.account.put_function(with("Tags", json!({"a": "b"}))).await;
    bench.account.patch(json!({"deny": ["ListTags"]})).await;
    let read = bench.function("hello").await;
    assert_eq!(read["TagsError"]["ErrorCode"], "AccessDeniedException");
    assert!(read.get("Tags").is_none());
}

#[tokio::test]
async fn each_missing_dependency_has_its_text() {
    let bench = Bench::start().await;
    let (image, layer) = (
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:gone",
        "arn:aws:lambda:eu-west-1:111122223333:layer:gone:1",
    );
    bench
        .account
        .configure(|settings| {
            settings.missing_images.insert(image.to_owned());
            settings.missing_layers.insert(layer.to_owned());
            settings.missing_subnets.insert("subnet-0".to_owned());
            settings.missing_security_groups.insert("sg-0".to_owned());
        })
        .await;
    let vpc = |subnet: &str, group: &str| {
        with("VpcConfig", json!({"SubnetIds": [subnet], "SecurityGroupIds": [group]}))
    };
    let of_image =
        json!({"FunctionName": "hello", "Role": ROLE, "PackageType": "Image", "Code": {"ImageUri": image}});
    let cases = [
        (of_image, format!("Source image {image} does not exist. Provide a valid source image.")),
        (with("Layers", json!([layer])), format!("Layer version {layer} does not exist.")),
        (vpc("subnet-0", "sg-1"), "The subnet ID 'subnet-0' does not exist".to_owned()),
        (vpc("subnet-1", "sg-0"), "The security group 'sg-0' does not exist".to_owned()),
    ];
    for (request, text) in cases {
        let message = bench.create(request).await.refused(400, "InvalidParameterValueException");
        assert!(message.ends_with(&text), "{message}");
    }
}

#[tokio::test]
async fn snap_start_is_refused_where_it_cannot_be() {
    let bench = Bench::start().await;
    let refused = async |change: Value| {
        let mut request = with("SnapStart", json!({"ApplyOn": "PublishedVersions"}));
        for (name, value) in change.as_object().unwrap() {
            request[name.as_str()] = value.clone();
        }
        bench.create(request).await.refused(400, "InvalidParameterValueException")
    };
    let text = refused(json!({"Runtime": "nodejs24.x"})).await;
    assert_eq!(text, "nodejs24.x is not supported for SnapStart enabled functions.");
    let text = refused(json!({"EphemeralStorage": {"Size": 1024}})).await;
    assert_eq!(text, "SnapStart does not support ephemeral storage greater than 512 MB.");
    let efs = "arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-0123456789abcdef0";
    let s3_files = "arn:aws:s3files:eu-west-1:111122223333:file-system/fs-0123456789abcdef0/access-point/fsap-0123456789abcdef0";
    for arn in [efs, s3_files] {
        let text = refused(json!({
            "FileSystemConfigs": [{"Arn": arn, "LocalMountPath": "/mnt/data"}],
            "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        }))
        .await;
        assert_eq!(text, "FileSystemConfig is not supported for SnapStart enabled functions.");
    }
    let image = json!({"ImageUri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1"});
    let of_image = json!({"PackageType": "Image", "Code": image, "Runtime": null, "Handler": null});
    assert_eq!(refused(of_image).await, "ContainerImage is not supported for SnapStart enabled functions.");
}

#[tokio::test]
async fn names_that_cannot_be_are_not_found_or_refused_as_recorded() {
    let bench = Bench::start().await;
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function";
    let long = "a".repeat(65);
    let path = |name: &str| format!("{FUNCTIONS}/{name}");
    for method in ["GET", "DELETE"] {
        let text = bench.call(method, &path(&long), None).await.refused(404, "ResourceNotFoundException");
        assert_eq!(text, format!("Function not found: {arn}:{long}"));
        let bad = bench.call(method, &path("my-function%21"), None).await.refused(400, "ValidationException");
        assert!(
            bad.contains(r"(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"),
            "{bad}"
        );
        let bad = path("my-function?Qualifier=invalid%21");
        let text = bench.call(method, &bad, None).await.refused(400, "ValidationException");
        assert!(text.contains("Value 'invalid!' at 'qualifier' failed"), "{text}");
        let other = path("arn%3Aaws%3Alambda%3Aeu-west-1%3A999999999999%3Afunction%3Ahello");
        let answer = bench.call(method, &other, None).await;
        assert_eq!(answer.body, json!({"Message": null}));
        answer.refused(403, "AccessDeniedException");
    }
    let text = bench.get(&path("hello?Qualifier=%24latest")).await.refused(404, "ResourceNotFoundException");
    assert_eq!(text, format!("Function not found: {arn}:hello:$latest"));
    let refused = async |qualifier: &str| {
        let path = path(&format!("hello?Qualifier={qualifier}"));
        bench.call("DELETE", &path, None).await.refused(400, "InvalidParameterValueException")
    };
    assert_eq!(refused("live").await, "Deletion of aliases is not currently supported.");
    let latest = refused("%24LATEST").await;
    assert_eq!(latest, "$LATEST version cannot be deleted without deleting the function.");
    let text = bench.create(function(&long)).await.refused(400, "InvalidParameterValueException");
    assert!(text.ends_with("Member must have length less than or equal to 64"), "{text}");
}

#[tokio::test]
async fn tags_are_checked_at_their_edges() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let of = |arn: &str| format!("/2017-03-31/tags/{}", arn.replace(':', "%3A").replace('$', "%24"));
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
    let tag = async |arn: &str, tags: Value| bench.call("POST", &of(arn), Some(json!({"Tags": tags}))).await;
    let invalid = "InvalidParameterValueException";
    let text = tag(arn, json!({})).await.refused(400, invalid);
    assert_eq!(text, "An error occurred and the request cannot be processed.");
    let many = |count: usize| (0..count).map(|n| (format!("k{n}"), json!("v"))).collect::<Value>();
    let text = tag(arn, many(51)).await.refused(400, invalid);
    assert_eq!(text, "Number of tags exceeds resource tag limit.");
    assert_eq!(tag(arn, many(50)).await.status, 204);
    tag(arn, json!({"one": "more"})).await.refused(400, invalid);
    assert_eq!(tag(arn, json!({"k0": "changed"})).await.status, 204, "not one more");
    tag(arn, json!({"aws:mine": "v"})).await.refused(400, invalid);
    tag(arn, json!({"k": "v".repeat(257)})).await.refused(400, "ValidationException");
    for qualifier in ["$LATEST", "1"] {
        let text = tag(&format!("{arn}:{qualifier}"), json!({"a": "b"})).await.refused(400, invalid);
        assert!(text.starts_with("Tags on function aliases and versions are not supported."), "{text}");
    }
    let missing = "arn:aws:lambda:eu-west-1:111122223333:function:missing";
    bench.get(&of(missing)).await.refused(404, "ResourceNotFoundException");
    let untag = async |keys: &[String]| {
        let query: Vec<_> = keys.iter().map(|key| format!("tagKeys={key}")).collect();
        bench.call("DELETE", &format!("{}?{}", of(arn), query.join("&")), None).await
    };
    let keys: Vec<_> = (0..51).map(|n| format!("k{n}")).collect();
    let text = untag(&keys).await.refused(400, "ValidationException");
    assert!(text.ends_with(
        "at 'tagKeys' failed to satisfy constraint: Member must have length less than or equal to 50"
    ));
    let text = untag(&[]).await.refused(400, "ValidationException");
    assert!(text.contains("Value null at 'tagKeys'"), "{text}");
    assert_eq!(untag(&keys[..50]).await.status, 204);
    assert_eq!(bench.get(&of(arn)).await.ok(), json!({"Tags": {}}));
}
