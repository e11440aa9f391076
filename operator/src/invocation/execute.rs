//! The call itself, in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use lambda_operator_crds::LambdaInvocation;
use tokio::time::Instant;

use crate::aws::{Answer, AwsError, Class, Scope};
use crate::invocation::desired::Desired;
use crate::invocation::slots::Slot;

/// An attempt that was announced in the status, and whose call is to follow at once.
pub struct Attempt {
    /// Its id, which the status has.
    pub id: String,
    /// The object as the announcement left it.
    pub object: Arc<LambdaInvocation>,
    /// What is invoked.
    pub desired: Desired,
    /// Where.
    pub scope: Arc<Scope>,
    /// Its place among those that are made at the same time.
    pub slot: Slot,
}

/// What a call came to. Deliberately without Debug: an answer may repeat the payload.
pub enum Ended {
    /// AWS answered.
    Answered(Box<Answer>),
    /// It was refused, and the function didn't run.
    Refused(AwsError),
    /// No answer says whether the function ran.
    Unknown(AwsError),
}

impl Attempt {
    /// Whether the object's status says that this attempt is under way.
    pub fn is_announced_in(&self, object: &LambdaInvocation) -> bool {
        let pending = object.status.as_ref().and_then(|status| status.pending.as_ref());
        pending.and_then(|pending| pending.token.as_deref()) == Some(&self.id)
    }

    /// Makes the call, and says how long it took. `None`: this process doesn't lead any more, so it made none, and has no
    /// more to say.
    pub async fn execute(&self) -> Option<(Ended, Duration)> {
        let start = Instant::now();
        let ended = match self.scope.invoke(&self.desired.request()).await {
            Ok(answer) => Ended::Answered(Box::new(answer)),
            Err(error) if error.class == Class::NotLeader => return None,
            Err(error) if error.unknown_outcome => Ended::Unknown(error),
            Err(error) => Ended::Refused(error),
        };
        Some((ended, start.elapsed()))
    }
}
