//! What people and AWS see of a failure: conditions, Events, and the calls about one function.

use std::time::Duration;

use lambda_operator_crds::LambdaFunction;
use lambda_sim::Call;
use serde_json::json;
use test_support::eventually;

use crate::world::ready_for;
use crate::{World, condition};

/// How long an Event may take, which is published in the background.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reasons that no retry can mend.
const STALLED: [&str; 5] =
    ["InvalidSpec", "ImmutableFieldChanged", "OwnershipConflict", "AccountMismatch", "CreateFailed"];

impl World {
    /// Waits until an object has a problem of this reason with every one of `texts` in the message, and asserts how it
    /// is told: Ready=False, the companion that belongs to the reason and only that one, and a Warning with the same text.
    pub async fn problem(&self, name: &str, reason: &str, texts: &[&str]) -> LambdaFunction {
        let object = self
            .until(name, &format!("{name} has the reason {reason} with {texts:?}"), |object| {
                ready_for(object, reason)
                    .is_some_and(|ready| texts.iter().all(|text| ready.message.contains(text)))
            })
            .await;
        let ready = condition(&object, "Ready").expect("it was waited for");
        assert_eq!(ready.status, "False", "{}", ready.message);
        let stalled = STALLED.contains(&reason);
        assert_eq!(condition(&object, "Stalled").is_some(), stalled, "{name}: Stalled");
        assert_eq!(condition(&object, "Reconciling").is_some(), !stalled, "{name}: Reconciling");
        self.warning(name, reason, texts).await;
        object
    }

    /// Waits for a Warning of this reason with all of these texts.
    pub async fn warning(&self, name: &str, reason: &str, texts: &[&str]) {
        eventually(PATIENCE, format!("a Warning {reason} about {name} with {texts:?}"), || async {
            let events = self.events(name).await;
            let found = events.iter().any(|(kind, of, note)| {
                kind == "Warning" && of == reason && texts.iter().all(|text| note.contains(text))
            });
            if found { Ok(()) } else { Err(events) }
        })
        .await;
    }

    /// The calls about one function so far, whole.
    pub async fn ledger_of(&self, name: &str) -> Vec<Call> {
        let ledger = self.ledger().await;
        let about = |call: &Call| call.resource.as_deref().is_some_and(|resource| resource == name);
        ledger.into_iter().filter(about).collect()
    }

    /// The operations so far that write.
    pub async fn written(&self) -> Vec<String> {
        let ledger = self.ledger().await;
        ledger.into_iter().filter(Call::is_write).map(|call| call.operation).collect()
    }

    /// The operations that were called about one function so far.
    pub async fn calls_of(&self, name: &str) -> Vec<String> {
        self.ledger_of(name).await.into_iter().map(|call| call.operation).collect()
    }

    /// When an operation was called about one function, in milliseconds of the simulator's clock.
    pub async fn times_of(&self, name: &str, operation: &str) -> Vec<u64> {
        let calls = self.ledger_of(name).await;
        calls.into_iter().filter(|call| call.operation == operation).map(|call| call.at_ms).collect()
    }

    /// How often STS was asked who the operator is.
    pub async fn identity_checks(&self) -> usize {
        let ledger = self.aws().ledger().await;
        ledger.into_iter().filter(|call| call.operation == "GetCallerIdentity").count()
    }

    /// Waits until an operation was called so often about one function.
    pub async fn until_called(&self, name: &str, operation: &str, times: usize) {
        eventually(PATIENCE, format!("{times} times {operation} about {name}"), || async {
            let calls = self.calls_of(name).await;
            let count = calls.iter().filter(|call| *call == operation).count();
            if count >= times { Ok(()) } else { Err(calls) }
        })
        .await;
    }

    /// Asks for a visit at once, by the annotation.
    pub async fn reconcile_now(&self, name: &str, value: &str) {
        let annotations = json!({"lambda-operator.io/reconcile-at": value});
        self.patch(name, json!({"metadata": {"annotations": annotations}})).await;
    }
}
