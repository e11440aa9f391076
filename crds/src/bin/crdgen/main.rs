//! Writes what is generated from the types: the manifests of all custom resources into one directory and, where a
//! second one is given, their reference pages into that. Called by `make generate`; tests fail when the files differ.

mod reference;
mod wording;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let manifests = arguments.next().unwrap_or_else(|| PathBuf::from("crds"));
    match generate(&manifests, arguments.next().as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn generate(manifests: &Path, pages: Option<&Path>) -> Result<(), String> {
    for crd in lambda_operator_crds::all() {
        let manifest = lambda_operator_crds::manifest(&crd).map_err(|error| error.to_string())?;
        write(&manifests.join(format!("{}.yaml", crd.spec.names.plural)), &manifest)?;
        if let Some(pages) = pages {
            write(&pages.join(reference::file_name(&crd)), &reference::page(&crd))?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{} was not written: {error}", path.display()))
}
