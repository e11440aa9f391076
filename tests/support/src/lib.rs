//! What the suites that need a real API server share: one control plane for all
//! test binaries ([`Cluster`]), programs under test as processes ([`Process`],
//! [`bin()`]), an independent emulator of AWS ([`Emulator`]), and waiting ([`eventually`]).
//!
//! The control plane belongs to a supervisor, the binary `control-plane` of this
//! crate, which ends it when its stdin closes; so nothing outlives a test run,
//! however that ends. Helpers panic with a message that says what to do: they
//! are for tests, where nobody would handle an error.

mod binaries;
pub mod certificates;
mod cluster;
mod emulator;
mod eventually;
pub mod guard;
pub mod kubeconfig;
mod namespace;
mod process;
mod tool;

pub use binaries::{bin, without_cargo_package};
pub use cluster::{CLUSTER_VARIABLE, Cluster, TOOLS_FILE};
pub use emulator::Emulator;
pub use eventually::{Attempt, eventually};
pub use namespace::TestNamespace;
pub use process::Process;
pub use tool::{Tool, ToolOutput};
