//! The demo, played on the control plane of the tests: it goes as promised, and the README shows what it shows.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::process::{Command, Stdio};

use test_support::{CLUSTER_VARIABLE, Cluster};

const README: &str = include_str!("../../../README.md");

#[tokio::test]
async fn it_goes_as_promised_and_as_the_readme_shows_it() {
    let cluster = Cluster::shared().await;
    let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"));
    demo.env(CLUSTER_VARIABLE, cluster.directory()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || demo.output().unwrap()).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (shown, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{shown}\n{errors}");
    assert!(shown.contains("All 5 steps went as promised"), "{shown}");
    let lines: Vec<String> = shown.lines().map(without_ages).collect();
    let example = console(README);
    assert!(example.len() > 10, "{example:?}");
    for line in example {
        let wanted = without_ages(line.trim_end_matches('…'));
        assert!(lines.iter().any(|line| line.starts_with(&wanted)), "the demo shows no {wanted:?}:\n{shown}");
    }
}

/// The example's commands and their output, without comments.
fn console(document: &str) -> Vec<&str> {
    let block = document.split("```console").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    block.lines().filter(|line| !line.is_empty() && !line.starts_with("$ #")).collect()
}

/// A line with one space between words, and without the times and counts that differ from run to run.
fn without_ages(line: &str) -> String {
    let is_age = |word: &str| word.strip_suffix('s').is_some_and(|n| n.parse::<u32>().is_ok());
    let word = |word| if is_age(word) { "AGE" } else { word };
    // As in `0s (x3 over 3s)`.
    let counted = |word: &&str| {
        word.starts_with("(x") || *word == "over" || is_age(word.trim_end_matches(')')) && word.ends_with(')')
    };
    line.split_whitespace().filter(|word| !counted(word)).map(word).collect::<Vec<_>>().join(" ")
}
