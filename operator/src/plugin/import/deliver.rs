//! Prints manifests, or writes each into a file of its own.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::write::Manifest;
use crate::plugin::failure::Failure;
use crate::plugin::output::{Format, unwritable};
use crate::text::some_of;

/// All of them, as `kubectl apply -f -` takes them.
pub fn document(manifests: &[Manifest], format: Format) -> Result<String, Failure> {
    match format {
        Format::Yaml => {
            let documents: Result<Vec<String>, Failure> = manifests.iter().map(yaml).collect();
            Ok(documents?.join("---\n"))
        }
        Format::Json => {
            let items: Vec<_> = manifests.iter().map(|manifest| &manifest.object).collect();
            let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
            Ok(serde_json::to_string_pretty(&list).map_err(unwritable)? + "\n")
        }
    }
}

fn yaml(manifest: &Manifest) -> Result<String, Failure> {
    let comments = manifest.comments.iter().fold(String::new(), |text, comment| text + "# " + comment + "\n");
    Ok(comments + &serde_saphyr::to_string(&manifest.object).map_err(unwritable)?)
}

/// A file for each; none is written if one is there already, unless that is wanted.
pub fn to_folder(manifests: &[Manifest], folder: &Path, format: Format, force: bool) -> Result<(), Failure> {
    let ending = match format {
        Format::Yaml => "yaml",
        Format::Json => "json",
    };
    let path = |manifest: &Manifest| folder.join(format!("{}-{}.{ending}", manifest.kind, manifest.name));
    let there: Vec<String> = manifests
        .iter()
        .map(path)
        .filter(|path| !force && path.exists())
        .map(|path| path.display().to_string())
        .collect();
    if !there.is_empty() {
        return Err(Failure::new(format!(
            "nothing was written, because there are files already: {}. Choose another --output-dir, or overwrite them with --force",
            some_of(&there)
        )));
    }
    let failed = |path: &Path, error| Failure::new(format!("{} can't be written: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for manifest in manifests {
        let text = match format {
            Format::Yaml => yaml(manifest)?,
            Format::Json => serde_json::to_string_pretty(&manifest.object).map_err(unwritable)? + "\n",
        };
        let path = path(manifest);
        fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
