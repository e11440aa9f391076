//! The walk: each step shows real kubectl output, checks what it promises, and is timed for the summary.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::json;

use crate::stage::{Stage, progress, root};

const PATIENCE: Duration = Duration::from_mins(1);

/// Plays all steps. The first that fails ends the walk; what was reached is summed up in any case.
pub(crate) async fn play(stage: &Stage, keep: bool) -> anyhow::Result<()> {
    let mut walk = Walk { started: Instant::now(), steps: Vec::new() };
    let outcome = walk.play(stage, keep).await;
    walk.sum_up(stage, outcome.is_ok()).await;
    outcome
}

/// The steps so far: title, duration, and whether it went as promised.
struct Walk {
    started: Instant,
    steps: Vec<(&'static str, Duration, bool)>,
}

impl Walk {
    async fn play(&mut self, stage: &Stage, keep: bool) -> anyhow::Result<()> {
        self.step("Functions become Ready", become_ready(stage)).await?;
        self.step("A change of code and environment rolls out", roll_out(stage)).await?;
        if stage.sim.is_some() {
            self.step("A change behind the operator's back is repaired", repair(stage)).await?;
        } else {
            progress(
                "skipped: a change behind the operator's back (made through the simulator; change a function in your console to see it)",
            );
        }
        self.step("Bad manifests are explained", explain(stage)).await?;
        if !keep {
            self.step("A deletion is clean", delete(stage)).await?;
        }
        Ok(())
    }

    async fn step(
        &mut self,
        title: &'static str,
        step: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        println!("\n━━ {title}");
        let begun = Instant::now();
        let outcome = step.await;
        self.steps.push((title, begun.elapsed(), outcome.is_ok()));
        outcome.context(title)
    }

