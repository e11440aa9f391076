//! Binaries of this workspace, built when a test asks for them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use parking_lot::Mutex;
use serde_json::Value;

/// Names a directory that holds binaries which are to be used as they are.
const BIN_DIR_VARIABLE: &str = "LAMBDA_OPERATOR_BIN_DIR";

static BUILT: LazyLock<Mutex<HashMap<(String, String), PathBuf>>> = LazyLock::new(Mutex::default);

/// The path of the binary `name` of `package`, built at most once per process with
/// the profile of the running test. With `LAMBDA_OPERATOR_BIN_DIR` set, it is the
/// file of that name there, and nothing is built.
pub fn bin(package: &str, name: &str) -> PathBuf {
    if let Some(directory) = std::env::var_os(BIN_DIR_VARIABLE) {
        let path = Path::new(&directory).join(name);
        assert!(path.is_file(), "{BIN_DIR_VARIABLE} is set and {} is not there", path.display());
        return path;
    }
    // The lock is held while building: a second test waits for the first one's.
    let mut built = BUILT.lock();
    built.entry((package.to_owned(), name.to_owned())).or_insert_with(|| build(package, name)).clone()
}

fn build(package: &str, name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    // With the features that the whole workspace asks for, as in a plain `cargo test`:
    // those of one package alone would have most dependencies built once more.
    cargo.args(["build", "--quiet", "--workspace", "--bin", name]);
    cargo.args(["--message-format", "json-render-diagnostics", "--profile", &profile()]);
    cargo.arg("--manifest-path").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let output = without_cargo_package(&mut cargo).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|error| panic!("{cargo:?} did not start: {error}"));
    assert!(output.status.success(), "{cargo:?} failed; its messages are above");
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().find_map(|line| executable(line, package, name));
    executable.unwrap_or_else(|| panic!("{package} has no binary {name}: {cargo:?} named none"))
}

/// The path in cargo's message about a binary that it made or found up to date.
fn executable(message: &str, package: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    // …/tests/support#test-support@0.1.0, or …/lambda-sim#0.1.0 when the folder has the package's name.
    let id = message["package_id"].as_str()?;
    let of_package = id.contains(&format!("#{package}@")) || id.contains(&format!("/{package}#"));
    let is_it = of_package && target["name"] == name && target["kind"][0] == "bin";
    is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
}

/// The profile of the running program, from where cargo put it.
fn profile() -> String {
    profile_of(&std::env::current_exe().expect("a program knows its own path"))
}

/// Cargo puts a test into `<target>/<profile>/deps` and a binary, such as the benchmark, into `<target>/<profile>`.
fn profile_of(program: &Path) -> String {
    let folder = program.parent().unwrap_or(program);
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    match folder.file_name().unwrap_or_default().to_string_lossy().as_ref() {
        "debug" => "dev".to_owned(),
        profile => profile.to_owned(),
    }
}

/// Takes away what cargo tells a program that it runs about its package. A nested
/// cargo would take a difference in them for a reason to build dependencies again.
pub fn without_cargo_package(command: &mut Command) -> &mut Command {
    const ABOUT_THE_PACKAGE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PRIMARY_"];
    for (name, _) in std::env::vars_os() {
        if ABOUT_THE_PACKAGE.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_that_of_the_running_test_or_binary() {
        for (program, profile) in [
            ("/target/debug/deps/cluster-0123456789abcdef", "dev"),
            ("/target/debug/demo", "dev"),
            ("/target/release/deps/cluster-0123456789abcdef", "release"),
            ("/target/release/lambda-operator-bench", "release"),
            ("/target/x86_64-unknown-linux-gnu/release/lambda-operator-bench", "release"),
            ("/target/profiling/lambda-operator-bench", "profiling"),
        ] {
            assert_eq!(profile_of(Path::new(program)), profile, "{program}");
        }
    }
}
