//! A function with its versions, and how they read back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::code::{Code, Source};
use crate::downloads;
use crate::execution::Execution;
use crate::lifecycle::{Access, Failures, Lifecycle};
use crate::request::Object;
use crate::sections::provisioned::Provisioned;
use crate::sections::scaling::Scaling;
use crate::sections::{LATEST, PUBLISHED, Sections};
use crate::settings::SettleDelay;

/// `$LATEST` or a published version.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) number: String,
    /// The configuration in the shape in which it reads back, without what is kept beside it here.
    pub(crate) config: Object,
    pub(crate) code: Code,
    pub(crate) revision_id: String,
    pub(crate) last_modified: String,
    pub(crate) lifecycle: Lifecycle,
    /// Of a published version: the configuration of `$LATEST` that it was made of.
    pub(crate) made_of: Option<Object>,
}

impl Version {
    /// Gives it a new RevisionId.
    pub(crate) fn touch(&mut self) {
        self.revision_id = uuid::Uuid::new_v4().to_string();
    }

    /// Gives it a new RevisionId and LastModified.
    pub(crate) fn modified(&mut self) {
        self.touch();
        self.last_modified = now_text();
    }

    fn tick(&mut self, access: Access, now: std::time::Instant, failures: Failures<'_>) {
        if self.lifecycle.tick(access, now, failures) {
            self.touch();
        }
    }

    fn settle(&mut self, failures: Failures<'_>) {
        if self.lifecycle.settle(failures) {
            self.touch();
        }
    }
}

/// Whether a configuration is read for itself or in a list, which leaves members out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Full,
    Listed,
}

/// A function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) latest: Version,
    pub(crate) published: Vec<Version>,
    /// The number of the last version published, deleted ones included.
    pub(crate) last_number: u64,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) reserved_concurrency: Option<u64>,
    pub(crate) sections: Sections,
    /// Durable executions by name.
    pub(crate) executions: BTreeMap<String, Execution>,
    /// Aliases by name, as ListAliases shows them.
    pub(crate) aliases: BTreeMap<String, Object>,
    /// The ARN of its code signing config.
    pub(crate) code_signing: Option<String>,
}

impl Function {
    /// Settles what is due.
    pub(crate) fn tick(&mut self, access: Access, now: std::time::Instant, failures: Failures<'_>) {
        if !self.is_draining() {
            self.latest.tick(access, now, failures);
        }
        for version in &mut self.published {
            version.tick(access, now, failures.of_versions());
        }
        self.tick_provisioned(None, Access::Other, now, failures);
        self.tick_scaling(None, Access::Other, now);
    }

    /// Whether it runs on a capacity provider.
    pub(crate) fn is_managed(&self) -> bool {
        self.latest.config.contains_key("CapacityProviderConfig")
    }

    /// Whether durable executions of it run.
    pub(crate) fn has_running(&self) -> bool {
        self.executions.values().any(|execution| execution.ended.is_none())
    }

    /// Whether its deletion waits for what runs.
    fn is_draining(&self) -> bool {
        self.latest.lifecycle.is_deleting() && self.has_running()
    }

    /// Settles what is due of the scaling of one version, or of all.
    pub(crate) fn tick_scaling(&mut self, only: Option<&str>, access: Access, now: std::time::Instant) {
        self.settle_scaling(|qualifier, scaling| {
            if only.is_none_or(|only| only == qualifier) {
                scaling.tick(access, now);
            }
        });
    }

    fn settle_scaling(&mut self, settle: impl Fn(&str, &mut Scaling)) {
        for (qualifier, scaling) in &mut self.sections.scaling {
            settle(qualifier, scaling);
            if let Some(version) = self.published.iter_mut().find(|version| version.number == *qualifier) {
                version.lifecycle.scaled(scaling.is_none());
            }
        }
    }

    /// The versions with a number.
    pub(crate) fn numbered(&self) -> impl DoubleEndedIterator<Item = &Version> {
        self.published.iter().filter(|version| version.number != PUBLISHED)
    }

