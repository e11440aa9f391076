//! GetRuntimeManagementConfig and PutRuntimeManagementConfig. Nobody has to have set it: the default is `Auto`.

use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::naming::{self, Target};
use crate::request::{Ctx, Reply, Request};
use crate::rules::runtime_management;
use crate::sections::runtime_management::RuntimeManagement;

/// How the runtime of a version is updated.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let target = target(ctx, request)?;
    let missing = target.missing(ctx.region);
    let function = ctx.region.function(&target.name, Access::Other, ctx.now)?;
    shown(function, &target, missing)
}

/// Sets it, all of it.
pub(crate) fn put(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    runtime_management::check(&request.body)?;
    let target = target(ctx, request)?;
    let missing = target.missing(ctx.region);
    let function = ctx.region.writable(&target.name, ctx.now)?;
    if function.has(target.key()) {
        runtime_management::check_package(function)?;
        let new = RuntimeManagement::new(&request.body);
        function.sections.runtime_management.insert(target.key().to_owned(), new);
    }
    shown(function, &target, missing)
}

fn target(ctx: &Ctx<'_>, request: &Request) -> Result<Target, ApiError> {
    let target = naming::namespaced(ctx.region, &request.label, request.query("Qualifier"))?;
    runtime_management::check_target(&target)?;
    Ok(target)
}

fn shown(function: &Function, target: &Target, missing: ApiError) -> Result<Reply, ApiError> {
    if !function.has(target.key()) {
        return Err(missing);
    }
    let set = function.sections.runtime_management.get(target.key()).cloned().unwrap_or_default();
    let arn = function.qualified_arn(target.qualifier.as_deref());
    Ok(Reply::json(200, set.shown(&arn)))
}
