//! `tests/tools/ensure` tells people what to do, and takes what is already there.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/ensure");
const NAMES: [&str; 8] = [
    "etcd",
    "kube-apiserver",
    "kubectl",
    "kube-controller-manager",
    "helm",
    "helm-docs",
    "kstatus",
    "argocd-customizations",
];

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Runs the script with an empty cache and a PATH that has no Go.
fn ensure_without_go(folder: &Path, assets: Option<&Path>) -> Output {
    ensure_without_go_for(folder, assets, "")
}

/// The same for some programs; empty: all.
fn ensure_without_go_for(folder: &Path, assets: Option<&Path>, wanted: &str) -> Output {
    let programs = folder.join("bin");
    fs::create_dir(&programs).unwrap();
    for name in ["dirname", "awk", "mkdir", "flock", "cat", "cksum", "cut"] {
        if let Some(path) = find(name) {
            symlink(path, programs.join(name)).unwrap();
        }
    }
    let mut command = Command::new(find("bash").unwrap());
    command.arg(SCRIPT).env("PATH", &programs).env("LAMBDA_OPERATOR_CACHE", folder.join("cache"));
    command.env("LAMBDA_OPERATOR_TOOLS", wanted);
    command.env_remove("KUBEBUILDER_ASSETS").envs(assets.map(|assets| ("KUBEBUILDER_ASSETS", assets)));
    command.output().unwrap()
}

fn assets(folder: &Path, names: &[&str]) -> PathBuf {
    let assets = folder.join("assets");
    fs::create_dir(&assets).unwrap();
    for name in names {
        fs::write(assets.join(name), "").unwrap();
        fs::set_permissions(assets.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    assets
}

#[test]
fn says_what_to_install_when_go_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let output = ensure_without_go(folder.path(), None);
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("Install Go 1.26 or newer (https://go.dev/doc/install)"), "{message}");
    assert!(message.contains("etcd v3."), "{message}");
}

#[test]
fn takes_given_programs_and_asks_for_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let assets = assets(folder.path(), &NAMES[..2]);
    let output = ensure_without_go(folder.path(), Some(&assets));
    let found = String::from_utf8(output.stdout).unwrap();
    let given = assets.display();
    assert_eq!(found, format!("etcd={given}/etcd\nkube-apiserver={given}/kube-apiserver\n"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("kubectl v1."));
}

#[test]
fn only_what_is_asked_for_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let assets = assets(folder.path(), &NAMES[..4]);
    let output = ensure_without_go_for(folder.path(), Some(&assets), &NAMES[..3].join(" "));
    assert!(output.status.success(), "{output:?}");
    let found = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = found.lines().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, NAMES[..3]);
}

#[test]
fn needs_no_go_when_everything_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let assets = assets(folder.path(), &NAMES);
    let output = ensure_without_go(folder.path(), Some(&assets));
    assert!(output.status.success(), "{output:?}");
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(
        NAMES.iter().all(|name| found.contains(&format!("{name}={}/{name}\n", assets.display()))),
        "{found}"
    );
}
