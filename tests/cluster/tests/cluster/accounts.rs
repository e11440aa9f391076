//! LambdaAccounts: where, as whom, and for which namespaces objects work.

mod access;
mod credentials;
mod places;
mod rights;
mod use_of;
