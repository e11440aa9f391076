//! What packages are made from, over HTTP: S3 and ECR, outside Lambda's quota.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod aws_support;

use std::sync::Arc;
use std::time::Duration;

use aws_support::{USER, World, archive, world, world_with};
use lambda_operator::aws::{AwsError, CallObserver, CallRecord, Class};
use lambda_operator::source::{Found, Identity, NamedSource};
use lambda_sim::{AuthError, Fault, FaultEffect};
use parking_lot::Mutex;
use serde_json::json;

const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";

fn object(bucket: &str, key: &str) -> NamedSource {
    let s3 = serde_json::from_value(json!({"bucket": bucket, "key": key})).unwrap();
    NamedSource::object(&s3).unwrap()
}

async fn look(world: &World, source: &NamedSource) -> Result<Found, AwsError> {
    world.scope.look_at(source).await
}

async fn identity(world: &World, source: &NamedSource) -> Identity {
    look(world, source).await.unwrap().identity
}

#[tokio::test]
async fn an_object_is_known_by_its_version_or_its_etag() {
    let world = world().await;
    world
        .account
        .configure(|settings| {
            settings.unversioned_buckets.insert("flat".into());
        })
        .await;
    world.account.s3_put("flat", "team/a b+c.zip", b"1").await;
    world.account.s3_put("deep", "team/a b+c.zip", b"1").await;
    let (flat, deep) = (object("flat", "team/a b+c.zip"), object("deep", "team/a b+c.zip"));
    let before = identity(&world, &flat).await;
    assert!(matches!(before, Identity::Etag(_)), "{before:?}");
    assert_eq!(identity(&world, &deep).await, Identity::Version("v1".into()));
    world.account.s3_put("flat", "team/a b+c.zip", b"2").await;
    world.account.s3_put("deep", "team/a b+c.zip", b"2").await;
    assert_ne!(identity(&world, &flat).await, before);
    assert_eq!(identity(&world, &deep).await, Identity::Version("v2".into()));
    assert_eq!(world.calls().await, ["HeadObject"; 4]);
}

#[tokio::test]
async fn a_checksum_is_the_hash_that_lambda_will_report() {
    let world = world().await;
    world
        .account
        .configure(|settings| {
            settings.checksummed_buckets.insert("summed".into());
        })
        .await;
    for bucket in ["summed", "plain"] {
        world.account.s3_put(bucket, "k", &archive("one")).await;
    }
    let checksum = look(&world, &object("summed", "k")).await.unwrap().code_sha256;
    assert_eq!(look(&world, &object("plain", "k")).await.unwrap().code_sha256, None);
    let created = world.function(&aws_support::plain("f")).await;
    assert_eq!(checksum, Some(created.code_sha256), "the same archive, uploaded");
}

