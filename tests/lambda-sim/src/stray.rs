//! Calls that never become an operation: unsigned ones, those for an operation that the simulator doesn't implement,
//! and those whose body is too large or can't be read. They count against the quota all the same, and a test has to
//! see them, so they are in the ledger like the others. `dispatch` hands them over.

use std::time::Instant;

use serde_json::Value;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::ledger::{self, Call};
use crate::quota::Quota;
use crate::wire::Incoming;
use crate::world::{Shared, World};

/// Records the call and returns the refusal: `why`, unless bad credentials or the quota come first.
pub(crate) fn refusal(shared: &Shared, incoming: &Incoming, request_id: &str, why: ApiError) -> ApiError {
    let mut world = shared.lock();
    let caller = incoming.caller().ok();
    let error = caller.as_ref().and_then(|caller| unadmitted(&mut world, caller, incoming)).unwrap_or(why);
    let error = incoming.protocol().refusal(error);
    let call = call(&world, incoming, caller.as_ref(), request_id);
    let seq = world.ledger.arrived(call);
    world.ledger.answered(seq, error.status, Some(&error.code));
    error
}

fn unadmitted(world: &mut World, caller: &Caller, incoming: &Incoming) -> Option<ApiError> {
    let (region, _) = world.region(&caller.account, &caller.region);
    if let Some(error) = &region.settings.auth_error {
        return Some(ApiError::new(403, &error.code, error.message.clone()));
    }
    let unknown = if caller.service == "lambda" { Quota::Rest } else { Quota::Unlimited };
    let quota = incoming.operation().map_or(unknown, |route| route.quota);
    let throttled = region.settings.quotas && !region.quotas.take(quota, Instant::now());
    throttled.then(ApiError::throttled)
}

fn call(world: &World, incoming: &Incoming, caller: Option<&Caller>, request_id: &str) -> Call {
    let route = incoming.operation();
    let request = incoming.routed().ok().map(|(_, request)| request);
    let signed_for = caller.map_or("lambda", |caller| caller.service.as_str());
    Call {
        seq: 0,
        at_ms: world.elapsed_ms(),
        service: route.map_or(signed_for, |route| route.service).to_owned(),
        operation: route.map_or_else(|| incoming.method_and_path(), |route| route.operation.to_owned()),
        principal: caller.map(|caller| caller.principal(&world.sessions)).unwrap_or_default(),
        application: incoming.application(),
        account: caller.map(|caller| caller.account.clone()).unwrap_or_default(),
        region: caller.map(|caller| caller.region.clone()).unwrap_or_default(),
        resource: request.as_ref().and_then(crate::request::Request::resource),
        request: request.as_ref().map_or(Value::Null, ledger::recorded),
        status: 0,
        error: None,
        request_id: request_id.to_owned(),
    }
}
