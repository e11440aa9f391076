//! The binary as a person meets it: its help, its complaints, its exit codes.

use std::process::{Command, Output, Stdio};

use cluster_tests::operator_binary;

async fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(operator_binary().await);
    command.args(arguments).envs(variables.iter().copied()).env("KUBECONFIG", "/nowhere/kubeconfig");
    command.output().expect("the operator starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn the_help_of_run_explains_every_flag_with_its_variable() {
    let output = run(&["run", "--help"], &[]).await;
    assert!(output.status.success());
    let help = text(&output.stdout);
    let lines: Vec<&str> = help.lines().map(str::trim).collect();
    let flags: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("--")).collect();
    assert!(flags.len() > 25, "{help}");
    for at in flags {
        let flag = lines[at].trim_start_matches("--").split([' ', '[', '=']).next().unwrap();
        let end = (at + 1..lines.len()).find(|line| lines[*line].starts_with("--")).unwrap_or(lines.len());
        let about = lines[at + 1..end].join(" ");
        let variable = format!("[env: LAMBDA_OPERATOR_{}=", flag.replace('-', "_").to_uppercase());
        assert!(about.contains(&variable), "--{flag} says nothing of {variable}: {about}");
        assert!(about.find("[env").is_some_and(|length| length > 15), "--{flag} isn't explained: {about}");
    }
}

#[tokio::test]
async fn a_bad_setting_ends_it_with_a_message_that_names_the_flag() {
    let cases: [(&[&str], &str, &str); 9] = [
        (&["--quota-share", "2"], "--quota-share", "at most 1"),
        (&["--quota-share", "much"], "--quota-share", "much"),
        (&["--aws-endpoint-url", "localhost"], "--aws-endpoint-url", "http"),
        (&["--drift-interval", "5"], "--drift-interval", "5m"),
        (&["--recheck-min", "1h"], "--recheck-min", "--recheck-max"),
        (&["--lease-renew-deadline", "20s"], "--lease-renew-deadline", "--lease-duration"),
        (&["--metrics-address", "8080"], "--metrics-address", "8080"),
        (&["--log-level", "info,,=x=y"], "--log-level", "info,,=x=y"),
        (&["--quotas=perhaps"], "--quotas", "perhaps"),
    ];
    for (arguments, flag, also) in cases {
        let output = run(&[&["run"], arguments].concat(), &[]).await;
        let message = text(&output.stderr);
        assert!(!output.status.success(), "{arguments:?} was taken");
        assert!(message.contains(flag) && message.contains(also), "{arguments:?}: {message}");
    }
}

#[tokio::test]
async fn a_reader_that_has_had_enough_is_no_error() {
    for arguments in [&["crds"][..], &["iam-policy"]] {
        let mut command = Command::new(operator_binary().await);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.args(arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_bad_variable_is_a_bad_setting_too() {
    let output = run(&["run"], &[("LAMBDA_OPERATOR_CONCURRENCY", "many")]).await;
    assert!(!output.status.success());
    let message = text(&output.stderr);
    assert!(message.contains("--concurrency") && message.contains("many"), "{message}");
}

#[tokio::test]
async fn a_missing_kubeconfig_is_named() {
    let output = run(&["run", "--kubeconfig", "/nowhere/config", "--leader-election=false"], &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("/nowhere/config") && message.contains("--kubeconfig"), "{message}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let cluster = cluster_tests::install().await;
    let kubeconfig = cluster.admin_kubeconfig().display().to_string();
    let arguments = ["run", "--kubeconfig", &kubeconfig, "--metrics-address", &address];
    let output = run(&arguments, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("--metrics-address") && message.contains(&address), "{message}");
}

#[tokio::test]
async fn without_a_command_it_shows_its_help_and_fails() {
    let output = run(&[], &[]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Usage"), "{output:?}");
}

#[tokio::test]
async fn the_manifests_that_it_prints_are_those_that_were_installed() {
    let output = run(&["crds"], &[]).await;
    assert!(output.status.success());
    let cluster = cluster_tests::install().await;
    let kubectl = cluster.kubectl(cluster.admin_kubeconfig());
    let flags = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
    let applied = kubectl.args(flags).stdin(text(&output.stdout)).run().await;
    assert!(applied.stdout.contains("lambdafunctions.lambda-operator.io"), "{}", applied.stdout);
}
