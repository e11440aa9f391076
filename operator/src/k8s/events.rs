//! Events: made by pure functions, published in the background, never a reason to fail.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How many Events may wait; more are dropped, since they tell no more than `status` does.
const QUEUE: usize = 1024;

/// The longest note of an Event (the API's own limit is 1 kB).
const LONGEST_NOTE: usize = 1000;

/// How long the same Event is counted instead of being published again.
const COUNTED: Duration = Duration::from_mins(6);

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

/// A recorder counts Events of one reason as one and keeps the first text, whatever the later ones say: so each
/// text has a recorder of its own, for as long as a recorder counts.
struct Recorders {
    client: Client,
    reporter: Reporter,
    by_text: HashMap<String, (Recorder, Instant)>,
}

impl Recorders {
    fn of(&mut self, event: &Event) -> Recorder {
        self.by_text.retain(|_, (_, used)| used.elapsed() < COUNTED);
        let text = event.note.clone().unwrap_or_default();
        let new = || (Recorder::new(self.client.clone(), self.reporter.clone()), Instant::now());
        let (recorder, used) = self.by_text.entry(text).or_insert_with(new);
        *used = Instant::now();
        recorder.clone()
    }
}

impl Events {
    /// Starts the publisher. What is waiting when `stop` is cancelled is still published for a second.
    pub fn start(client: Client, identity: &str, stop: CancellationToken) -> Self {
        let (sender, mut receiver) = mpsc::channel::<(Event, ObjectReference)>(QUEUE);
        let reporter = Reporter { controller: "lambda-operator".into(), instance: Some(identity.to_owned()) };
        tokio::spawn(async move {
            let mut recorders = Recorders { client, reporter, by_text: HashMap::new() };
            loop {
                let next = tokio::select! {
                    next = receiver.recv() => next,
                    () = stop.cancelled() => receiver.try_recv().ok(),
                };
                let Some((event, about)) = next else { break };
                if let Err(error) = recorders.of(&event).publish(&event, &about).await {
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
