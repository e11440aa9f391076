//! Alerts and dashboard ask for metrics that exist, with labels that they have, and each alert has its runbook.

use std::collections::{BTreeMap, BTreeSet};

use chart_tests::{find, render, root};
use lambda_operator::runtime::Metrics;
use promql_parser::label::Matchers;
use promql_parser::parser::{self, Expr};
use serde_json::Value;

/// What Prometheus adds to every series.
const TARGET: [&str; 3] = ["namespace", "pod", "le"];

/// The operator's metrics by its own table, which is docs/metrics.md: names of series and their labels.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let metrics = Metrics::new();
    let rows = metrics.page().lines().filter_map(|line| {
        let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, _] = columns[..] else { return None };
        let name = name.strip_prefix('`')?.trim_end_matches('`');
        let labels = labels.split(", ").map(|label| label.trim_matches('`').to_owned());
        let labels: BTreeSet<String> = labels.filter(|label| !label.is_empty()).collect();
        let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        Some(suffixes.iter().map(move |suffix| (format!("{name}{suffix}"), labels.clone())))
    });
    rows.flatten().collect()
}

/// What a query asks for: series with the labels that it names.
fn asked(query: &str) -> Vec<(String, BTreeSet<String>)> {
    let tree = parser::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let mut found = Vec::new();
    walk(&tree, &BTreeSet::new(), &mut found);
    found
}

