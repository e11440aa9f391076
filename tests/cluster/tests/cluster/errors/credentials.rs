//! Credentials that AWS refuses, permissions that are missing, and an endpoint that doesn't answer.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use lambda_sim::AuthError;
use serde_json::json;
use test_support::eventually;
use tokio::net::{TcpListener, TcpStream};

/// Codes that say that nothing can be done with these credentials, and AWS's texts with them.
/// <https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html>
const CONDEMNING: [(&str, &str); 8] = [
    ("UnrecognizedClientException", "The security token included in the request is invalid."),
    ("ExpiredTokenException", "The security token included in the request is expired"),
    (
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided.",
    ),
    ("MissingAuthenticationTokenException", "Missing Authentication Token"),
    ("IncompleteSignatureException", "The request signature does not conform to AWS standards."),
    ("OptInRequired", "The AWS Access Key Id needs a subscription for the service"),
    ("RequestExpired", "Request has expired."),
    ("InvalidClientTokenId", "The security token included in the request is invalid"),
];

#[tokio::test]
async fn each_code_that_condemns_the_credentials_is_said_and_passes() {
    let world = World::builder("credentials")
        .settings(|settings| {
            settings.rechecks.min = Duration::from_millis(200);
            settings.rechecks.max = Duration::from_millis(200);
        })
        .start()
        .await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    for (memory, (code, text)) in (200..).zip(CONDEMNING) {
        world.aws().configure(|aws| aws.auth_error = Some(AuthError::new(code, text))).await;
        world.apply("hello", function(json!({"memorySize": memory}))).await;
        let object = world.reason("hello", "AccessDenied").await;
        let message = &condition(&object, "Ready").unwrap().message;
        assert!(message.contains(text) && message.contains("credentials"), "{code}: {message}");
        world.aws().configure(|aws| aws.auth_error = None).await;
        world.ready("hello").await;
        assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], memory);
    }
}

#[tokio::test]
async fn bad_credentials_from_the_start_are_said_before_any_call_to_lambda() {
    let world = World::builder("bad-start").without_operator().start().await;
    world.aws().configure(|aws| aws.auth_error = Some(AuthError::unrecognized_client())).await;
    world.apply("hello", function(json!({}))).await;
    let mut world = world;
    world.start_operator();
    let texts = ["GetCallerIdentity", "InvalidClientTokenId", "security token", "mend them"];
    let object = world.problem("hello", "AccessDenied", &texts).await;
    assert_eq!(object.status.unwrap().common.account, None, "nothing is pinned to an unknown account");
    assert!(world.ledger().await.is_empty());
    world.aws().configure(|aws| aws.auth_error = None).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_paused_account_is_probed_once_for_all_objects_and_all_recover() {
    let world = World::builder("paused")
        .settings(|settings| {
            settings.rechecks.min = Duration::from_secs(1);
            settings.rechecks.max = Duration::from_secs(1);
        })
        .start()
        .await;
    let names: Vec<String> = (0..12).map(|number| format!("f{number}")).collect();
    for name in &names {
        world.apply(name, function(json!({}))).await;
    }
    for name in &names {
        world.ready(name).await;
    }
    world.aws().configure(|aws| aws.auth_error = Some(AuthError::expired_token())).await;
    world.aws().clear_ledger().await;
    for name in &names {
        world.apply(name, function(json!({"memorySize": 256}))).await;
    }
    for name in &names {
        world.reason(name, "AccessDenied").await;
    }
    let condemned = world.ledger().await.len();
    eventually(Duration::from_mins(1), "three probes", || async {
        (world.identity_checks().await >= 3).then_some(())
    })
    .await;
    let probes: Vec<u64> =
        world.aws().ledger().await.into_iter().filter(|c| c.service == "sts").map(|c| c.at_ms).collect();
    assert!(probes.windows(2).all(|pair| pair[1] - pair[0] >= 900), "one probe a second for all: {probes:?}");
    assert_eq!(world.ledger().await.len(), condemned, "nothing is sent to Lambda meanwhile");
    assert!(condemned <= names.len(), "each object found out at most once: {condemned}");
    world.aws().configure(|aws| aws.auth_error = None).await;
    for name in &names {
        world.ready(name).await;
        assert_eq!(world.aws().function(name).await.unwrap()["Configuration"]["MemorySize"], 256);
    }
}

#[tokio::test]
async fn a_denied_operation_concerns_only_the_object_that_needs_it() {
    let world = World::start("denied").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world
        .aws()
        .configure(|aws| {
            aws.deny.insert("UpdateFunctionConfiguration".into());
        })
        .await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    let texts = [
        "not authorized to perform: lambda:UpdateFunctionConfiguration",
        "Grant the operator's role this permission",
    ];
    world.problem("hello", "AccessDenied", &texts).await;
    let checks = world.identity_checks().await;
    world.apply("other", function(json!({}))).await;
    world.ready("other").await;
    assert_eq!(world.identity_checks().await, checks, "the credentials themselves are fine");
    world.aws().configure(|aws| aws.deny.clear()).await;
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
}

#[tokio::test]
async fn an_endpoint_where_nothing_listens_is_unavailable_until_something_does() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let world = World::builder("unreachable")
        .settings(|settings| settings.aws.endpoint_url = Some(format!("http://{address}")))
        .start()
        .await;
    world.apply("hello", function(json!({}))).await;
    world.problem("hello", "AWSUnavailable", &["GetCallerIdentity", "ConnectionFailed"]).await;
    let simulator = world.sim.endpoint().trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind(address).await.unwrap();
    let forward = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&simulator).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    world.ready("hello").await;
    forward.abort();
}
