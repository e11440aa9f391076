//! The operations, one file per resource. A new resource is one more file here and its rows in `router`.

pub(crate) mod account;
pub(crate) mod aliases;
pub(crate) mod code_signing;
pub(crate) mod code_signing_link;
pub(crate) mod concurrency;
pub(crate) mod ecr;
pub(crate) mod executions;
pub(crate) mod functions;
pub(crate) mod invoke;
pub(crate) mod layer_policy;
pub(crate) mod layers;
pub(crate) mod lists;
pub(crate) mod mapping_tags;
pub(crate) mod mappings;
pub(crate) mod paging;
pub(crate) mod per_version;
pub(crate) mod policy;
pub(crate) mod s3;
pub(crate) mod sts;
pub(crate) mod tags;
pub(crate) mod updates;
pub(crate) mod versions;
