//! `LambdaAccount`: where, as whom, and for which namespaces to work.
//!
//! It owns nothing in AWS, so it is no kind of the engine. `registry` knows every LambdaAccount, the labels of
//! namespaces, and which object works through which account; the engine asks it before each visit. `desired` decides,
//! purely, whether an object may, and on which terms. `controller` and `visit` look after the LambdaAccounts
//! themselves: finalizer, credentials, limits and use; `status` and `deletion` say so.

pub mod controller;
mod deletion;
pub mod desired;
pub mod model;
pub mod registry;
mod status;
mod visit;
mod watch;

pub use controller::AccountController;
pub use model::{Applicant, Refusal, Terms, Unplaced, without_adoption};
pub use registry::Accounts;
pub use watch::namespaces as watch_namespaces;
