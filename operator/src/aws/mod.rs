//! AWS: accounts, clients, quota, errors, inventory. The only folder that names the AWS SDK.
//!
//! [`Aws::scope`] and [`Aws::scope_as`] give the [`Scope`] of an account and region. Every method of a scope is one API operation: it waits
//! for its turn in the quota, is sent once, and answers with plain data or an [`AwsError`] whose [`Class`] says what
//! helps. [`inventory`] finds out what somebody else changed.

mod account;
mod alias;
mod bucket;
mod call;
mod capacity_provider;
mod code_signing;
mod code_signing_link;
pub mod commands;
pub mod coverage;
pub mod drift;
mod durable;
mod error;
mod event_invoke;
mod function;
mod function_answer;
mod function_kept;
mod function_request;
mod function_runtime;
mod gate;
mod identity;
mod image;
pub mod inventory;
mod invoke;
mod layer;
mod layer_policy;
mod login;
mod mapping;
mod mapping_answer;
mod mapping_drift;
mod mapping_request;
mod object;
mod outcome;
mod past;
mod pause;
pub mod permissions;
mod place;
mod policy;
mod pool;
mod provisioned;
mod quota;
mod redact;
mod role;
mod scaling;
mod sdk_config;
mod sdk_error;
mod settings;
mod source;
mod stream;
mod survey;
mod sweep;
mod url;
mod version;

pub use bucket::Bucket;
pub use call::Scope;
pub use drift::{Difference, Expectation, Functions, Why, configuration_hash};
pub use error::{AwsError, Class};
pub use inventory::{Inventory, Listed, Mode, Page, Registration, Tracked, Wake};
pub use invoke::{Answer, Invocation};
pub use login::Whose;
pub use mapping_drift::{MappingExpectation, Mappings};
pub use pool::{Aws, Counts, Tidings};
pub use quota::{Priority, QuotaClass};
pub use role::Role;
pub use sdk_config::APPLICATION;
pub use settings::{AwsSettings, CallObserver, CallRecord, NoObserver, OpenGate, WriteGate};
