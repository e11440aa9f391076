//! Manifests from files, folders and stdin: the objects of the group, and the Secrets and ConfigMaps that they may name.

use std::fs;
use std::path::{Path, PathBuf};

use lambda_operator_crds::GROUP;
use serde_json::Value;

use crate::plugin::failure::Failure;
use crate::plugin::input;
use crate::plugin::kinds::{self, Kind};

/// What files hold.
#[derive(Debug, Default)]
pub struct Manifests {
    /// Objects of the group.
    pub objects: Vec<(&'static Kind, Value)>,
    /// Secrets and ConfigMaps.
    pub data: Vec<Value>,
    /// The kinds of all else, each once.
    pub others: Vec<String>,
}

/// Reads everything.
pub fn read(paths: &[String], recursive: bool) -> Result<Manifests, Failure> {
    let mut manifests = Manifests::default();
    for path in paths {
        if path == "-" {
            manifests.take("stdin", &input::read("-")?)?;
            continue;
        }
        for file in files_of(Path::new(path), recursive)? {
            let bytes = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
            manifests.take(&file.display().to_string(), &bytes)?;
        }
    }
    Ok(manifests)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} can't be read: {error}", path.display()))
}

/// The file itself, or those of a folder that look like manifests, in the order of their names.
fn files_of(path: &Path, recursive: bool) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut within: Vec<PathBuf> =
        entries.map_err(|error| unreadable(path, &error))?.into_iter().map(|entry| entry.path()).collect();
    within.sort();
    let mut files = Vec::new();
    for path in within {
        if path.is_dir() {
            if recursive {
                files.extend(files_of(&path, true)?);
            }
        } else if path
            .extension()
            .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
        {
            files.push(path);
        }
    }
    Ok(files)
}

impl Manifests {
    /// Takes in the documents of a file.
    fn take(&mut self, source: &str, bytes: &[u8]) -> Result<(), Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure::new(format!("{source} is no manifest: {error}"));
        let text = std::str::from_utf8(bytes).map_err(|error| wrong(&error))?;
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| wrong(&error))?;
        documents.into_iter().try_for_each(|document| self.sort(source, document))
    }

    fn sort(&mut self, source: &str, document: Value) -> Result<(), Failure> {
        if document.is_null() {
            return Ok(());
        }
        let (version, kind) = (document["apiVersion"].as_str(), document["kind"].as_str());
        let (Some(version), Some(kind)) = (version, kind) else {
            return Err(Failure::new(format!("{source} has a document without apiVersion and kind")));
        };
        if kind == "List" && version == "v1" {
            let items = document["items"].as_array().cloned().unwrap_or_default();
            return items.into_iter().try_for_each(|item| self.sort(source, item));
        }
        let group = version.split_once('/').map(|(group, _)| group);
        match (group, kind) {
            (Some(GROUP), kind) => {
                let known = kinds::all().iter().find(|known| known.name == kind);
                let known = known.ok_or_else(|| {
                    Failure::new(format!(
                        "{source} has an object of the kind {kind}, which {GROUP} doesn't have"
                    ))
                })?;
                if document["metadata"]["name"].as_str().is_none_or(str::is_empty) {
                    return Err(Failure::new(format!("{source} has a {kind} without metadata.name")));
                }
                self.objects.push((known, document));
            }
            (None, "Secret" | "ConfigMap") => self.data.push(document),
            (_, kind) => {
                if !self.others.iter().any(|other| other == kind) {
                    self.others.push(kind.to_owned());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> Result<Manifests, Failure> {
        let mut manifests = Manifests::default();
        manifests.take("app.yaml", text.as_bytes()).map(|()| manifests)
    }

    #[test]
    fn documents_and_lists_are_sorted() {
        let function = "{apiVersion: lambda-operator.io/v1alpha1, kind: LambdaFunction, metadata: {name: a}}";
        let secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}}";
        let text = format!(
            "# app\n---\n{function}\n---\n---\n{{apiVersion: v1, kind: List, items: [{function}, {secret}]}}\n---\n\
             {{apiVersion: apps/v1, kind: Deployment, metadata: {{name: d}}}}\n"
        );
        let Manifests { objects, data, others } = taken(&text).unwrap();
        let kinds: Vec<&str> = objects.iter().map(|(kind, _)| kind.name.as_str()).collect();
        assert_eq!(kinds, ["LambdaFunction", "LambdaFunction"]);
        assert_eq!((data.len(), others), (1, vec!["Deployment".to_owned()]));
    }

    #[test]
    fn what_is_no_manifest_is_told_with_its_file() {
        for (text, what) in [
            ("a: [", "no manifest"),
            ("{a: 1}", "without apiVersion"),
            (
                "{apiVersion: lambda-operator.io/v1alpha1, kind: LambdaLayers, metadata: {name: a}}",
                "LambdaLayers",
            ),
            ("{apiVersion: lambda-operator.io/v1alpha1, kind: LambdaLayer}", "without metadata.name"),
        ] {
            let message = taken(text).unwrap_err().message;
            assert!(message.contains("app.yaml") && message.contains(what), "{message}");
        }
    }

    #[test]
    fn folders_are_read_in_order_and_within_each_other_on_request() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yaml", "a.json", "notes.txt", "within/c.yml"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = |recursive| {
            let files = files_of(folder.path(), recursive).unwrap();
            let name = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().to_owned();
            files.iter().map(name).collect::<Vec<_>>()
        };
        assert_eq!(found(false), ["a.json", "b.yaml"]);
        assert_eq!(found(true), ["a.json", "b.yaml", "c.yml"]);
        let missing = folder.path().join("missing.yaml").display().to_string();
        let message = read(&[missing], false).unwrap_err().message;
        assert!(message.contains("missing.yaml can't be read"), "{message}");
    }
}
