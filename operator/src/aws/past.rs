//! The versions and aliases that a function has in AWS, whoever made them: what `kubectl lambda history` asks.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html>

use jiff::Timestamp;

use super::call::{Call, Scope};
use super::error::AwsError;
use super::function::{PAGE, checked, found, next};
use super::quota::Priority;
use crate::plugin::model::{Pointer, Published};

impl Scope {
    /// The published versions, in ascending order. `None`: there is no such function.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>
    pub async fn published_versions(&self, function: &str) -> Result<Option<Vec<Published>>, AwsError> {
        const OPERATION: &str = "ListVersionsByFunction";
        let (function, mut marker, mut all) = (checked(OPERATION, function)?, None, Vec::new());
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                let request = client.list_versions_by_function().function_name(function);
                request.max_items(PAGE).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, Priority::User), send).await;
            let Some(output) = found(answer)? else { return Ok(None) };
            let versions = output.versions.unwrap_or_default().into_iter();
            // `$LATEST` and `$LATEST.PUBLISHED` have no number.
            all.extend(versions.filter_map(|version| {
                Some(Published {
                    version: version.version?.parse().ok()?,
                    published_at: version.last_modified.as_deref().and_then(timestamp),
                    description: version.description.unwrap_or_default(),
                    code_sha256: version.code_sha256.unwrap_or_default(),
                    runtime: version.runtime.map(|runtime| runtime.as_str().to_owned()),
                })
            }));
            marker = next(output.next_marker);
            if marker.is_none() {
                all.sort_by_key(|published| published.version);
                return Ok(Some(all));
            }
        }
    }

    /// The aliases, by name.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>
    pub async fn pointers(&self, function: &str) -> Result<Vec<Pointer>, AwsError> {
        const OPERATION: &str = "ListAliases";
        let (function, mut marker, mut all) = (checked(OPERATION, function)?, None, Vec::new());
        loop {
            let send = |client: aws_sdk_lambda::Client| {
                client.list_aliases().function_name(function).set_marker(marker).send()
            };
            let answer = self.call(Call::read(OPERATION, Priority::User), send).await;
            let Some(output) = found(answer)? else { return Ok(all) };
            all.extend(output.aliases.unwrap_or_default().into_iter().map(|alias| {
                let weights = alias.routing_config.and_then(|routing| routing.additional_version_weights);
                Pointer {
                    alias: alias.name.unwrap_or_default(),
                    version: alias.function_version.unwrap_or_default(),
                    weights: weights.unwrap_or_default().into_iter().collect(),
                }
            }));
            marker = next(output.next_marker);
            if marker.is_none() {
                all.sort_by(|a, b| a.alias.cmp(&b.alias));
                return Ok(all);
            }
        }
    }
}

/// Lambda writes `2026-01-15T09:30:00.000+0000`.
fn timestamp(text: &str) -> Option<Timestamp> {
    Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_own_way_to_write_a_time_is_read() {
        let read = timestamp("2026-01-15T09:30:00.125+0000").unwrap();
        assert_eq!(read, "2026-01-15T09:30:00.125Z".parse().unwrap());
        assert_eq!(timestamp("yesterday"), None);
    }
}
