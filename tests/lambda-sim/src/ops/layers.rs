//! PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions and DeleteLayerVersion.
//! Every publish makes a new version. Texts: `TestLambdaLayer` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use serde_json::json;

use super::paging::{Sizes, page_of};
use crate::code;
use crate::error::ApiError;
use crate::function::now_text;
use crate::layer::{Layer, LayerId, LayerVersion};
use crate::merge::into_object;
use crate::request::{Ctx, Object, Reply, Request};
use crate::rules::layer;

/// 201 with the new version.
pub(crate) fn publish(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let id = own(ctx, request)?;
    let version = build(ctx, &request.body)?;
    let number = ctx.layers.publish(&id, version.clone());
    Ok(Reply::json(201, version.described(&id, number)))
}

/// A version from the body of a PublishLayerVersion request; refused as AWS would.
pub(crate) fn build(ctx: &Ctx<'_>, body: &Object) -> Result<LayerVersion, ApiError> {
    layer::check_publish(&ctx.region.settings, body)?;
    let content = into_object(body.get("Content").cloned().unwrap_or_default());
    let code = code::resolve(ctx.region, &content, "Zip")?;
    ctx.check_code_storage(code.stored())?;
    let sent = ["Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"];
    let members = sent.into_iter().filter_map(|name| body.get(name).map(|value| (name, value.clone())));
    let mut metadata: Object = members.map(|(name, value)| (name.to_owned(), value)).collect();
    metadata.entry("Description").or_insert(json!(""));
    metadata.insert("CreatedDate".into(), now_text().into());
    Ok(LayerVersion { metadata, code, policy: None })
}

/// A version with its content.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let id = named(ctx, request)?;
    described(ctx, &id, number(request)?)
}

/// The same by the ARN of the version.
pub(crate) fn get_by_arn(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let arn = request.query("Arn");
    layer::check_version_arn(arn)?;
    // What has no number is a layer of AWS itself, which isn't simulated.
    let Some((id, Some(number))) = arn.and_then(LayerId::from_arn) else { return Err(missing()) };
    described(ctx, &id, number)
}

fn described(ctx: &Ctx<'_>, id: &LayerId, number: u64) -> Result<Reply, ApiError> {
    let version = ctx.layers.version(id, number).filter(|_| id.region == ctx.region.name);
    let is_own = id.account == ctx.region.account;
    match version {
        Some(version) if is_own || version.is_shared_with(&ctx.region.account) => {
            Ok(Reply::json(200, version.described(id, number)))
        }
        None if is_own => Err(missing()),
        _ => Err(denied(ctx, "GetLayerVersion", &id.version_arn(number))),
    }
}

/// The newest version of every layer that matches the filters.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    layer::check_filters(&ctx.region.settings, request)?;
    let layers = ctx.layers.of(&ctx.region.account, &ctx.region.name);
    let newest = layers.filter_map(|(id, layer)| {
        let (number, version) = matching(layer, request).next()?;
        Some((id.name.clone(), (id, number, version)))
    });
    let show = |(id, number, version): (&LayerId, u64, &LayerVersion)| {
        let latest = version.listed(id, number);
        json!({"LayerName": id.name, "LayerArn": id.to_string(), "LatestMatchingVersion": latest})
    };
    Ok(Reply::json(200, page_of(request, Sizes::PAGE_AT_MOST, "Layers", newest, show)?))
}

/// The versions of a layer that match the filters, the newest first; none if the layer doesn't exist.
pub(crate) fn list_versions(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    layer::check_filters(&ctx.region.settings, request)?;
    let id = own(ctx, request)?;
    let versions = ctx.layers.layer(&id).into_iter().flat_map(|layer| matching(layer, request));
    let items = versions.map(|found| (format!("{:020}", u64::MAX - found.0), found));
    let show = |(number, version): (u64, &LayerVersion)| version.listed(&id, number);
    Ok(Reply::json(200, page_of(request, Sizes::PAGE_AT_MOST, "LayerVersions", items, show)?))
}

fn matching<'a>(layer: &'a Layer, request: &'a Request) -> impl Iterator<Item = (u64, &'a LayerVersion)> {
    let filters = [
        ("CompatibleRuntimes", request.query("CompatibleRuntime")),
        ("CompatibleArchitectures", request.query("CompatibleArchitecture")),
    ];
    let newest_first = layer.versions.iter().rev().map(|(number, version)| (*number, version));
    newest_first.filter(move |(_, version)| {
        let passes = |(list, value): &(&str, Option<&str>)| {
            value.is_none_or(|value| version.is_compatible(list, value))
        };
        filters.iter().all(passes)
    })
}

/// 204, also when there is no such version. Functions that use it keep it.
pub(crate) fn delete(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (id, number) = (own(ctx, request)?, number(request)?);
    ctx.layers.remove(&id, number);
    Ok(Reply::no_content())
}

/// The layer that the path names, by name or ARN.
fn named(ctx: &Ctx<'_>, request: &Request) -> Result<LayerId, ApiError> {
    layer::check_name(&request.label)?;
    let from_arn = LayerId::from_arn(&request.label).map(|(id, _)| id);
    Ok(from_arn.unwrap_or_else(|| LayerId::new(ctx.region, &request.label)))
}

/// The same, for operations on layers of the caller's own account and region only.
pub(super) fn own(ctx: &Ctx<'_>, request: &Request) -> Result<LayerId, ApiError> {
    let id = named(ctx, request)?;
    if id.account != ctx.region.account {
        return Err(denied(ctx, request.operation, &id.to_string()));
    }
    if id.region != ctx.region.name {
        return Err(missing());
    }
    Ok(id)
}

/// The number of a version, counted from 1.
pub(super) fn number(request: &Request) -> Result<u64, ApiError> {
    let number = request.parameter("VersionNumber").and_then(|number| number.parse::<i64>().ok());
    let number = number.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0);
    number.ok_or_else(|| ApiError::invalid("Layer Version Cannot be less than 1"))
}

fn missing() -> ApiError {
    ApiError::not_found("The resource you requested does not exist.")
}

fn denied(ctx: &Ctx<'_>, operation: &str, arn: &str) -> ApiError {
    ApiError::access_denied(&ctx.principal(), &format!("lambda:{operation}"), arn, "resource-based")
}
