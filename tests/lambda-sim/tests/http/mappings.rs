//! The life of an event source mapping: created, settled, changed, deleted, of every type of source.

use lambda_sim::SettleDelay;
use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS};

pub(crate) const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
pub(crate) const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:orders";
pub(crate) const STREAM: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks";
pub(crate) const TABLE: &str =
    "arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026-01-01T00:00:00.000";
const CLUSTER: &str = "arn:aws:kafka:eu-west-1:111122223333:cluster/c/1";
const FUNCTION_ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";

impl Bench {
    /// A bench with the function `hello`.
    pub(crate) async fn with_function() -> Self {
        let bench = Self::start().await;
        bench.created("hello").await;
        bench
    }

    pub(crate) async fn map(&self, request: Value) -> Answer {
        self.call("POST", MAPPINGS, Some(request)).await
    }

    /// Creates a mapping of a source to `hello` and reads it once, which settles it.
    pub(crate) async fn mapped(&self, source: &str, more: Value) -> String {
        let created = self.map(mapping(source, more)).await.ok();
        let uuid = created["UUID"].as_str().unwrap().to_owned();
        assert_eq!(self.mapping(&uuid).await["State"], "Enabled");
        uuid
    }

    pub(crate) async fn mapping(&self, uuid: &str) -> Value {
        self.get(&format!("{MAPPINGS}/{uuid}")).await.ok()
    }

    pub(crate) async fn remap(&self, uuid: &str, request: Value) -> Answer {
        self.call("PUT", &format!("{MAPPINGS}/{uuid}"), Some(request)).await
    }

    pub(crate) async fn unmap(&self, uuid: &str) -> Answer {
        self.call("DELETE", &format!("{MAPPINGS}/{uuid}"), None).await
    }
}

/// A request to map a source to `hello`, with more members.
pub(crate) fn mapping(source: &str, more: Value) -> Value {
    let mut request = more;
    request["EventSourceArn"] = source.into();
    if request.get("FunctionName").is_none() {
        request["FunctionName"] = "hello".into();
    }
    request
}

/// What is left without the members that differ from one mapping to the next.
fn settings(shown: &Value) -> Value {
    let mut members = shown.as_object().unwrap().clone();
    for name in ["UUID", "EventSourceMappingArn", "LastModified", "FunctionArn", "EventSourceArn"] {
        assert!(members.remove(name).is_some() || name == "EventSourceArn", "{name}");
    }
    Value::Object(members)
}

#[tokio::test]
async fn a_queue_is_mapped_and_enabled_at_the_next_read() {
    let bench = Bench::with_function().await;
    let created = bench.map(mapping(QUEUE, json!({}))).await;
    assert_eq!(created.status, 202);
    let created = created.ok();
    let uuid = created["UUID"].as_str().unwrap();
    let arn = format!("arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:{uuid}");
    assert_eq!(created["EventSourceMappingArn"], arn);
    assert_eq!(
        (created["FunctionArn"].as_str(), created["EventSourceArn"].as_str()),
        (Some(FUNCTION_ARN), Some(QUEUE))
    );
    assert!(created["LastModified"].as_f64().unwrap() > 1.7e9);
    let expected = json!({
        "BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": [],
        "State": "Creating", "StateTransitionReason": "USER_INITIATED",
    });
    assert_eq!(settings(&created), expected);
    assert_eq!(bench.mapping(uuid).await["State"], "Enabled");
}

#[tokio::test]
async fn streams_have_more_defaults() {
    let bench = Bench::with_function().await;
    for source in [STREAM, TABLE] {
        let created = bench.map(mapping(source, json!({"StartingPosition": "LATEST"}))).await.ok();
        let expected = json!({
            "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": [],
            "BisectBatchOnFunctionError": false, "DestinationConfig": {"OnFailure": {}},
            "LastProcessingResult": "No records processed", "MaximumRecordAgeInSeconds": -1,
            "MaximumRetryAttempts": -1, "ParallelizationFactor": 1, "StartingPosition": "LATEST",
            "TumblingWindowInSeconds": 0, "State": "Creating", "StateTransitionReason": "User action",
        });
        assert_eq!(settings(&created), expected, "{source}");
    }
}

