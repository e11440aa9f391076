//! The operations on event source mappings: what the kind EventSourceMapping and the inventory call.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>

use std::collections::BTreeSet;

use aws_smithy_types::DateTime;
use uuid::Uuid;

use super::call::{Call, Scope};
use super::error::{AwsError, Class};
use super::function::{found, next};
use super::mapping_answer::{self as answer, mapping_of};
use super::mapping_request::{self as request, with_members};
use super::quota::Priority;
use crate::engine::tags::Tags;
use crate::mapping::field::Field;
use crate::mapping::model::{Configuration, Fixed, FunctionName, Observed};
use crate::mapping::{changes, kafka_field};

/// The largest page.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>
pub(super) const PAGE: i32 = 100;

impl Scope {
    /// The mapping, or `None` when there is none. [`Observed::tags`] is `None`.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html>
    pub async fn get_mapping(&self, uuid: &str, priority: Priority) -> Result<Option<Observed>, AwsError> {
        let send = |client: aws_sdk_lambda::Client| client.get_event_source_mapping().uuid(uuid).send();
        let output = found(self.call(Call::read("GetEventSourceMapping", priority), send).await)?;
        Ok(output.map(|output| answer::decrypted(mapping_of!(output))))
    }

    /// The mapping with its tags: two calls.
    pub async fn get_mapping_with_tags(
        &self,
        uuid: &str,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        let Some(mapping) = self.get_mapping(uuid, priority).await? else { return Ok(None) };
        let tags = Some(self.mapping_tags(&mapping.arn, priority).await?);
        Ok(Some(Observed { tags, ..mapping }))
    }

    /// The tags of a mapping, or AWS's text on why they may not be read.
    pub async fn mapping_tags(
        &self,
        arn: &str,
        priority: Priority,
    ) -> Result<Result<Tags, String>, AwsError> {
        self.readable_tags(arn, priority).await
    }

    /// Creates a mapping with its tags. What is AWS's default isn't sent, because not every source takes every member.
    /// The answer has the tags that were sent. For the same source and function AWS refuses a second one
    /// (`Class::AlreadyExists`).
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
    pub async fn create_mapping(
        &self,
        fixed: &Fixed,
        configuration: &Configuration,
        enabled: bool,
        tags: &Tags,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        let default = Configuration::default_for(&fixed.source, configuration.function.clone());
        let mut fields = changes(configuration, &default, kafka_field(&fixed.source));
        fields.insert(Field::Function);
        if fixed.virtual_host.is_some() {
            fields.insert(Field::Access);
        }
        let mut members = request::members(fixed, configuration, &fields);
        members.enabled = (!enabled).then_some(false);
        request::consumer(&mut members, fixed, configuration);
        let list = |all: &BTreeSet<String>| (!all.is_empty()).then(|| all.iter().cloned().collect());
        let (own, position) = (tags.clone().into_iter().collect(), fixed.starting_position.as_deref());
        let send = |client: aws_sdk_lambda::Client| {
            with_members!(client.create_event_source_mapping(), members)
                .set_event_source_arn(fixed.source.arn().map(ToOwned::to_owned))
                .set_self_managed_event_source(request::self_managed(&fixed.source))
                .set_starting_position(position.map(Into::into))
                .set_starting_position_timestamp(fixed.starting_at.map(DateTime::from_secs))
                .set_topics(list(&fixed.topics))
                .set_queues(list(&fixed.queues))
                .set_tags(Some(own))
                .send()
        };
        let output = self.call(Call::create("CreateEventSourceMapping", priority), send).await?;
        Ok(Observed { tags: Some(Ok(tags.clone())), ..answer::encrypted(mapping_of!(output)) })
    }

    /// The mapping that is in the way of a creation. AWS names its UUID in the text:
    /// `TestLambdaEventSourceMappings` in tests/aws/services/lambda_/test_lambda_api.snapshot.json of LocalStack.
    ///
    /// # Errors
    /// `Class::InProgress` if it is gone by now, `Class::Terminal` if it can't be told which one it is.
    pub async fn existing_mapping(
        &self,
        refusal: &AwsError,
        fixed: &Fixed,
        configuration: &Configuration,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        let uuid = match uuid_in(&refusal.message) {
            Some(uuid) => Some(uuid),
            None => self
                .find_mapping(&configuration.function.to_string(), fixed, priority)
                .await?
                .map(|mapping| mapping.uuid),
        };
        let Some(uuid) = uuid else { return Err(AwsError { class: Class::Terminal, ..refusal.clone() }) };
        let existing = self.get_mapping_with_tags(&uuid, priority).await?;
        existing.ok_or_else(|| AwsError { class: Class::InProgress, ..refusal.clone() })
    }

