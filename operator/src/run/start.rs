//! Until this process works: what it waits for, and when a standby counts as ready.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::ListParams;
use kube::{Client, ResourceExt};

use super::watches;
use crate::k8s::definition;
use crate::runtime::{Leadership, NotLeader, Readiness};
use crate::settings::Settings;

/// How long to wait before looking again for a custom resource that is missing.
const KINDS_RECHECK: Duration = Duration::from_secs(2);
/// What readiness calls the election.
const LEASE: &str = "the leader lease";

/// Says what a process that begins waits for.
pub fn expect(readiness: &Readiness) {
    readiness.expect(LEASE);
    definitions().for_each(|definition| readiness.expect(awaited(&definition.name_any())));
}

/// Waits until the API server has the custom resources: until then this process is of no use, not even as a standby.
pub async fn kinds_are_served(client: &Client, settings: &Settings, readiness: &Readiness) {
    let namespace = settings.watch.namespaces.first().map(String::as_str);
    for definition in definitions() {
        let name = definition.name_any();
        let api = definition::api(client, &definition, namespace);
        while let Err(error) = api.list_metadata(&ListParams::default().limit(1)).await {
            if definition::is_missing(&error) {
                tracing::warn!(
                    "waiting: the CustomResourceDefinition {name} is missing; install it from crds/"
                );
            } else {
                tracing::warn!(%error, "waiting: {name} can't be listed");
            }
            tokio::time::sleep(KINDS_RECHECK).await;
        }
        readiness.arrived(&awaited(&name));
    }
}

/// Waits until this process leads. As long as another one does, this one is ready: it watches nothing, and could lead.
///
/// # Errors
/// When it can't lead any more.
pub async fn be_standby(leadership: &Leadership, readiness: &Readiness) -> Result<(), NotLeader> {
    leadership.is_decided().await;
    if leadership.check().is_err() {
        readiness.arrived(LEASE);
    }
    leadership.wait_until_leader().await?;
    readiness.expect(watches::ALL);
    readiness.arrived(LEASE);
    Ok(())
}

/// The custom resources of namespaces.
fn definitions() -> impl Iterator<Item = CustomResourceDefinition> {
    lambda_operator_crds::all().into_iter().filter(|definition| definition.spec.scope == "Namespaced")
}

/// What readiness calls one of them.
fn awaited(definition: &str) -> String {
    format!("the CustomResourceDefinition {definition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_without_election_is_not_ready_before_its_watches_are() {
        let readiness = Readiness::default();
        readiness.expect(LEASE);
        be_standby(&Leadership::always(), &readiness).await.unwrap();
        assert_eq!(Vec::from_iter(readiness.awaited()), [watches::ALL]);
    }

    #[test]
    fn what_is_missing_has_a_name() {
        let readiness = Readiness::default();
        expect(&readiness);
        let awaited = readiness.awaited();
        assert!(
            awaited.contains("the CustomResourceDefinition lambdafunctions.lambda-operator.io"),
            "{awaited:?}"
        );
        assert!(awaited.contains(LEASE));
    }
}
