//! The seam that every call to Lambda goes through.

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
use tracing::Instrument as _;

use super::error::{AwsError, Class};
use super::inventory::Inventory;
use super::login::{Login, Session};
use super::quota::{Priority, Quota, QuotaClass};
use super::sdk_error;
use super::settings::{CallObserver, CallRecord, WriteGate};

/// One account and region: the client, the quota and the inventory.
pub struct Scope {
    account: String,
    region: String,
    login: Arc<Login>,
    quota: Quota,
    gate: Arc<dyn WriteGate>,
    observer: Arc<dyn CallObserver>,
    /// The client and the generation of the credentials that it was built with.
    client: Mutex<Option<(u64, Client)>>,
    inventory: Inventory,
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
}

impl Call {
    /// A read that counts with the rest.
    pub(super) fn read(operation: &'static str, priority: Priority) -> Self {
        Self { operation, class: QuotaClass::Rest, priority, kind: Kind::Read }
    }

    /// A write.
    pub(super) fn write(operation: &'static str, priority: Priority) -> Self {
        Self { operation, class: QuotaClass::Rest, priority, kind: Kind::Write }
    }
}

impl Scope {
    pub(super) fn new(
        account: String,
        region: String,
        login: Arc<Login>,
        quota: Quota,
        gate: Arc<dyn WriteGate>,
        observer: Arc<dyn CallObserver>,
    ) -> Self {
        let (client, inventory, stopped) = (Mutex::new(None), Inventory::default(), AtomicBool::new(false));
        Self { account, region, login, quota, gate, observer, client, inventory, stopped }
    }

    /// The account id, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The operator's share of the control-plane quota here.
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// What the operator knows of the functions here.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Who is told of what happens here.
    pub(super) fn observer(&self) -> &dyn CallObserver {
        &*self.observer
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.quota.stop();
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
        let asked = Instant::now();
        let stopped =
            |_| AwsError::new(call.operation, Class::ShuttingDown, "ShuttingDown", "the operator is ending");
        self.quota.acquire(call.class, call.priority).await.map_err(stopped)?;
        let waited = asked.elapsed();
        // Much can happen while a call waits for its turn.
        let session = self.session(call).await?;
        let client = self.client(&session);
        self.check_gate(call)?;
        let started = Instant::now();
        let span = tracing::debug_span!(
            "aws",
            operation = call.operation,
            account = self.account,
            region = self.region,
            request_id = tracing::field::Empty
        );
        let answer = send(client).instrument(span.clone()).await;
        span.in_scope(|| self.conclude(call, &session, answer, started.elapsed(), waited))
    }

    async fn session(&self, call: Call) -> Result<Session, AwsError> {
        if self.stopped.load(Ordering::Relaxed) {
            let text = "the operator is ending";
            return Err(AwsError::new(call.operation, Class::ShuttingDown, "ShuttingDown", text));
        }
        let session = self.login.session(Some(&self.region)).await?;
        if session.account == self.account {
            return Ok(session);
        }
        let text = format!(
            "the operator's credentials are now of account {}, and this belongs to account {}",
            session.account, self.account
        );
        Err(AwsError::new(call.operation, Class::AccessDenied, "AccountMismatch", text))
    }

    fn check_gate(&self, call: Call) -> Result<(), AwsError> {
        if call.kind == Kind::Read {
            return Ok(());
        }
        let refused = |reason| AwsError::new(call.operation, Class::NotLeader, "NotLeader", reason);
        self.gate.check().map_err(refused)
    }

    fn client(&self, session: &Session) -> Client {
        let mut built = self.client.lock();
        match &*built {
            Some((generation, client)) if *generation == session.generation => client.clone(),
            _ => {
                let region = Region::new(self.region.clone());
                let config = aws_sdk_lambda::config::Builder::from(&session.config).region(region).build();
                let client = Client::from_conf(config);
                *built = Some((session.generation, client.clone()));
                client
            }
        }
    }

    /// Records the answer and draws the consequences for other calls.
    fn conclude<O, E>(
        &self,
        call: Call,
        session: &Session,
        answer: Result<O, SdkError<E, Response>>,
        took: Duration,
        waited: Duration,
    ) -> Result<O, AwsError>
    where
        O: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let request_id = answer.request_id().map(str::to_owned);
        if let Some(id) = &request_id {
            tracing::Span::current().record("request_id", id);
        }
        let answer =
            answer.map_err(|error| sdk_error::convert(call.operation, call.kind == Kind::Write, &error));
        let failure = answer.as_ref().err();
        self.observer.call(&CallRecord {
            operation: call.operation,
            account: self.account.clone(),
            region: self.region.clone(),
            code: failure.map_or_else(|| "OK".to_owned(), |(error, _)| error.code.clone()),
            http_status: failure.and_then(|(_, status)| *status),
            seconds: took.as_secs_f64(),
            quota: Some(call.class),
            quota_wait_seconds: waited.as_secs_f64(),
            request_id,
            error: failure.map(|(error, _)| error.clone()),
        });
        match answer {
            Ok(output) => {
                tracing::debug!("done");
                Ok(output)
            }
            Err((error, status)) => {
                self.heed(call, session, &error, status);
                Err(error)
            }
        }
    }

    /// Texts stay out of the log: AWS's may repeat values of the request.
    fn heed(&self, call: Call, session: &Session, error: &AwsError, status: Option<u16>) {
        let AwsError { operation, code, request_id, .. } = error;
        let (account, region, class, request_id) =
            (&self.account, &self.region, error.class.as_str(), request_id.as_deref());
        match error.class {
            Class::Gone | Class::AlreadyExists | Class::InProgress | Class::Lock => {
                tracing::info!(operation, account, region, code, class, status, request_id, "call refused");
            }
            _ => tracing::warn!(operation, account, region, code, class, status, request_id, "call failed"),
        }
        match error.class {
            Class::Throttled => {
                self.quota.back_off(call.class, error.retry_after.unwrap_or(Duration::from_secs(1)));
            }
            Class::Auth => self.login.condemn(session.generation, error),
            _ => {}
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({}/{})", self.account, self.region)
    }
}
