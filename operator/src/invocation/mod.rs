//! The kind LambdaInvocation: a function is invoked once, as a Job runs once. It owns nothing in AWS, so it is no kind of the
//! engine, and has no finalizer.
//!
//! `desired` parses, `plan` decides, `status` says what has come of it: all pure. `controller` watches, `visit` carries a
//! decision out up to the moment before the call, `execute` makes the call, in a task of its own: a function may take 15
//! minutes, for which no worker can wait.
//!
//! **Once.** `status.pending` is written before the call, bound to the resourceVersion of the object as the decision saw it;
//! the call follows at once, and the write that stores its outcome clears it. Of two who decide the same, or of one who
//! decides from an old copy, only the first gets through; who finds `pending` without a task that is at it knows that
//! nobody knows. The leader's deadline is checked before both writes and before the call.

mod calls;
mod controller;
pub mod desired;
pub mod execute;
pub mod plan;
mod slots;
pub mod status;
mod visit;

pub use controller::InvocationController;

/// The kind, for logs and metrics.
const NAME: &str = "LambdaInvocation";
