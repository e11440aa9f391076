//! The site that mdBook makes of docs. Used by `make book` and by a test.

use std::path::Path;

use mdbook_driver::MDBook;

/// Builds the site into a folder, which is emptied first.
///
/// # Errors
/// mdBook's own, as text: a page of SUMMARY.md that isn't there, or a setting of book.toml that it doesn't know.
pub fn build(into: &Path) -> Result<(), String> {
    let in_words = |error: mdbook_driver::errors::Error| format!("{error:#}");
    let mut book = MDBook::load(crate::root().join("docs")).map_err(in_words)?;
    into.clone_into(&mut book.config.build.build_dir);
    book.build().map_err(in_words)
}
