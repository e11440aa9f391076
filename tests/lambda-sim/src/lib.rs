//! A fake AWS Lambda endpoint (and as much of STS, S3 and ECR as a client of Lambda needs), for tests and the demo.
//!
//! It speaks the protocols of the SDKs and has what emulators lack: states that settle after a delay, refusals
//! while an update is in progress, revisions, the merge rules and defaults of every field, AWS's validation and
//! error texts, the quotas per account and region, several accounts and regions, injected faults, and a ledger of
//! every call.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use lambda_sim::{Fault, FaultEffect, Options, SettleDelay, Sim};
//!
//! let sim = Sim::start(Options::default()).await?;
//! let account = sim.control().account("111122223333", "eu-west-1");
//! account.configure(|settings| settings.create_settle = SettleDelay::Hold).await;
//! account.inject(Fault::new("UpdateFunctionCode", FaultEffect::CutAfter).nth(2)).await;
//! // … let something call `sim.endpoint()` with the access key `AKIA111122223333` …
//! account.settle().await;
//! assert_eq!(account.ledger().await[0].operation, "CreateFunction");
//! # Ok(())
//! # }
//! ```
//!
//! Signatures aren't verified, but their header says who calls and where: the account is the 12 digits after
//! `AKIA` or `ASIA` in the access key id (000000000000 without), region and service are those of the scope. The
//! service also says which API a call is for: objects of S3 are at `/<bucket>/<key>`.
//!
//! The control API is plain HTTP, so that the demo can be steered by hand. A command goes to
//! `/_sim/<account>/<region>`, or to `/_sim` when it is about everything:
//!
//! ```text
//! curl -d '{"do": "edit_function", "name": "hello", "changes": {"MemorySize": 512}}' $SIM/_sim/000000000000/eu-west-1
//! curl -d '{"do": "configure", "settings": {"update_settle": {"after_ms": 3000}}}' $SIM/_sim/000000000000/eu-west-1
//! curl -d '{"do": "alias", "act": "edit", "function": "hello", "name": "live", "changes": {"Description": "x"}}' …
//! curl -d '{"do": "section", "act": "set", "function": "hello", "section": "recursive_loop", "value": "Allow"}' …
//! curl -d '{"do": "layer", "act": "remove", "name": "tools", "number": 3}' …
//! curl -d '{"do": "inject", "fault": {"operation": "GetFunction", "times": 3, "effect": "cut_after"}}' …
//! curl -d '{"do": "invocations", "act": "next", "function": "hello", "outcome": {"parts": ["{\"n\": 1}"]}}' …
//! curl -d '{"do": "execution", "act": "begin", "function": "hello", "number": "1", "name": "run"}' …
//! curl -d '{"do": "mappings"}' …
//! curl -d '{"do": "edit_mapping", "uuid": "…", "changes": {"State": "Disabled"}}' …
//! curl -d '{"do": "ledger"}' $SIM/_sim
//! ```
//!
//! Inside, `server` takes a connection, `wire` and `router` find the operation, `dispatch` sees to quota, faults
//! and ledger, `ops` carries it out on a `region`, under the `rules`, and `control` is the way around all that.

mod caller;
mod capacity_provider;
mod code;
mod code_signing;
mod control;
mod dispatch;
mod downloads;
mod error;
mod event_stream;
mod execution;
mod faults;
mod function;
mod invocation;
mod layer;
mod ledger;
mod lifecycle;
mod mapping;
mod merge;
mod naming;
mod ops;
mod policy;
mod protocol;
mod quota;
mod region;
mod request;
mod router;
mod rules;
mod sections;
mod server;
mod settings;
mod stray;
mod subject;
mod wire;
mod world;

pub use control::{AccountControl, Control, ControlError, Section};
pub use faults::{Fault, FaultEffect, FaultError};
pub use invocation::{Invocation, Outcome};
pub use ledger::Call;
pub use server::{CALLED_VARIABLE, Options, Sim};
pub use settings::{AccountSettings, AuthError, Failure, SettleDelay};
