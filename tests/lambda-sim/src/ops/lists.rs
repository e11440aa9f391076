//! ListFunctions and ListVersionsByFunction. Lists leave out State, LastUpdateStatus and RuntimeVersionConfig
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html>), and may be behind.

use serde_json::Value;

use super::paging::page;
use crate::error::ApiError;
use crate::function::{Function, Version, View};
use crate::lifecycle::Access;
use crate::naming;
use crate::request::{Ctx, Reply, Request};

/// All functions of the region, with FunctionVersion=ALL all their versions.
pub(crate) fn functions(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let all = match request.query("FunctionVersion") {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            let constraint = "Member must satisfy enum value set: [ALL]";
            let failure =
                format!("Value '{other}' at 'functionVersion' failed to satisfy constraint: {constraint}");
            return Err(ApiError::validation(&[failure]));
        }
    };
    let functions = ctx.region.listed(request.query("Marker").is_none(), ctx.now).into_values();
    let page = if all {
        page(request, "Functions", functions.flat_map(versions_of), listed)?
    } else {
        let latest = functions.map(|function| (function.name.clone(), (function, &function.latest)));
        let show = |(function, latest): Item<'_>| function.configuration(latest, &function.arn, View::Listed);
        page(request, "Functions", latest, show)?
    };
    Ok(Reply::json(200, page))
}

/// `$LATEST` and the published versions of one function.
pub(crate) fn versions(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let name = naming::unqualified(ctx.region, &request.label)?;
    let function = ctx.region.function(&name, Access::Other, ctx.now)?;
    Ok(Reply::json(200, page(request, "Versions", versions_of(function), listed)?))
}

type Item<'a> = (&'a Function, &'a Version);

/// All versions under keys that sort as they are listed.
fn versions_of(function: &Function) -> impl Iterator<Item = (String, Item<'_>)> {
    // Whether AWS lists `$LATEST.PUBLISHED` isn't on record.
    let versions = std::iter::once(&function.latest).chain(function.numbered());
    versions.map(move |version| {
        let number: u64 = version.number.parse().unwrap_or(0);
        (format!("{}\n{number:020}", function.name), (function, version))
    })
}

fn listed((function, version): Item<'_>) -> Value {
    function.configuration(version, &function.qualified_arn(Some(&version.number)), View::Listed)
}
