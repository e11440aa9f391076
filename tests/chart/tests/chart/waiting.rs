//! `helm --wait` of an application with our objects: Helm 4 waits by kstatus, which our conditions follow.

use std::time::Duration;

use chart_tests::root;
use lambda_sim::{AccountControl, Options, SettleDelay, Sim};
use serde_json::Value;
use test_support::{Cluster, Process, TestNamespace, ToolOutput, eventually};
use tokio::task::JoinHandle;

use crate::namespaced::operator_of;
use crate::process::ACCOUNT;

const PATIENCE: Duration = Duration::from_mins(1);
/// The objects of `fixtures/shop`, released as `shop`.
const OBJECTS: [(&str, &str); 4] = [
    ("lambdalayer", "shop-tools"),
    ("lambdafunction", "shop"),
    ("lambdaalias", "shop-live"),
    ("eventsourcemapping", "shop-orders"),
];

/// An operator of a namespace, into which the application is released.
struct Shop {
    cluster: &'static Cluster,
    sim: Sim,
    apps: TestNamespace,
    _own: TestNamespace,
    _operator: Process,
}

impl Shop {
    async fn open(name: &str) -> Self {
        let cluster = Cluster::shared().await;
        let (own, apps) =
            (cluster.namespace(&format!("{name}-operator")).await, cluster.namespace(name).await);
        let sim = Sim::start(Options::default()).await.unwrap();
        let operator = operator_of(cluster, own.name(), &[apps.name()], &sim).await;
        Self { cluster, sim, apps, _own: own, _operator: operator }
    }

    fn aws(&self) -> AccountControl {
        self.sim.control().account(ACCOUNT, "eu-west-1")
    }

    /// Starts helm with `--wait`; it goes on beside the test.
    fn helm(&self, arguments: &[&str]) -> JoinHandle<ToolOutput> {
        let helm = self.cluster.helm(self.cluster.admin_kubeconfig()).args(["--namespace", self.apps.name()]);
        tokio::spawn(helm.args(arguments).arg("--wait").output())
    }

    /// Starts `helm install` or `upgrade` of the application.
    fn release(&self, verb: &str, more: &[&str]) -> JoinHandle<ToolOutput> {
        let chart = root().join("tests/chart/fixtures/shop").display().to_string();
        self.helm(&[&[verb, "shop", chart.as_str()], more].concat())
    }

    async fn object(&self, kind: &str, name: &str) -> Value {
        let kubectl = self.cluster.kubectl(self.cluster.admin_kubeconfig());
        let get = ["get", kind, name, "-n", self.apps.name(), "-o", "json", "--ignore-not-found"];
        let text = kubectl.args(get).run().await.stdout;
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// Waits until an object has this reason.
    async fn reason(&self, kind: &str, name: &str, reason: &str) {
        eventually(PATIENCE, format!("{name} has the reason {reason}"), || async {
            let object = self.object(kind, name).await;
            if ready(&object)["reason"] == reason { Ok(()) } else { Err(object["status"].clone()) }
        })
        .await;
    }

    /// All objects are Ready, on their present generation.
    async fn assert_ready(&self) {
        for (kind, name) in OBJECTS {
            let object = self.object(kind, name).await;
            let ready = ready(&object);
            assert_eq!(ready["status"], "True", "{name}: {object}");
            assert_eq!(ready["observedGeneration"], object["metadata"]["generation"], "{name}: {object}");
        }
    }
}

fn ready(object: &Value) -> Value {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().find(|condition| condition["type"] == "Ready").cloned().unwrap_or_default()
}

async fn succeeded(helm: JoinHandle<ToolOutput>) {
    let output = helm.await.unwrap();
    assert!(output.status.success(), "{}{}", output.stdout, output.stderr);
}

#[tokio::test]
async fn it_ends_when_all_are_ready_on_the_new_generation_or_gone() {
    let shop = Shop::open("wait").await;
    let hold = SettleDelay::Hold;
    let at_once = SettleDelay::NEXT_READ;
    shop.aws()
        .configure(|aws| {
            (aws.create_settle, aws.version_settle, aws.update_settle) = (hold, Some(at_once), hold);
            aws.delete_settle = Some(hold);
        })
        .await;

    let install = shop.release("install", &["--timeout", "5m"]);
    for (kind, name) in [OBJECTS[1], OBJECTS[3]] {
        shop.reason(kind, name, "Creating").await;
        assert!(!install.is_finished(), "{name} isn't there yet");
        shop.aws().settle().await;
    }
    succeeded(install).await;
    shop.assert_ready().await;

    let upgrade = shop.release("upgrade", &["--timeout", "5m", "--set", "memorySize=256"]);
    shop.reason("lambdafunction", "shop", "Updating").await;
    assert!(!upgrade.is_finished(), "the function is being changed");
    shop.aws().settle().await;
    succeeded(upgrade).await;
    shop.assert_ready().await;
    assert_eq!(shop.object("lambdafunction", "shop").await["metadata"]["generation"], 2);
    assert_eq!(shop.aws().function("shop").await.unwrap()["Configuration"]["MemorySize"], 256);

    let uninstall = shop.helm(&["uninstall", "shop", "--timeout", "5m"]);
    eventually(PATIENCE, "the mapping is being deleted", || async {
        let mappings = shop.aws().mappings().await;
        if mappings.iter().any(|mapping| mapping["State"] == "Deleting") { Ok(()) } else { Err(mappings) }
    })
    .await;
    assert!(!uninstall.is_finished(), "the mapping is still there");
    shop.aws().configure(|aws| (aws.update_settle, aws.delete_settle) = (at_once, None)).await;
    shop.aws().settle().await;
    succeeded(uninstall).await;
    for (kind, name) in OBJECTS {
        assert_eq!(shop.object(kind, name).await, Value::Null);
    }
    assert_eq!(shop.aws().functions().await, Vec::<String>::new());
}

#[tokio::test]
async fn it_fails_when_one_is_stalled_and_an_upgrade_mends_that() {
    let shop = Shop::open("wait-stalled").await;
    // Nothing waits for the mapping, so Helm ends at once, long before its timeout.
    let broken = ["--timeout", "5m", "--set-json", r#"ignoreDrift=["batchSise"]"#];
    let output = shop.release("install", &broken).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}{}", output.stdout, output.stderr);
    let failed = format!("EventSourceMapping/{}/shop-orders not ready. status: Failed", shop.apps.name());
    for text in [failed.as_str(), "batchSise"] {
        assert!(output.stderr.contains(text), "no {text:?} in {}", output.stderr);
    }
    for text in ["deadline exceeded", "shop-live"] {
        assert!(!output.stderr.contains(text), "{text:?} is in {}", output.stderr);
    }
    succeeded(shop.release("upgrade", &["--timeout", "5m", "--reset-values"])).await;
    shop.assert_ready().await;

    // What waits for a stalled object isn't stalled itself: for that, Helm takes its time and then names both.
    let broken = ["--timeout", "10s", "--set", "runtime=python2.7"];
    let output = shop.release("upgrade", &broken).await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("/shop not ready. status: Failed"), "{}", output.stderr);
    assert!(output.stderr.contains("python2.7"), "{}", output.stderr);
    succeeded(shop.helm(&["uninstall", "shop", "--timeout", "5m"])).await;
}
