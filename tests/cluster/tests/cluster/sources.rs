//! What packages are made from, where the name stays and the content changes: it is looked at, rolled out once, and nothing
//! else is sent.

mod functions;
mod images;
mod interrupted;
mod layers;
mod refused;

use std::io::Write as _;
use std::time::Duration;

use cluster_tests::{World, WorldBuilder, condition, function};
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};
use test_support::eventually;

const PATIENCE: Duration = Duration::from_mins(1);
/// A bucket without versioning; all others have it.
const FLAT: &str = "flat";
/// A bucket whose objects have a checksum.
const SUMMED: &str = "summed";

/// A world that looks at sources several times a second.
fn looking(name: &str) -> WorldBuilder {
    World::builder(name)
        .settings(|settings| settings.drift.source_interval = Some(Duration::from_millis(300)))
}

/// The same with its buckets.
async fn started(name: &str) -> World {
    let world = looking(name).start().await;
    furnish(&world).await;
    world
}

async fn furnish(world: &World) {
    world
        .aws()
        .configure(|settings| {
            settings.unversioned_buckets.insert(FLAT.into());
            settings.checksummed_buckets.insert(SUMMED.into());
        })
        .await;
}

pub(crate) fn zipped(text: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

/// Puts a package under the key that all functions and layers here use.
async fn put(world: &World, bucket: &str, text: &str) {
    world.aws().s3_put(bucket, "one.zip", &zipped(text)).await;
}

fn from(bucket: &str) -> Value {
    json!({"s3": {"bucket": bucket, "key": "one.zip"}})
}

fn of_bucket(bucket: &str) -> Value {
    function(json!({"code": from(bucket)}))
}

/// Operations and bodies of what was sent to the function since its creation.
async fn updates(world: &World) -> Vec<(String, Value)> {
    let mut writes = world.writes("hello").await;
    assert_eq!(writes.remove(0).0, "CreateFunction");
    writes
}

/// Waits until a function is Ready with code from this source, by the end of its fingerprint.
async fn runs(world: &World, source: &str) -> LambdaFunction {
    world
        .until("hello", &format!("it runs {source}"), |object| {
            let known = object.status.as_ref().and_then(|status| status.code_source.as_deref());
            known.is_some_and(|known| known.ends_with(source))
                && condition(object, "Ready").is_some_and(|ready| ready.status == "True")
        })
        .await
}

/// Waits until the source was looked at so often from now on.
async fn looks(world: &World, times: usize) {
    let before = world.source_calls().await.len();
    eventually(PATIENCE, format!("{times} more looks"), || async {
        let calls = world.source_calls().await;
        if calls.len() >= before + times { Ok(()) } else { Err(calls) }
    })
    .await;
}

/// Waits until the condition SourceUnchecked is True with this reason and these texts.
async fn unchecked(world: &World, reason: &str, texts: &[&str]) -> LambdaFunction {
    world
        .until("hello", &format!("it says {reason} {texts:?}"), |object| {
            condition(object, "SourceUnchecked").is_some_and(|said| {
                said.status == "True"
                    && said.reason == reason
                    && texts.iter().all(|text| said.message.contains(text))
            })
        })
        .await
}

/// Waits until a function is Ready and its source can be looked at.
async fn checked(world: &World) -> LambdaFunction {
    world
        .until("hello", "its source is checked", |object| {
            condition(object, "SourceUnchecked").is_none()
                && condition(object, "Ready").is_some_and(|ready| ready.status == "True")
        })
        .await
}
