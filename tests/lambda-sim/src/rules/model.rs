//! The constraints of the API model on the members of CreateFunction, UpdateFunctionConfiguration and
//! UpdateFunctionCode, all reported together as a ValidationException. The limits are those of the model
//! (`service-2.json` of Lambda in <https://github.com/boto/botocore>); the texts follow LocalStack's recordings of
//! AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

mod mapping;

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

pub(crate) use mapping::check as check_mapping;
pub(super) use mapping::{SOURCE, SOURCE_RE};

use crate::error::ApiError;
use crate::request::Object;

pub(super) const ROLE: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
const HANDLER: &str = r"[^\s]+";
pub(super) const SUBNET: &str = "subnet-[0-9a-z]*";
pub(super) const SECURITY_GROUP: &str = "sg-[0-9a-zA-Z]*";
const ENV_KEY: &str = "[a-zA-Z]([a-zA-Z0-9_])+";
pub(super) const LOG_GROUP: &str = r"[\.\-_/#A-Za-z0-9]+";
const MOUNT_PATH: &str = r"/mnt/[a-zA-Z0-9-_.]+";
/// An access point of EFS or of S3 Files
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_FileSystemConfig.html>).
const FILE_SYSTEM: &str = r"arn:aws[a-zA-Z-]*:elasticfilesystem:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\d{1}:\d{12}:access-point/fsap-[a-f0-9]{17}$|^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/access-point/fsap-[0-9a-f]{17,40}";
const ANY_ARN: &str = r"(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()";
pub(super) const LAYER: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)";
const BUCKET: &str = r"[0-9A-Za-z\.\-_]*(?<!\.)";
const TAG: &str = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";

pub(super) static ROLE_RE: LazyLock<Regex> = whole!(ROLE);
static HANDLER_RE: LazyLock<Regex> = whole!(HANDLER);
pub(super) static SUBNET_RE: LazyLock<Regex> = whole!(SUBNET);
pub(super) static SECURITY_GROUP_RE: LazyLock<Regex> = whole!(SECURITY_GROUP);
static ENV_KEY_RE: LazyLock<Regex> = whole!(ENV_KEY);
pub(super) static LOG_GROUP_RE: LazyLock<Regex> = whole!(LOG_GROUP);
static MOUNT_PATH_RE: LazyLock<Regex> = whole!(MOUNT_PATH);
static FILE_SYSTEM_RE: LazyLock<Regex> = whole!(FILE_SYSTEM);
static ANY_ARN_RE: LazyLock<Regex> = whole!(ANY_ARN);
pub(super) static LAYER_RE: LazyLock<Regex> = whole!(LAYER);
static BUCKET_RE: LazyLock<Regex> = whole!(r"[0-9A-Za-z.\-_]*[0-9A-Za-z\-_]");
static TAG_RE: LazyLock<Regex> = whole!(TAG);

/// Checks a request; `required` are the members that must be there.
pub(crate) fn check(request: &Object, required: &[&str]) -> Result<(), ApiError> {
    let mut checks = Checks::of(request, required);
    checks.scalars();
    checks.structures();
    checks.lists();
    checks.code();
    checks.tags();
    checks.finish()
}

/// A request with nothing but one member.
pub(super) fn single(name: &str, value: &str) -> Object {
    [(name.to_owned(), Value::from(value))].into_iter().collect()
}

/// Checks of one request, also of the requests of other resources.
pub(super) struct Checks<'a> {
    request: &'a Object,
    failures: Vec<String>,
}

impl<'a> Checks<'a> {
    /// Begins with the members that must be there.
    pub(super) fn of(request: &'a Object, required: &[&str]) -> Self {
        let mut checks = Self { request, failures: Vec::new() };
        for name in required {
            checks.present(name);
        }
        checks
    }

    /// All failures together, if there are any.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        if self.failures.is_empty() { Ok(()) } else { Err(ApiError::validation(&self.failures)) }
    }
}