    async fn sum_up(&self, stage: &Stage, well: bool) {
        println!("\n━━ Summary");
        for (title, took, well) in &self.steps {
            println!("  {} {title:<50} {:>5.1} s", if *well { '✓' } else { '✗' }, took.as_secs_f64());
        }
        print_calls(stage).await;
        let (count, seconds) = (self.steps.len(), self.started.elapsed().as_secs_f64());
        if well {
            println!("\nAll {count} steps went as promised, in {seconds:.0} s.");
        } else {
            println!("\nStep {count} failed after {seconds:.0} s; the steps after it were not played.");
        }
    }
}

/// The samples, or the two that need nothing but a role.
async fn become_ready(stage: &Stage) -> anyhow::Result<()> {
    let samples = root().join("config/samples");
    if let Some(aws) = stage.aws() {
        let legacy = json!({
            "FunctionName": "legacy-report", "Runtime": "python3.13", "Handler": "report.handler", "MemorySize": 256,
            "Timeout": 60, "Role": "arn:aws:iam::111122223333:role/lambda-legacy",
            "Code": {"S3Bucket": "legacy", "S3Key": "report.zip"},
        });
        aws.put_function(legacy).await;
        println!("\n  $ kubectl apply -k config/samples");
        let manifests = stage.kubectl.quietly(&["kustomize", &samples.display().to_string()]).await?;
        stage.kubectl.apply(&manifests).await?.map_err(|text| anyhow::anyhow!(text))?;
    } else {
        for name in ["inline-python.yaml", "environment.yaml"] {
            println!("\n  $ kubectl apply -f config/samples/{name}");
            let text = std::fs::read_to_string(samples.join(name))?;
            let role = stage.role.as_deref().unwrap_or_default();
            let text = text.replace("arn:aws:iam::111122223333:role/lambda-basic", role);
            stage.kubectl.apply(&text).await?.map_err(|text| anyhow::anyhow!(text))?;
        }
    }
    stage.kubectl.show("wait lambdafunctions --all --for=condition=Ready --timeout=60s").await?;
    stage.kubectl.show("get lambdafunctions").await?;
    if stage.aws().is_some() {
        stage.kubectl.show(&format!("wait {OTHERS} --all --for=condition=Ready --timeout=60s")).await?;
        stage.kubectl.show(&format!("get {OTHERS}")).await?;
    }
    Ok(())
}

/// The kinds beside the function.
const OTHERS: &str =
    "lambdaaliases,lambdalayers,eventsourcemappings,codesigningconfigs,capacityproviders,lambdainvocations";

async fn roll_out(stage: &Stage) -> anyhow::Result<()> {
    let code = r#"{"spec":{"code":{"inline":{"files":{"index.py":"def handler(event, context):\n    return 'version two'\n"}}}}}"#;
    let before = code_of(stage, "hello").await;
    println!("\n  $ kubectl patch lambdafunction hello --type=merge --patch-file=version-two.json");
    let patch = ["patch", "lambdafunction", "hello", "--type=merge", "--patch", code];
    println!("  {}", stage.kubectl.quietly(&patch).await?.trim_end());
    stage
        .kubectl
        .show(r#"patch configmap orders-settings --type=merge --patch='{"data":{"CURRENCY":"CHF"}}'"#)
        .await?;
    stage
        .kubectl
        .show(r#"patch lambdafunction orders --type=merge --patch='{"spec":{"memorySize":256}}'"#)
        .await?;
    if let Some(aws) = stage.aws() {
        until("AWS has the new code of hello", || async {
            let now = code_of(stage, "hello").await?;
            (Some(&now) != before.as_ref()).then_some(())
        })
        .await?;
        until("AWS has the new environment of orders", || async {
            let function = aws.function("orders").await?;
            let configuration = &function["Configuration"];
            (configuration["Environment"]["Variables"]["CURRENCY"] == "CHF"
                && configuration["MemorySize"] == 256)
                .then_some(())
        })
        .await?;
        println!("\n  AWS has the new code of hello, and the new memory and environment of orders.");
    }
    stage.kubectl.show("wait lambdafunctions hello orders --for=condition=Ready --timeout=60s").await?;
    show_events(stage, "hello", &["Created", "Ready", "CodeUpdated"]).await?;
    show_events(stage, "orders", &["Created", "Ready", "ConfigurationUpdated"]).await
}

/// The hash of a function's code in the simulated AWS.
async fn code_of(stage: &Stage, name: &str) -> Option<String> {
    let function = stage.aws()?.function(name).await?;
    function["Configuration"]["CodeSha256"].as_str().map(ToOwned::to_owned)
}

async fn repair(stage: &Stage) -> anyhow::Result<()> {
    let aws = stage.aws().context("the simulator")?;
    println!("\n  (somebody sets the timeout of hello to 900 s in the console)");
    aws.edit_function("hello", json!({"Timeout": 900})).await;
    until("the timeout is back", || async {
        let function = aws.function("hello").await?;
        (function["Configuration"]["Timeout"] == 3).then_some(())
    })
    .await?;
    stage.kubectl.show("wait lambdafunction hello --for=condition=Drifted=False --timeout=60s").await?;
    show_events(stage, "hello", &["DriftDetected", "ConfigurationUpdated"]).await
}

/// Shows the Events about a function, oldest first, once they are there: they are published in the background.
async fn show_events(stage: &Stage, name: &str, reasons: &[&str]) -> anyhow::Result<()> {
    let command = format!("events --for=lambdafunction/{name}");
    let arguments: Vec<&str> = command.split_whitespace().collect();
    until(&format!("Events about {name}: {}", reasons.join(", ")), || async {
        let events = stage.kubectl.quietly(&arguments).await.ok()?;
        let words: Vec<&str> = events.split_whitespace().collect();
        reasons.iter().all(|reason| words.contains(reason)).then_some(())
    })
    .await?;
    stage.kubectl.show(&command).await?;
    Ok(())
}

/// What the README shows, too.
const MESSAGE: &str =
    r#"get lambdafunction broken -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}'"#;

async fn explain(stage: &Stage) -> anyhow::Result<()> {
    let manifest = |runtime: &str, memory: u32| {
        json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction", "metadata": {"name": "broken"},
            "spec": {
                "role": stage.role.as_deref().unwrap_or("arn:aws:iam::111122223333:role/lambda-basic"),
                "runtime": runtime, "handler": "index.handler", "memorySize": memory,
                "code": {"inline": {"files": {"index.py": "def handler(event, context):\n    pass\n"}}},
            },
        })
        .to_string()
    };
    println!("\n  $ kubectl apply -f broken.yaml   # memorySize: 64");
    ensure!(stage.kubectl.apply(&manifest("python3.14", 64)).await?.is_err(), "64 MB must be refused");
    println!("\n  $ kubectl apply -f broken.yaml   # runtime: python2.7, which only AWS knows to be over");
    stage.kubectl.apply(&manifest("python2.7", 128)).await?.map_err(|text| anyhow::anyhow!(text))?;
    stage.kubectl.show("wait lambdafunction broken --for=condition=Stalled --timeout=60s").await?;
    stage.kubectl.show(MESSAGE).await?;
    Ok(())
}

async fn delete(stage: &Stage) -> anyhow::Result<()> {
    let all = format!("delete lambdafunctions,{OTHERS} --all --timeout=60s");
    stage.kubectl.show(&all).await?;
    let Some(aws) = stage.aws() else { return Ok(()) };
    let left = aws.functions().await;
    let expected = ["billing-production", "legacy-report"];
    ensure!(left == expected, "AWS should be left with {expected:?}, but has {left:?}");
    println!(
        "\n  AWS is left with billing-production (deletionPolicy: Retain) and legacy-report (only observed)."
    );
    Ok(())
}

async fn print_calls(stage: &Stage) {
    let Some(aws) = stage.aws() else { return };
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    let ledger = aws.ledger().await;
    for call in ledger.iter().filter(|call| call.service == "lambda") {
        *calls.entry(call.operation.clone()).or_default() += 1;
    }
    let text: Vec<String> = calls.iter().map(|(operation, count)| format!("{operation} {count}")).collect();
    println!("\n  Calls to AWS: {}", text.join(", "));
}

async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut probe: impl FnMut() -> F,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = probe().await {
            return Ok(value);
        }
        if started.elapsed() > PATIENCE {
            bail!("{what}: not within {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
