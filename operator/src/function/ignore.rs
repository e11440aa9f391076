//! `spec.ignoreDrift`: which parts of a function somebody else owns.

use std::collections::BTreeSet;

use crate::function::model::{Configuration, Environment, Field};
use crate::function::signing::CODE_SIGNING;
use crate::section;

/// The parsed list. What is in here is used at create, then neither compared nor changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Whole fields of the configuration.
    pub fields: BTreeSet<Field>,
    /// Single environment variables.
    pub variables: BTreeSet<String>,
    /// Single tags.
    pub tags: BTreeSet<String>,
    /// The package and the instruction set.
    pub code: bool,
    /// Reserved concurrency.
    pub reserved_concurrency: bool,
    /// The link to a code-signing configuration.
    pub code_signing: bool,
}

impl Ignored {
    /// Parses the list.
    ///
    /// # Errors
    /// The sentence that names an unknown path and the known ones.
    pub fn parse(paths: &[String]) -> Result<Self, String> {
        let mut ignored = Self::default();
        for path in paths {
            if let Some(field) = Field::from_path(path) {
                ignored.fields.insert(field);
            } else if let Some(name) = named(path, "env.") {
                ignored.variables.insert(name.to_owned());
            } else if let Some(key) = named(path, "tags.") {
                ignored.tags.insert(key.to_owned());
            } else if path == "code" {
                ignored.code = true;
            } else if path == "reservedConcurrentExecutions" {
                ignored.reserved_concurrency = true;
            } else if path == CODE_SIGNING {
                ignored.code_signing = true;
            } else if !section::is_of_functions(path) {
                return Err(unknown(path));
            }
        }
        Ok(ignored)
    }

    /// What to compare with and to send: `wanted`, but for the ignored parts `observed`. AWS replaces whole
    /// structs, so the observed value of an ignored part is sent back.
    pub fn overlay(&self, wanted: &Configuration, observed: &Configuration) -> Configuration {
        let mut target = wanted.clone();
        for field in &self.fields {
            copy(*field, observed, &mut target);
        }
        // What the spec leaves to AWS is as AWS has it.
        target.instances = target.instances.map(|instances| instances.completed(observed.instances.as_ref()));
        if let (Environment::Known(target), Environment::Known(observed)) =
            (&mut target.environment, &observed.environment)
        {
            for name in &self.variables {
                match observed.get(name) {
                    Some(value) => target.insert(name.clone(), value.clone()),
                    None => target.remove(name),
                };
            }
        }
        target
    }
}

/// What follows the prefix, unless that is nothing.
fn named<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|name| !name.is_empty())
}

fn unknown(path: &str) -> String {
    let known: Vec<&str> = Field::ALL.into_iter().map(Field::path).collect();
    format!(
        "spec.ignoreDrift contains {path:?}, which is no path that can be ignored. Use one of code, \
         reservedConcurrentExecutions, codeSigningConfigArn, env.NAME, tags.KEY, {}, {}.",
        section::paths_of_functions(),
        known.join(", ")
    )
}

fn copy(field: Field, from: &Configuration, to: &mut Configuration) {
    match field {
        Field::Runtime => to.runtime.clone_from(&from.runtime),
        Field::Role => to.role.clone_from(&from.role),
        Field::Handler => to.handler.clone_from(&from.handler),
        Field::Description => to.description.clone_from(&from.description),
        Field::Timeout => to.timeout = from.timeout,
        Field::MemorySize => to.memory_size = from.memory_size,
        Field::EphemeralStorage => to.ephemeral_storage = from.ephemeral_storage,
        Field::Environment => to.environment.clone_from(&from.environment),
        Field::KmsKeyArn => to.kms_key_arn.clone_from(&from.kms_key_arn),
        Field::Vpc => to.vpc.clone_from(&from.vpc),
        Field::DeadLetter => to.dead_letter_target.clone_from(&from.dead_letter_target),
        Field::Tracing => to.tracing_mode.clone_from(&from.tracing_mode),
        Field::Layers => to.layers.clone_from(&from.layers),
        Field::FileSystems => to.file_systems.clone_from(&from.file_systems),
        Field::ImageConfig => to.image_config.clone_from(&from.image_config),
        Field::SnapStart => to.snap_start.clone_from(&from.snap_start),
        Field::Logging => to.logging.clone_from(&from.logging),
        Field::Instances => to.instances.clone_from(&from.instances),
        Field::Durable => to.durable.clone_from(&from.durable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_path_is_named_with_the_known_ones() {
        let error = Ignored::parse(&["memory".into()]).unwrap_err();
        assert!(error.contains("\"memory\"") && error.contains("memorySize"), "{error}");
    }

    #[test]
    fn an_empty_name_is_no_path() {
        for path in ["env.", "tags."] {
            let error = Ignored::parse(&[path.into()]).unwrap_err();
            assert!(error.contains(path) && error.contains("env.NAME"), "{error}");
        }
    }

    #[test]
    fn known_paths_are_sorted_into_their_places() {
        let paths = [
            "code",
            "memorySize",
            "env.A",
            "tags.team",
            "reservedConcurrentExecutions",
            "codeSigningConfigArn",
        ]
        .map(String::from);
        let ignored = Ignored::parse(&paths).unwrap();
        assert!(ignored.code && ignored.reserved_concurrency && ignored.code_signing);
        assert_eq!(ignored.fields, BTreeSet::from([Field::MemorySize]));
        assert!(ignored.variables.contains("A") && ignored.tags.contains("team"));
    }
}