impl Checks<'_> {
    /// The member at a path such as `LoggingConfig.LogFormat`.
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        let mut names = path.split('.');
        let first = self.request.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }

    pub(super) fn fail(&mut self, path: &str, value: Option<&Value>, constraint: &str) {
        let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{}'", java_text(value)));
        let at = java_path(path);
        self.failures.push(format!("Value {value} at '{at}' failed to satisfy constraint: {constraint}"));
    }

    pub(super) fn present(&mut self, path: &str) {
        if self.at(path).is_none() {
            self.fail(path, None, "Member must not be null");
        }
    }

    pub(super) fn between(&mut self, path: &str, low: i64, high: i64) {
        let Some(value) = self.at(path).cloned() else { return };
        let Some(number) = value.as_i64() else { return };
        if number < low {
            self.fail(path, Some(&value), &format!("Member must have value greater than or equal to {low}"));
        }
        if number > high {
            self.fail(path, Some(&value), &format!("Member must have value less than or equal to {high}"));
        }
    }

    pub(super) fn text(&mut self, path: &str, longest: usize, pattern: Option<(&Regex, &str)>) {
        let Some(value) = self.at(path).cloned() else { return };
        let Some(text) = value.as_str() else { return };
        if text.chars().count() > longest {
            let constraint = format!("Member must have length less than or equal to {longest}");
            self.fail(path, Some(&value), &constraint);
        }
        if let Some((_, shown)) = pattern.filter(|(regex, _)| !regex.is_match(text)) {
            self.fail(
                path,
                Some(&value),
                &format!("Member must satisfy regular expression pattern: {shown}"),
            );
        }
    }

    pub(super) fn one_of(&mut self, path: &str, allowed: &[&str]) {
        let Some(value) = self.at(path).cloned() else { return };
        if value.as_str().is_some_and(|text| !allowed.contains(&text)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", allowed.join(", "));
            self.fail(path, Some(&value), &constraint);
        }
    }

    pub(super) fn list(
        &mut self,
        path: &str,
        sizes: RangeInclusive<usize>,
        accepted: impl Fn(&str) -> bool,
        constraint: &str,
    ) {
        let Some(value) = self.at(path).cloned() else { return };
        let Some(items) = value.as_array() else { return };
        if items.len() > *sizes.end() {
            let constraint = format!("Member must have length less than or equal to {}", sizes.end());
            self.fail(path, Some(&value), &constraint);
        } else if items.len() < *sizes.start() {
            let constraint = format!("Member must have length greater than or equal to {}", sizes.start());
            self.fail(path, Some(&value), &constraint);
        } else if items.iter().filter_map(Value::as_str).any(|item| !accepted(item)) {
            self.fail(path, Some(&value), &format!("Member must satisfy constraint: [{constraint}]"));
        }
    }

    fn scalars(&mut self) {
        self.text("Role", 10_000, Some((&ROLE_RE, ROLE)));
        self.text("Handler", 128, Some((&HANDLER_RE, HANDLER)));
        self.text("Description", 256, None);
        self.text("KMSKeyArn", 10_000, Some((&ANY_ARN_RE, ANY_ARN)));
        // The model allows 5400 for functions on a capacity provider; all others answer with 900.
        let longest = if self.request.contains_key("CapacityProviderConfig") { 5400 } else { 900 };
        self.between("Timeout", 1, longest);
        self.between("MemorySize", 128, 32_768);
        self.between("EphemeralStorage.Size", 512, 32_768);
        self.one_of("PackageType", &["Zip", "Image"]);
        self.one_of("PublishTo", &["LATEST_PUBLISHED"]);
        self.one_of("TenancyConfig.TenantIsolationMode", &["PER_TENANT"]);
        self.between("DurableConfig.ExecutionTimeout", 1, 31_622_400);
        self.between("DurableConfig.RetentionPeriodInDays", 1, 90);
    }

    fn structures(&mut self) {
        self.one_of("TracingConfig.Mode", &["Active", "PassThrough"]);
        self.one_of("SnapStart.ApplyOn", &["PublishedVersions", "None"]);
        self.one_of("LoggingConfig.LogFormat", &["JSON", "Text"]);
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
        self.one_of("LoggingConfig.ApplicationLogLevel", &levels);
        self.one_of("LoggingConfig.SystemLogLevel", &["DEBUG", "INFO", "WARN"]);
        self.text("LoggingConfig.LogGroup", 512, Some((&LOG_GROUP_RE, LOG_GROUP)));
        self.text("DeadLetterConfig.TargetArn", 10_000, Some((&ANY_ARN_RE, ANY_ARN)));
        self.text("ImageConfig.WorkingDirectory", 1000, None);
        self.environment();
    }

    fn environment(&mut self) {
        let Some(variables) = self.at("Environment.Variables").cloned() else { return };
        let mut keys = variables.as_object().into_iter().flat_map(serde_json::Map::keys);
        if keys.any(|key| !ENV_KEY_RE.is_match(key)) {
            let constraint = format!(
                "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: {ENV_KEY}]"
            );
            self.fail("Environment.Variables", Some(&variables), &constraint);
        }
    }

    fn lists(&mut self) {
        let architectures = "Member must satisfy enum value set: [x86_64, arm64], Member must not be null";
        self.list("Architectures", 1..=1, |item| ["x86_64", "arm64"].contains(&item), architectures);
        let lengths = "Member must have length less than or equal to 1024, \
                       Member must have length greater than or equal to 0, \
                       Member must satisfy regular expression pattern";
        self.list(
            "VpcConfig.SubnetIds",
            0..=16,
            |id| SUBNET_RE.is_match(id),
            &format!("{lengths}: {SUBNET}"),
        );
        let groups = format!("{lengths}: {SECURITY_GROUP}");
        self.list("VpcConfig.SecurityGroupIds", 0..=5, |id| SECURITY_GROUP_RE.is_match(id), &groups);
        let layers = format!("Member must satisfy regular expression pattern: {LAYER}");
        self.list("Layers", 0..=usize::MAX, |arn| LAYER_RE.is_match(arn), &layers);
        self.list("ImageConfig.EntryPoint", 0..=1500, |_| true, "");
        self.list("ImageConfig.Command", 0..=1500, |_| true, "");
        self.list("FileSystemConfigs", 0..=1, |_| true, "");
        self.file_systems();
    }

    fn file_systems(&mut self) {
        let Some(Value::Array(systems)) = self.at("FileSystemConfigs").cloned() else { return };
        for (at, system) in systems.iter().enumerate() {
            let member = |name: &str| format!("FileSystemConfigs.{}.member.{name}", at + 1);
            self.item(&member("Arn"), system.get("Arn"), 256, (&FILE_SYSTEM_RE, FILE_SYSTEM));
            let path = system.get("LocalMountPath");
            self.item(&member("LocalMountPath"), path, 160, (&MOUNT_PATH_RE, MOUNT_PATH));
            let direct = system.get("S3FilesConfig").and_then(|config| config.get("DirectS3Read"));
            let allowed = ["ENABLED", "DISABLED", "AUTO"];
            if direct.and_then(Value::as_str).is_some_and(|direct| !allowed.contains(&direct)) {
                let constraint = format!("Member must satisfy enum value set: [{}]", allowed.join(", "));
                self.fail(&member("S3FilesConfig.DirectS3Read"), direct, &constraint);
            }
        }
    }

    /// A string that must be there, as a member of an item of a list.
    fn item(&mut self, path: &str, value: Option<&Value>, longest: usize, pattern: (&Regex, &str)) {
        let Some(text) = value.and_then(Value::as_str) else {
            return self.fail(path, None, "Member must not be null");
        };
        if text.chars().count() > longest {
            let constraint = format!("Member must have length less than or equal to {longest}");
            self.fail(path, value, &constraint);
        }
        if !pattern.0.is_match(text) {
            self.fail(path, value, &format!("Member must satisfy regular expression pattern: {}", pattern.1));
        }
    }

    /// The code members stand in `Code` when creating, at the top when updating, and in `Content` of a layer.
    pub(super) fn code(&mut self) {
        for prefix in ["", "Code.", "Content."] {
            self.text(&format!("{prefix}S3Bucket"), 63, Some((&BUCKET_RE, BUCKET)));
            self.text(&format!("{prefix}S3Key"), 1024, None);
            self.text(&format!("{prefix}S3ObjectVersion"), 1024, None);
            self.text(&format!("{prefix}SourceKMSKeyArn"), 10_000, Some((&ANY_ARN_RE, ANY_ARN)));
            self.one_of(&format!("{prefix}S3ObjectStorageMode"), &["COPY", "REFERENCE"]);
        }
    }

    pub(super) fn tags(&mut self) {
        let Some(tags) = self.at("Tags").cloned() else { return };
        let good = |text: &str, longest: usize| text.chars().count() <= longest && TAG_RE.is_match(text);
        let mut entries = tags.as_object().into_iter().flatten();
        if entries
            .any(|(key, value)| key.is_empty() || !good(key, 128) || !good(value.as_str().unwrap_or(""), 256))
        {
            let constraint = format!(
                "Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must \
                 have length greater than or equal to 1, Member must satisfy regular expression pattern: {TAG}]"
            );
            self.fail("Tags", Some(&tags), &constraint);
        }
    }
}

