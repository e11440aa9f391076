//! Events: made by pure functions, published in the background, never a reason to fail.
//!
//! kube's `Recorder` counts Events of one reason as one and keeps the first text, whatever the later ones say. Here each
//! text is an Event of its own: it may be the one that says what to do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::runtime::Metrics;

/// How many Events may wait; more are dropped, since they tell no more than `status` does.
const QUEUE: usize = 1024;

/// The longest note of an Event, in bytes (the API's own limit is 1 kB).
const LONGEST_NOTE: usize = 1000;

/// How long the same Event is counted instead of being published again.
const COUNTED: Duration = Duration::from_mins(6);

/// How long one Event may take, so that the others aren't held up.
const ONE: Duration = Duration::from_secs(10);

/// How long the end of the process waits for those that are left.
const LAST: Duration = Duration::from_secs(3);

/// Hands Events to the task that publishes them.
#[derive(Clone)]
pub struct Events {
    sender: mpsc::Sender<(Note, ObjectReference)>,
    /// Cancelled when no more will come.
    last: CancellationToken,
    publisher: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What happened, for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

    /// Something that the resource has was changed, without a wait.
    pub fn updated(text: impl Into<String>) -> Self {
        Self::normal("Updated", "Update", text)
    }

    /// Something needs attention.
    pub fn warning(reason: impl Into<String>, action: &'static str, text: impl Into<String>) -> Self {
        Self { warning: true, reason: reason.into(), action, text: text.into() }
    }
}

impl Events {
    /// Starts the publisher.
    pub fn start(client: Client, identity: &str, metrics: Metrics) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let last = CancellationToken::new();
        let publisher =
            Publisher { client, instance: identity.to_owned(), metrics, published: HashMap::new() };
        let task = tokio::spawn(publisher.run(receiver, last.clone()));
        Self { sender, last, publisher: Arc::new(Mutex::new(Some(task))) }
    }

    /// Publishes a note about an object, some time soon.
    pub fn publish(&self, mut note: Note, about: ObjectReference) {
        note.text.truncate(note.text.floor_char_boundary(LONGEST_NOTE));
        if self.sender.try_send((note, about)).is_err() {
            tracing::debug!("an Event was dropped: too many are waiting");
        }
    }

    /// At the end of the process, when nobody has anything more to say: publishes what is waiting, for a few seconds
    /// at most.
    pub async fn finish(&self) {
        self.last.cancel();
        let Some(mut task) = self.publisher.lock().take() else { return };
        if tokio::time::timeout(LAST, &mut task).await.is_err() {
            tracing::debug!("the last Events were not published in time");
            task.abort();
        }
    }
}

/// The one that publishes.
struct Publisher {
    client: Client,
    /// Of the reporting controller.
    instance: String,
    metrics: Metrics,
    published: HashMap<(Note, Option<String>), Published>,
}

/// An Event that may come again.
struct Published {
    name: String,
    count: i32,
    at: Instant,
}

impl Publisher {
    async fn run(mut self, mut notes: mpsc::Receiver<(Note, ObjectReference)>, last: CancellationToken) {
        loop {
            let next = tokio::select! {
                next = notes.recv() => next,
                () = last.cancelled() => notes.try_recv().ok(),
            };
            let Some((note, about)) = next else { return };
            let kind = about.kind.clone().unwrap_or_default();
            let reason = note.reason.clone();
            match tokio::time::timeout(ONE, self.publish(note, about)).await {
                Ok(Ok(())) => self.metrics.kubernetes_write(&kind, "event"),
                Ok(Err(error)) => tracing::debug!(%error, reason, "an Event was not published"),
                Err(_) => tracing::debug!(reason, "an Event was not published in time"),
            }
        }
    }

    async fn publish(&mut self, note: Note, about: ObjectReference) -> kube::Result<()> {
        self.published.retain(|_, published| published.at.elapsed() < COUNTED);
        let namespace = about.namespace.as_deref().unwrap_or("default");
        let api = Api::<Event>::namespaced(self.client.clone(), namespace);
        let now = Timestamp::now();
        let key = (note, about.uid.clone());
        if let Some(before) = self.published.get_mut(&key) {
            (before.count, before.at) = (before.count.saturating_add(1), Instant::now());
            let series = EventSeries { count: before.count, last_observed_time: MicroTime(now) };
            let patch = Patch::Merge(json!({ "series": series }));
            match api.patch(&before.name, &PatchParams::default(), &patch).await {
                // Deleted meanwhile, e.g. because it was too old: it is published again.
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                answer => return answer.map(drop),
            }
        }
        let event = self.event(&key.0, about, now);
        let name = event.metadata.name.clone().unwrap_or_default();
        api.create(&PostParams::default(), &event).await?;
        self.published.insert(key, Published { name, count: 1, at: Instant::now() });
        Ok(())
    }

