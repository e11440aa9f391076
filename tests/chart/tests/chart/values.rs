//! Values that make no sense are refused, and the message says which and why.

use chart_tests::{Rendering, find, render};

async fn refused(set: &[&str]) -> String {
    let rendering = Rendering { set, ..Rendering::default() };
    match rendering.text().await {
        Err(message) => message,
        Ok(_) => panic!("{set:?} was taken"),
    }
}

#[tokio::test]
async fn a_value_that_makes_no_sense_is_named() {
    let cases: [(&[&str], &str, &str); 18] = [
        (&["replicas=3"], "at ''", "additional properties 'replicas' not allowed"),
        (&["image.name=\"a\""], "/image'", "'name' not allowed"),
        (&["settings.driftIntervall=\"5m\""], "/settings'", "'driftIntervall' not allowed"),
        (&["settings.driftInterval=5"], "/settings/driftInterval", "want null or string"),
        (&["settings.driftInterval=\"5 minutes\""], "/settings/driftInterval", "does not match"),
        (&["settings.quotaShare=2"], "/settings/quotaShare", "maximum"),
        (&["settings.quotas=\"perhaps\""], "/settings/quotas", "want null or boolean"),
        (&["settings.awsEndpointUrl=\"localhost\""], "/settings/awsEndpointUrl", "does not match"),
        (&["settings.logFormat=\"xml\""], "/settings/logFormat", "'json'"),
        (&["image.digest=\"sha256:1\""], "/image/digest", "does not match"),
        (&["aws.roleArn=\"lambda-operator\""], "/aws/roleArn", "does not match"),
        (&["replicaCount=\"two\""], "/replicaCount", "want integer"),
        (&["podAnnotations={\"a\":1}"], "/podAnnotations/a", "want string"),
        (&["accounts=[{\"name\":\"a\"}]"], "/accounts/0", "'spec'"),
        (&["accounts=[{\"name\":\"a\",\"spec\":{}}]"], "/accounts/0/spec", "'accountId'"),
        (
            &["metrics.prometheusRule.disabled=[\"Nope\"]"],
            "/metrics/prometheusRule/disabled/0",
            "must be one of",
        ),
        (&["settings.leaderElection=false"], "/replicaCount", "maximum: got 2, want 1"),
        (
            &["metrics.serviceMonitor.enabled=true", "metrics.podMonitor.enabled=true"],
            "/metrics/podMonitor/enabled",
            "must be false",
        ),
    ];
    for (set, place, text) in cases {
        let message = refused(set).await;
        assert!(message.contains(place) && message.contains(text), "{set:?}: {message}");
    }
}

#[tokio::test]
async fn an_operator_of_some_namespaces_needs_a_cluster_id_and_has_no_accounts() {
    let message = refused(&["settings.watchNamespace=[\"a\"]"]).await;
    assert!(message.contains("at '/settings': missing property 'clusterId'"), "{message}");
    let accounts = "accounts=[{\"name\":\"a\",\"spec\":{\"accountId\":\"111122223333\"}}]";
    let message = refused(&["settings.watchNamespace=[\"a\"]", "settings.clusterId=\"b\"", accounts]).await;
    assert!(message.contains("at '/accounts': maxItems"), "{message}");
}

#[tokio::test]
async fn a_digest_decides_which_image_runs_in_every_pod() {
    let objects = render("everything").await;
    let image = "registry.example/lambda-operator:1.2.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    for (kind, name, pod) in [
        ("Deployment", "everything", "/spec/template/spec"),
        ("Job", "everything-uninstall-guard", "/spec/template/spec"),
        ("Pod", "everything-ready", "/spec"),
    ] {
        let pod = find(&objects, kind, name).pointer(pod).unwrap();
        assert_eq!(pod["containers"][0]["image"], image, "{kind}");
        assert_eq!(pod["imagePullSecrets"][0]["name"], "registry", "{kind}");
    }
}

#[tokio::test]
async fn credentials_come_from_a_role_or_a_secret_that_exists() {
    let objects = render("everything").await;
    let account = find(&objects, "ServiceAccount", "operator");
    let annotations = &account["metadata"]["annotations"];
    assert_eq!(annotations["eks.amazonaws.com/role-arn"], "arn:aws:iam::111122223333:role/lambda-operator");
    assert_eq!(annotations["example.com/owner"], "platform");
    let deployment = find(&objects, "Deployment", "everything");
    let env = deployment["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap();
    for (variable, key) in [
        ("AWS_ACCESS_KEY_ID", "access-key-id"),
        ("AWS_SECRET_ACCESS_KEY", "secret-access-key"),
        ("AWS_SESSION_TOKEN", "session-token"),
    ] {
        let entry = env.iter().find(|entry| entry["name"] == variable).unwrap();
        let reference = &entry["valueFrom"]["secretKeyRef"];
        assert_eq!((&reference["name"], &reference["key"]), (&"aws".into(), &key.into()), "{variable}");
    }
}

#[tokio::test]
async fn extra_objects_are_taken_as_they_are_or_as_templates() {
    let objects = render("everything").await;
    find(&objects, "ConfigMap", "more");
    find(&objects, "ConfigMap", "lambda-operator-templated");
}
