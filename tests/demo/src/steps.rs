//! The walk: each step shows real kubectl output, checks what it promises, and is timed for the summary.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::json;

use crate::stage::{Stage, progress, root};

const PATIENCE: Duration = Duration::from_mins(1);

/// Plays all steps. The first that fails ends the walk.
pub(crate) async fn play(stage: &mut Stage, keep: bool) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut summary = Vec::new();
    macro_rules! step {
        ($title:expr, $step:expr) => {{
            println!("\n━━ {}", $title);
            let begun = Instant::now();
            $step.await.context($title)?;
            summary.push(($title, begun.elapsed()));
        }};
    }
    step!("Functions become Ready", become_ready(stage));
    step!("A change of code and environment rolls out", roll_out(stage));
    if stage.sim.is_some() {
        step!("A change behind the operator's back is repaired", repair(stage));
    } else {
        progress(
            "skipped: a change behind the operator's back (made through the simulator; change a function in your console to see it)",
        );
    }
    step!("Bad manifests are explained", explain(stage));
    if !keep {
        step!("A deletion is clean", delete(stage));
    }
    println!("\n━━ Summary");
    for (title, took) in &summary {
        println!("  ✓ {title:<50} {:>5.1} s", took.as_secs_f64());
    }
    print_calls(stage).await;
    println!("\nAll {} steps went as promised, in {:.0} s.", summary.len(), started.elapsed().as_secs_f64());
    Ok(())
}

/// The samples, or the two that need nothing but a role.
async fn become_ready(stage: &Stage) -> anyhow::Result<()> {
    let samples = root().join("config/samples");
    if let Some(aws) = stage.aws() {
        let legacy = json!({
            "FunctionName": "legacy-report", "Runtime": "python3.14", "Handler": "index.handler", "Timeout": 60,
            "Role": "arn:aws:iam::111122223333:role/lambda-basic", "Code": {"S3Bucket": "legacy", "S3Key": "report.zip"},
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
    Ok(())
}

async fn roll_out(stage: &Stage) -> anyhow::Result<()> {
    let code = r#"{"spec":{"code":{"inline":{"files":{"index.py":"def handler(event, context):\n    return 'version two'\n"}}}}}"#;
    println!("\n  $ kubectl patch lambdafunction hello --type=merge --patch='{code}'");
    println!(
        "  {}",
        stage
            .kubectl
            .quietly(&["patch", "lambdafunction", "hello", "--type=merge", "--patch", code])
            .await?
            .trim_end()
    );
    stage
        .kubectl
        .show("patch configmap orders-settings --type=merge --patch={\"data\":{\"CURRENCY\":\"CHF\"}}")
        .await?;
    stage
        .kubectl
        .show("patch lambdafunction orders --type=merge --patch={\"spec\":{\"memorySize\":256}}")
        .await?;
    if let Some(aws) = stage.aws() {
        until("AWS has the new environment", || async {
            let function = aws.function("orders").await?;
            let configuration = &function["Configuration"];
            (configuration["Environment"]["Variables"]["CURRENCY"] == "CHF"
                && configuration["MemorySize"] == 256)
                .then_some(())
        })
        .await?;
    }
    stage.kubectl.show("wait lambdafunctions hello orders --for=condition=Ready --timeout=60s").await?;
    stage.kubectl.show("get events.events.k8s.io --field-selector=regarding.name=orders").await?;
    Ok(())
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
    stage.kubectl.show("get events.events.k8s.io --field-selector=regarding.name=hello").await?;
    Ok(())
}

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
    stage.kubectl.show("get lambdafunction broken -o=custom-columns=NAME:.metadata.name,REASON:.status.conditions[?(@.type==\"Ready\")].reason,MESSAGE:.status.conditions[?(@.type==\"Ready\")].message").await?;
    Ok(())
}

async fn delete(stage: &Stage) -> anyhow::Result<()> {
    stage.kubectl.show("delete lambdafunctions --all --timeout=60s").await?;
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
