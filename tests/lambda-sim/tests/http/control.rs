//! Somebody in the console.

use serde_json::json;

use crate::client::{Bench, FUNCTIONS, function};

#[tokio::test]
async fn edits_are_settled_and_not_in_the_ledger() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    bench.account.clear_ledger().await;
    let changes = json!({
        "MemorySize": 512, "Tags": {"who": "me"}, "ReservedConcurrentExecutions": 5, "CodeSha256": "changed",
        "Environment": {"Variables": {"KEY": "drifted"}},
    });
    bench.account.edit_function("hello", changes).await;
    assert!(bench.account.ledger().await.is_empty());
    let after = bench.function("hello").await;
    assert_eq!(after["Configuration"]["MemorySize"], 512);
    assert_eq!(after["Configuration"]["CodeSha256"], "changed");
    assert_eq!(after["Configuration"]["LastUpdateStatus"], "Successful");
    assert_eq!(after["Tags"], json!({"who": "me"}));
    assert_eq!(after["Concurrency"]["ReservedConcurrentExecutions"], 5);
    assert_ne!(after["Configuration"]["RevisionId"], before["Configuration"]["RevisionId"]);
    bench
        .account
        .edit_function("hello", json!({"ReservedConcurrentExecutions": null, "Environment": null}))
        .await;
    let after = bench.function("hello").await;
    assert!(after.get("Concurrency").is_none() && after["Configuration"].get("Environment").is_none());
}

#[tokio::test]
async fn states_can_be_set() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let state =
        json!({"State": "Inactive", "StateReasonCode": "Idle", "StateReason": "The function is idle."});
    bench.account.edit_function("hello", state).await;
    assert_eq!(bench.function("hello").await["Configuration"]["StateReasonCode"], "Idle");
    let updated = bench.update("hello", json!({"Timeout": 4})).await.ok();
    assert_eq!(
        (updated["State"].as_str(), updated["StateReasonCode"].as_str()),
        (Some("Pending"), Some("Restoring"))
    );
    assert_eq!(updated["LastUpdateStatus"], "InProgress");
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Active");
}

#[tokio::test]
async fn null_is_what_stands_when_nothing_was_said() {
    let bench = Bench::start().await;
    let plain = bench.created("hello").await;
    let changes = json!({
        "Description": "theirs", "Timeout": 9, "MemorySize": 512, "EphemeralStorage": {"Size": 1024},
        "TracingConfig": {"Mode": "Active"}, "LoggingConfig": {"LogFormat": "JSON"}, "Tags": {"a": "b"},
        "SnapStart": {"ApplyOn": "PublishedVersions"}, "Architectures": ["arm64"], "KMSKeyArn": "key",
        "Environment": {"Variables": {"KEY": "value"}}, "Layers": ["arn:aws:lambda:eu-west-1:111122223333:layer:a:1"],
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:111122223333:q"},
        "FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/a"}], "ImageConfig": {"Command": ["a"]},
        "SourceKMSKeyArn": "key", "ReservedConcurrentExecutions": 5, "State": "Inactive",
    });
    bench.account.edit_function("hello", changes.clone()).await;
    let nulls: serde_json::Value =
        changes.as_object().unwrap().keys().map(|name| (name.clone(), serde_json::Value::Null)).collect();
    bench.account.edit_function("hello", nulls).await;
    let mut after = bench.function("hello").await;
    for changing in ["RevisionId", "LastModified"] {
        after["Configuration"][changing] = plain["Configuration"][changing].clone();
    }
    after["Code"]["Location"] = plain["Code"]["Location"].clone();
    assert_eq!(after, plain);
}

#[tokio::test]
async fn looking_does_not_settle() {
    let bench = Bench::start().await;
    bench.create(function("hello")).await.ok();
    assert_eq!(bench.account.function("hello").await.unwrap()["Configuration"]["State"], "Pending");
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Active");
}

#[tokio::test]
async fn functions_can_be_put_and_removed() {
    let bench = Bench::start().await;
    let mut request = function("theirs");
    request["Tags"] = json!({"team": "x"});
    bench.account.put_function(request).await;
    assert_eq!(bench.account.functions().await, ["theirs"]);
    assert_eq!(bench.function("theirs").await["Tags"], json!({"team": "x"}));
    assert!(bench.account.remove_function("theirs").await);
    assert!(!bench.account.remove_function("theirs").await);
    bench.get(&format!("{FUNCTIONS}/theirs")).await.refused(404, "ResourceNotFoundException");
    assert!(bench.account.try_put_function(json!({"FunctionName": "bad"})).await.is_err());
}

#[tokio::test]
async fn code_from_s3_follows_the_object() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let zip = |source: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(crate::client::zip(source)).unwrap()
    };
    let first = bench.account.s3_put("bucket", "key", &zip("1")).await;
    bench.account.s3_put("bucket", "key", &zip("2")).await;
    let newest = bench.update_code("hello", json!({"S3Bucket": "bucket", "S3Key": "key"})).await.ok();
    bench.function("hello").await;
    let of_first = json!({"S3Bucket": "bucket", "S3Key": "key", "S3ObjectVersion": first});
    let older = bench.update_code("hello", of_first).await.ok();
    assert_ne!(newest["CodeSha256"], older["CodeSha256"]);
    bench.account.control().reset().await;
    assert!(bench.account.functions().await.is_empty());
}

#[tokio::test]
async fn commands_can_be_sent_by_hand() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let url = format!("{}/_sim/111122223333/eu-west-1", bench.sim.endpoint());
    let send = |command: &'static str| bench.http.post(&url).body(command).send();
    let edit = r#"{"do": "edit_function", "name": "hello", "changes": {"MemorySize": 512}}"#;
    assert_eq!(send(edit).await.unwrap().status(), 200);
    let inject =
        r#"{"do": "inject", "fault": {"operation": "GetFunction", "times": 1, "effect": "cut_after"}}"#;
    assert_eq!(send(inject).await.unwrap().status(), 200);
    assert!(bench.try_call("GET", &format!("{FUNCTIONS}/hello"), None).await.is_none());
    assert_eq!(bench.function("hello").await["Configuration"]["MemorySize"], 512);
    let slow = r#"{"do": "configure", "settings": {"update_settle": {"after_ms": 3000}}}"#;
    assert_eq!(send(slow).await.unwrap().status(), 200);
    let unknown = r#"{"do": "configure", "settings": {"quota": true}}"#;
    assert_eq!(send(unknown).await.unwrap().status(), 400, "a setting that doesn't exist is a mistake");
    assert_eq!(send(r#"{"do": "dance"}"#).await.unwrap().status(), 400);
}
