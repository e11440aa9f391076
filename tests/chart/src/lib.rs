//! What the suites of the Helm chart share: rendering it, and comparing what its Roles allow with what was asked for.

mod render;
pub mod rights;

pub use render::{Rendering, find, kustomized, of_kind, render, root};
