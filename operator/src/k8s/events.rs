//! Events: made by pure functions, published in the background, never a reason to fail.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many Events may wait; more are dropped, since they tell no more than `status` does.
const QUEUE: usize = 1024;

/// The longest note of an Event (the API's own limit is 1 kB).
const LONGEST_NOTE: usize = 1000;

/// Hands Events to the task that publishes them.
#[derive(Clone)]
pub struct Events {
    sender: mpsc::Sender<(Event, ObjectReference)>,
}

/// What happened, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether somebody has to do something.
    pub warning: bool,
    /// A word in UpperCamelCase.
    pub reason: String,
    /// What the operator did: Create, Update, Delete, Reconcile.
    pub action: &'static str,
    /// A sentence; never a secret.
    pub text: String,
}

impl Note {
    /// Something went as it should.
    pub fn normal(reason: impl Into<String>, action: &'static str, text: impl Into<String>) -> Self {
        Self { warning: false, reason: reason.into(), action, text: text.into() }
    }

    /// Something needs attention.
    pub fn warning(reason: impl Into<String>, action: &'static str, text: impl Into<String>) -> Self {
        Self { warning: true, reason: reason.into(), action, text: text.into() }
    }
}

impl Events {
    /// Starts the publisher. What is waiting when `stop` is cancelled is still published for a second.
    pub fn start(client: Client, identity: &str, stop: CancellationToken) -> Self {
        let (sender, mut receiver) = mpsc::channel::<(Event, ObjectReference)>(QUEUE);
        let reporter = Reporter { controller: "lambda-operator".into(), instance: Some(identity.to_owned()) };
        tokio::spawn(async move {
            let recorder = Recorder::new(client, reporter);
            loop {
                let next = tokio::select! {
                    next = receiver.recv() => next,
                    () = stop.cancelled() => receiver.try_recv().ok(),
                };
                let Some((event, about)) = next else { break };
                if let Err(error) = recorder.publish(&event, &about).await {
                    tracing::debug!(%error, reason = event.reason, "an Event was not published");
                }
            }
        });
        Self { sender }
    }

    /// Publishes a note about an object, some time soon.
    pub fn publish(&self, note: Note, about: ObjectReference) {
        let event = Event {
            type_: if note.warning { EventType::Warning } else { EventType::Normal },
            reason: note.reason,
            note: Some(note.text.chars().take(LONGEST_NOTE).collect()),
            action: note.action.to_owned(),
            secondary: None,
        };
        if self.sender.try_send((event, about)).is_err() {
            tracing::debug!("an Event was dropped: too many are waiting");
        }
    }
}
