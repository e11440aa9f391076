//! Who may do what with a function, a version or an alias.

use lambda_sim::{Fault, Section};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS};

pub(crate) const POLICY: &str = "/2015-03-31/functions/hello/policy";
pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
const MISSING: &str = "ResourceNotFoundException";

impl Bench {
    pub(crate) async fn allow(&self, query: &str, permission: Value) -> Answer {
        self.call("POST", &format!("{POLICY}{query}"), Some(permission)).await
    }

    async fn disallow(&self, sid: &str, query: &str) -> Answer {
        self.call("DELETE", &format!("{POLICY}/{sid}{query}"), None).await
    }

    /// The policy's document.
    pub(crate) async fn policy(&self, query: &str) -> Value {
        parsed(&self.get(&format!("{POLICY}{query}")).await.ok()["Policy"])
    }

    pub(crate) async fn revision(&self, query: &str) -> String {
        let read = self.get(&format!("{FUNCTIONS}/hello{query}")).await.ok();
        read["Configuration"]["RevisionId"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

pub(crate) fn bucket(sid: &str) -> Value {
    json!({
        "StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::bucket", "SourceAccount": "111122223333",
    })
}

#[tokio::test]
async fn a_permission_becomes_a_statement_of_the_policy() {
    let bench = Bench::aliased(1).await;
    let added = bench.allow("", bucket("s1")).await;
    assert_eq!(added.status, 201);
    let statement = parsed(&added.ok()["Statement"]);
    assert_eq!(
        statement,
        json!({
            "Sid": "s1", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Resource": ARN,
            "Condition": {
                "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
                "StringEquals": {"AWS:SourceAccount": "111122223333"},
            },
        })
    );
    let whole = json!({"Version": "2012-10-17", "Id": "default", "Statement": [statement]});
    assert_eq!(bench.policy("").await, whole);
}

#[tokio::test]
async fn principals_and_conditions_are_rendered_as_aws_does() {
    let bench = Bench::aliased(1).await;
    let rendered = async |sid: &str, changes: Value| {
        let mut permission = json!({"StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "*"});
        for (name, value) in changes.as_object().unwrap() {
            permission[name] = value.clone();
        }
        let statement = parsed(&bench.allow("?Qualifier=live", permission).await.ok()["Statement"]);
        assert_eq!(statement["Resource"], format!("{ARN}:live"));
        (statement["Principal"].clone(), statement.get("Condition").cloned().unwrap_or_default())
    };
    let role = "arn:aws:iam::444455556666:role/caller";
    assert_eq!(rendered("role", json!({"Principal": role})).await, (json!({"AWS": role}), Value::Null));
    let root = json!({"AWS": "arn:aws:iam::444455556666:root"});
    assert_eq!(rendered("account", json!({"Principal": "444455556666"})).await, (root, Value::Null));
    let (everybody, condition) = rendered("org", json!({"PrincipalOrgID": "o-abcdefghij"})).await;
    assert_eq!(everybody, "*");
    assert_eq!(condition, json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}));
    let url = json!({"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "AWS_IAM"});
    let (_, condition) = rendered("url", url).await;
    assert_eq!(condition, json!({"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}));
    let (_, condition) = rendered("via-url", json!({"InvokedViaFunctionUrl": true})).await;
    assert_eq!(condition, json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}));
    let alexa = json!({"Principal": "alexa-appkit.amazon.com", "EventSourceToken": "amzn1.ask.skill.x"});
    let (service, condition) = rendered("alexa", alexa).await;
    assert_eq!(service, json!({"Service": "alexa-appkit.amazon.com"}));
    assert_eq!(condition, json!({"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x"}}));
}

#[tokio::test]
async fn the_function_each_version_and_each_alias_has_a_policy_of_its_own() {
    let bench = Bench::aliased(1).await;
    for query in ["", "?Qualifier=1", "?Qualifier=live"] {
        bench.allow(query, bucket("s1")).await.ok();
    }
    for (query, resource) in [
        ("", ARN.to_owned()),
        ("?Qualifier=1", format!("{ARN}:1")),
        ("?Qualifier=live", format!("{ARN}:live")),
    ] {
        assert_eq!(bench.policy(query).await["Statement"][0]["Resource"], resource);
    }
    bench.disallow("s1", "?Qualifier=live").await.ok();
    bench.get(&format!("{POLICY}?Qualifier=live")).await.refused(404, MISSING);
    assert_eq!(bench.policy("?Qualifier=1").await["Statement"].as_array().unwrap().len(), 1);
    let text = bench.allow("?Qualifier=$LATEST", bucket("s2")).await;
    let text = text.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "We currently do not support adding policies for $LATEST.");
}

#[tokio::test]
async fn a_policy_has_the_revision_that_its_change_gave_to_what_it_is_of() {
    let bench = Bench::aliased(1).await;
    let of_policy =
        async |query: &str| bench.get(&format!("{POLICY}{query}")).await.ok()["RevisionId"].clone();
    let of_alias = async || bench.account.alias("hello", "live").await.unwrap()["RevisionId"].clone();
    let (function, version, alias) =
        (bench.revision("").await, bench.revision("?Qualifier=1").await, of_alias().await);
    bench.allow("", bucket("s1")).await.ok();
    assert_ne!(bench.revision("").await, function);
    assert_eq!(of_policy("").await, bench.revision("").await);
    assert_eq!((bench.revision("?Qualifier=1").await, of_alias().await), (version.clone(), alias.clone()));
    bench.allow("?Qualifier=1", bucket("s1")).await.ok();
    assert_ne!(bench.revision("?Qualifier=1").await, version);
    assert_eq!(of_policy("?Qualifier=1").await, bench.revision("?Qualifier=1").await);
    bench.allow("?Qualifier=live", bucket("s1")).await.ok();
    assert_ne!(of_alias().await, alias);
    assert_eq!(of_policy("?Qualifier=live").await, of_alias().await);
    // Recorded so (`test_lambda_permission_fn_versioning`).
    let kept = of_policy("").await;
    bench.account.edit_function("hello", json!({"Timeout": 9})).await;
    assert_ne!(bench.revision("").await, kept);
    assert_eq!(of_policy("").await, kept);
    let mut guarded = bucket("s2");
    guarded["RevisionId"] = bench.revision("").await.into();
    bench.allow("", guarded.clone()).await.refused(412, "PreconditionFailedException");
    guarded["RevisionId"] = kept;
    bench.allow("", guarded).await.ok();
    assert_eq!(of_policy("").await, bench.revision("").await);
}

#[tokio::test]
async fn a_revision_guards_a_change() {
    let bench = Bench::aliased(1).await;
    let guarded = |sid: &str, revision: &str| {
        let mut permission = bucket(sid);
        permission["RevisionId"] = revision.into();
        permission
    };
    let first = bench.revision("").await;
    bench.allow("", guarded("s1", &first)).await.ok();
    let text = bench.allow("", guarded("s2", &first)).await.refused(412, "PreconditionFailedException");
    assert!(text.ends_with("Call the GetPolicy API to retrieve the latest Revision Id"), "{text}");
    let stale = bench.disallow("s1", &format!("?RevisionId={first}")).await;
    stale.refused(412, "PreconditionFailedException");
    let second = bench.revision("").await;
    assert_eq!(bench.disallow("s1", &format!("?RevisionId={second}")).await.status, 204);
    assert_ne!(bench.revision("").await, second);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let bench = Bench::aliased(1).await;
    let none = "The resource you requested does not exist.";
    let other = POLICY.replace("hello", "other");
    for path in [POLICY, &other, &format!("{POLICY}?Qualifier=7"), &format!("{POLICY}?Qualifier=dead")] {
        assert_eq!(bench.get(path).await.refused(404, MISSING), none);
    }
    let text = bench.call("POST", &other, Some(bucket("s1"))).await.refused(404, MISSING);
    assert_eq!(text, format!("Function not found: {}", ARN.replace("hello", "other")));
    let text = bench.allow("?Qualifier=dead", bucket("s1")).await.refused(404, MISSING);
    assert_eq!(text, format!("Cannot find alias arn: {ARN}:dead"));
    let text = bench.allow("?Qualifier=7", bucket("s1")).await.refused(404, MISSING);
    assert_eq!(text, format!("Function not found: {ARN}:7"));
    let text = bench.call("DELETE", &format!("{other}/s1"), None).await.refused(404, MISSING);
    assert_eq!(text, format!("No policy found for: {}", ARN.replace("hello", "other")));
    let text = bench.disallow("s1", "").await.refused(404, MISSING);
    assert_eq!(text, "No policy is associated with the given resource.");
    bench.allow("", bucket("s1")).await.ok();
    let text = bench.disallow("s2", "").await.refused(404, MISSING);
    assert_eq!(text, "Statement s2 is not found in resource policy.");
    let text = bench.disallow("s1", "?Qualifier=dead").await.refused(404, MISSING);
    assert_eq!(text, format!("Cannot find alias arn: {ARN}:dead"));
    assert_eq!(bench.disallow("s1", "").await.status, 204);
    bench.get(POLICY).await.refused(404, MISSING);
}

#[tokio::test]
async fn a_statement_id_is_taken_once_and_a_policy_has_its_size() {
    let bench = Bench::aliased(1).await;
    bench.allow("", bucket("s1")).await.ok();
    let text = bench.allow("", bucket("s1")).await.refused(409, "ResourceConflictException");
    assert_eq!(
        text,
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing \
         statement."
    );
    let mut last = None;
    for n in 0..100 {
        let answer = bench.allow("", bucket(&format!("statement-{n}"))).await;
        if answer.status != 201 {
            last = Some(answer);
            break;
        }
    }
    let text = last.expect("a limit").refused(400, "PolicyLengthExceededException");
    assert!(text.ends_with("is bigger than the limit (20480)."), "{text}");
    let mut bad = bucket("s2");
    bad["Principal"] = "invalid.nonaws.com".into();
    let text = bench.allow("?Qualifier=1", bad).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "The provided principal was invalid. Please check the principal and try again.");
    bench.allow("", bucket("a.b")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn a_policy_goes_with_its_alias_version_or_function() {
    let bench = Bench::aliased(1).await;
    for query in ["", "?Qualifier=1", "?Qualifier=live"] {
        bench.allow(query, bucket("s1")).await.ok();
    }
    bench.call("DELETE", "/2015-03-31/functions/hello/aliases/live", None).await.ok();
    bench.call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier=1"), None).await.ok();
    assert_eq!(bench.account.section("hello", Some("1"), Section::Policy).await, None);
    assert_eq!(bench.account.publish_version("hello", None).await, "2");
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "2"})).await.ok();
    bench.get(&format!("{POLICY}?Qualifier=live")).await.refused(404, MISSING);
    bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await.ok();
    bench.created("hello").await;
    bench.get(POLICY).await.refused(404, MISSING);
}

#[tokio::test]
async fn an_update_under_way_is_minded_only_now_and_then() {
    let bench = Bench::aliased(1).await;
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    bench.allow("", bucket("s1")).await.ok();
    bench.account.inject(Fault::update_in_progress("AddPermission", ARN, 1)).await;
    let text = bench.allow("", bucket("s2")).await.refused(409, "ResourceConflictException");
    assert!(text.ends_with(&format!("An update is in progress for resource: {ARN}")), "{text}");
    bench.allow("", bucket("s2")).await.ok();
    bench.account.configure(|settings| settings.delete_settle = Some(lambda_sim::SettleDelay::Hold)).await;
    bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await.ok();
    bench.allow("", bucket("s3")).await.refused(409, "ResourceConflictException");
}

#[tokio::test]
async fn somebody_else_changes_permissions() {
    let bench = Bench::aliased(1).await;
    let before = bench.revision("").await;
    bench.account.put_permission("hello", None, bucket("theirs")).await;
    let mut changed = bucket("theirs");
    changed["Principal"] = "*".into();
    bench.account.put_permission("hello", None, changed).await;
    assert_ne!(bench.revision("").await, before);
    let policy = bench.policy("").await;
    assert_eq!(
        (policy["Statement"].as_array().unwrap().len(), &policy["Statement"][0]["Principal"]),
        (1, &json!("*"))
    );
    assert_eq!(bench.account.section("hello", None, Section::Policy).await, Some(policy));
    bench.account.put_permission("hello", Some("live"), bucket("theirs")).await;
    assert_eq!(bench.policy("?Qualifier=live").await["Statement"][0]["Resource"], format!("{ARN}:live"));
    let there = bench.revision("").await;
    bench.account.remove_permission("hello", None, "ours").await;
    assert_eq!(bench.revision("").await, there, "nothing was removed");
    bench.account.remove_permission("hello", None, "theirs").await;
    bench.get(POLICY).await.refused(404, MISSING);
    let gone = bench.revision("").await;
    assert_ne!(gone, there);
    bench.account.remove_permission("hello", None, "theirs").await;
    bench.account.set_section("hello", None, Section::Policy, None).await;
    assert_eq!(bench.revision("").await, gone, "there was none to remove");
    let document =
        json!({"Version": "2012-10-17", "Statement": [{"Sid": "a", "Principal": {"AWS": "444455556666"}}]});
    bench.account.set_section("hello", None, Section::Policy, Some(document)).await;
    let root = json!({"AWS": "arn:aws:iam::444455556666:root"});
    assert_eq!(bench.policy("").await["Statement"][0]["Principal"], root);
}
