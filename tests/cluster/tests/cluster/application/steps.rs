//! What the manifests do to AWS, as data: the writes and reads of the creation and of ten changes, and the writes of the deletion.

use serde_json::{Value, json};

/// Writes, each with what it is about: the name that AWS has for it, or `(queue)`, `(stream)` and `(signing)`.
pub(super) type Writes = &'static [&'static str];

/// Reads, each with what it is about and how often it is made.
pub(super) type Reads = &'static [(&'static str, usize)];

/// The writes that create each object, in the order of the file.
pub(super) const CREATION: [Writes; 8] = [
    &["PublishLayerVersion shop-utils"],
    &["PublishLayerVersion shop-prices"],
    &["CreateCodeSigningConfig (signing)"],
    &["CreateFunction shop-checkout", "PublishVersion shop-checkout"],
    &["CreateFunction shop-stock"],
    &["CreateAlias shop-checkout:live"],
    &["CreateEventSourceMapping (queue)"],
    &["CreateEventSourceMapping (stream)"],
];

/// The reads of the whole creation, each with how often.
pub(super) const CREATION_READS: Reads = &[
    ("ListLayerVersions shop-utils", 1),
    ("ListLayerVersions shop-prices", 1),
    ("GetFunction shop-checkout", 2),
    ("GetFunction shop-stock", 1),
    ("GetEventSourceMapping (queue)", 1),
    ("GetEventSourceMapping (stream)", 1),
];

/// The reads of a change that gives the function another version.
const NEW_VERSION: Reads = &[
    ("GetFunction shop-checkout", 3),
    ("GetFunctionCodeSigningConfig shop-checkout", 1),
    ("GetAlias shop-checkout:live", 1),
];

/// The writes that delete each object after the changes, in the order of the file.
pub(super) const DELETION: [Writes; 8] = [
    &["DeleteLayerVersion shop-utils:1", "DeleteLayerVersion shop-utils:2"],
    &["DeleteLayerVersion shop-prices:2"],
    &["DeleteCodeSigningConfig (signing)"],
    &["DeleteFunction shop-checkout"],
    &["DeleteFunction shop-stock"],
    &["DeleteAlias shop-checkout:live"],
    &["DeleteEventSourceMapping (queue)"],
    &["DeleteEventSourceMapping (stream)"],
];

/// The same after the drift, which has cost one version of a layer.
pub(super) const DELETION_AFTER_DRIFT: [Writes; 8] = {
    let mut all = DELETION;
    all[1] = &["DeleteLayerVersion shop-prices:3"];
    all
};

/// A change of a manifest.
pub(super) struct Change {
    pub(super) what: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    /// Merged into the spec.
    pub(super) spec: Value,
    pub(super) writes: Writes,
    /// Once for each list in it.
    pub(super) reads: &'static [Reads],
}

/// The ten changes. They don't depend on each other.
pub(super) fn changes() -> Vec<Change> {
    [of_checkout(), of_layers(), of_stock(), of_others()].into_iter().flatten().collect()
}

/// Inline files: one.
fn file(path: &str, text: &str) -> Value {
    json!({"inline": {"files": {path: text}}})
}

/// Those of the function that publishes versions.
fn of_checkout() -> Vec<Change> {
    let change = |what, spec, writes| Change {
        what,
        kind: "LambdaFunction",
        name: "shop-checkout",
        spec,
        writes,
        reads: &[NEW_VERSION],
    };
    vec![
        change(
            "a function's memory",
            json!({"memorySize": 256}),
            &[
                "UpdateFunctionConfiguration shop-checkout",
                "PublishVersion shop-checkout",
                "UpdateAlias shop-checkout:live",
            ],
        ),
        change(
            "a function's code",
            json!({"code": file("index.py", "def handler(event, context):\n    return {}\n")}),
            &[
                "UpdateFunctionCode shop-checkout",
                "PublishVersion shop-checkout",
                "UpdateAlias shop-checkout:live",
            ],
        ),
    ]
}

