//! The operator's chart as a real helm installs, upgrades and uninstalls it. No node runs Pods here, so its containers are
//! run as processes, with their arguments and ServiceAccounts.

use std::process::{Command, ExitStatus};
use std::time::Duration;

use chart_tests::find;
use chart_tests::rights::{of_roles, requested, unused};
use serde_json::{Value, json};
use test_support::{Process, bin};

use crate::process::{ACCOUNT, start};
use crate::story::{ACCOUNTS, NAMESPACE, Story, function, succeeded};

const GUARD: &str = "lambda-operator-uninstall-guard";
const PATIENCE: Duration = Duration::from_mins(1);
impl Story {
    /// Lets the guard do what it may. Helm has taken its rights back, as the Job that it waited for didn't succeed.
    async fn empower_guard(&self) {
        let hooks = self.helm(&["get", "hooks", "lambda-operator"]).await.stdout;
        let hooks: Vec<Value> = serde_saphyr::from_multiple(&hooks).unwrap();
        let rights = hooks.into_iter().filter(|hook| hook["kind"] != "Job" && hook["kind"] != "Pod");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": rights.collect::<Vec<_>>()});
        self.kubectl(&["apply", "-f", "-"], Some(list)).await;
    }

    /// Runs the container of the guard's Job, and returns how it ends and what it says.
    async fn guard(&self) -> (ExitStatus, String) {
        let job = self.object("job", GUARD).await;
        let mut guard = start(&self.cluster, NAMESPACE, &job["spec"]["template"]["spec"], None).await;
        (guard.wait(PATIENCE).await, guard.log())
    }
}

#[tokio::test]
async fn it_is_installed_upgraded_guarded_and_uninstalled() {
    let story = Story::begin().await;
    install(&story).await;
    let mut operator = story.operator().await;
    work(&story, &mut operator).await;
    guard(&story).await;
    rights(&story);
    uninstall(&story).await;
}

async fn install(story: &Story) {
    let early = story.release("install", "lambda-operator", &["--set-json", ACCOUNTS]).await;
    assert!(!early.status.success());
    assert!(early.stderr.contains("install without accounts and add them in an upgrade"), "{}", early.stderr);

    let installed =
        story.release("install", "lambda-operator", &["--set", "settings.awsRegion=eu-west-1"]).await;
    succeeded(&installed);
    assert!(installed.stdout.contains("It has no credentials from these values"), "{}", installed.stdout);
    assert_eq!(story.names("crd").await.lines().count(), lambda_operator_crds::all().len());
    let upgrade = ["--reuse-values", "--set", "settings.recheckMin=1s", "--set-json", ACCOUNTS];
    succeeded(&story.release("upgrade", "lambda-operator", &upgrade).await);
    assert_eq!(story.names("lambdaaccount").await, "lambdaaccount.lambda-operator.io/main\n");
    let env = &story.object("deployment", "lambda-operator").await["spec"]["template"]["spec"]["containers"]
        [0]["env"];
    assert!(
        env.as_array().unwrap().contains(&json!({"name": "LAMBDA_OPERATOR_RECHECK_MIN", "value": "1s"})),
        "{env}"
    );
}

