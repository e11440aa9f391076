//! Sections that functions and aliases share: each stands for a resource of its own in AWS, which hangs on the function or
//! the alias. A section that was never in the spec isn't managed: neither read nor changed.

mod event_invoke;
mod permission;
mod provisioned;
mod runtime;
mod url;

pub use event_invoke::*;
pub use permission::*;
pub use provisioned::*;
pub use runtime::*;
pub use url::*;
