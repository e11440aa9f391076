//! What the operator, its guard and people may do, in every mode.

use std::collections::BTreeSet;

use chart_tests::rights::of_roles;
use chart_tests::{Rendering, find, of_kind, render};
use serde_json::{Value, json};

/// Objects of it are deleted once they have outlived their time, and have no finalizer that would be patched.
const INVOCATIONS: &str = "lambdainvocations";

fn shown<'a>(roles: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    of_roles(roles).iter().map(ToString::to_string).collect()
}

async fn with(set: &[&str]) -> Vec<Value> {
    Rendering { set, ..Rendering::default() }.objects().await.unwrap()
}

#[tokio::test]
async fn the_operator_may_work_on_every_kind_and_write_none_of_their_specs() {
    let objects = render("").await;
    let rights = shown([find(&objects, "ClusterRole", "lambda-operator")]);
    let group = lambda_operator_crds::GROUP;
    for crd in lambda_operator_crds::all() {
        let plural = &crd.spec.names.plural;
        let last = if plural == INVOCATIONS { "delete" } else { "patch" };
        for verb in ["list", "watch", last] {
            assert!(rights.contains(&format!("{verb} {plural}.{group}")), "{verb} {plural}");
        }
        assert!(rights.contains(&format!("patch {plural}/status.{group}")), "{plural}/status");
    }
    assert!(!rights.contains(&format!("patch {INVOCATIONS}.{group}")), "{rights:?}");
    let deletion = format!("delete {INVOCATIONS}.{group}");
    for right in rights.iter().filter(|right| **right != deletion) {
        assert!(
            !right.contains('*') && !right.starts_with("update") && !right.starts_with("delete"),
            "{right}"
        );
    }
}

#[tokio::test]
async fn some_namespaces_need_no_right_in_the_whole_cluster() {
    let objects = render("namespaced").await;
    for kind in ["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "LambdaAccount"] {
        assert_eq!(of_kind(&objects, kind), Vec::<&Value>::new(), "{kind}");
    }
    for namespace in ["team-a", "team-b"] {
        let within: Vec<&Value> =
            objects.iter().filter(|object| object["metadata"]["namespace"] == namespace).collect();
        let kinds: Vec<&str> = within.iter().filter_map(|object| object["kind"].as_str()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "Role").count(), 2, "operator and guard: {kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == "RoleBinding").count(), 2, "{kinds:?}");
        let roles = within.into_iter().filter(|object| object["metadata"]["name"] == "lambda-operator");
        let rights = shown(roles);
        let elsewhere = |right: &&String| right.contains("lambdaaccounts") || right.contains("namespaces");
        assert_eq!(rights.iter().filter(elsewhere).count(), 0, "{rights:?}");
        assert!(
            rights.contains("get secrets") && !rights.contains("list secrets"),
            "it doesn't watch them: {rights:?}"
        );
    }
}

#[tokio::test]
async fn what_a_setting_makes_needless_is_not_granted() {
    let rights = |objects: &[Value]| {
        shown(of_kind(objects, "ClusterRole").into_iter().chain(of_kind(objects, "Role")).filter(|role| {
            role["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("lambda-operator"))
        }))
    };
    let all = rights(&with(&[]).await);
    for (set, needless) in [
        (
            "settings.watchSecrets=false",
            vec!["list secrets", "watch secrets", "list configmaps", "watch configmaps"],
        ),
        ("settings.clusterId=\"prod\"", vec!["get namespaces kube-system"]),
        ("uninstallGuard.enabled=false", vec![]),
    ] {
        let fewer = rights(&with(&[set]).await);
        assert!(fewer.is_subset(&all), "{set}");
        for right in needless {
            assert!(all.contains(right) && !fewer.contains(right), "{set}: {right}");
        }
    }
    let single = rights(&with(&["settings.leaderElection=false", "replicaCount=1"]).await);
    assert!(!single.iter().any(|right| right.contains("leases")), "{single:?}");
    let other = rights(&with(&["settings.leaseName=\"other\""]).await);
    assert!(other.contains("update leases.coordination.k8s.io other"), "{other:?}");
    assert_eq!(
        of_kind(&with(&["rbac.create=false", "uninstallGuard.enabled=false"]).await, "ClusterRole"),
        Vec::<&Value>::new()
    );
}

#[tokio::test]
async fn the_guard_may_list_and_delete_only_the_accounts_of_the_release() {
    let objects = render("everything").await;
    let rights = shown([find(&objects, "ClusterRole", "everything-uninstall-guard")]);
    let group = lambda_operator_crds::GROUP;
    for crd in lambda_operator_crds::all() {
        let plural = &crd.spec.names.plural;
        let listed = rights.contains(&format!("list {plural}.{group}"));
        assert_eq!(listed, plural != INVOCATIONS, "{plural}: {rights:?}");
    }
    let others: Vec<&String> = rights.iter().filter(|right| !right.starts_with("list ")).collect();
    assert_eq!(others, [&format!("delete lambdaaccounts.{group} analytics")]);
}

#[tokio::test]
async fn bindings_name_the_operators_service_account() {
    for (values, account) in
        [("", "lambda-operator"), ("everything", "operator"), ("namespaced", "lambda-operator")]
    {
        let objects = render(values).await;
        let bindings =
            of_kind(&objects, "ClusterRoleBinding").into_iter().chain(of_kind(&objects, "RoleBinding"));
        let mut checked = 0;
        for binding in bindings {
            let guard = binding["metadata"]["name"].as_str().unwrap().ends_with("-uninstall-guard");
            let name = if guard { binding["metadata"]["name"].as_str().unwrap() } else { account };
            let subject =
                json!({"kind": "ServiceAccount", "name": name, "namespace": "lambda-operator-system"});
            assert_eq!(binding["subjects"], json!([subject]), "{values}: {}", binding["metadata"]);
            find(&objects, "ServiceAccount", name);
            checked += 1;
        }
        assert!(checked >= 3, "{values}: {checked}");
    }
}
