//! `tree`: what belongs together, and how it stands.

use cluster_tests::{World, function, list};
use serde_json::{Value, json};

use super::is_plain;

#[tokio::test]
async fn an_application_is_one_tree() {
    let world = World::start("plugin-tree").await;
    let manifests = world.each_kind();
    world.kubectl(&["apply", "-f", "-"]).stdin(list(&manifests)).run().await;
    world.all_ready(&manifests).await;
    let tree = world.lambda_says(&["tree"]).await;
    let expected = "\
NAME                                          READY   REASON      DETAILS
LambdaFunction/lambdafunction                 True    Available   python3.14, version 1
├─ Version/1                                  True    Active      live
├─ LambdaAlias/lambdaalias                    True    Available   version 1
│  └─ EventSourceMapping/eventsourcemapping   True    Available   Enabled, sqs orders
├─ CodeSigningConfig/codesigningconfig        True    Available   Warn
└─ LambdaLayer/lambdalayer                    True    Available   version 1
";
    assert_eq!(tree, expected);
    world.objects("LambdaInvocation").apply("once", json!({"aliasRef": {"name": "lambdaalias"}})).await;
    world.lambda_says(&["wait", "linv/once"]).await;
    let tree = world.lambda_says(&["tree", "lambdaalias"]).await;
    let line = tree
        .lines()
        .find(|line| line.starts_with("├─ LambdaInvocation/once "))
        .unwrap_or_else(|| panic!("{tree}"));
    assert!(line.contains("True") && line.contains("took "), "{line}");
    let of_layer = world.lambda_says(&["tree", "lly/lambdalayer"]).await;
    assert!(of_layer.contains("\n└─ LambdaFunction/lambdafunction "), "{of_layer}");
    let account = format!("lacc/{}", world.account_name("lambdaaccount"));
    let of_account = world.lambda_says(&["tree", &account]).await;
    assert!(of_account.contains("├─ LambdaAlias/lambdaalias "), "{of_account}");
}

#[tokio::test]
async fn trouble_shows_with_its_message_and_for_programs_as_json() {
    let world = World::start("plugin-trouble").await;
    world.apply("broken", function(json!({"runtime": "python2.7"}))).await;
    world
        .objects("LambdaAlias")
        .apply("lost", json!({"functionRef": {"name": "gone"}, "version": "Latest"}))
        .await;
    world.reason("broken", "InvalidSpec").await;
    world.objects("LambdaAlias").reason("lost", "DependencyNotReady").await;
    let tree = world.lambda_says(&["tree"]).await;
    assert!(is_plain(&tree), "no colours in a pipe: {tree:?}");
    let coloured = world.lambda(&["tree"]).await.env("CLICOLOR_FORCE", "1").run().await.stdout;
    assert!(coloured.contains("\u{1b}[31mFalse"), "colours where they are wanted: {coloured:?}");
    let line = |name: &str| {
        tree.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {tree}"))
    };
    assert!(line("LambdaFunction/broken").contains("no longer supported"), "{tree}");
    assert!(line("LambdaAlias/lost").contains("False"), "{tree}");
    assert!(line("└─ LambdaFunction/gone").contains("NotFound"), "{tree}");

    let printed: Value =
        serde_json::from_str(&world.lambda_says(&["tree", "broken", "-o", "json"]).await).unwrap();
    let broken = &printed[0];
    assert_eq!((&broken["kind"], &broken["ready"]), (&json!("LambdaFunction"), &json!("False")));
    assert_eq!((&broken["reason"], &broken["stalled"]), (&json!("InvalidSpec"), &json!(true)));
    let yaml: Value =
        serde_saphyr::from_str(&world.lambda_says(&["tree", "broken", "-o", "yaml"]).await).unwrap();
    assert_eq!(yaml, printed);
}

#[tokio::test]
async fn what_is_not_there_is_answered_with_what_is() {
    let world = World::builder("plugin-missing").without_operator().start().await;
    let empty = world.lambda(&["tree"]).await.run().await;
    assert_eq!(empty.stdout, "");
    assert!(empty.stderr.contains("No objects of lambda-operator.io in the namespace"), "{}", empty.stderr);
    assert_eq!(world.lambda_says(&["tree", "-o", "json"]).await, "[]\n");
    world.apply("hello", function(json!({}))).await;
    let output = world.lambda_fails(1, &["tree", "hallo"]).await;
    assert!(
        output.stderr.contains("there is no object of lambda-operator.io with the name hallo"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("there are LambdaFunction/hello"), "{}", output.stderr);
    // Nobody has looked at it.
    let tree = world.lambda_says(&["tree"]).await;
    assert!(tree.contains("NotObserved"), "{tree}");
    let everywhere = world.lambda_says(&["tree", "-A"]).await;
    assert!(everywhere.starts_with("NAMESPACE "), "{everywhere}");
    assert!(everywhere.lines().any(|line| line.starts_with(world.namespace.name())), "{everywhere}");
}
