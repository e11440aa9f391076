//! The kind LambdaFunction.

pub mod model;
