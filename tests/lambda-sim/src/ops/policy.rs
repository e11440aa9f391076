//! GetPolicy. No function has a resource policy yet, and AWS's answer to that is the same as to a function that
//! doesn't exist (<https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html>).

use crate::error::ApiError;
use crate::request::{Ctx, Reply, Request};

/// 404.
pub(crate) fn get(_ctx: &mut Ctx<'_>, _request: &Request) -> Result<Reply, ApiError> {
    Err(ApiError::not_found("The resource you requested does not exist."))
}
