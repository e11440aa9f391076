//! TagResource, UntagResource and ListTags on the ARN of an event source mapping. Texts:
//! `TestLambdaTag::test_tag_exceptions[event_source_mapping]` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use std::sync::LazyLock;

use regex::Regex;

use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::mapping::Mapping;
use crate::request::Ctx;

static ARN: LazyLock<Regex> = LazyLock::new(|| {
    let uuid = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    let pattern = format!(r"^arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{{12}}:event-source-mapping:({uuid})$");
    Regex::new(&pattern).expect("a constant pattern compiles")
});

/// The UUID, if an ARN is a mapping's.
pub(crate) fn uuid_of(arn: &str) -> Option<&str> {
    ARN.captures(arn).and_then(|found| found.get(1)).map(|uuid| uuid.as_str())
}

/// The mapping whose tags an ARN means.
pub(super) fn of<'a>(ctx: &'a mut Ctx<'_>, arn: &str, uuid: &str) -> Result<&'a mut Mapping, ApiError> {
    let known = super::mappings::mapping_arn(ctx.region, uuid) == arn;
    let mapping = ctx.region.mappings.get(uuid, Access::Other, ctx.now).filter(|_| known);
    mapping.ok_or_else(|| ApiError::not_found(format!("Event source mapping not found: {arn}")))
}
