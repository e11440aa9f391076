//! GetFunctionRecursionConfig and PutFunctionRecursionConfig
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>).

use serde_json::json;

use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};
use crate::rules::recursion;
use crate::sections::Sections;

/// What happens to the function's loops; nobody has to have set it.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::without_qualifier(ctx.region, &request.label)?;
    Ok(shown(&ctx.region.function(&name, Access::Other, ctx.now)?.sections))
}

/// Sets it.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    recursion::check(&request.body)?;
    let name = naming::without_qualifier(ctx.region, &request.label)?;
    let sections = &mut ctx.region.writable(&name, ctx.now)?.sections;
    sections.recursive_loop = request.text("RecursiveLoop").map(ToOwned::to_owned);
    Ok(shown(sections))
}

fn shown(sections: &Sections) -> Reply {
    let mode = sections.recursive_loop.as_deref().unwrap_or("Terminate");
    Reply::json(200, json!({"RecursiveLoop": mode}))
}