/// Those of the layers.
fn of_layers() -> Vec<Change> {
    let prices = file("python/prices.py", "PRICES = {\"apple\": 0.3}\n");
    let utils = file("python/utils.py", "def cents(amount):\n    return int(amount * 100)\n");
    vec![
        Change {
            what: "the layer that both functions use",
            kind: "LambdaLayer",
            name: "shop-utils",
            spec: json!({"content": utils}),
            writes: &[
                "PublishLayerVersion shop-utils",
                "UpdateFunctionConfiguration shop-checkout",
                "UpdateFunctionConfiguration shop-stock",
                "PublishVersion shop-checkout",
                "UpdateAlias shop-checkout:live",
            ],
            reads: &[NEW_VERSION, &[("GetFunction shop-stock", 2), ("GetLayerVersion shop-utils:1", 1)]],
        },
        Change {
            what: "the layer of one function, of which only the newest version stays",
            kind: "LambdaLayer",
            name: "shop-prices",
            spec: json!({"content": prices, "versionRetention": {"keep": 1}}),
            writes: &[
                "PublishLayerVersion shop-prices",
                "UpdateFunctionConfiguration shop-checkout",
                "PublishVersion shop-checkout",
                "DeleteLayerVersion shop-prices:1",
                "UpdateAlias shop-checkout:live",
            ],
            reads: &[
                NEW_VERSION,
                &[("GetLayerVersion shop-prices:1", 1), ("GetLayerVersion shop-prices:2", 1)],
            ],
        },
    ]
}

/// Those of the other function.
fn of_stock() -> Vec<Change> {
    let change = |what, spec, writes, reads| Change {
        what,
        kind: "LambdaFunction",
        name: "shop-stock",
        spec,
        writes,
        reads,
    };
    vec![
        change(
            "a variable",
            json!({"env": [{"name": "WAREHOUSE", "value": "south"}]}),
            &["UpdateFunctionConfiguration shop-stock"],
            &[&[("GetFunction shop-stock", 2)]],
        ),
        change(
            "another function whose code is to be signed",
            json!({"codeSigningConfigRef": {"name": "shop-release"}}),
            &["PutFunctionCodeSigningConfig shop-stock"],
            &[&[("GetFunction shop-stock", 1), ("GetFunctionCodeSigningConfig shop-stock", 1)]],
        ),
    ]
}

/// Those of everything else.
fn of_others() -> Vec<Change> {
    let profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/f6e5d4c3b2";
    vec![
        Change {
            what: "who signs",
            kind: "CodeSigningConfig",
            name: "shop-release",
            spec: json!({"allowedPublishers": {"signingProfileVersionArns": [profile]}}),
            writes: &["UpdateCodeSigningConfig (signing)"],
            reads: &[&[
                ("GetCodeSigningConfig (signing)", 1),
                ("ListFunctionsByCodeSigningConfig (signing)", 1),
                ("ListTags (signing)", 1),
            ]],
        },
        Change {
            what: "an alias's description",
            kind: "LambdaAlias",
            name: "shop-checkout-live",
            spec: json!({"description": "What customers meet"}),
            writes: &["UpdateAlias shop-checkout:live"],
            reads: &[&[("GetAlias shop-checkout:live", 1)]],
        },
        Change {
            what: "the tags and the batches of a queue",
            kind: "EventSourceMapping",
            name: "shop-orders",
            spec: json!({"batchSize": 5, "tags": {"team": "shop"}}),
            writes: &["TagResource (queue)", "UpdateEventSourceMapping (queue)"],
            reads: &[&[("GetEventSourceMapping (queue)", 2), ("ListTags (queue)", 1)]],
        },
        Change {
            what: "a stream that is no longer read",
            kind: "EventSourceMapping",
            name: "shop-stock",
            spec: json!({"enabled": false}),
            writes: &["UpdateEventSourceMapping (stream)"],
            reads: &[&[("GetEventSourceMapping (stream)", 2), ("ListTags (stream)", 1)]],
        },
    ]
}

#[test]
fn there_are_ten() {
    assert_eq!(changes().len(), 10);
}
