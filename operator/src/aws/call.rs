//! The seam that every call to Lambda goes through. What follows from the answers is in `outcome`.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_config::Region;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_smithy_runtime_api::http::Response;
use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::commands;
use super::drift::Functions;
use super::error::{AwsError, Class};
use super::gate::LeaderOnly;
use super::inventory::Inventory;
use super::invoke;
use super::login::{Login, Session};
use super::mapping_drift::Mappings;
use super::outcome::Sent;
use super::pause::Pause;
use super::permissions;
use super::place::Place;
use super::quota::{Priority, Quota, QuotaClass};
use super::settings::{AwsSettings, CallObserver, WriteGate};
use super::source::{Built, Clients};
use crate::runtime::watchdog;

/// One account and region, with one set of credentials: the client, and the place's quota and inventory.
pub struct Scope {
    place: Arc<Place>,
    login: Arc<Login>,
    gate: Arc<dyn WriteGate>,
    observer: Arc<dyn CallObserver>,
    /// Lambda's.
    client: Built<Client>,
    /// Those of the services that packages come from.
    clients: Clients,
    /// The place's, in the hands of these credentials.
    inventory: Inventory<Functions>,
    mappings: Inventory<Mappings>,
    /// On while AWS refuses here the credentials that work elsewhere.
    refused: Mutex<Pause<AwsError>>,
    stopped: AtomicBool,
}

/// What the seam needs to know of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The API operation.
    pub(super) operation: &'static str,
    /// Which bucket it takes from.
    pub(super) class: QuotaClass,
    /// Its place in line.
    pub(super) priority: Priority,
    /// Whether it changes anything.
    pub(super) kind: Kind,
}

/// Whether a call changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It doesn't.
    Read,
    /// It does: only the leader may.
    Write,
    /// It makes something new, and repeating it may make two or meet its own success: only the leader may.
    Create,
}

impl Call {
    fn new(operation: &'static str, priority: Priority, kind: Kind) -> Self {
        debug_assert!(
            permissions::covers(operation) || commands::covers(operation),
            "{operation} is missing in aws/permissions.rs, or for kubectl lambda in aws/commands.rs"
        );
        Self { operation, class: QuotaClass::Rest, priority, kind }
    }

    /// A read that counts with the rest.
    pub(super) fn read(operation: &'static str, priority: Priority) -> Self {
        Self::new(operation, priority, Kind::Read)
    }

    /// A write.
    pub(super) fn write(operation: &'static str, priority: Priority) -> Self {
        Self::new(operation, priority, Kind::Write)
    }

    /// A create.
    pub(super) fn create(operation: &'static str, priority: Priority) -> Self {
        Self::new(operation, priority, Kind::Create)
    }
}

