//! Writes the manifests of all custom resources into a directory, one file each.
//! Called by `make generate`; a test fails when the files differ.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let dir = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("crds"), PathBuf::from);
    for crd in lambda_operator_crds::all() {
        let path = dir.join(format!("{}.yaml", crd.spec.names.plural));
        let written = lambda_operator_crds::manifest(&crd)
            .map_err(|error| error.to_string())
            .and_then(|text| std::fs::write(&path, text).map_err(|error| error.to_string()));
        if let Err(error) = written {
            eprintln!("error: {} was not written: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
