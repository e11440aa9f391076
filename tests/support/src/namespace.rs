//! A namespace per test, so that tests share one control plane and nothing else.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use kube::config::Kubeconfig;
use kube::{Client, ResourceExt};

use crate::{Cluster, kubeconfig};

/// A namespace with a unique name. Dropping it asks for its deletion and doesn't wait.
#[must_use = "dropping it deletes the namespace"]
pub struct TestNamespace {
    name: String,
    client: Client,
    admin: Kubeconfig,
}

impl Cluster {
    /// A new namespace whose name starts with `prefix`.
    pub async fn namespace(&self, prefix: &str) -> TestNamespace {
        let client = self.admin_client().await;
        let metadata = ObjectMeta { generate_name: Some(format!("{prefix}-")), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        let created = Api::all(client.clone()).create(&PostParams::default(), &namespace).await;
        let name = created.expect("a namespace can be created").name_any();
        TestNamespace { name, client, admin: self.admin().clone() }
    }
}

impl TestNamespace {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The administrator's client, for the runtime that asked for the namespace.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// An API of one kind in this namespace, as the administrator.
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType: Default>,
    {
        Api::namespaced(self.client(), &self.name)
    }
}

impl Drop for TestNamespace {
    fn drop(&mut self) {
        let (name, admin) = (std::mem::take(&mut self.name), self.admin.clone());
        // The test's runtime is about to end, and would take a task with it.
        let deletion = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let namespaces = Api::<Namespace>::all(kubeconfig::client(&admin).await?);
                namespaces.delete(&name, &DeleteParams::background()).await?;
                anyhow::Ok(())
            })
        });
        if let Ok(Err(error)) = deletion.join() {
            eprintln!("a test namespace stays behind: {error:#}");
        }
    }
}
