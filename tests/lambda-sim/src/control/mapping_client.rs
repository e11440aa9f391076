//! The client's side of the control API for event source mappings.

use serde_json::Value;

use super::client::AccountControl;
use super::command::Command;

impl AccountControl {
    /// All event source mappings as GetEventSourceMapping would return them now, with their `Tags`. Looking doesn't
    /// settle them.
    pub async fn mappings(&self) -> Vec<Value> {
        self.run(Command::Mappings).await
    }

    /// An event source mapping as GetEventSourceMapping would return it now, with its `Tags`.
    pub async fn mapping(&self, uuid: &str) -> Option<Value> {
        self.run(Command::Mapping { uuid: uuid.to_owned() }).await
    }

    /// Puts an event source mapping there, settled, from the body of a CreateEventSourceMapping request. Returns its
    /// UUID.
    pub async fn put_mapping(&self, mapping: Value) -> String {
        self.run(Command::PutMapping { mapping }).await
    }

    /// Somebody in the console, or Lambda itself, changes an event source mapping: members of a Create or Update
    /// request, and `State`, `StateTransitionReason`, `LastProcessingResult`, `FilterCriteriaError`, `FunctionArn` and
    /// `Tags` (all of them). Null removes a member. Nothing is checked but that the function of a
    /// `FunctionName` exists, and a transition ends at once.
    pub async fn edit_mapping(&self, uuid: &str, changes: Value) {
        self.tell(Command::EditMapping { uuid: uuid.to_owned(), changes }).await;
    }

    /// An event source mapping is gone; false if there was none.
    pub async fn remove_mapping(&self, uuid: &str) -> bool {
        self.run(Command::RemoveMapping { uuid: uuid.to_owned() }).await
    }

    /// Settles one event source mapping now.
    pub async fn settle_mapping(&self, uuid: &str) {
        self.settle_function(uuid).await;
    }
}
