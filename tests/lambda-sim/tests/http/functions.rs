//! The life of a function: created, settled, changed, deleted.

use lambda_sim::{Failure, SettleDelay};
use serde_json::{Value, json};

use crate::client::{Bench, FUNCTIONS, function, zip};

#[tokio::test]
async fn a_new_function_is_pending_and_active_at_the_next_read() {
    let bench = Bench::start().await;
    let created = bench.create(function("hello")).await;
    assert_eq!(created.status, 201);
    let created = created.ok();
    assert_eq!(created["State"], "Pending");
    assert_eq!(created["StateReasonCode"], "Creating");
    assert_eq!(created["StateReason"], "The function is being created.");
    assert!(created.get("LastUpdateStatus").is_none());
    let read = bench.function("hello").await;
    let configuration = &read["Configuration"];
    assert_eq!(configuration["State"], "Active");
    assert_eq!(configuration["LastUpdateStatus"], "Successful");
    assert_ne!(configuration["RevisionId"], created["RevisionId"], "settling gives a new revision");
    assert_eq!(bench.function("hello").await["Configuration"]["RevisionId"], configuration["RevisionId"]);
}

#[tokio::test]
async fn defaults_read_back() {
    let bench = Bench::start().await;
    let read = bench.created("hello").await;
    let configuration = &read["Configuration"];
    assert_eq!(configuration["FunctionArn"], "arn:aws:lambda:eu-west-1:111122223333:function:hello");
    assert_eq!(
        (configuration["Timeout"].as_i64(), configuration["MemorySize"].as_i64()),
        (Some(3), Some(128))
    );
    assert_eq!(configuration["LoggingConfig"], json!({"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"}));
    assert_eq!(configuration["SnapStart"], json!({"ApplyOn": "None", "OptimizationStatus": "Off"}));
    assert_eq!(configuration["Version"], "$LATEST");
    assert_eq!(configuration["CodeSha256"].as_str().unwrap().len(), 44);
    assert!(configuration["LastModified"].as_str().unwrap().ends_with("+0000"));
    for absent in ["Environment", "VpcConfig", "Layers", "KMSKeyArn", "DeadLetterConfig"] {
        assert!(configuration.get(absent).is_none(), "{absent}");
    }
    assert!(read.get("Tags").is_none() && read.get("Concurrency").is_none());
    assert_eq!(read["Code"]["RepositoryType"], "S3");
}

#[tokio::test]
async fn an_update_is_in_progress_and_refuses_others_until_it_is_read() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    let updated = bench.update("hello", json!({"Timeout": 10})).await.ok();
    assert_eq!(updated["LastUpdateStatus"], "InProgress");
    assert_ne!(updated["RevisionId"], before["Configuration"]["RevisionId"]);
    let code = json!({"ZipFile": zip("2")});
    let text = bench.update_code("hello", code.clone()).await.refused(409, "ResourceConflictException");
    assert_eq!(
        text,
        "The operation cannot be performed at this time. An update is in progress for resource: \
         arn:aws:lambda:eu-west-1:111122223333:function:hello"
    );
    let settled = bench.function("hello").await;
    assert_eq!(settled["Configuration"]["LastUpdateStatus"], "Successful");
    assert_eq!(settled["Configuration"]["Timeout"], 10);
    let updated = bench.update_code("hello", code).await.ok();
    assert_ne!(updated["CodeSha256"], settled["Configuration"]["CodeSha256"]);
}

#[tokio::test]
async fn a_pending_function_can_be_deleted_but_not_updated() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.settle_delay(SettleDelay::Hold)).await;
    bench.create(function("hello")).await.ok();
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Pending");
    let text = bench.update("hello", json!({"Timeout": 4})).await.refused(409, "ResourceConflictException");
    assert_eq!(
        text,
        "The operation cannot be performed at this time. The resource \
         arn:aws:lambda:eu-west-1:111122223333:function:hello is currently in the following state: 'Pending'. \
         StateReasonCode: 'Creating'"
    );
    let path = format!("{FUNCTIONS}/hello");
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    let text = bench.get(&path).await.refused(404, "ResourceNotFoundException");
    assert_eq!(text, "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:hello");
    bench.call("DELETE", &path, None).await.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn held_changes_settle_on_command_and_can_fail() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.settle_delay(SettleDelay::Hold)).await;
    bench.create(function("hello")).await.ok();
    let failure = Failure::new("InvalidSubnet", "The subnet is gone");
    bench.account.configure(|settings| settings.fail_create = Some(failure)).await;
    bench.account.settle().await;
    let read = bench.function("hello").await;
    assert_eq!(read["Configuration"]["State"], "Failed");
    assert_eq!(read["Configuration"]["StateReasonCode"], "InvalidSubnet");
}

