//! One call from its arrival to its answer: who calls, quota, faults, permission, the operation itself, and the
//! ledger around it all.

use std::time::{Duration, Instant};

use crate::caller::Caller;
use crate::error::ApiError;
use crate::faults::{FaultEffect, FaultError};
use crate::ledger::{self, Call};
use crate::protocol::{self, Protocol};
use crate::request::{Body, Ctx, Reply, Request};
use crate::router::Route;
use crate::stray;
use crate::wire::Incoming;
use crate::world::Shared;

/// What goes back over HTTP.
pub(crate) struct Answer {
    pub(crate) request_id: String,
    pub(crate) result: Result<Reply, ApiError>,
    pub(crate) protocol: Protocol,
}

impl Answer {
    /// The body, also of an error.
    pub(crate) fn body(&self) -> Body {
        match &self.result {
            Ok(reply) => reply.body.clone(),
            Err(error) => self.protocol.error_body(error, &self.request_id),
        }
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault cuts the connection")]
pub(crate) struct Cut;

/// Answers a call to the AWS API.
pub(crate) async fn answer(shared: &Shared, incoming: &Incoming) -> Result<Answer, Cut> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let protocol = incoming.protocol();
    let parsed = incoming.caller().and_then(|caller| incoming.routed().map(|routed| (caller, routed)));
    let result = match parsed {
        Err(error) => Err(stray::refusal(shared, incoming, &request_id, error)),
        Ok((caller, (route, mut request))) => {
            request.id.clone_from(&request_id);
            let application = incoming.application();
            let visit = Visit { shared, caller: &caller, application, route, protocol, request: &request };
            visit.run(&request_id).await?
        }
    };
    Ok(Answer { request_id, result, protocol })
}

/// One call that is in the ledger.
struct Visit<'a> {
    shared: &'a Shared,
    caller: &'a Caller,
    application: Option<String>,
    route: &'static Route,
    protocol: Protocol,
    request: &'a Request,
}

/// Marks the call in the ledger as abandoned when the caller leaves, which ends the task in the middle.
struct Open<'a> {
    shared: &'a Shared,
    seq: u64,
    closed: bool,
}

impl Open<'_> {
    fn close(mut self, status: u16, error: Option<&str>) {
        self.closed = true;
        self.shared.lock().ledger.answered(self.seq, status, error);
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.closed {
            self.shared.lock().ledger.answered(self.seq, 0, Some("CallerGone"));
        }
    }
}

impl Visit<'_> {
    async fn run(&self, request_id: &str) -> Result<Result<Reply, ApiError>, Cut> {
        let open = Open { shared: self.shared, seq: self.arrived(request_id), closed: false };
        let outcome = match self.admitted() {
            Ok(fault) => self.carried_out(&open, fault).await,
            Err(error) => Ok(Err(error)),
        };
        let outcome = outcome.map(|result| result.map_err(|error| self.protocol.refusal(error)));
        match &outcome {
            Ok(Ok(reply)) => open.close(reply.status, None),
            Ok(Err(error)) => open.close(error.status, Some(&error.code)),
            Err(Cut) => open.close(0, Some("ConnectionCut")),
        }
        outcome
    }

    fn arrived(&self, request_id: &str) -> u64 {
        let mut world = self.shared.lock();
        let at_ms = world.elapsed_ms();
        let principal = self.caller.principal(&world.sessions);
        world.ledger.arrived(Call {
            principal,
            seq: 0,
            at_ms,
            service: self.route.service.to_owned(),
            operation: self.route.operation.to_owned(),
            account: self.caller.account.clone(),
            application: self.application.clone(),
            region: self.caller.region.clone(),
            resource: self.request.resource(),
            request: ledger::recorded(self.request),
            status: 0,
            error: None,
            request_id: request_id.to_owned(),
        })
    }

    /// Credentials first, then the quota; then a fault may wait for the call.
    fn admitted(&self) -> Result<Option<FaultEffect>, ApiError> {
        let mut world = self.shared.lock();
        let (region, ..) = world.region_of(self.caller);
        if let Some(error) = &region.settings.auth_error {
            return Err(ApiError::new(403, &error.code, error.message.clone()));
        }
        if region.settings.quotas && !region.quotas.take(self.route.quota, Instant::now()) {
            return Err(ApiError::throttled());
        }
        Ok(region.faults.on_call(self.route.operation, self.request.resource().as_deref()))
    }

    async fn carried_out(
        &self,
        open: &Open<'_>,
        fault: Option<FaultEffect>,
    ) -> Result<Result<Reply, ApiError>, Cut> {
        match fault {
            None => Ok(self.executed()),
            Some(FaultEffect::Error(error)) => Ok(Err(error.into())),
            Some(FaultEffect::CutBefore) => Err(Cut),
            Some(FaultEffect::CutAfter) => {
                let _ = self.executed();
                Err(Cut)
            }
            // An operation that is refused has no effect and shows its own error.
            Some(FaultEffect::ErrorAfterEffect(error)) => Ok(self.executed().and_then(|_| Err(error.into()))),
            Some(FaultEffect::DelayMs(delay)) => {
                let result = self.executed();
                tokio::time::sleep(Duration::from_millis(delay)).await;
                Ok(result)
            }
            Some(FaultEffect::PauseBefore) => {
                self.held(open.seq).await;
                Ok(self.executed())
            }
            Some(FaultEffect::PauseAfter) => {
                let result = self.executed();
                self.held(open.seq).await;
                Ok(result)
            }
        }
    }

    async fn held(&self, seq: u64) {
        let released = self.shared.lock().hold(seq);
        // The other end is dropped only together with the simulator.
        let _ = released.await;
    }

    fn executed(&self) -> Result<Reply, ApiError> {
        let mut world = self.shared.lock();
        let (region, layers, sessions) = world.region_of(self.caller);
        if protocol::is_denied(&region.settings, self.route) {
            let principal = self.caller.principal(sessions);
            return Err(protocol::denied(region, self.route, self.request, &principal));
        }
        let mut ctx = Ctx { region, layers, caller: self.caller, sessions, now: Instant::now() };
        (self.route.handler)(&mut ctx, self.request)
    }
}

impl From<FaultError> for ApiError {
    fn from(fault: FaultError) -> Self {
        Self { retry_after: fault.retry_after, ..Self::new(fault.status, &fault.code, fault.message) }
    }
}