fn walk(expr: &Expr, by: &BTreeSet<String>, found: &mut Vec<(String, BTreeSet<String>)>) {
    let mut selector = |name: &Option<String>, matchers: &Matchers| {
        let labels = matchers.matchers.iter().map(|matcher| matcher.name.clone()).chain(by.iter().cloned());
        found.push((name.clone().expect("each selector has a name"), labels.collect()));
    };
    match expr {
        Expr::VectorSelector(vector) => selector(&vector.name, &vector.matchers),
        Expr::MatrixSelector(matrix) => selector(&matrix.vs.name, &matrix.vs.matchers),
        Expr::Aggregate(aggregate) => {
            let labels = aggregate.modifier.as_ref().map(|modifier| match modifier {
                parser::LabelModifier::Include(labels) | parser::LabelModifier::Exclude(labels) => {
                    &labels.labels
                }
            });
            let by = labels.into_iter().flatten().cloned().collect();
            walk(&aggregate.expr, &by, found);
        }
        Expr::Binary(binary) => {
            walk(&binary.lhs, by, found);
            walk(&binary.rhs, by, found);
        }
        Expr::Paren(inner) => walk(&inner.expr, by, found),
        Expr::Unary(inner) => walk(&inner.expr, by, found),
        Expr::Call(call) => call.args.args.iter().for_each(|argument| walk(argument, by, found)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => {}
        other => panic!("no alert or panel needs {other:?}"),
    }
}

/// Makes sure that a query can be answered.
fn check(query: &str, known: &BTreeMap<String, BTreeSet<String>>) {
    let asked = asked(query);
    assert!(!asked.is_empty(), "{query} asks for nothing");
    for (name, labels) in asked {
        let has = known.get(&name).unwrap_or_else(|| panic!("there is no metric {name}, for {query}"));
        for label in labels.iter().filter(|label| !TARGET.contains(&label.as_str())) {
            assert!(has.contains(label), "{name} has no label {label}, for {query}");
        }
    }
}

async fn alerts(set: &[&str]) -> Vec<Value> {
    let set: Vec<&str> =
        ["metrics.prometheusRule.enabled=true"].into_iter().chain(set.iter().copied()).collect();
    let rendering = chart_tests::Rendering { set: &set, ..chart_tests::Rendering::default() };
    let objects = rendering.objects().await.unwrap();
    let rule = find(&objects, "PrometheusRule", "lambda-operator");
    rule["spec"]["groups"][0]["rules"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_alert_asks_for_metrics_that_exist_and_has_a_runbook() {
    let (known, alerts) = (metrics(), alerts(&[]).await);
    let mut names = BTreeSet::new();
    for alert in &alerts {
        let name = alert["alert"].as_str().unwrap();
        let query = alert["expr"].as_str().unwrap();
        check(query, &known);
        assert!(query.contains(r#"namespace="lambda-operator-system""#), "{name} concerns other releases");
        assert!(
            ["info", "warning", "critical"].contains(&alert["labels"]["severity"].as_str().unwrap()),
            "{name}"
        );
        let page = format!("docs/runbooks/{name}.md");
        let url = alert["annotations"]["runbook_url"].as_str().unwrap();
        assert!(url.ends_with(&page), "{url}");
        let text =
            std::fs::read_to_string(root().join(&page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        for heading in ["What it means", "Where to look", "What to do"] {
            assert!(text.contains(&format!("\n## {heading}\n")), "{page} doesn't say {heading}");
        }
        let severity = format!("Severity: {}.", alert["labels"]["severity"].as_str().unwrap());
        assert!(text.contains(&severity), "{page}: {severity}");
        names.insert(format!("{name}.md"));
    }
    let pages = std::fs::read_dir(root().join("docs/runbooks")).unwrap();
    let pages: BTreeSet<String> =
        pages.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, pages, "alerts, and pages of docs/runbooks");
}

#[tokio::test]
async fn the_reasons_of_the_alerts_are_all_that_need_somebody() {
    let pattern = regex::Regex::new(r#"reason=~"([^"]*)""#).unwrap();
    let of = |alerts: &[Value], name: &str| {
        let alert = alerts.iter().find(|alert| alert["alert"] == name).unwrap();
        let found = pattern.captures(alert["expr"].as_str().unwrap()).unwrap()[1].to_owned();
        found.split('|').map(ToOwned::to_owned).collect::<BTreeSet<_>>()
    };
    let alerts = alerts(&[]).await;
    let conditions = std::fs::read_to_string(root().join("docs/conditions.md")).unwrap();
    for (alert, with) in [
        ("LambdaOperatorObjectsStalled", "| False | Stalled |"),
        ("LambdaOperatorObjectsRetrying", "| False | Reconciling |"),
    ] {
        let rows = conditions.lines().filter_map(|line| line.strip_prefix(with));
        let reasons: BTreeSet<String> = rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect();
        assert_eq!(of(&alerts, alert), reasons, "{alert}");
    }
}

#[tokio::test]
async fn alerts_can_be_left_out_labelled_and_set() {
    let objects = render("everything").await;
    let rule = find(&objects, "PrometheusRule", "everything");
    let rules = rule["spec"]["groups"][0]["rules"].as_array().unwrap();
    assert!(!rules.iter().any(|rule| rule["alert"] == "LambdaOperatorQuotaWait"));
    assert_eq!(rules.len() + 1, alerts(&[]).await.len());
    assert!(rules.iter().all(|rule| rule["labels"]["team"] == "platform"));
    let late = rules.iter().find(|rule| rule["alert"] == "LambdaOperatorSweepLate").unwrap();
    assert!(late["expr"].as_str().unwrap().ends_with("> 3600"), "{late}");
    assert_eq!(
        late["annotations"]["runbook_url"],
        "https://runbooks.example/lambda-operator/LambdaOperatorSweepLate.md"
    );
}

#[tokio::test]
async fn each_panel_asks_for_metrics_that_exist() {
    let objects = render("everything").await;
    let dashboard = find(&objects, "ConfigMap", "everything-dashboard");
    assert_eq!(dashboard["metadata"]["labels"]["grafana_dashboard"], "1");
    let dashboard: Value =
        serde_json::from_str(dashboard["data"]["lambda-operator.json"].as_str().unwrap()).unwrap();
    let (known, mut shown) = (metrics(), BTreeSet::new());
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(panel["description"].as_str().is_some_and(|text| text.len() > 3), "{}", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            // Grafana's own words for spans and variables.
            let query = target["expr"]
                .as_str()
                .unwrap()
                .replace("$__rate_interval", "5m")
                .replace("$namespace", "ops");
            check(&query, &known);
            shown.extend(asked(&query).into_iter().map(|(name, _)| name));
        }
    }
    let base = |name: &str| {
        ["_bucket", "_count", "_sum"].iter().fold(name.to_owned(), |name, end| name.replace(end, ""))
    };
    let shown: BTreeSet<String> = shown.iter().map(|name| base(name)).collect();
    let own = |name: &String| name.starts_with("lambda_operator_") && !name.ends_with("build_info");
    let all: BTreeSet<String> = known.keys().map(|name| base(name)).filter(own).collect();
    let missing: Vec<&String> = all.difference(&shown).collect();
    assert!(missing.is_empty(), "the dashboard shows every metric of the operator's own, but {missing:?}");
}

#[test]
fn a_query_for_something_that_does_not_exist_is_noticed() {
    let known = metrics();
    for query in [
        "lambda_operator_nothing > 1",
        "sum by (nope) (lambda_operator_objects)",
        "lambda_operator_leader{nope=\"1\"}",
    ] {
        assert!(std::panic::catch_unwind(|| check(query, &known)).is_err(), "{query}");
    }
}
