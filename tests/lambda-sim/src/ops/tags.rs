//! TagResource, UntagResource and ListTags, for functions, code signing configs, capacity providers, and by way of `mapping_tags` event
//! source mappings. Both writes change a function's RevisionId. Texts: `TestLambdaTags` in LocalStack's recordings
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json); the one on too many keys follows the model.

use std::collections::BTreeMap;

use serde_json::json;

use super::{capacity_providers, code_signing, mapping_tags};
use crate::capacity_provider::CapacityProvider;
use crate::code_signing::CodeSigningConfig;
use crate::error::ApiError;
use crate::function::Function;
use crate::lifecycle::Access;
use crate::mapping::Mapping;
use crate::naming;
use crate::request::{Ctx, Reply, Request};
use crate::rules::{model, tags};

/// What can have tags.
enum Tagged<'a> {
    Function(&'a mut Function),
    CodeSigningConfig(&'a mut CodeSigningConfig),
    CapacityProvider(&'a mut CapacityProvider),
    Mapping(&'a mut Mapping),
}

impl Tagged<'_> {
    fn tags(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Function(function) => &function.tags,
            Self::CodeSigningConfig(config) => &config.tags,
            Self::CapacityProvider(provider) => &provider.tags,
            Self::Mapping(mapping) => &mapping.tags,
        }
    }

    /// Why it can't be written to now, if it can't.
    fn refusal(&self) -> Option<ApiError> {
        match self {
            Self::Function(function) => function.latest.lifecycle.refusal_of_any_write(&function.arn),
            Self::CodeSigningConfig(_) | Self::CapacityProvider(_) | Self::Mapping(_) => None,
        }
    }

    fn set(self, tags: BTreeMap<String, String>) {
        match self {
            Self::Function(function) => {
                function.tags = tags;
                function.latest.touch();
            }
            Self::CodeSigningConfig(config) => config.tags = tags,
            Self::CapacityProvider(provider) => provider.tags = tags,
            Self::Mapping(mapping) => mapping.tags = tags,
        }
    }
}

/// Adds and overwrites.
pub(crate) fn tag(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    model::check(&request.body, &["Tags"])?;
    let added = tags::of(&request.body);
    if added.is_empty() {
        return Err(ApiError::invalid("An error occurred and the request cannot be processed."));
    }
    let tagged = writable(ctx, request)?;
    let mut merged = tagged.tags().clone();
    merged.extend(added.clone());
    tags::check_added(&added, &merged)?;
    tagged.set(merged);
    Ok(Reply::no_content())
}

/// Removes keys; those that aren't there are gone already.
pub(crate) fn untag(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let keys = request.query_all("tagKeys");
    if keys.is_empty() {
        let failure = "Value null at 'tagKeys' failed to satisfy constraint: Member must not be null";
        return Err(ApiError::validation(&[failure.to_owned()]));
    }
    if keys.len() > 50 {
        let constraint = "Member must have length less than or equal to 50";
        let shown = keys.join(", ");
        let failure = format!("Value '[{shown}]' at 'tagKeys' failed to satisfy constraint: {constraint}");
        return Err(ApiError::validation(&[failure]));
    }
    let tagged = writable(ctx, request)?;
    let mut left = tagged.tags().clone();
    left.retain(|key, _| !keys.contains(&key.as_str()));
    tagged.set(left);
    Ok(Reply::no_content())
}

/// All tags.
pub(crate) fn list(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    Ok(Reply::json(200, json!({"Tags": tagged(ctx, request)?.tags()})))
}

/// What an ARN names.
fn tagged<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<Tagged<'a>, ApiError> {
    let arn = request.label.as_str();
    if !arn.starts_with("arn:") {
        return Err(not_taggable(arn));
    }
    if let Some(uuid) = mapping_tags::uuid_of(arn) {
        return mapping_tags::of(ctx, arn, uuid).map(Tagged::Mapping);
    }
    if arn.contains(":code-signing-config:") {
        let config = ctx.region.code_signing.get_mut(arn).ok_or_else(|| code_signing::missing(arn))?;
        return Ok(Tagged::CodeSigningConfig(config));
    }
    if arn.contains(":capacity-provider:") {
        return capacity_providers::of_arn(ctx, arn).map(Tagged::CapacityProvider);
    }
    if arn.contains(":function:") {
        return function(ctx, arn).map(Tagged::Function);
    }
    Err(not_taggable(arn))
}

/// The same for a write.
fn writable<'a>(ctx: &'a mut Ctx<'_>, request: &Request) -> Result<Tagged<'a>, ApiError> {
    let tagged = tagged(ctx, request)?;
    tagged.refusal().map_or(Ok(tagged), Err)
}

fn function<'a>(ctx: &'a mut Ctx<'_>, arn: &str) -> Result<&'a mut Function, ApiError> {
    let target = naming::target(ctx.region, arn, None)?;
    if target.qualifier.is_some() {
        let text = "Tags on function aliases and versions are not supported. Please specify a function ARN.";
        return Err(ApiError::invalid(text));
    }
    ctx.region.function(&target.name, Access::Other, ctx.now)
}

fn not_taggable(arn: &str) -> ApiError {
    let pattern = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})";
    let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
    let failure = format!("Value '{arn}' at 'resource' failed to satisfy constraint: {constraint}");
    ApiError::validation(&[failure])
}
