//! Every setting of `lambda-operator run` can be reached by a value of its name, and the defaults that the values promise
//! are the operator's.

use std::collections::BTreeMap;

use chart_tests::{find, render, root};
use clap::{Arg, CommandFactory, Parser};
use lambda_operator::cli::{Cli, Command};
use serde_json::Value;

/// What the chart sets by other values or in no Pod: the port of metrics, the Pod's own name and namespace, the cluster.
const ELSEWHERE: [&str; 5] = ["metrics-address", "identity", "lease-namespace", "kubeconfig", "context"];

fn flags() -> Vec<Arg> {
    let command = Cli::command();
    let run = command.find_subcommand("run").unwrap();
    let flags = run.get_arguments().filter(|arg| arg.get_long().is_some_and(|name| name != "help"));
    flags.filter(|arg| !ELSEWHERE.contains(&arg.get_long().unwrap())).cloned().collect()
}

/// `drift-interval` → `driftInterval`.
fn camel(flag: &str) -> String {
    let mut words = flag.split('-');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

fn schema() -> Value {
    let text = std::fs::read_to_string(root().join("charts/lambda-operator/values.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn each_flag_is_a_value_and_each_value_a_flag() {
    let mut wanted: Vec<String> = flags().iter().map(|arg| camel(arg.get_long().unwrap())).collect();
    wanted.sort();
    let schema = schema();
    let settings = &schema["properties"]["settings"];
    let known: Vec<&String> = settings["properties"].as_object().unwrap().keys().collect();
    assert_eq!(known, wanted.iter().collect::<Vec<_>>(), "values.schema.json and `run --help` differ");
    let values = std::fs::read_to_string(root().join("charts/lambda-operator/values.yaml")).unwrap();
    let values: Value = serde_saphyr::from_str(&values).unwrap();
    let known: Vec<&String> = values["settings"].as_object().unwrap().keys().collect();
    assert_eq!(known, wanted.iter().collect::<Vec<_>>(), "values.yaml and `run --help` differ");
}

#[test]
fn the_defaults_that_the_readme_promises_are_those_of_the_flags() {
    let readme = std::fs::read_to_string(root().join("charts/lambda-operator/README.md")).unwrap();
    let row = |name: &str| {
        let start = format!("| settings.{name} | ");
        let row = readme.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        row.split(" | ").nth(1).unwrap().to_owned()
    };
    for flag in flags() {
        let name = camel(flag.get_long().unwrap());
        let defaults = flag.get_default_values();
        if let [default] = defaults
            && name != "logFormat"
        {
            assert_eq!(row(&name), default.to_string_lossy(), "settings.{name}");
        }
    }
    assert_eq!(row("logFormat"), "`\"json\"`", "people read text, collectors JSON");
}

#[test]
fn every_value_is_explained_and_in_the_schema() {
    let readme = std::fs::read_to_string(root().join("charts/lambda-operator/README.md")).unwrap();
    let table = readme.split("## Values").nth(1).unwrap();
    let rows: Vec<Vec<&str>> =
        table.lines().filter(|line| line.starts_with("| ")).map(|line| line.split(" | ").collect()).collect();
    assert!(rows.len() > 100, "{}", rows.len());
    let schema = schema();
    for row in &rows[1..] {
        let name = row[0].trim_start_matches("| ");
        assert!(row.last().unwrap().trim_end_matches(" |").len() > 10, "{name} isn't explained");
        let mut place = &schema;
        for step in name.split('.') {
            match place["properties"].get(step) {
                Some(next) => place = next,
                // Below are names that people choose.
                None if place["$ref"].is_string() || place["additionalProperties"] != false => break,
                None => panic!("values.schema.json doesn't know {name}"),
            }
        }
    }
}

/// The environment of the operator's container: names and values that are given as they are.
fn environment(objects: &[Value], name: &str) -> BTreeMap<String, String> {
    let deployment = find(objects, "Deployment", name);
    let env = deployment["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap();
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    env.iter().filter_map(|entry| Some((text(&entry["name"])?, text(&entry["value"])?))).collect()
}

#[tokio::test]
async fn without_values_the_operator_has_its_own_defaults() {
    let environment = environment(&render("").await, "lambda-operator");
    assert_eq!(environment, BTreeMap::from([("LAMBDA_OPERATOR_LOG_FORMAT".into(), "json".into())]));
}

#[tokio::test]
async fn the_binary_understands_what_the_values_say() {
    for (values, deployment, untouched) in
        [("everything", "everything", vec!["watch-namespace"]), ("namespaced", "lambda-operator", vec![])]
    {
        let environment = environment(&render(values).await, deployment);
        let mut arguments = vec!["lambda-operator".to_owned(), "run".to_owned()];
        for flag in flags() {
            let name = flag.get_long().unwrap();
            let variable = format!("LAMBDA_OPERATOR_{}", name.replace('-', "_").to_uppercase());
            match environment.get(&variable) {
                Some(value) => arguments.push(format!("--{name}={value}")),
                None => assert!(values != "everything" || untouched.contains(&name), "nothing sets --{name}"),
            }
        }
        let Command::Run(run) = Cli::try_parse_from(&arguments).unwrap().command else { panic!("it runs") };
        run.settings().unwrap_or_else(|error| panic!("{values}: {error}"));
    }
}