#[tokio::test]
async fn a_tag_is_known_by_its_digest() {
    let world = world().await;
    let source = NamedSource::image(IMAGE).unwrap();
    for digit in ["1", "2"] {
        let digest = digit.repeat(64);
        world.account.image_put(IMAGE, &digest).await;
        let found = look(&world, &source).await.unwrap();
        assert_eq!(found.identity, Identity::Digest(format!("sha256:{digest}")));
        assert_eq!(found.code_sha256, Some(digest));
    }
    let sent = world.account.ledger().await.remove(0);
    assert_eq!((sent.service.as_str(), sent.region.as_str()), ("ecr", "eu-west-1"));
    assert_eq!(
        sent.request,
        json!({"registryId": "111122223333", "repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]})
    );
}

#[tokio::test]
async fn a_registry_of_another_region_is_asked_there() {
    let world = world().await;
    let uri = "999988887777.dkr.ecr.us-east-1.amazonaws.com/app:v1";
    drop(look(&world, &NamedSource::image(uri).unwrap()).await);
    let ledger = world.sim.control().ledger().await;
    let sent = ledger.iter().find(|call| call.service == "ecr").unwrap();
    assert_eq!((sent.region.as_str(), &sent.request["registryId"]), ("us-east-1", &json!("999988887777")));
}

#[tokio::test]
async fn what_is_missing_is_a_missing_dependency_by_its_name() {
    let world = world().await;
    world
        .account
        .configure(|settings| {
            settings.missing_keys.insert("b/k".into());
            settings.missing_buckets.insert("nowhere".into());
            settings.missing_images.insert(IMAGE.into());
        })
        .await;
    let image = NamedSource::image(IMAGE).unwrap();
    for (source, text) in [
        (&object("b", "k"), "s3://b/k doesn't exist"),
        (&object("nowhere", "k"), "s3://nowhere/k doesn't exist"),
        (
            &image,
            "the repository team/app of registry 111122223333 in eu-west-1 has no image with the tag v1",
        ),
    ] {
        let error = look(&world, source).await.unwrap_err();
        assert_eq!((error.class, error.message.as_str()), (Class::DependencyMissing, text));
    }
    world
        .account
        .configure(|settings| {
            settings.missing_repositories.insert("team/app".into());
        })
        .await;
    let error = look(&world, &image).await.unwrap_err();
    assert_eq!(error.class, Class::DependencyMissing);
    assert!(
        error.message.contains("repository team/app") && error.message.contains("doesn't exist"),
        "{error}"
    );
}

#[tokio::test]
async fn a_refusal_concerns_the_source_and_not_the_credentials() {
    let world = world().await;
    world
        .account
        .configure(|settings| settings.deny.extend(["GetObject", "BatchGetImage"].map(String::from)))
        .await;
    for source in [object("b", "k"), NamedSource::image(IMAGE).unwrap()] {
        assert_eq!(look(&world, &source).await.unwrap_err().class, Class::AccessDenied, "{source}");
    }
    assert_eq!(world.scope.get_function("f", USER).await.unwrap(), None, "Lambda goes on");
}

#[tokio::test]
async fn trouble_of_a_store_holds_nothing_of_lambda_back() {
    let world = world_with(|settings| settings.quotas_enabled = true).await;
    for (status, code) in [(503, "SlowDown"), (429, "TooManyRequestsException"), (500, "InternalError")] {
        world.account.inject(Fault::error("HeadObject", status, code, "slow down").times(1)).await;
        let error = look(&world, &object("b", "k")).await.unwrap_err();
        assert!(matches!(error.class, Class::Transient | Class::Throttled), "{code}: {error:?}");
        assert!(!error.unknown_outcome);
    }
    world.account.inject(Fault::new("HeadObject", FaultEffect::CutBefore).times(1)).await;
    assert_eq!(look(&world, &object("b", "k")).await.unwrap_err().class, Class::Transient);
    assert!(look(&world, &object("b", "k")).await.is_ok(), "each is sent once, and the next is another");
    assert_eq!(world.account.ledger().await.len(), 5);
}

#[tokio::test]
async fn a_look_that_hangs_is_given_up() {
    let world = world_with(|settings| settings.call_timeout = Duration::from_millis(300)).await;
    world.account.inject(Fault::new("HeadObject", FaultEffect::PauseBefore)).await;
    let error = look(&world, &object("b", "k")).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (Class::Transient, "TimedOut"), "{error}");
}

#[tokio::test]
async fn while_credentials_are_refused_nothing_is_looked_at() {
    let world = world_with(|settings| {
        settings.probe_min = Duration::from_mins(1);
        settings.probe_max = Duration::from_mins(1);
    })
    .await;
    world.account.configure(|settings| settings.auth_error = Some(AuthError::expired_token())).await;
    assert_eq!(world.scope.get_function("f", USER).await.unwrap_err().class, Class::Auth);
    world.account.clear_ledger().await;
    assert_eq!(look(&world, &object("b", "k")).await.unwrap_err().class, Class::Auth);
    assert!(!world.calls().await.contains(&"HeadObject".to_owned()));
}

#[derive(Default)]
struct Records(Mutex<Vec<CallRecord>>);

impl CallObserver for Records {
    fn call(&self, record: &CallRecord) {
        self.0.lock().push(record.clone());
    }
}

#[tokio::test]
async fn looks_are_counted_against_no_quota_of_lambdas() {
    let records = Arc::new(Records::default());
    let world = aws_support::observed(|_| (), Arc::clone(&records) as Arc<dyn CallObserver>).await;
    world
        .account
        .configure(|settings| {
            settings.missing_keys.insert("b/gone".into());
        })
        .await;
    drop(look(&world, &object("b", "k")).await);
    drop(look(&world, &object("b", "gone")).await);
    let records = records.0.lock();
    let told: Vec<_> = records.iter().filter(|record| record.operation == "HeadObject").collect();
    assert_eq!(told.iter().map(|record| record.http_status).collect::<Vec<_>>(), [None, Some(404)]);
    assert!(told.iter().all(|record| record.quota.is_none() && record.request_id.is_some()), "{told:?}");
    assert_eq!((told[0].account.as_str(), told[0].region.as_str()), ("111122223333", "eu-west-1"));
}