    /// Settles what is due of provisioned concurrency: of one version or alias, or of all.
    pub(crate) fn tick_provisioned(
        &mut self,
        only: Option<&str>,
        access: Access,
        now: std::time::Instant,
        failures: Failures<'_>,
    ) {
        self.settle_provisioned(|qualifier, provisioned| {
            only.is_none_or(|only| only == qualifier) && provisioned.tick(access, now, failures)
        });
    }

    fn settle_provisioned(&mut self, settled: impl Fn(&str, &mut Provisioned) -> bool) {
        for (qualifier, provisioned) in &mut self.sections.provisioned {
            if settled(qualifier, provisioned)
                && let Some(alias) = self.aliases.get_mut(qualifier)
            {
                provisioned.end_shift(alias);
            }
        }
    }

    /// Gives provisioned concurrency up, if there is some.
    pub(crate) fn remove_provisioned(&mut self, qualifier: &str) {
        let removed = self.sections.provisioned.remove(qualifier);
        if let (Some(mut provisioned), Some(alias)) = (removed, self.aliases.get_mut(qualifier)) {
            provisioned.release(alias);
        }
    }

    /// Settles everything now.
    pub(crate) fn settle(&mut self, failures: Failures<'_>) {
        if !self.is_draining() {
            self.latest.settle(failures);
        }
        for version in &mut self.published {
            version.settle(failures.of_versions());
        }
        self.settle_provisioned(|_, provisioned| provisioned.settle(failures));
        self.settle_scaling(|_, scaling| scaling.settle());
    }

    /// A deletion of the whole function was accepted.
    pub(crate) fn deleting(&mut self, delay: SettleDelay, now: std::time::Instant) {
        let durable = self.latest.config.contains_key("DurableConfig");
        self.latest.lifecycle.deleting(delay, now, durable);
        for version in &mut self.published {
            version.lifecycle.deleting(SettleDelay::Hold, now, durable);
        }
    }

    /// The version that a qualifier means: `$LATEST`, `$LATEST.PUBLISHED`, a number or an alias.
    pub(crate) fn version(&self, qualifier: Option<&str>) -> Option<&Version> {
        let number = match qualifier {
            None | Some("$LATEST") => return Some(&self.latest),
            Some(alias) if self.aliases.contains_key(alias) => {
                self.aliases[alias]["FunctionVersion"].as_str()?
            }
            Some(number) => number,
        };
        if number == "$LATEST" {
            return Some(&self.latest);
        }
        self.published.iter().find(|version| version.number == number)
    }

    /// The same, to be changed.
    pub(crate) fn version_mut(&mut self, qualifier: Option<&str>) -> Option<&mut Version> {
        let number = self.version(qualifier)?.number.clone();
        let mut versions = std::iter::once(&mut self.latest).chain(&mut self.published);
        versions.find(|version| version.number == number)
    }

    /// Whether there is such a version or alias.
    pub(crate) fn has(&self, qualifier: &str) -> bool {
        qualifier == LATEST
            || self.aliases.contains_key(qualifier)
            || self.published.iter().any(|version| version.number == qualifier)
    }

    /// The revision of a version or alias.
    pub(crate) fn revision(&self, qualifier: &str) -> &str {
        match self.aliases.get(qualifier) {
            Some(alias) => alias.get("RevisionId").and_then(Value::as_str).unwrap_or_default(),
            None => self.version(Some(qualifier)).map_or("", |version| version.revision_id.as_str()),
        }
    }

    /// Gives a version or alias a new revision.
    pub(crate) fn touch(&mut self, qualifier: &str) {
        if let Some(alias) = self.aliases.get_mut(qualifier) {
            touch_alias(alias);
        } else if let Some(version) = self.version_mut(Some(qualifier)) {
            version.touch();
        }
    }

    /// Takes an alias away, with what it has of its own; false if there is none of the name.
    pub(crate) fn remove_alias(&mut self, name: &str) -> bool {
        let removed = self.aliases.remove(name).is_some();
        if removed {
            self.sections.forget(name);
        }
        removed
    }

