//! What is refused, with AWS's codes and texts.

use lambda_sim::AuthError;
use serde_json::{Value, json};

use crate::client::{Bench, FUNCTIONS, ROLE, function};

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