/// The operator does its work under the release's rights.
async fn work(story: &Story, operator: &mut Process) {
    let account = json!({"accountRef": {"name": "main"}});
    let objects = vec![function("own", json!({})), function("other", account)];
    story
        .kubectl(&["apply", "-f", "-"], Some(json!({"apiVersion": "v1", "kind": "List", "items": objects})))
        .await;
    let wait = ["wait", "--for=condition=Ready", "--timeout=60s", "-n", "default"];
    story
        .kubectl(
            &[&wait[..], &["lambdafunction/own", "lambdafunction/other", "lambdaaccount/main"]].concat(),
            None,
        )
        .await;
    let aws = story.sim.control().account(ACCOUNT, "eu-west-1");
    assert_eq!(aws.functions().await, ["other", "own"]);
    let once = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaInvocation",
        "metadata": {"name": "once", "namespace": "default"},
        "spec": {"functionRef": {"name": "own"}, "ttlSecondsAfterFinished": 0},
    });
    story.kubectl(&["apply", "-f", "-"], Some(once)).await;
    let gone = ["wait", "--for=delete", "--timeout=60s", "-n", "default", "lambdainvocation/once"];
    story.kubectl(&gone, None).await;
    assert_eq!(aws.invocations("own").await.len(), 1);

    // What `helm test` asks, at the address of this process.
    let address = operator.word_after("address=").await;
    let probe = |url: String, timeout: &'static str| async move {
        let program = bin("lambda-operator", "lambda-operator");
        let asking = move || Command::new(program).args(["probe", &url, "--timeout", timeout]).output();
        tokio::task::spawn_blocking(asking).await.unwrap().unwrap()
    };
    let answer = probe(format!("http://{address}/readyz"), "1m").await;
    assert!(answer.status.success(), "{answer:?}");
    let answer = probe(format!("http://{address}/nothing"), "100ms").await;
    assert!(!answer.status.success());
    let message = String::from_utf8(answer.stderr).unwrap();
    assert!(message.contains("/nothing isn't ready: 404"), "{message}");
}

/// The release stays while objects exist, and takes its LambdaAccounts with it.
async fn guard(story: &Story) {
    let uninstall = story.helm(&["uninstall", "lambda-operator", "--timeout", "2s"]).await;
    assert!(!uninstall.status.success(), "nothing runs the guard's Job, so it can't have said yes");
    story.object("deployment", "lambda-operator").await;
    story.empower_guard().await;
    let (status, message) = story.guard().await;
    assert!(!status.success());
    assert!(
        message.contains("2 objects exist: LambdaFunction default/other, LambdaFunction default/own."),
        "{message}"
    );
    assert_eq!(story.names("lambdaaccount").await, "lambdaaccount.lambda-operator.io/main\n");

    story.kubectl(&["delete", "lambdafunction", "--all", "-n", "default", "--timeout=60s"], None).await;
    let (status, message) = story.guard().await;
    assert!(status.success(), "{message}");
    assert_eq!(story.names("lambdaaccount").await, "", "the operator has let it go");
}

/// Nothing was refused, and the guard uses all that it may.
fn rights(story: &Story) {
    let log = std::fs::read_to_string(story.cluster.audit_log()).unwrap();
    let operator = requested(&log, NAMESPACE, "lambda-operator");
    assert!(operator.refused.is_empty(), "{:?}", operator.refused);
    assert!(!operator.allowed.is_empty());
    let guard = requested(&log, NAMESPACE, GUARD);
    assert!(guard.refused.is_empty(), "{:?}", guard.refused);
    let directory = story.cluster.directory();
    let kubectl = Command::new(story.cluster.kubectl_path())
        .args(["get", "clusterrole", GUARD, "-o", "json", "--kubeconfig"])
        .arg(directory.join("admin.kubeconfig"))
        .output()
        .unwrap();
    let role: Value = serde_json::from_slice(&kubectl.stdout).unwrap();
    assert_eq!(unused(&of_roles([&role]), &guard.allowed), Vec::<String>::new());
}

async fn uninstall(story: &Story) {
    succeeded(&story.helm(&["uninstall", "lambda-operator", "--no-hooks"]).await);
    assert_eq!(story.names("deployment").await, "");
    assert_eq!(story.names("crd").await.lines().count(), lambda_operator_crds::all().len(), "they are kept");
    // What an earlier release kept goes over to the other chart.
    succeeded(&story.release("install", "lambda-operator-crds", &["--take-ownership"]).await);
    let set = ["--set", "crds.enabled=false", "--set-json", ACCOUNTS];
    succeeded(&story.release("install", "lambda-operator", &set).await);
    let text = story.helm(&["get", "manifest", "lambda-operator-crds"]).await.stdout;
    let all: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    find(&all, "CustomResourceDefinition", "lambdafunctions.lambda-operator.io");
}
