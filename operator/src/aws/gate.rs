//! The last look at the leader lease, in the SDK, right before a write goes out.
//!
//! `call` looks before it hands a call over, but the SDK may then wait for credentials. What comes after this look is
//! connecting, which takes less than the lease lasts longer than the leader's own deadline.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use aws_sdk_lambda::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_lambda::config::{ConfigBag, Intercept, RuntimeComponents};

use super::settings::WriteGate;

/// Lets only reads pass while the gate is shut. All reads of Lambda are GETs, and nothing else is:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>.
pub(super) struct LeaderOnly {
    gate: Arc<dyn WriteGate>,
}

/// The gate was shut: nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Shut(pub(super) String);

impl LeaderOnly {
    pub(super) fn new(gate: Arc<dyn WriteGate>) -> Self {
        Self { gate }
    }
}

impl Intercept for LeaderOnly {
    fn name(&self) -> &'static str {
        "LeaderOnly"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if context.request().method() == "GET" {
            return Ok(());
        }
        self.gate.check().map_err(|reason| Shut(reason).into())
    }
}

impl fmt::Debug for LeaderOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaderOnly")
    }
}
