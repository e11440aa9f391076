//! A code-signing configuration in plain data, the same type for what is wanted and what AWS has.

use std::collections::BTreeSet;

use crate::engine::tags::Tags;

/// What UpdateCodeSigningConfig changes, with AWS's defaults filled in.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateCodeSigningConfig.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Description, empty when none.
    pub description: String,
    /// Signing profile versions that are trusted; order means nothing to AWS.
    pub publishers: BTreeSet<String>,
    /// `Warn` or `Enforce`.
    pub policy: String,
}

/// A configuration as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Its ARN.
    pub arn: String,
    /// Its id, `csc-…`.
    pub id: String,
    /// What it says.
    pub configuration: Configuration,
    /// Tags, or AWS's text when they may not be read.
    pub tags: Result<Tags, String>,
    /// Names of the functions that use it; `None`: AWS wasn't asked.
    pub functions: Option<Vec<String>>,
}