    /// Takes a published version away, with what it has of its own; false if there is none of the number.
    pub(crate) fn remove_version(&mut self, number: &str) -> bool {
        let before = self.published.len();
        self.published.retain(|version| version.number != number);
        let removed = self.published.len() < before;
        if removed {
            self.sections.forget(number);
        }
        removed
    }

    pub(crate) fn qualified_arn(&self, qualifier: Option<&str>) -> String {
        qualifier.map_or_else(|| self.arn.clone(), |qualifier| format!("{}:{qualifier}", self.arn))
    }

    /// A version's configuration under an ARN, as every operation returns it.
    pub(crate) fn configuration(&self, version: &Version, arn: &str, view: View) -> Value {
        let mut shown = version.config.clone();
        shown.insert("FunctionName".into(), self.name.clone().into());
        shown.insert("FunctionArn".into(), arn.into());
        shown.insert("Version".into(), version.number.clone().into());
        shown.insert("CodeSha256".into(), version.code.sha256.clone().into());
        shown.insert("CodeSize".into(), version.code.size.into());
        shown.insert("RevisionId".into(), version.revision_id.clone().into());
        shown.insert("LastModified".into(), version.last_modified.clone().into());
        if view == View::Full {
            version.lifecycle.write(&mut shown);
            if let Some(runtime) = version.config.get("Runtime").and_then(Value::as_str) {
                let kept = self.sections.runtime_management.get(&version.number);
                let arn = kept.and_then(|management| management.version.clone());
                let arn = arn.unwrap_or_else(|| newest_runtime_version(&self.arn, runtime));
                shown.insert("RuntimeVersionConfig".into(), json!({"RuntimeVersionArn": arn}));
            }
        }
        Value::Object(shown)
    }

    /// What GetFunction answers.
    pub(crate) fn described(&self, version: &Version, qualifier: Option<&str>) -> Value {
        let arn = self.qualified_arn(qualifier);
        let mut shown = json!({
            "Configuration": self.configuration(version, &arn, View::Full),
            "Code": code_location(version),
        });
        if !self.tags.is_empty() && qualifier.is_none() {
            shown["Tags"] = json!(self.tags);
        }
        if let Some(reserved) = self.reserved_concurrency.filter(|_| qualifier.is_none()) {
            shown["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
        }
        shown
    }

    /// Bytes of code that Lambda stores of all versions.
    pub(crate) fn code_size(&self) -> u64 {
        self.latest.code.stored() + self.published.iter().map(|version| version.code.stored()).sum::<u64>()
    }
}

fn code_location(version: &Version) -> Value {
    let mut code = match &version.code.source {
        Source::Image { uri, resolved } => {
            json!({"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved})
        }
        Source::Object { bucket, key, version, reference: true } => json!({
            "RepositoryType": "S3",
            "ResolvedS3Object": {"S3Bucket": bucket, "S3Key": key, "S3ObjectVersion": version},
        }),
        Source::Zip | Source::Object { .. } => json!({
            "RepositoryType": "S3",
            "Location": downloads::location(&version.code),
        }),
    };
    if let Some(key) = &version.code.source_kms_key {
        code["SourceKMSKeyArn"] = key.clone().into();
    }
    code
}

fn newest_runtime_version(function_arn: &str, runtime: &str) -> String {
    let region = function_arn.split(':').nth(3).unwrap_or_default();
    let hash = crate::code::sha256_hex(runtime.as_bytes());
    format!("arn:aws:lambda:{region}::runtime:{hash}")
}

/// Gives an alias a new revision.
pub(crate) fn touch_alias(alias: &mut Object) {
    alias.insert("RevisionId".into(), uuid::Uuid::new_v4().to_string().into());
}

/// The time in Lambda's own format.
pub(crate) fn now_text() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// The time in seconds since 1970, with milliseconds.
pub(crate) fn now_seconds() -> f64 {
    (jiff::Timestamp::now().as_duration().as_secs_f64() * 1000.0).round() / 1000.0
}
