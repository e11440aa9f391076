//! ListAliases, over the aliases that the control API put there.

use serde_json::Value;

use super::paging::page;
use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};

/// The aliases of a function, if asked for those of one version only.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ctx.region.function(&name, Access::Other, ctx.now)?;
    let version = request.query("FunctionVersion");
    let wanted = |alias: &Value| version.is_none_or(|version| alias["FunctionVersion"] == version);
    let aliases = function.aliases.iter().map(|(name, alias)| (name.clone(), Value::Object(alias.clone())));
    let items = aliases.filter(|(_, alias)| wanted(alias));
    Ok(Reply::json(200, page(request, "Aliases", items, |alias| alias)?))
}