    /// Changes exactly these fields to what the configuration has for them; cleared values clear. The answer has no
    /// tags.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html>
    pub async fn update_mapping(
        &self,
        known: &Observed,
        configuration: &Configuration,
        fields: &BTreeSet<Field>,
        enabled: Option<bool>,
        priority: Priority,
    ) -> Result<Observed, AwsError> {
        let mut members = request::members(&known.fixed, configuration, fields);
        members.enabled = enabled;
        let send = |client: aws_sdk_lambda::Client| {
            with_members!(client.update_event_source_mapping().uuid(&known.uuid), members).send()
        };
        let output = self.call(Call::write("UpdateEventSourceMapping", priority), send).await?;
        Ok(answer::encrypted(mapping_of!(output)))
    }

    /// Deletes the mapping; done when there is none.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html>
    pub async fn delete_mapping(&self, uuid: &str, priority: Priority) -> Result<(), AwsError> {
        let send = |client: aws_sdk_lambda::Client| client.delete_event_source_mapping().uuid(uuid).send();
        found(self.call(Call::write("DeleteEventSourceMapping", priority), send).await).map(drop)
    }

    /// A page of at most 100 mappings by UUID, and where the next one starts.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>
    pub async fn list_mappings(
        &self,
        marker: Option<String>,
        priority: Priority,
    ) -> Result<(Vec<(String, Observed)>, Option<String>), AwsError> {
        self.mappings_of(None, None, marker, priority).await
    }

    /// The mapping between this function, version or alias and this source (topic, queue), without tags. The first, if AWS
    /// has several.
    pub async fn find_mapping(
        &self,
        function: &str,
        fixed: &Fixed,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        let wanted = FunctionName::parse(function);
        let same = |other: &Observed| {
            let Fixed { source, topics, queues, .. } = &other.fixed;
            (source, topics, queues) == (&fixed.source, &fixed.topics, &fixed.queues)
                && wanted.clone().at(&other.arn) == other.configuration.function
        };
        let mut marker = None;
        loop {
            let (page, next) = self.mappings_of(Some(function), fixed.source.arn(), marker, priority).await?;
            if let Some((_, found)) = page.into_iter().find(|(_, mapping)| same(mapping)) {
                return Ok(Some(found));
            }
            marker = next;
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    /// The mapping of this function, and source if it has an ARN, whose tags are as wanted.
    pub async fn find_own_mapping(
        &self,
        function: &str,
        source: Option<&str>,
        is_ours: impl Fn(&Tags) -> bool + Send + Sync,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        let mut marker = None;
        loop {
            let (page, next) = self.mappings_of(Some(function), source, marker, priority).await?;
            for (_, mapping) in page {
                let tags = self.mapping_tags(&mapping.arn, priority).await?;
                if tags.as_ref().is_ok_and(&is_ours) {
                    return Ok(Some(Observed { tags: Some(tags), ..mapping }));
                }
            }
            marker = next;
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn mappings_of(
        &self,
        function: Option<&str>,
        source: Option<&str>,
        marker: Option<String>,
        priority: Priority,
    ) -> Result<(Vec<(String, Observed)>, Option<String>), AwsError> {
        let send = |client: aws_sdk_lambda::Client| {
            client
                .list_event_source_mappings()
                .set_function_name(function.map(ToOwned::to_owned))
                .set_event_source_arn(source.map(ToOwned::to_owned))
                .max_items(PAGE)
                .set_marker(marker)
                .send()
        };
        let output = self.call(Call::read("ListEventSourceMappings", priority), send).await?;
        let mappings = output.event_source_mappings.unwrap_or_default().into_iter().map(answer::encrypted);
        Ok((mappings.map(|mapping| (mapping.uuid.clone(), mapping)).collect(), next(output.next_marker)))
    }
}

/// The UUID that a text names.
fn uuid_in(text: &str) -> Option<String> {
    let words = text.split(|character: char| !character.is_ascii_hexdigit() && character != '-');
    let mut uuids = words.filter(|word| word.len() == 36 && Uuid::try_parse(word).is_ok());
    uuids.next_back().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_is_found_in_each_wording() {
        let uuid = "0a1b2c3d-0000-4000-8000-00000000abcd";
        for text in [
            "An event source mapping with SQS arn (\" arn:aws:sqs:eu-west-1:1:q \") and function (\" f \") already exists. \
             Please update or delete the existing mapping with UUID 0a1b2c3d-0000-4000-8000-00000000abcd",
            "The event source arn (\" arn:aws:kinesis:eu-west-1:1:stream/9f1b2c3d-0000-4000-8000-00000000abcd \") and function \
             (\" f \") provided mapping already exists. Please update or delete the existing mapping with UUID \
             0a1b2c3d-0000-4000-8000-00000000abcd.",
        ] {
            assert_eq!(uuid_in(text).as_deref(), Some(uuid));
        }
        assert_eq!(uuid_in("An event source mapping already exists"), None);
    }
}
