//! The documents by themselves: what they link to is there, every block says what becomes of it, and mdBook takes all.

#![allow(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use documentation::{Document, MARKS, document, documents, root, site};

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
        plain
    })
}

/// Links to files of the repository: the path from the root, and the anchor.
fn internal(document: &Document) -> Vec<(PathBuf, String)> {
    let links = document.links().into_iter().filter(|link| !link.contains("://"));
    links
        .map(|link| {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path =
                if file.is_empty() { document.path.clone() } else { document.path.with_file_name(file) };
            (plain(&path), anchor.to_owned())
        })
        .collect()
}

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let mut checked = 0;
    for page in documents() {
        for (target, anchor) in internal(&page) {
            let from = page.path.display();
            assert!(root().join(&target).exists(), "{from} links to {}, which isn't there", target.display());
            if !anchor.is_empty() {
                let has = document(&target).anchors().contains(&anchor);
                assert!(has, "{from} links to {}#{anchor}, which has no such heading", target.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} links were found");
}

#[test]
fn pages_of_the_site_link_to_nothing_outside_of_it() {
    for page in documents().iter().filter(|page| page.path.starts_with("docs")) {
        for (target, _) in internal(page) {
            let inside = target.starts_with("docs");
            assert!(
                inside,
                "{} links to {}, which the site doesn't have",
                page.path.display(),
                target.display()
            );
        }
    }
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = document(Path::new("docs/SUMMARY.md"));
    let listed: BTreeSet<PathBuf> = internal(&summary).into_iter().map(|(path, _)| path).collect();
    let pages = documents().into_iter().map(|page| page.path);
    for page in pages.filter(|path| path.starts_with("docs") && *path != summary.path) {
        assert!(listed.contains(&page), "docs/SUMMARY.md doesn't list {}", page.display());
    }
}

#[test]
fn every_command_says_how_it_is_proven_or_why_it_is_not() {
    for page in documents() {
        for block in page.blocks() {
            let place = format!("{}:{}", page.path.display(), block.line);
            let known: Vec<&str> =
                MARKS.iter().map(|(mark, _)| *mark).filter(|mark| block.has(mark)).collect();
            match block.language.as_str() {
                "sh" => assert_eq!(
                    (known.len(), block.marks.len()),
                    (1, 1),
                    "{place}: mark it with one of {MARKS:#?}"
                ),
                // tests/demo plays the one of the README.
                "console" => assert_eq!(page.path, Path::new("README.md"), "{place}: use `sh` with a mark"),
                "bash" | "shell" => panic!("{place}: use `sh` with a mark"),
                _ => {}
            }
        }
    }
}

#[test]
fn json_can_be_read() {
    let pages = documents();
    let blocks = pages.iter().flat_map(|page| page.blocks().into_iter().map(move |block| (page, block)));
    for (page, block) in blocks.filter(|(_, block)| block.language == "json") {
        let read: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
        assert!(read.is_ok(), "{}:{}: {read:?}", page.path.display(), block.line);
    }
}

#[test]
fn mdbook_makes_a_site_with_every_page_and_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    site::build(folder.path()).unwrap();
    let page = |path: &Path| {
        let html = folder.path().join(path.strip_prefix("docs").unwrap()).with_extension("html");
        std::fs::read_to_string(&html).unwrap_or_else(|error| panic!("{}: {error}", html.display()))
    };
    for written in documents().iter().filter(|page| page.path.starts_with("docs")) {
        if written.path != Path::new("docs/SUMMARY.md") {
            let html = page(&written.path);
            assert!(!html.contains("{{#"), "{}: an include wasn't found", written.path.display());
            for anchor in written.anchors() {
                assert!(
                    html.contains(&format!("id=\"{anchor}\"")),
                    "{}: no #{anchor}",
                    written.path.display()
                );
            }
        }
    }
    let samples = page(Path::new("docs/samples.md"));
    for entry in std::fs::read_dir(root().join("config/samples")).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let names =
            text.lines().filter_map(|line| line.strip_prefix("  name: ")).map(|name| name.split(' ').next());
        for name in names.flatten() {
            assert!(samples.contains(name), "docs/samples.md doesn't show {}", file.display());
        }
    }
}
