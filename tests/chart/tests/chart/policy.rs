//! checkov finds nothing to complain about, and nothing is excused that isn't complained about.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use chart_tests::{Rendering, render, root};
use serde_json::Value;

/// The pinned checkov.
pub fn checkov() -> PathBuf {
    let script = root().join("tests/tools/checkov/ensure");
    let output = Command::new(&script).stderr(Stdio::inherit()).output().expect("the script starts");
    assert!(
        output.status.success(),
        "{} ended with {}; its messages are above",
        script.display(),
        output.status
    );
    let answer = String::from_utf8(output.stdout).unwrap();
    answer.trim().strip_prefix("checkov=").expect("it names checkov").into()
}

/// What checkov says of the chart with these values.
async fn judged(values: &str) -> Value {
    let text = Rendering { values, ..Rendering::default() }.text().await.unwrap();
    // checkov overlooks directories whose names begin with a dot.
    let directory = tempfile::Builder::new().prefix("chart-").tempdir().unwrap();
    std::fs::write(directory.path().join("chart.yaml"), text).unwrap();
    let output = Command::new(checkov())
        .args(["--framework", "kubernetes", "--output", "json", "--skip-download", "--directory"])
        .arg(directory.path())
        // The rules are in the package: nothing is asked for or told.
        .env_remove("BC_API_KEY")
        .output()
        .expect("checkov starts");
    let answer = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(&answer)
        .unwrap_or_else(|error| panic!("{error}: {answer}{}", String::from_utf8_lossy(&output.stderr)))
}

fn pairs(checks: &Value) -> BTreeSet<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = checks.as_array().into_iter().flatten();
    checks.map(|check| (text(&check["check_id"]), text(&check["resource"]))).collect()
}

#[tokio::test]
async fn nothing_fails_with_any_values() {
    for values in ["", "namespaced", "everything"] {
        let report = judged(values).await;
        assert_eq!(pairs(&report["results"]["failed_checks"]), BTreeSet::new(), "{values}");
        assert_eq!(report["summary"]["parsing_errors"], 0, "{values}");
        assert!(
            report["summary"]["passed"].as_u64().is_some_and(|passed| passed > 100),
            "{}",
            report["summary"]
        );
    }
}

#[tokio::test]
async fn each_excuse_has_a_reason_and_is_needed() {
    let skipped = pairs(&judged("").await["results"]["skipped_checks"]);
    let mut excused = BTreeSet::new();
    for object in render("").await {
        let metadata = &object["metadata"];
        let annotations = metadata["annotations"].as_object().into_iter().flatten();
        for (_, excuse) in annotations.filter(|(key, _)| key.starts_with("checkov.io/skip")) {
            let (check, reason) = excuse.as_str().unwrap().split_once('=').expect("CHECK=reason");
            assert!(reason.len() > 10, "{metadata}: {reason}");
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let (kind, namespace, name) =
                (text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]));
            excused.insert((check.to_owned(), format!("{kind}.{namespace}.{name}")));
        }
    }
    assert_eq!(excused, skipped);
}