impl Scope {
    /// Waits until nobody else writes the policies of the function and its aliases.
    pub(super) async fn policy_writer(&self, function: &str) -> tokio::sync::MutexGuard<'_, ()> {
        self.place.policy_writer(function).await
    }

    pub(super) fn new(
        place: Arc<Place>,
        login: Arc<Login>,
        settings: &AwsSettings,
        gate: Arc<dyn WriteGate>,
        observer: Arc<dyn CallObserver>,
    ) -> Self {
        let inventory = place.functions.in_hands_of(login.number());
        let mappings = place.mappings.in_hands_of(login.number());
        Self {
            place,
            login,
            gate,
            observer,
            client: Built::default(),
            clients: Clients::default(),
            inventory,
            mappings,
            refused: Mutex::new(Pause::new(settings.probe_min, settings.probe_max)),
            stopped: AtomicBool::new(false),
        }
    }

    /// The account id, 12 digits.
    pub fn account(&self) -> &str {
        &self.place.account
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.place.region
    }

    /// What is shared with others who work here.
    pub(super) fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Whether the credentials are refused at present, everywhere or here.
    pub(super) fn is_paused(&self) -> bool {
        self.login.paused().is_some() || self.refused.lock().error().is_some()
    }

    /// The operator's share of the control-plane quota here.
    pub(super) fn quota(&self) -> &Quota {
        &self.place.quota
    }

    /// What the operator knows of the functions here.
    pub fn inventory(&self) -> &Inventory<Functions> {
        &self.inventory
    }

    /// What the operator knows of the event source mappings here.
    pub fn mappings(&self) -> &Inventory<Mappings> {
        &self.mappings
    }

    /// Who is told of what happens here.
    pub(super) fn observer(&self) -> &dyn CallObserver {
        &*self.observer
    }

    pub(super) fn login(&self) -> &Arc<Login> {
        &self.login
    }

    /// The clients of S3 and ECR.
    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    pub(super) fn refused(&self) -> &Mutex<Pause<AwsError>> {
        &self.refused
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.quota().stop();
    }

    /// Sends one call: as nobody else's account, in its turn, and, if it writes, only as the leader.
    pub(super) async fn call<O, E, F>(
        &self,
        call: Call,
        send: impl FnOnce(Client) -> F,
    ) -> Result<O, AwsError>
    where
        F: Future<Output = Result<O, SdkError<E, Response>>>,
        O: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.session(call).await?;
        self.check_gate(call)?;
        let waited = self.turn(call).await?;
        // Much can happen while a call waits for its turn.
        Box::pin(self.send(call, Some((call.class, waited)), |session| send(self.client(session)))).await
    }

    /// The same for a call that counts with no quota of the control plane, and may last.
    pub(super) async fn call_at_once<O, E, F>(
        &self,
        call: Call,
        send: impl FnOnce(Client) -> F,
    ) -> Result<O, AwsError>
    where
        F: Future<Output = Result<O, SdkError<E, Response>>>,
        O: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        Box::pin(self.send(call, None, |session| send(self.lasting_client(session)))).await
    }

    /// `waited`: for which quota, and how long.
    async fn send<O, E, F>(
        &self,
        call: Call,
        waited: Option<(QuotaClass, Duration)>,
        send: impl FnOnce(&Session) -> F,
    ) -> Result<O, AwsError>
    where
        F: Future<Output = Result<O, SdkError<E, Response>>>,
        O: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let session = self.session(call).await?;
        self.check_gate(call)?;
        self.refused.lock().admit(Instant::now().into_std())?;
        let sending = Box::pin(send(&session));
        let under_way = Sent { call, session, at: Instant::now(), waited };
        async {
            let answer = sending.await;
            let outcome = self.conclude(&under_way, answer).await;
            watchdog::progress();
            outcome
        }
        .instrument(self.span(call))
        .await
    }

    /// What traces and the log know of a call.
    pub(super) fn span(&self, call: Call) -> Span {
        tracing::debug_span!(
            "aws",
            otel.name = call.operation,
            otel.kind = "client",
            operation = call.operation,
            account = self.account(),
            region = self.region(),
            request_id = Empty,
            code = Empty
        )
    }

    /// Waits for a token, and says for how long.
    async fn turn(&self, call: Call) -> Result<Duration, AwsError> {
        let asked = Instant::now();
        let waiting = Waiting::begin(self, call.class);
        let turn = watchdog::unhurried(self.quota().acquire(call.class, call.priority)).await;
        drop(waiting);
        let text = "the operator is ending";
        turn.map_err(|_| AwsError::new(call.operation, Class::ShuttingDown, "ShuttingDown", text))?;
        Ok(asked.elapsed())
    }

    /// Whoever sends: nobody, while the credentials are refused or another account's.
    pub(super) async fn session(&self, call: Call) -> Result<Session, AwsError> {
        if self.stopped.load(Ordering::Relaxed) {
            let text = "the operator is ending";
            return Err(AwsError::new(call.operation, Class::ShuttingDown, "ShuttingDown", text));
        }
        let session = self.login.session(Some(self.region())).await?;
        if session.account != self.account() {
            let text = format!(
                "the {} are now of account {}, and this belongs to account {}",
                self.login.whose(),
                session.account,
                self.account()
            );
            return Err(AwsError::new(call.operation, Class::AccountMismatch, "AccountMismatch", text));
        }
        self.refused.lock().check(Instant::now().into_std())?;
        Ok(session)
    }

    fn check_gate(&self, call: Call) -> Result<(), AwsError> {
        if call.kind == Kind::Read {
            return Ok(());
        }
        let refused = |reason| AwsError::new(call.operation, Class::NotLeader, "NotLeader", reason);
        self.gate.check().map_err(refused)
    }

    fn client(&self, session: &Session) -> Client {
        self.client.client(session.generation, || Client::from_conf(self.config(session).build()))
    }

    fn lasting_client(&self, session: &Session) -> Client {
        self.clients.lasting.client(session.generation, || invoke::lasting(self.config(session)))
    }

    fn config(&self, session: &Session) -> aws_sdk_lambda::config::Builder {
        aws_sdk_lambda::config::Builder::from(&session.config)
            .region(Region::new(self.region().to_owned()))
            .interceptor(LeaderOnly::new(Arc::clone(&self.gate)))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({}/{})", self.account(), self.region())
    }
}

/// Tells how many wait, also when a waiter is dropped.
struct Waiting<'a>(&'a Scope, QuotaClass);

impl<'a> Waiting<'a> {
    fn begin(scope: &'a Scope, class: QuotaClass) -> Self {
        let waiting = scope.quota().waiting(class) + 1;
        scope.observer.waiting(scope.account(), scope.region(), class, waiting);
        Self(scope, class)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Self(scope, class) = self;
        scope.observer.waiting(scope.account(), scope.region(), *class, scope.quota().waiting(*class));
    }
}