#[tokio::test]
async fn kafka_mq_and_document_databases_read_back_what_they_need() {
    let bench = Bench::with_function().await;
    let access =
        json!([{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s"}]);
    let managed = json!({"Topics": ["orders"], "StartingPosition": "LATEST"});
    let managed = bench.map(mapping(CLUSTER, managed)).await.ok();
    let group = &managed["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"];
    assert_eq!(*group, managed["UUID"], "the group is the mapping's id");
    assert_eq!((managed["BatchSize"].as_i64(), &managed["Topics"]), (Some(100), &json!(["orders"])));
    assert!(managed.get("MaximumBatchingWindowInSeconds").is_none(), "half a second can't be said");
    let servers = json!({"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b:9092", "a:9092"]}});
    let own = bench
        .map(json!({
            "FunctionName": "hello", "SelfManagedEventSource": servers, "Topics": ["orders"],
            "StartingPosition": "TRIM_HORIZON", "SourceAccessConfigurations": access, "BatchSize": 1,
            "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"},
        }))
        .await
        .ok();
    assert_eq!(
        settings(&own),
        json!({
            "BatchSize": 1, "LastProcessingResult": "No records processed", "SourceAccessConfigurations": access,
            "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["a:9092", "b:9092"]}},
            "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"}, "StartingPosition": "TRIM_HORIZON",
            "State": "Creating", "StateTransitionReason": "USER_INITIATED", "Topics": ["orders"],
        })
    );
    let broker = "arn:aws:mq:eu-west-1:111122223333:broker:b:b-1";
    let queue = json!({"Queues": ["q"], "SourceAccessConfigurations": access});
    assert_eq!(bench.map(mapping(broker, queue)).await.ok()["Queues"], json!(["q"]));
    let database = json!({
        "DocumentDBEventSourceConfig": {"DatabaseName": "shop"}, "StartingPosition": "LATEST",
        "SourceAccessConfigurations": access,
    });
    let cluster = "arn:aws:rds:eu-west-1:111122223333:cluster:d";
    let database = bench.map(mapping(cluster, database)).await.ok();
    let expected = json!({"DatabaseName": "shop", "FullDocument": "Default"});
    assert_eq!(database["DocumentDBEventSourceConfig"], expected);
}

#[tokio::test]
async fn a_mapping_can_be_created_disabled_and_enabled_later() {
    let bench = Bench::with_function().await;
    let created = bench.map(mapping(QUEUE, json!({"Enabled": false}))).await.ok();
    assert_eq!(created["State"], "Disabled");
    assert!(created.get("Enabled").is_none(), "it is never echoed");
    let uuid = created["UUID"].as_str().unwrap();
    assert_eq!(bench.remap(uuid, json!({"Enabled": true})).await.ok()["State"], "Enabling");
    assert_eq!(bench.mapping(uuid).await["State"], "Enabled");
    assert_eq!(bench.remap(uuid, json!({"Enabled": false})).await.ok()["State"], "Disabling");
    assert_eq!(bench.mapping(uuid).await["State"], "Disabled");
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_name() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(QUEUE, json!({"ScalingConfig": {"MaximumConcurrency": 5}})).await;
    let before = bench.mapping(&uuid).await;
    let updated = bench.remap(&uuid, json!({"BatchSize": 5})).await;
    assert_eq!(updated.status, 202);
    let updated = updated.ok();
    assert_eq!((updated["State"].as_str(), updated["BatchSize"].as_i64()), (Some("Updating"), Some(5)));
    let after = bench.mapping(&uuid).await;
    assert_eq!(after["State"], "Enabled");
    assert_eq!(after["ScalingConfig"], before["ScalingConfig"]);
    bench.remap(&uuid, json!({"ScalingConfig": {}})).await.ok();
    assert!(bench.mapping(&uuid).await.get("ScalingConfig").is_none());
}

#[tokio::test]
async fn a_mapping_in_transition_refuses_every_write() {
    let bench = Bench::with_function().await;
    bench.account.configure(|settings| settings.settle_delay(SettleDelay::Hold)).await;
    let created = bench.map(mapping(QUEUE, json!({}))).await.ok();
    let uuid = created["UUID"].as_str().unwrap();
    let in_use = "ResourceInUseException";
    let text = bench.remap(uuid, json!({"BatchSize": 5})).await.refused(400, in_use);
    assert_eq!(text, "Cannot update the event source mapping because it is in use.");
    let text = bench.unmap(uuid).await.refused(400, in_use);
    assert_eq!(text, "Cannot delete the event source mapping because it is in use.");
    bench.account.settle().await;
    bench.remap(uuid, json!({"BatchSize": 5})).await.ok();
    bench.unmap(uuid).await.refused(400, in_use);
    assert_eq!(bench.mapping(uuid).await["State"], "Updating");
    bench.account.settle_mapping(uuid).await;
    assert_eq!(bench.unmap(uuid).await.status, 202);
    bench.unmap(uuid).await.refused(400, in_use);
    assert_eq!(bench.mapping(uuid).await["State"], "Deleting");
}

