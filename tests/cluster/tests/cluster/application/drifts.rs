//! What somebody in the console does to the application, as data: ten deeds after the changes, each with the writes that put
//! it right.

use lambda_sim::AccountControl;
use serde_json::{Value, json};

use super::steps::Writes;

/// What somebody does in the console.
pub(super) enum Deed {
    Function(&'static str, Value),
    Alias(Value),
    AliasGone,
    Mapping(&'static str, Value),
    MappingGone(&'static str),
    CodeSigning(Value),
    NewestLayerVersionGone(&'static str),
}

/// Somebody in the console, and what puts it right.
pub(super) struct Drift {
    pub(super) what: &'static str,
    pub(super) deed: Deed,
    pub(super) writes: Writes,
}

impl Drift {
    /// Does it.
    pub(super) async fn happen(&self, aws: &AccountControl) {
        const FUNCTION: &str = "shop-checkout";
        match &self.deed {
            Deed::Function(name, changes) => aws.edit_function(name, changes.clone()).await,
            Deed::Alias(changes) => aws.edit_alias(FUNCTION, "live", changes.clone()).await,
            Deed::AliasGone => assert!(aws.remove_alias(FUNCTION, "live").await, "it was there"),
            Deed::Mapping(source, changes) => {
                aws.edit_mapping(&mapping(aws, source).await, changes.clone()).await;
            }
            Deed::MappingGone(source) => {
                assert!(aws.remove_mapping(&mapping(aws, source).await).await, "it was there");
            }
            Deed::CodeSigning(changes) => {
                let [arn] = &aws.code_signing_configs().await[..] else { panic!("one configuration") };
                aws.edit_code_signing_config(arn, changes.clone()).await;
            }
            Deed::NewestLayerVersionGone(layer) => {
                let newest = aws.layer(layer).await.last().and_then(|version| version["Version"].as_u64());
                let newest = newest.expect("the layer has a version");
                assert!(aws.remove_layer_version(layer, newest).await, "it was there");
            }
        }
    }
}

/// The UUID of the mapping of a source.
async fn mapping(aws: &AccountControl, source: &str) -> String {
    let all = aws.mappings().await;
    let found = all.iter().find(|mapping| super::source(mapping) == source).expect("the mapping is there");
    super::text(&found["UUID"])
}

/// The ten of them, after the changes. They don't depend on each other.
pub(super) fn drifts() -> Vec<Drift> {
    let drift = |what, deed, writes| Drift { what, deed, writes };
    let profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/other/a1b2c3d4e5";
    vec![
        drift(
            "a function's memory",
            Deed::Function("shop-checkout", json!({"MemorySize": 512})),
            &["UpdateFunctionConfiguration shop-checkout"],
        ),
        drift(
            "a function's code",
            Deed::Function(
                "shop-checkout",
                json!({"CodeSha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}),
            ),
            &["UpdateFunctionCode shop-checkout"],
        ),
        drift(
            "a variable",
            Deed::Function("shop-stock", json!({"Environment": {"Variables": {"WAREHOUSE": "west"}}})),
            &["UpdateFunctionConfiguration shop-stock"],
        ),
        drift(
            "a function that needs no signed code any more",
            Deed::Function("shop-stock", json!({"CodeSigningConfigArn": null})),
            &["PutFunctionCodeSigningConfig shop-stock"],
        ),
        drift(
            "a moved alias",
            Deed::Alias(json!({"FunctionVersion": "1"})),
            &["UpdateAlias shop-checkout:live"],
        ),
        drift("a deleted alias", Deed::AliasGone, &["CreateAlias shop-checkout:live"]),
        drift(
            "the batches of a queue",
            Deed::Mapping("(queue)", json!({"BatchSize": 7})),
            &["UpdateEventSourceMapping (queue)"],
        ),
        drift(
            "a stream that is no longer read at all",
            Deed::MappingGone("(stream)"),
            &["CreateEventSourceMapping (stream)"],
        ),
        drift(
            "who signs",
            Deed::CodeSigning(json!({"AllowedPublishers": {"SigningProfileVersionArns": [profile]}})),
            &["UpdateCodeSigningConfig (signing)"],
        ),
        drift(
            "a deleted version of a layer",
            Deed::NewestLayerVersionGone("shop-prices"),
            &[
                "PublishLayerVersion shop-prices",
                "UpdateFunctionConfiguration shop-checkout",
                "PublishVersion shop-checkout",
                "DeleteLayerVersion shop-prices:2",
                "UpdateAlias shop-checkout:live",
            ],
        ),
    ]
}

#[test]
fn there_are_ten() {
    assert_eq!(drifts().len(), 10);
}