#[tokio::test]
async fn a_failed_update_keeps_the_function_active_and_can_be_repeated() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let failure = Failure::new("InvalidImage", "no such entry point");
    bench.account.configure(|settings| settings.fail_update = Some(failure)).await;
    bench.update("hello", json!({"Timeout": 4})).await.ok();
    let read = bench.function("hello").await;
    assert_eq!(read["Configuration"]["State"], "Active");
    assert_eq!(read["Configuration"]["LastUpdateStatus"], "Failed");
    assert_eq!(read["Configuration"]["LastUpdateStatusReasonCode"], "InvalidImage");
    bench.account.configure(|settings| settings.fail_update = None).await;
    bench.update("hello", json!({"Timeout": 4})).await.ok();
    assert_eq!(bench.function("hello").await["Configuration"]["LastUpdateStatus"], "Successful");
}

#[tokio::test]
async fn a_stale_revision_is_refused() {
    let bench = Bench::start().await;
    let created = bench.create(function("hello")).await.ok();
    let settled = bench.function("hello").await;
    let stale = json!({"Timeout": 4, "RevisionId": created["RevisionId"]});
    let text = bench.update("hello", stale).await.refused(412, "PreconditionFailedException");
    assert!(text.starts_with("The Revision Id provided does not match the latest Revision Id."), "{text}");
    let fresh = json!({"Timeout": 4, "RevisionId": settled["Configuration"]["RevisionId"]});
    assert_eq!(bench.update("hello", fresh).await.status, 200);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    let request = json!({"ZipFile": zip("2"), "DryRun": true, "Architectures": ["arm64"]});
    let would_be = bench.update_code("hello", request).await.ok();
    assert_ne!(would_be["CodeSha256"], before["Configuration"]["CodeSha256"]);
    assert_eq!(would_be["Architectures"], json!(["arm64"]));
    assert_eq!(bench.function("hello").await, before);
}

#[tokio::test]
async fn an_image_reads_back_its_uri_and_digest() {
    let bench = Bench::start().await;
    let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
    let mut request = json!({"FunctionName": "app", "PackageType": "Image", "Code": {"ImageUri": uri}});
    request["Role"] = crate::client::ROLE.into();
    bench.create(request).await.ok();
    let read = bench.function("app").await;
    let digest = read["Configuration"]["CodeSha256"].as_str().unwrap();
    assert_eq!(digest.len(), 64);
    assert_eq!(read["Code"]["ImageUri"], uri);
    let resolved = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:{digest}");
    assert_eq!(read["Code"]["ResolvedImageUri"], Value::String(resolved));
    assert!(read["Configuration"].get("Runtime").is_none());
    let moved = "a".repeat(64);
    bench.account.image_put(uri, &moved).await;
    let updated = bench.update_code("app", json!({"ImageUri": uri})).await.ok();
    assert_eq!(updated["CodeSha256"], Value::String(moved));
}

#[tokio::test]
async fn tags_and_reserved_concurrency_are_beside_the_configuration() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Ahello";
    let tags = format!("/2017-03-31/tags/{arn}");
    let added = json!({"Tags": {"a": "1", "lambda-operator.io/owner": "x"}});
    assert_eq!(bench.call("POST", &tags, Some(added)).await.status, 204);
    let untag = format!("{tags}?tagKeys=a&tagKeys=missing");
    assert_eq!(bench.call("DELETE", &untag, None).await.status, 204);
    assert_eq!(bench.get(&tags).await.ok(), json!({"Tags": {"lambda-operator.io/owner": "x"}}));
    let concurrency = |version: &str| format!("/{version}/functions/hello/concurrency");
    assert_eq!(bench.get(&concurrency("2019-09-30")).await.ok(), json!({}));
    let zero = json!({"ReservedConcurrentExecutions": 0});
    assert_eq!(bench.call("PUT", &concurrency("2017-10-31"), Some(zero.clone())).await.ok(), zero);
    let read = bench.function("hello").await;
    assert_eq!(read["Tags"], json!({"lambda-operator.io/owner": "x"}));
    assert_eq!(read["Concurrency"], zero);
    assert_ne!(read["Configuration"]["RevisionId"], before["Configuration"]["RevisionId"]);
    assert_eq!(bench.call("DELETE", &concurrency("2017-10-31"), None).await.status, 204);
    assert!(bench.function("hello").await.get("Concurrency").is_none());
    let too_much = json!({"ReservedConcurrentExecutions": 901});
    let refused = bench.call("PUT", &concurrency("2017-10-31"), Some(too_much)).await;
    let text = refused.refused(400, "InvalidParameterValueException");
    assert!(text.ends_with("below its minimum value of [100]."), "{text}");
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_in_progress_all_the_same() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    let updated = bench.update("hello", json!({"Timeout": before["Configuration"]["Timeout"]})).await.ok();
    assert_eq!(updated["LastUpdateStatus"], "InProgress");
    assert_ne!(updated["RevisionId"], before["Configuration"]["RevisionId"]);
    bench.function("hello").await;
    let same = function("hello")["Code"].clone();
    assert_eq!(bench.update_code("hello", same).await.ok()["LastUpdateStatus"], "InProgress");
}