#[tokio::test]
async fn a_deleted_mapping_is_deleting_and_then_gone() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(QUEUE, json!({})).await;
    bench.account.configure(|settings| settings.update_settle = SettleDelay::Reads(1)).await;
    let deleted = bench.unmap(&uuid).await;
    assert_eq!(deleted.status, 202);
    assert_eq!(deleted.ok()["State"], "Deleting");
    bench.map(mapping(QUEUE, json!({}))).await.refused(409, "ResourceConflictException");
    assert_eq!(bench.mapping(&uuid).await["State"], "Deleting");
    let path = format!("{MAPPINGS}/{uuid}");
    let text = bench.get(&path).await.refused(404, "ResourceNotFoundException");
    assert_eq!(text, "The resource you requested does not exist.");
    bench.unmap(&uuid).await.refused(404, "ResourceNotFoundException");
    bench.remap(&uuid, json!({})).await.refused(404, "ResourceNotFoundException");
    assert_eq!(bench.map(mapping(QUEUE, json!({}))).await.status, 202);
}

#[tokio::test]
async fn a_mapping_outlives_its_function() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(QUEUE, json!({})).await;
    assert_eq!(bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await.status, 204);
    let orphan = bench.mapping(&uuid).await;
    assert_eq!(
        (orphan["State"].as_str(), orphan["FunctionArn"].as_str()),
        (Some("Enabled"), Some(FUNCTION_ARN))
    );
    let text =
        bench.remap(&uuid, json!({"BatchSize": 1})).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "Function does not exist");
    assert_eq!(bench.unmap(&uuid).await.status, 202);
}

#[tokio::test]
async fn the_function_is_shown_by_its_arn() {
    let bench = Bench::with_function().await;
    bench.call("POST", &format!("{FUNCTIONS}/hello/versions"), Some(json!({}))).await.ok();
    bench.account.put_alias("hello", json!({"Name": "live", "FunctionVersion": "1"})).await;
    let partial = "111122223333:function:hello";
    for (n, (name, shown)) in [
        ("hello".to_owned(), FUNCTION_ARN.to_owned()),
        (format!("{partial}:$LATEST"), format!("{FUNCTION_ARN}:$LATEST")),
        (format!("{partial}:1"), format!("{FUNCTION_ARN}:1")),
        (format!("{FUNCTION_ARN}:$LATEST"), FUNCTION_ARN.to_owned()),
        (format!("{FUNCTION_ARN}:live"), format!("{FUNCTION_ARN}:live")),
    ]
    .into_iter()
    .enumerate()
    {
        let created = bench.map(mapping(&format!("{QUEUE}{n}"), json!({"FunctionName": name}))).await.ok();
        assert_eq!(created["FunctionArn"], shown, "{name}");
    }
    for missing in ["other", "hello:2", "hello:blue"] {
        let request = mapping(QUEUE, json!({"FunctionName": missing}));
        let text = bench.map(request).await.refused(400, "InvalidParameterValueException");
        assert_eq!(text, "Function does not exist", "{missing}");
    }
    let uuid = bench.mapped(QUEUE, json!({})).await;
    let moved = bench.remap(&uuid, json!({"FunctionName": "hello:live"})).await.ok();
    assert_eq!(moved["FunctionArn"], format!("{FUNCTION_ARN}:live"));
}

