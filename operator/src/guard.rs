//! The command `guard`, which the chart runs before it is uninstalled: whether anything would be left behind that only
//! the operator can let go. Called by `main`.

use std::collections::BTreeSet;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams};
use kube::{Client, ResourceExt};

use crate::k8s::definition::{self, is_missing};
use crate::run::{RunError, connect};
use crate::settings::KubernetesSettings;
use crate::text::some_of;

/// How often it looks whether the LambdaAccounts are gone.
const LOOK: Duration = Duration::from_secs(1);
/// The kind that belongs to no namespace.
const ACCOUNT: &str = "LambdaAccount";
/// The kind that owns nothing in AWS and has no finalizer.
const INVOCATION: &str = "LambdaInvocation";

/// What to look at, and what to delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Which cluster.
    pub kubernetes: KubernetesSettings,
    /// Namespaces of the operator; empty: all, and LambdaAccounts.
    pub namespaces: Vec<String>,
    /// LambdaAccounts that go with the operator.
    pub accounts: BTreeSet<String>,
}

/// Why the operator has to stay, or nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// There is no way to the API server.
    #[error(transparent)]
    Connect(#[from] RunError),
    /// The API server refuses.
    #[error("{0}: {1}")]
    Refused(String, kube::Error),
    /// Objects exist.
    #[error("{0}")]
    InUse(String),
}

impl Guard {
    /// Looks for objects; when there are none, deletes the LambdaAccounts and waits until the operator has let them go.
    ///
    /// # Errors
    /// When objects exist, or the API server doesn't say; see [`GuardError`].
    pub async fn run(self) -> Result<(), GuardError> {
        let client = connect(&self.kubernetes).await?;
        let mut found = Vec::new();
        let leaves_something = |all: &CustomResourceDefinition| all.spec.names.kind != INVOCATION;
        for definition in lambda_operator_crds::all().into_iter().filter(leaves_something) {
            found.extend(self.objects(&client, &definition).await?);
        }
        if !found.is_empty() {
            return Err(GuardError::InUse(in_use(&found)));
        }
        self.let_accounts_go(&client).await
    }

    /// The objects of a kind that would be left behind.
    async fn objects(
        &self,
        client: &Client,
        definition: &CustomResourceDefinition,
    ) -> Result<Vec<String>, GuardError> {
        let kind = definition.spec.names.kind.as_str();
        let mut found = Vec::new();
        for api in self.apis(client, definition) {
            for object in names(&api, &definition.name_any()).await? {
                if kind != ACCOUNT || !self.accounts.contains(&object) {
                    found.push(format!("{kind} {object}"));
                }
            }
        }
        Ok(found)
    }

    /// Where objects of a kind may be.
    fn apis(&self, client: &Client, definition: &CustomResourceDefinition) -> Vec<Api<DynamicObject>> {
        let within = |namespace: &String| definition::api(client, definition, Some(namespace));
        match self.namespaces.as_slice() {
            [] => vec![definition::api(client, definition, None)],
            _ if definition.spec.names.kind == ACCOUNT => Vec::new(),
            some => some.iter().map(within).collect(),
        }
    }

    async fn let_accounts_go(&self, client: &Client) -> Result<(), GuardError> {
        let definition = lambda_operator_crds::all().into_iter().find(|all| all.spec.names.kind == ACCOUNT);
        let Some(definition) = definition.filter(|_| !self.accounts.is_empty()) else { return Ok(()) };
        for api in self.apis(client, &definition) {
            for name in &self.accounts {
                match api.delete(name, &DeleteParams::default()).await {
                    Err(error) if !is_missing(&error) => {
                        return Err(GuardError::Refused(format!("{ACCOUNT} {name} can't be deleted"), error));
                    }
                    _ => println!("{ACCOUNT} {name} is being deleted"),
                }
            }
            while names(&api, &definition.name_any()).await?.iter().any(|name| self.accounts.contains(name)) {
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }
}

/// The objects there are, as `namespace/name`. Without the custom resource there are none.
async fn names(api: &Api<DynamicObject>, what: &str) -> Result<Vec<String>, GuardError> {
    let listed = match api.list_metadata(&ListParams::default()).await {
        Ok(listed) => listed.items,
        Err(error) if is_missing(&error) => Vec::new(),
        Err(error) => return Err(GuardError::Refused(format!("{what} can't be listed"), error)),
    };
    let name = |object: &kube::core::PartialObjectMeta<DynamicObject>| match object.namespace() {
        Some(namespace) => format!("{namespace}/{}", object.name_any()),
        None => object.name_any(),
    };
    Ok(listed.iter().map(name).collect())
}

/// What to say when objects exist.
fn in_use(found: &[String]) -> String {
    let named = some_of(found);
    let exist = if found.len() == 1 {
        "1 object exists".to_owned()
    } else {
        format!("{} objects exist", found.len())
    };
    format!(
        "{exist}: {named}. Without the operator nobody would remove their finalizers, and what they stand for in AWS would \
         stay. Delete them first (with deletionPolicy: Retain where AWS is to keep the resource), or skip this check by \
         `helm uninstall --no-hooks`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_counted_and_some_of_it_is_named() {
        let objects = |count| (0..count).map(|n| format!("LambdaFunction shop/f{n}")).collect::<Vec<_>>();
        assert!(in_use(&objects(1)).starts_with("1 object exists: LambdaFunction shop/f0. Without"));
        let many = in_use(&objects(12));
        assert!(many.starts_with("12 objects exist: LambdaFunction shop/f0, "), "{many}");
        assert!(many.contains("shop/f9 and 2 more. Without"), "{many}");
    }
}
