//! `config/default` is what the chart makes of its defaults.

use chart_tests::{kustomized, render};
use serde_json::{Map, Value, json};

/// Hooks, and what `helm test` runs, belong to Helm.
fn is_helms(object: &Value) -> bool {
    object["metadata"]["annotations"].get("helm.sh/hook").is_some()
}

/// Labels and annotations that say who made an object, and nothing to Kubernetes.
fn without_marks(value: &mut Value) {
    const MARKS: [&str; 6] = [
        "app.kubernetes.io/version",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "helm.sh/",
    ];
    let is_mark =
        |key: &str| MARKS.iter().any(|mark| key.starts_with(mark)) || key.starts_with("checkov.io/");
    match value {
        Value::Object(fields) => {
            for of in ["labels", "annotations"] {
                if let Some(Value::Object(entries)) = fields.get_mut(of) {
                    entries.retain(|key, _| !is_mark(key));
                }
                if fields.get(of).and_then(Value::as_object).is_some_and(Map::is_empty) {
                    fields.remove(of);
                }
            }
            fields.values_mut().for_each(without_marks);
        }
        Value::Array(items) => items.iter_mut().for_each(without_marks),
        // kustomize writes 1.0 as 1.
        Value::Number(number) => *value = json!(number.as_f64()),
        _ => {}
    }
}

fn sorted(mut objects: Vec<Value>) -> Vec<(String, Value)> {
    objects.iter_mut().for_each(without_marks);
    let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    let mut named: Vec<(String, Value)> = objects.into_iter().map(|object| (name(&object), object)).collect();
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    named
}

#[tokio::test]
async fn both_install_the_same_objects() {
    let chart = render("").await.into_iter().filter(|object| !is_helms(object)).collect();
    let config = kustomized("default").await;
    let (namespaces, config): (Vec<Value>, Vec<Value>) =
        config.into_iter().partition(|object| object["kind"] == "Namespace");
    assert_eq!(namespaces[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let (chart, config) = (sorted(chart), sorted(config));
    let names =
        |objects: &[(String, Value)]| objects.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&chart), names(&config));
    for ((name, chart), (_, config)) in chart.iter().zip(&config) {
        assert_eq!(chart, config, "{name}: the chart's, and that of config/default");
    }
}

#[test]
fn a_difference_is_not_overlooked() {
    let object = |image: &str| {
        json!({"kind": "Deployment", "metadata": {"name": "a", "labels": {"helm.sh/chart": image}},
            "spec": {"template": {"metadata": {"labels": {"team": image}}, "spec": {"image": image}}}})
    };
    let sorted_one = |image| sorted(vec![object(image)]).remove(0).1;
    assert_ne!(sorted_one("a"), sorted_one("b"));
    assert_eq!(sorted_one("a")["spec"]["template"]["metadata"]["labels"], json!({"team": "a"}));
    assert!(sorted_one("a")["metadata"].get("labels").is_none());
}
