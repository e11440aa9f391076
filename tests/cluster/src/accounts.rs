//! LambdaAccounts of a world, which belong to no namespace: their names begin with that of the world's namespace, and a
//! label keeps the operators of other worlds away from them.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use lambda_operator_crds::LambdaAccount;
use lambda_sim::{AccountControl, Call};
use serde_json::{Value, json};
use test_support::eventually;

use crate::World;

/// An account that the operator has no credentials of its own for.
pub const OTHER: &str = "444455556666";
/// A role of it.
pub const OTHER_ROLE: &str = "arn:aws:iam::444455556666:role/lambda-operator";
/// The label of the world.
pub(crate) const LABEL: &str = "lambda-operator.test/world";
/// How long anything may take that is to happen by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which LambdaAccounts concern the operator of this namespace.
pub fn selector(namespace: &str) -> String {
    format!("{LABEL}={namespace}")
}

impl World {
    /// The full name of a LambdaAccount of this world.
    pub fn account_name(&self, name: &str) -> String {
        format!("{}-{name}", self.namespace.name())
    }

    /// An `accountRef` to it.
    pub fn account_ref(&self, name: &str) -> Value {
        json!({"name": self.account_name(name)})
    }

    /// All LambdaAccounts.
    pub fn accounts(&self) -> Api<LambdaAccount> {
        Api::all(self.namespace.client())
    }

    /// Creates or changes a LambdaAccount that the world's namespace may use, unless `extra` says otherwise.
    pub async fn apply_account(&self, name: &str, extra: Value) {
        let labels = json!({"kubernetes.io/metadata.name": self.namespace.name()});
        let mut spec = json!({"namespaces": {"selector": {"matchLabels": labels}}});
        if let (Some(fields), Value::Object(extra)) = (spec.as_object_mut(), extra) {
            fields.extend(extra);
        }
        let name = self.account_name(name);
        let object = json!({
            "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaAccount",
            "metadata": {"name": name, "labels": {LABEL: self.namespace.name()}}, "spec": spec,
        });
        let params = PatchParams::apply("user").force();
        self.accounts().patch(&name, &params, &Patch::Apply(&object)).await.expect("the API server takes it");
    }

    /// Waits until the condition Ready of the present generation has this reason and its message every one of the texts.
    pub async fn account_reason(&self, name: &str, reason: &str, texts: &[&str]) -> LambdaAccount {
        self.until_account(name, &format!("the reason {reason} with {texts:?}"), |account| {
            let conditions = account.status.iter().flat_map(|status| &status.conditions);
            let ready = conditions.into_iter().find(|condition| condition.type_ == "Ready");
            ready.is_some_and(|ready| {
                ready.reason == reason
                    && ready.observed_generation == account.metadata.generation
                    && texts.iter().all(|text| ready.message.contains(text))
            })
        })
        .await
    }

    /// Waits until a LambdaAccount is as wanted.
    pub async fn until_account(
        &self,
        name: &str,
        what: &str,
        wanted: impl Fn(&LambdaAccount) -> bool,
    ) -> LambdaAccount {
        let (api, name, wanted) = (self.accounts(), self.account_name(name), &wanted);
        eventually(PATIENCE, &format!("{name}: {what}"), || async {
            let found = api.get_opt(&name).await.expect("the API server answers");
            found.filter(wanted).ok_or("it is not so")
        })
        .await
    }

    /// Asks for the deletion of a LambdaAccount.
    pub async fn delete_account(&self, name: &str) {
        let deleted = self.accounts().delete(&self.account_name(name), &DeleteParams::default()).await;
        deleted.expect("the API server takes the deletion");
    }

    /// Waits until a LambdaAccount is gone.
    pub async fn account_gone(&self, name: &str) {
        let (api, name) = (self.accounts(), self.account_name(name));
        eventually(PATIENCE, &format!("{name} is gone"), || async {
            api.get_opt(&name)
                .await
                .expect("the API server answers")
                .map_or(Ok(()), |found| Err(format!("{:?}", found.status)))
        })
        .await;
    }

    /// Sets or removes (`null`) a label of a namespace.
    pub async fn label_namespace(&self, namespace: &str, key: &str, value: Value) {
        let patch = Patch::Merge(json!({"metadata": {"labels": {key: value}}}));
        let namespaces: Api<Namespace> = Api::all(self.namespace.client());
        let labelled = namespaces.patch(namespace, &PatchParams::default(), &patch).await;
        labelled.expect("the API server takes the label");
    }

    /// An account and region of the simulator.
    pub fn aws_in(&self, account: &str, region: &str) -> AccountControl {
        self.sim.control().account(account, region)
    }

    /// The calls of all accounts and regions so far to a service, whole.
    pub async fn calls_to(&self, service: &str) -> Vec<Call> {
        let ledger = self.sim.control().ledger().await;
        ledger.into_iter().filter(|call| call.service == service).collect()
    }

    /// The writes to Lambda so far, as `account/region operation resource`, sorted.
    pub async fn writes_everywhere(&self) -> Vec<String> {
        let writes = self.calls_to("lambda").await.into_iter().filter(Call::is_write);
        let mut writes: Vec<String> = writes
            .map(|call| {
                let Call { account, region, operation, resource, .. } = call;
                format!("{account}/{region} {operation} {}", resource.unwrap_or_default())
            })
            .collect();
        writes.sort();
        writes
    }
}
