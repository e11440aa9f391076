//! What goes wrong between the operator and AWS: each trouble is said with AWS's own text, a reason and a remedy,
//! and goes away by itself when its cause does.

mod conflicts;
mod credentials;
mod interrupted;
mod propagation;
mod refusals;
mod throttling;
