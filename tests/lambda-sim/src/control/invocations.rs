//! What functions do when they are invoked, and what they were invoked for.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::AccountControl;
use super::command::Command;
use crate::invocation::{Invocation, Outcome};
use crate::region::Region;

/// `{"do": "invocations", "act": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum InvocationsCommand {
    Next { function: String, outcome: Outcome },
    Made { function: String },
}

impl InvocationsCommand {
    pub(super) fn carry_out(self, region: &mut Region) -> Value {
        match self {
            Self::Next { function, outcome } => {
                region.invocations.entry(function).or_default().next.push_back(outcome);
                Value::Null
            }
            Self::Made { function } => json!(region.invocations.entry(function).or_default().made),
        }
    }
}

impl AccountControl {
    /// What the next invocation of a function comes to, after those that were said before. Its delay, a refusal and a
    /// cut connection are faults of `Invoke`, see [`inject`](Self::inject).
    pub async fn next_invocation(&self, function: &str, outcome: Outcome) {
        let function = function.to_owned();
        self.tell(Command::Invocations(InvocationsCommand::Next { function, outcome })).await;
    }

    /// The invocations that reached a function: those that were refused or only tried (`DryRun`) aren't among them.
    pub async fn invocations(&self, function: &str) -> Vec<Invocation> {
        self.run(Command::Invocations(InvocationsCommand::Made { function: function.to_owned() })).await
    }
}