/// The model's member names begin in lower case.
fn java_path(path: &str) -> String {
    let lower = |name: &str| {
        let mut letters = name.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    path.split('.').map(lower).collect::<Vec<_>>().join(".")
}

/// Values as AWS prints them: `[a, b]`, `{k=v}`.
fn java_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(java_text).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let entries = members.iter().map(|(key, value)| format!("{key}={}", java_text(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(request: &Value) -> String {
        check(request.as_object().unwrap(), &[]).unwrap_err().message
    }

    #[test]
    fn ranges_are_reported_in_the_words_of_the_model() {
        assert_eq!(
            refused(&json!({"Timeout": 901})),
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: \
             Member must have value less than or equal to 900"
        );
        assert!(refused(&json!({"MemorySize": 64})).contains("'memorySize'"));
        assert!(refused(&json!({"EphemeralStorage": {"Size": 1}})).contains("'ephemeralStorage.size'"));
    }

    #[test]
    fn all_failures_come_together() {
        let message = refused(&json!({"Timeout": 0, "Role": "r1"}));
        assert!(message.starts_with("2 validation errors detected: "), "{message}");
        assert!(
            message
                .contains(r"Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular")
        );
    }

    #[test]
    fn lists_and_maps_print_like_java() {
        assert!(
            refused(&json!({"Architectures": ["x86_64", "arm64"]})).contains("Value '[x86_64, arm64]' at")
        );
        assert!(refused(&json!({"Environment": {"Variables": {"1A": "x"}}})).contains("Value '{1A=x}' at"));
        assert!(refused(&json!({"VpcConfig": {"SubnetIds": ["net-1"]}})).contains("subnet-[0-9a-z]*"));
    }

    #[test]
    fn an_empty_list_of_architectures_is_too_short() {
        assert!(refused(&json!({"Architectures": []})).ends_with(
            "'architectures' failed to satisfy constraint: Member must have length greater than or equal to 1"
        ));
    }

    #[test]
    fn file_systems_are_access_points() {
        let config = json!({"LocalMountPath": "/data", "S3FilesConfig": {"DirectS3Read": "SOMETIMES"}});
        let message = refused(&json!({"FileSystemConfigs": [config]}));
        assert!(
            message
                .starts_with("3 validation errors detected: Value null at 'fileSystemConfigs.1.member.arn'")
        );
        assert!(message.contains("at 'fileSystemConfigs.1.member.localMountPath' failed"), "{message}");
        assert!(message.contains("enum value set: [ENABLED, DISABLED, AUTO]"), "{message}");
        let config = json!({"LocalMountPath": "/mnt/data", "Arn": "a"});
        assert!(refused(&json!({"FileSystemConfigs": [config]})).contains("Value 'a' at"));
    }

    #[test]
    fn missing_members_are_null() {
        let error = check(&Object::new(), &["Role"]).unwrap_err();
        assert!(
            error
                .message
                .ends_with("Value null at 'role' failed to satisfy constraint: Member must not be null")
        );
    }

    #[test]
    fn good_requests_pass() {
        let request = json!({
            "Role": "arn:aws:iam::111122223333:role/service-role/x", "Timeout": 900, "MemorySize": 10240,
            "Handler": "index.handler", "KMSKeyArn": "", "DeadLetterConfig": {"TargetArn": ""},
            "Layers": ["arn:aws:lambda:eu-west-1:111122223333:layer:a:1"], "Code": {"S3Bucket": "my.bucket"},
            "Tags": {"lambda-operator.io/owner": "a/b"},
            "FileSystemConfigs": [{
                "Arn": "arn:aws:elasticfilesystem:eu-west-1:111122223333:access-point/fsap-0123456789abcdef0",
                "LocalMountPath": "/mnt/data",
            }],
        });
        check(request.as_object().unwrap(), &[]).unwrap();
    }
}