#[tokio::test]
async fn code_too_is_guarded_by_its_revision() {
    let bench = Bench::start().await;
    let created = bench.create(function("hello")).await.ok();
    let settled = bench.function("hello").await;
    let mut request = json!({"ZipFile": zip("2"), "RevisionId": created["RevisionId"]});
    bench.update_code("hello", request.clone()).await.refused(412, "PreconditionFailedException");
    request["RevisionId"] = settled["Configuration"]["RevisionId"].clone();
    assert_eq!(bench.update_code("hello", request).await.status, 200);
}

#[tokio::test]
async fn one_function_settles_without_the_others() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.settle_delay(SettleDelay::Hold)).await;
    for name in ["one", "two"] {
        bench.create(function(name)).await.ok();
    }
    bench.account.settle_function("one").await;
    assert_eq!(bench.function("one").await["Configuration"]["State"], "Active");
    assert_eq!(bench.function("two").await["Configuration"]["State"], "Pending");
}

#[tokio::test]
async fn a_function_answers_to_all_its_names_and_to_latest() {
    let bench = Bench::start().await;
    bench.account.put_function(with_tags("hello")).await;
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
    for name in ["hello", "111122223333:function:hello", "function:hello", arn] {
        let read = bench.function(&name.replace(':', "%3A")).await;
        assert_eq!(read["Configuration"]["FunctionArn"], arn, "{name}");
        assert_eq!(read["Tags"], json!({"a": "b"}));
    }
    let latest = bench.function("hello?Qualifier=%24LATEST").await;
    assert_eq!(latest["Configuration"]["FunctionArn"], format!("{arn}:$LATEST"));
    assert_eq!(latest["Configuration"]["Version"], "$LATEST");
    assert!(latest.get("Tags").is_none(), "tags are shown without a qualifier only");
    assert_eq!(bench.function("hello%3A%24LATEST").await, latest);
}

fn with_tags(name: &str) -> Value {
    let mut request = function(name);
    request["Tags"] = json!({"a": "b"});
    request
}

#[tokio::test]
async fn the_key_of_the_source_is_that_of_the_last_code() {
    let bench = Bench::start().await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/source";
    let mut request = function("hello");
    request["Code"]["SourceKMSKeyArn"] = json!(key);
    bench.create(request).await.ok();
    assert_eq!(bench.function("hello").await["Code"]["SourceKMSKeyArn"], key);
    bench.update_code("hello", json!({"ZipFile": zip("2")})).await.ok();
    assert!(bench.function("hello").await["Code"].get("SourceKMSKeyArn").is_none());
}

#[tokio::test]
async fn the_key_of_the_environment_is_not_saved_while_there_is_none() {
    let bench = Bench::start().await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/environment";
    let mut request = function("hello");
    request["KMSKeyArn"] = json!(key);
    assert!(bench.create(request).await.ok().get("KMSKeyArn").is_none());
    let shown = async || bench.function("hello").await["Configuration"].get("KMSKeyArn").cloned();
    assert_eq!(shown().await, None);
    assert!(bench.get(FUNCTIONS).await.ok()["Functions"][0].get("KMSKeyArn").is_none());
    let environment = json!({"Variables": {"KEY": "value"}});
    bench.update("hello", json!({"Environment": environment})).await.ok();
    assert_eq!(shown().await, None, "it was not kept either");
    bench.update("hello", json!({"Environment": environment, "KMSKeyArn": key})).await.ok();
    assert_eq!(shown().await, Some(json!(key)));
    bench.update("hello", json!({"Environment": {}})).await.ok();
    assert_eq!(shown().await, None);
}