    fn event(&self, note: &Note, about: ObjectReference, now: Timestamp) -> Event {
        let object = about.name.as_deref().unwrap_or("lambda-operator");
        Event {
            metadata: ObjectMeta {
                namespace: about.namespace.clone(),
                name: Some(format!("{object}.{:x}", now.as_nanosecond())),
                ..ObjectMeta::default()
            },
            type_: Some(if note.warning { "Warning" } else { "Normal" }.to_owned()),
            reason: Some(note.reason.clone()),
            action: Some(note.action.to_owned()),
            note: Some(note.text.clone()),
            event_time: Some(MicroTime(now)),
            reporting_controller: Some("lambda-operator".to_owned()),
            reporting_instance: Some(self.instance.clone()),
            regarding: Some(about),
            ..Event::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::{Path, State};
    use axum::http::StatusCode;
    use axum::routing::{patch, post};
    use axum::{Json, Router};
    use serde_json::Value;

    use super::*;

    /// What an API server that knows only Events was sent: the name of a patched Event, and the body.
    #[derive(Clone, Default)]
    struct Server(Arc<Mutex<Vec<Sent>>>);

    type Sent = (Option<String>, Value);

    impl Server {
        async fn start(&self) -> Client {
            let created = async |State(Server(sent)): State<Server>, Json(event): Json<Value>| {
                sent.lock().push((None, event.clone()));
                (StatusCode::CREATED, Json(event))
            };
            let patched = async |Path(name): Path<String>,
                                 State(Server(sent)): State<Server>,
                                 body: String| {
                let found =
                    sent.lock().iter().find(|(_, e)| e["metadata"]["name"] == *name).map(|(_, e)| e.clone());
                sent.lock().push((Some(name), serde_json::from_str(&body).unwrap_or_default()));
                let missing = json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": ""});
                found.map_or((StatusCode::NOT_FOUND, Json(missing)), |event| (StatusCode::OK, Json(event)))
            };
            let path = "/apis/events.k8s.io/v1/namespaces/team/events";
            let router = Router::new()
                .route(path, post(created))
                .route(&format!("{path}/{{name}}"), patch(patched))
                .with_state(self.clone());
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            let config = kube::Config::new(format!("http://{address}").parse().unwrap());
            Client::try_from(config).unwrap()
        }

        fn sent(&self) -> Vec<Sent> {
            self.0.lock().clone()
        }
    }

    fn hello() -> ObjectReference {
        ObjectReference {
            kind: Some("LambdaFunction".to_owned()),
            name: Some("hello".to_owned()),
            namespace: Some("team".to_owned()),
            uid: Some("1".to_owned()),
            ..ObjectReference::default()
        }
    }

    fn counted(metrics: &Metrics, writes: usize) -> bool {
        let line = format!(r#"kubernetes_writes_total{{kind="LambdaFunction",what="event"}} {writes}"#);
        metrics.encode().contains(&line)
    }

    #[tokio::test]
    async fn the_same_text_is_counted_and_another_one_is_an_event_of_its_own() {
        let (server, metrics) = (Server::default(), Metrics::new());
        let events = Events::start(server.start().await, "pod-1", metrics.clone());
        let denied = |text: &str| Note::warning("AccessDenied", "Reconcile", text);
        for text in ["no role", "no role", "no bucket", "no role"] {
            events.publish(denied(text), hello());
        }
        events.finish().await;
        let sent = server.sent();
        let notes: Vec<_> = sent.iter().map(|(_, event)| event["note"].as_str()).collect();
        assert_eq!(notes, [Some("no role"), None, Some("no bucket"), None]);
        let first = sent[0].1["metadata"]["name"].as_str();
        assert_eq!((sent[1].0.as_deref(), sent[3].0.as_deref()), (first, first));
        assert_eq!((&sent[1].1["series"]["count"], &sent[3].1["series"]["count"]), (&json!(2), &json!(3)));
        assert_eq!(
            (&sent[0].1["type"], &sent[0].1["reportingInstance"]),
            (&json!("Warning"), &json!("pod-1"))
        );
        assert!(counted(&metrics, 4), "{}", metrics.encode());
    }

    #[tokio::test]
    async fn an_event_that_the_server_has_dropped_is_published_again() {
        let (server, metrics) = (Server::default(), Metrics::new());
        let events = Events::start(server.start().await, "pod-1", metrics.clone());
        let created = Note::normal("Created", "Create", "created");
        events.publish(created.clone(), hello());
        while !counted(&metrics, 1) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.0.lock().clear();
        events.publish(created, hello());
        events.finish().await;
        let sent = server.sent();
        assert_eq!((sent[0].0.is_some(), sent[1].0.is_none()), (true, true), "{sent:?}");
    }

    #[tokio::test]
    async fn the_end_waits_for_what_was_said_and_not_for_ever() {
        let server = Server::default();
        let events = Events::start(server.start().await, "pod-1", Metrics::new());
        for number in 0..50 {
            events.publish(Note::normal("Created", "Create", format!("function {number}")), hello());
        }
        events.finish().await;
        assert_eq!(server.sent().len(), 50);

        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = kube::Config::new(format!("http://{}", silent.local_addr().unwrap()).parse().unwrap());
        let events = Events::start(Client::try_from(config).unwrap(), "pod-1", Metrics::new());
        events.publish(Note::normal("Created", "Create", "nobody listens"), hello());
        events.finish().await;
    }

    #[tokio::test]
    async fn a_long_note_is_cut() {
        let server = Server::default();
        let events = Events::start(server.start().await, "pod-1", Metrics::new());
        events.publish(Note::normal("Created", "Create", "ä".repeat(2000)), hello());
        events.finish().await;
        assert_eq!(server.sent()[0].1["note"].as_str().unwrap().len(), LONGEST_NOTE);
    }
}
