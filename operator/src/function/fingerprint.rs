//! A hash that tells whether the configuration of a function is another than the one that was published.
//!
//! It is stored in `status`, where no hash over a secret value may be: a variable enters by its name and by the
//! version of the Secret or ConfigMap that it comes from, one of `spec.env` by its value. Variables that
//! `spec.ignoreDrift` leaves to somebody else enter by name alone, since nobody knows where their values come from.
//! Pure; `publish` asks.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::function::desired::Desired;
use crate::function::environment::Source;
use crate::function::model::{Configuration, Environment, Field, Observed};
use crate::k8s::references::Version;

/// The fingerprint of the configuration that AWS has when it is as it is to be.
pub(super) fn of(desired: &Desired, target: &Configuration, observed: &Observed) -> String {
    let text = lines(desired, target, observed);
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Destructured without `..`, so that no field can be forgotten.
fn lines(desired: &Desired, target: &Configuration, observed: &Observed) -> String {
    let Configuration {
        runtime,
        role,
        handler,
        description,
        timeout,
        memory_size,
        ephemeral_storage,
        environment,
        kms_key_arn,
        vpc,
        dead_letter_target,
        tracing_mode,
        layers,
        file_systems,
        image_config,
        snap_start,
        logging,
        instances,
        durable,
        tenant_isolation,
    } = target;
    // These can't be cleared: AWS keeps what it has.
    let (runtime, handler) = (
        runtime.as_ref().or(observed.configuration.runtime.as_ref()),
        handler.as_ref().or(observed.configuration.handler.as_ref()),
    );
    let package_key = desired.deployable().map(|package| &package.code.source_kms_key_arn);
    let mut whole = format!(
        "{:?}",
        (
            (runtime, role, handler, description, timeout, memory_size, ephemeral_storage),
            (kms_key_arn, vpc, dead_letter_target, tracing_mode, layers, file_systems),
            (image_config, snap_start, logging),
            (&observed.architecture, observed.package_type, package_key),
        )
    );
    // What few functions have: the fingerprints of all others are as they were before there was this.
    if instances.is_some() || durable.is_some() || !tenant_isolation.is_empty() {
        let _ = write!(whole, "{:?}", (instances, durable, tenant_isolation));
    }
    format!("{whole}\n{}", variables(desired, environment))
}

fn variables(desired: &Desired, environment: &Environment) -> String {
    let theirs = desired.ignored.fields.contains(&Field::Environment);
    let mut text = String::new();
    for (name, value) in environment.variables() {
        let source =
            desired.sources.get(name).filter(|_| !theirs && !desired.ignored.variables.contains(name));
        let line = match source {
            Some(Source::Spec) => format!("{name:?} {value:?}"),
            Some(Source::Object { kind, version: Version { uid, resource_version }, key }) => {
                format!("{name:?} {} {uid:?} {resource_version:?} {key:?}", kind.as_str())
            }
            None => format!("{name:?}"),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::model::{Durable, Instances};
    use crate::function::plan_tests::{desired, observed};
    use crate::k8s::references::ReferenceKind;
    use std::collections::BTreeMap;

    fn with(name: &str, value: &str, source: Source) -> Desired {
        let mut desired = desired();
        desired.configuration.environment = Environment::Known(BTreeMap::from([(name.into(), value.into())]));
        desired.sources.insert(name.into(), source);
        desired
    }

    fn secret(version: &str) -> Source {
        let version = Version { uid: "u".into(), resource_version: version.into() };
        Source::Object { kind: ReferenceKind::Secret, version, key: "k".into() }
    }

    fn fingerprint(desired: &Desired) -> String {
        of(desired, &desired.configuration, &observed())
    }

    #[test]
    fn a_secret_enters_by_its_version_and_not_by_its_value() {
        let one = with("AA", "hunter2", secret("1"));
        assert!(!lines(&one, &one.configuration, &observed()).contains("hunter2"));
        assert_eq!(fingerprint(&one), fingerprint(&with("AA", "another", secret("1"))));
        assert_ne!(fingerprint(&one), fingerprint(&with("AA", "hunter2", secret("2"))));
    }

    #[test]
    fn a_literal_enters_by_its_value() {
        let one = fingerprint(&with("AA", "one", Source::Spec));
        assert_ne!(one, fingerprint(&with("AA", "two", Source::Spec)));
        assert_ne!(one, fingerprint(&with("BB", "one", Source::Spec)));
        assert_ne!(one, fingerprint(&desired()));
    }

    #[test]
    fn what_somebody_else_sets_enters_by_its_name() {
        let theirs = |value: &str, field: bool| {
            let mut desired = with("AA", value, Source::Spec);
            if field {
                desired.ignored.fields.insert(Field::Environment);
            } else {
                desired.ignored.variables.insert("AA".into());
            }
            desired
        };
        for field in [false, true] {
            assert_eq!(fingerprint(&theirs("one", field)), fingerprint(&theirs("two", field)));
            let theirs = theirs("hunter2", field);
            assert!(!lines(&theirs, &theirs.configuration, &observed()).contains("hunter2"));
        }
    }

    #[test]
    fn every_part_counts_and_what_is_not_of_a_version_does_not() {
        let changes: &[fn(&mut Desired)] = &[
            |d| d.configuration.role = "other".into(),
            |d| d.configuration.description = "other".into(),
            |d| d.configuration.timeout += 1,
            |d| d.configuration.memory_size += 1,
            |d| d.configuration.layers = vec!["arn:l:1".into()],
            |d| d.configuration.snap_start = "PublishedVersions".into(),
            |d| d.configuration.logging.format = "JSON".into(),
            |d| {
                d.configuration.instances =
                    Some(Instances { provider: "arn:cp".into(), ..Instances::default() });
            },
            |d| {
                d.configuration.durable =
                    Some(Durable { timeout: 9, retention: 14, kms_key_arn: String::new() });
            },
            |d| d.configuration.tenant_isolation = "PER_TENANT".into(),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut other = desired();
            change(&mut other);
            assert_ne!(fingerprint(&other), fingerprint(&desired()), "change {n}");
        }
        let mut other = desired();
        other.tags.insert("team".into(), "a".into());
        other.reserved_concurrency = Some(5);
        assert_eq!(fingerprint(&other), fingerprint(&desired()));
    }
}
