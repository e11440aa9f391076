//! The `lambda-operator` binary.
fn main() {}
