//! The same scripted scenarios against `lambda-sim` and against LocalEmu, an independent emulator, compared field by
//! field: what the operator is tested with must not be AWS as only its authors understand it.
//!
//! A scenario is a list of [`Step`]s. Each is one request, sent to both [`Side`]s, and its answers are compared as the
//! JSON that they are, so that no field is overlooked ([`compare`]). Where they differ, AWS's documentation decides:
//! either `lambda-sim` is changed, or `accepted.yaml` says where LocalEmu is wrong, why, and by which source
//! ([`accepted`]). An entry of that list that is no longer true fails the scenario too.

pub mod accepted;
pub mod compare;
pub mod ids;
pub mod requests;
mod run;
mod side;
mod step;

pub use run::agree;
pub use side::Answer;
pub use step::Step;
