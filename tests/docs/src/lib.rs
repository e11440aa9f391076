//! README.md and docs as tests read them: links, headings and fenced blocks, each with the marks that say what becomes
//! of it in CI.
//!
//! A block's info string is its language and its marks: ` ```sh,run `. Every `sh` block has one of [`MARKS`], so that no
//! command is unproven by accident.

pub mod site;

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// What an `sh` block can be marked with, and what that means.
pub const MARKS: [(&str, &str); 10] = [
    ("run", "a test runs it on a real API server, with an operator and a simulated AWS"),
    ("ci", "CI itself runs it"),
    ("needs-names", "unproven: the words in capitals are for the reader to fill in"),
    ("needs-kind", "unproven: it needs kind, which needs a container engine"),
    ("needs-nodes", "unproven: it needs a cluster that runs Pods, and an image"),
    ("needs-aws", "unproven: it needs an AWS account"),
    ("needs-ack", "unproven: it needs ACK in the cluster"),
    (
        "needs-argocd",
        "it needs Argo CD in the cluster; tests/gitops applies the same to a ConfigMap like Argo CD's",
    ),
    ("needs-crossplane", "unproven: it needs Crossplane in the cluster"),
    ("needs-terraform", "unproven: it needs Terraform and its state"),
];

/// A Markdown file of the repository.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its path from the root of the checkout, such as `docs/quickstart.md`.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first word of the info string; empty without one.
    pub language: String,
    /// The other words.
    pub marks: Vec<String>,
    /// What is in the block.
    pub text: String,
    /// The line of the file at which it opens, from 1.
    pub line: usize,
}

impl Block {
    /// Whether it bears this mark.
    pub fn has(&self, mark: &str) -> bool {
        self.marks.iter().any(|own| own == mark)
    }
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// README.md and every Markdown file below docs, in the order of their paths.
///
/// # Panics
/// When they can't be read.
pub fn documents() -> Vec<Document> {
    let mut paths = vec![PathBuf::from("README.md")];
    collect(Path::new("docs"), &mut paths);
    paths.sort();
    paths.into_iter().map(|path| document(&path)).collect()
}

/// One document, by its path from the root.
///
/// # Panics
/// When it can't be read.
pub fn document(path: &Path) -> Document {
    let text = std::fs::read_to_string(root().join(path));
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Document { path: path.to_owned(), text }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(root().join(folder)).expect("docs can be listed");
    for entry in entries {
        let entry = entry.expect("docs can be listed");
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}

impl Document {
    fn events(&self) -> impl Iterator<Item = (Event<'_>, std::ops::Range<usize>)> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter()
    }

    /// Where links and images lead.
    pub fn links(&self) -> Vec<String> {
        let targets = self.events().filter_map(|(event, _)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.to_string())
            }
            _ => None,
        });
        targets.collect()
    }

    /// The fenced blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut open = false;
        for (event, range) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let line = self.text[..range.start].lines().count() + 1;
                    let mut words = info.split([',', ' ']).map(str::to_owned).filter(|word| !word.is_empty());
                    let language = words.next().unwrap_or_default();
                    blocks.push(Block { language, marks: words.collect(), text: String::new(), line });
                    open = true;
                }
                Event::Text(text) if open => {
                    if let Some(block) = blocks.last_mut() {
                        block.text.push_str(&text);
                    }
                }
                Event::End(TagEnd::CodeBlock) => open = false,
                _ => {}
            }
        }
        blocks
    }

    /// The anchors of the headings, as GitHub and mdBook make them.
    pub fn anchors(&self) -> Vec<String> {
        let (mut anchors, mut heading) = (Vec::new(), None::<String>);
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().as_deref().map(anchor)),
                _ => {}
            }
        }
        anchors
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Document {
        Document { path: "docs/x.md".into(), text: text.into() }
    }

    #[test]
    fn a_block_has_a_language_marks_and_a_line() {
        let text = "# A\n\n```sh,run\nkubectl get\n\nkubectl wait\n```\n\n```yaml\na: 1\n```\n";
        let blocks = of(text).blocks();
        assert_eq!((blocks[0].language.as_str(), blocks[0].has("run"), blocks[0].line), ("sh", true, 3));
        assert_eq!(blocks[0].text, "kubectl get\n\nkubectl wait\n");
        assert_eq!((blocks[1].language.as_str(), blocks[1].marks.len(), blocks[1].line), ("yaml", 0, 9));
    }

    #[test]
    fn links_in_tables_are_links_and_those_in_code_are_none() {
        let text = "| a |\n|---|\n| [b](c.md#d) |\n\n`[e](f.md)` ![g](h.png)\n";
        assert_eq!(of(text).links(), ["c.md#d", "h.png"]);
    }

    #[test]
    fn anchors_are_those_that_people_link_to() {
        let text =
            "# A deletion that does not end\n## `spec.env[]`\n### Why not ACK, Crossplane or Terraform?\n";
        let wanted = ["a-deletion-that-does-not-end", "specenv", "why-not-ack-crossplane-or-terraform"];
        assert_eq!(of(text).anchors(), wanted);
    }
}