#[tokio::test]
async fn the_version_behind_an_alias_decides_and_both_must_exist_whenever_a_mapping_changes() {
    let bench = Bench::with_versions(2).await;
    bench.account.patch(json!({"visibility_timeouts": {QUEUE: 1}})).await;
    let invalid = "InvalidParameterValueException";
    let to = |function: &str| mapping(QUEUE, json!({"FunctionName": function}));
    bench.map(to("hello:live")).await.refused(400, invalid);
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    let uuid = bench.map(to("hello:live")).await.ok()["UUID"].as_str().unwrap().to_owned();
    assert_eq!(bench.mapping(&uuid).await["FunctionArn"], format!("{FUNCTION_ARN}:live"));
    let text = bench.map(to("hello:2")).await.refused(400, invalid);
    assert!(text.contains("visibility timeout"), "{text}");
    bench.update_alias("live", json!({"FunctionVersion": "2"})).await.ok();
    assert_eq!(bench.remap(&uuid, json!({})).await.refused(400, invalid), text);
    bench.update_alias("live", json!({"FunctionVersion": "1"})).await.ok();
    bench.remap(&uuid, json!({"FunctionName": "hello:1"})).await.ok();
    bench.mapping(&uuid).await;
    bench
        .call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier=1"), None)
        .await
        .refused(409, "ResourceConflictException");
    bench.remap(&uuid, json!({"FunctionName": "hello:live"})).await.ok();
    bench.mapping(&uuid).await;
    assert_eq!(bench.call("DELETE", &format!("{FUNCTIONS}/hello/aliases/live"), None).await.status, 204);
    assert_eq!(bench.remap(&uuid, json!({})).await.refused(400, invalid), "Function does not exist");
    assert_eq!(bench.call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier=1"), None).await.status, 204);
    let gone = json!({"FunctionName": "hello:1"});
    assert_eq!(bench.remap(&uuid, gone).await.refused(400, invalid), "Function does not exist");
}

#[tokio::test]
async fn encrypted_filters_are_shown_by_get_and_delete_only() {
    let bench = Bench::with_function().await;
    let filters = json!({"Filters": [{"Pattern": "{\"body\":{\"kind\":[\"order\"]}}"}]});
    let uuid = bench.mapped(QUEUE, json!({"FilterCriteria": filters})).await;
    let key = json!({"KMSKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1"});
    assert_eq!(bench.remap(&uuid, key).await.ok()["FilterCriteria"], Value::Null);
    assert_eq!(bench.mapping(&uuid).await["FilterCriteria"], filters);
    let listed = bench.get(MAPPINGS).await.ok();
    assert_eq!(listed["EventSourceMappings"][0]["FilterCriteria"], Value::Null);
    bench.remap(&uuid, json!({"KMSKeyArn": ""})).await.ok();
    bench.mapping(&uuid).await;
    let listed = bench.get(MAPPINGS).await.ok();
    assert_eq!(listed["EventSourceMappings"][0]["FilterCriteria"], filters);
    assert!(bench.remap(&uuid, json!({"FilterCriteria": {}})).await.ok().get("FilterCriteria").is_none());
    bench.mapping(&uuid).await;
    let unreadable = json!({
        "FilterCriteria": filters,
        "FilterCriteriaError": {"ErrorCode": "KMSAccessDeniedException", "Message": "no"},
    });
    bench.account.edit_mapping(&uuid, unreadable).await;
    let read = bench.mapping(&uuid).await;
    assert_eq!(
        (&read["FilterCriteria"], read["FilterCriteriaError"]["Message"].as_str()),
        (&Value::Null, Some("no"))
    );
}

#[tokio::test]
async fn mappings_have_tags_under_their_arn() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(QUEUE, json!({"Tags": {"owner": "me"}})).await;
    let read = bench.mapping(&uuid).await;
    assert!(read.get("Tags").is_none(), "tags are read by ListTags");
    let arn = read["EventSourceMappingArn"].as_str().unwrap();
    let tags = format!("/2017-03-31/tags/{}", arn.replace(':', "%3A"));
    assert_eq!(bench.call("POST", &tags, Some(json!({"Tags": {"a": "1", "b": "2"}}))).await.status, 204);
    assert_eq!(bench.call("DELETE", &format!("{tags}?tagKeys=a&tagKeys=missing"), None).await.status, 204);
    assert_eq!(bench.get(&tags).await.ok(), json!({"Tags": {"owner": "me", "b": "2"}}));
    let ledger = bench.account.ledger().await;
    assert_eq!(ledger.last().unwrap().resource.as_deref(), Some(uuid.as_str()));
    let other = tags.replace(&uuid, &uuid::Uuid::new_v4().to_string());
    let text = bench.get(&other).await.refused(404, "ResourceNotFoundException");
    assert!(text.starts_with("Event source mapping not found: arn:aws:lambda:"), "{text}");
    bench.get(&format!("{tags}%3Aalias")).await.refused(400, "ValidationException");
    let own = json!({"Tags": {"aws:x": "1"}});
    bench.map(mapping(STREAM, own)).await.refused(400, "InvalidParameterValueException");
}
