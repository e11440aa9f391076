//! What happens to recursive loops.

use lambda_sim::Section;
use serde_json::json;

use crate::client::Bench;

const CONFIG: &str = "/2024-08-31/functions/hello/recursion-config";

#[tokio::test]
async fn loops_are_terminated_unless_somebody_allows_them() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    assert_eq!(bench.get(CONFIG).await.ok(), json!({"RecursiveLoop": "Terminate"}));
    for mode in ["Allow", "Terminate", "Allow"] {
        let put = bench.call("PUT", CONFIG, Some(json!({"RecursiveLoop": mode}))).await;
        assert_eq!((put.status, put.body), (200, json!({"RecursiveLoop": mode})));
        assert_eq!(bench.get(CONFIG).await.ok(), json!({"RecursiveLoop": mode}));
    }
    assert_eq!(bench.function("hello").await, before, "the function doesn't change");
}

#[tokio::test]
async fn only_functions_have_loops() {
    let bench = Bench::with_versions(1).await;
    let text = bench.call("PUT", CONFIG, Some(json!({"RecursiveLoop": "Never"}))).await;
    assert_eq!(
        text.refused(400, "ValidationException"),
        "1 validation error detected: Value 'Never' at 'recursiveLoop' failed to satisfy constraint: Member must satisfy \
         enum value set: [Terminate, Allow]"
    );
    bench.call("PUT", CONFIG, Some(json!({}))).await.refused(400, "ValidationException");
    let version = "/2024-08-31/functions/hello:1/recursion-config";
    let text = bench.get(version).await.refused(400, "ValidationException");
    assert!(text.contains("Value 'hello:1' at 'functionName' failed"), "{text}");
    let other = "/2024-08-31/functions/other/recursion-config";
    for answer in
        [bench.get(other).await, bench.call("PUT", other, Some(json!({"RecursiveLoop": "Allow"}))).await]
    {
        assert!(answer.refused(404, "ResourceNotFoundException").ends_with(":function:other"));
    }
}

#[tokio::test]
async fn somebody_else_allows_loops() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    assert_eq!(bench.account.section("hello", None, Section::RecursiveLoop).await, None);
    bench.account.set_section("hello", None, Section::RecursiveLoop, Some(json!("Allow"))).await;
    assert_eq!(bench.get(CONFIG).await.ok(), json!({"RecursiveLoop": "Allow"}));
    assert_eq!(bench.account.section("hello", None, Section::RecursiveLoop).await, Some(json!("Allow")));
    bench.account.set_section("hello", None, Section::RecursiveLoop, None).await;
    assert_eq!(bench.get(CONFIG).await.ok(), json!({"RecursiveLoop": "Terminate"}));
}
