//! `kubectl lambda`: the real binary, found by the real kubectl, on a real API server and with simulated AWS.

mod account;
mod completion;
mod durable;
mod import;
mod invoke;
mod objects;
mod plan;
mod rollback;
mod tree;
mod versions;
mod wait;

use cluster_tests::World;
use test_support::kubeconfig;

/// Without the codes for colours there is nothing to find in a pipe.
fn is_plain(text: &str) -> bool {
    !text.contains('\u{1b}')
}

/// A user who may do in the world's namespace what a ClusterRole says: the kubeconfig.
async fn user(world: &World, name: &str, role: Option<&str>) -> std::path::PathBuf {
    let namespace = world.namespace.name();
    let user = format!("{name}-{namespace}");
    if let Some(role) = role {
        let role = format!("--clusterrole={role}");
        let arguments = ["create", "rolebinding", name, &role, &format!("--user={user}")];
        world.kubectl(&arguments).run().await;
    }
    let path = world.cluster.directory().join(format!("{user}.kubeconfig"));
    kubeconfig::write(&path, &world.cluster.kubeconfig_for_user(&user, &[])).unwrap();
    path
}

#[tokio::test]
async fn kubectl_finds_it_and_its_help() {
    let world = World::builder("plugin-help").without_operator().start().await;
    let help = world.lambda_says(&["--help"]).await;
    assert!(help.contains("Usage: kubectl lambda"), "{help}");
    for command in [
        "tree",
        "plan",
        "wait",
        "history",
        "import",
        "rollback",
        "suspend",
        "resume",
        "reconcile",
        "account",
        "invoke",
        "durable",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
        let help = world.lambda_says(&[command, "--help"]).await;
        assert!(help.contains("Examples:") && help.contains("--namespace") && is_plain(&help), "{help}");
    }
    let wrong = world.lambda_fails(2, &["tree", "pod/hello"]).await.stderr;
    assert!(wrong.contains("lambdafunctions (lfn)"), "{wrong}");
}

#[tokio::test]
async fn who_may_only_look_is_told_what_is_missing() {
    let world = World::start("plugin-access").await;
    world.apply("hello", cluster_tests::function(serde_json::json!({}))).await;
    world.ready("hello").await;
    let viewer = user(&world, "viewer", Some("lambda-operator-view")).await;
    let tree = world.lambda_as(&viewer, &["tree"]).await.run().await.stdout;
    assert!(tree.contains("LambdaFunction/hello"), "{tree}");
    world.lambda_as(&viewer, &["wait", "hello"]).await.run().await;
    let output = world.lambda_as(&viewer, &["suspend", "hello"]).await.output().await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        output.stderr.contains("cannot patch resource") && output.stderr.contains("edit, for changes"),
        "{}",
        output.stderr
    );

    let nobody = user(&world, "nobody", None).await;
    for command in ["tree", "wait"] {
        let output = world.lambda_as(&nobody, &[command]).await.output().await;
        assert_eq!(output.status.code(), Some(1));
        let said = &output.stderr;
        assert!(said.contains("can't be listed") && said.contains("ClusterRole view"), "{said}");
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_named() {
    let world = World::builder("plugin-nowhere").without_operator().start().await;
    let output = world.lambda_fails(1, &["tree", "--context", "elsewhere"]).await;
    assert!(output.stderr.contains("elsewhere") && output.stderr.contains("--context"), "{}", output.stderr);
    let output = world.lambda_fails(1, &["tree", "--kubeconfig", "/nowhere/config"]).await;
    assert!(output.stderr.contains("/nowhere/config"), "{}", output.stderr);
}
