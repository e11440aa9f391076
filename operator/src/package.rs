//! Packages of functions and layers: inline files as a zip, the same files always to the same bytes, and how a source is
//! recognized.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use base64::Engine;
use lambda_operator_crds::{FileContent, S3Code, S3ObjectStorageMode};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// All inline files together, in bytes.
const LARGEST_INLINE: usize = 131_072;
/// As many files may be inline.
const MOST_FILES: usize = 64;
/// No archive of inline files is larger: what they hold, and a few hundred bytes for the path and place of each.
pub const LARGEST_ARCHIVE: u64 = 262_144;

/// Zips files. Sorted by path, with a fixed time and mode, and stored rather than compressed, so that no
/// version of a compressor can change the bytes (and with them AWS's CodeSha256).
///
/// `field` is where the spec has them, `spec.code` or `spec.content`.
///
/// # Errors
/// The sentence that says that they are too large, or names the path that can't be in an archive.
pub fn zip(field: &str, files: &BTreeMap<String, FileContent>) -> Result<Arc<[u8]>, String> {
    check_size(field, files)?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in files {
        archive
            .start_file(path.as_str(), options)
            .and_then(|()| archive.write_all(content.0.as_bytes()).map_err(Into::into))
            .map_err(|error| {
                format!("{field}.inline.files: {path:?} can't be put into a zip package: {error}")
            })?;
    }
    let bytes = archive.finish().map_err(|error| format!("{field}.inline can't be zipped: {error}"))?;
    Ok(bytes.into_inner().into())
}

/// The files of an archive that [`zip`] made, or would make: text, few and small, and to the very same bytes. `None`: it is
/// another one.
pub fn unzip(archive: &[u8]) -> Option<BTreeMap<String, FileContent>> {
    let mut entries = ZipArchive::new(std::io::Cursor::new(archive)).ok()?;
    if entries.len() > MOST_FILES {
        return None;
    }
    let mut files = BTreeMap::new();
    for at in 0..entries.len() {
        let entry = entries.by_index(at).ok()?;
        let (path, mut text) = (entry.name().ok()?.into_owned(), String::new());
        // An entry may unpack to more than it says.
        let most = u64::try_from(LARGEST_INLINE).ok()? + 1;
        entry.take(most).read_to_string(&mut text).ok()?;
        let fits = !path.is_empty() && path.len() <= 256 && !path.starts_with('/') && !path.contains("..");
        (fits && files.insert(path, FileContent(text)).is_none()).then_some(())?;
    }
    let again = zip("", &files).ok()?;
    (!files.is_empty() && *again == *archive).then_some(files)
}

/// The API server counts characters, of which one can have four bytes.
fn check_size(field: &str, files: &BTreeMap<String, FileContent>) -> Result<(), String> {
    let size: usize = files.values().map(|content| content.0.len()).sum();
    match files.iter().max_by_key(|(_, content)| content.0.len()) {
        Some((path, content)) if size > LARGEST_INLINE => Err(format!(
            "{field}.inline.files has {size} bytes in all, but at most {LARGEST_INLINE} are allowed. The largest is \
             {path:?} with {} bytes. Put larger packages into S3 and use {field}.s3.",
            content.0.len()
        )),
        _ => Ok(()),
    }
}

/// The hash of a zip package as Lambda reports it: SHA-256 in base64.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>
pub fn code_sha256(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(bytes))
}

/// Identifies files by the hash of their package.
pub fn inline_fingerprint(code_sha256: &str) -> String {
    format!("inline:{code_sha256}")
}

/// Identifies a package in S3 by all that is said of it.
pub fn s3_fingerprint(s3: &S3Code) -> String {
    let S3Code { bucket, key, object_version, object_storage_mode: _ } = s3;
    let version = object_version.as_deref().unwrap_or_default();
    format!("s3://{bucket}/{key}?versionId={version}&mode={}", storage_mode(s3))
}

/// `COPY` or `REFERENCE`.
pub fn storage_mode(s3: &S3Code) -> &'static str {
    match s3.object_storage_mode.unwrap_or_default() {
        S3ObjectStorageMode::Copy => "COPY",
        S3ObjectStorageMode::Reference => "REFERENCE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> BTreeMap<String, FileContent> {
        entries.iter().map(|(path, text)| ((*path).to_owned(), FileContent((*text).to_owned()))).collect()
    }

    #[test]
    fn the_same_files_give_the_same_bytes_for_ever() {
        let bytes = zip(
            "f",
            &files(&[("index.py", "def handler(e, c):\n    return 'hi'\n"), ("lib/a.py", "A = 1\n")]),
        )
        .unwrap();
        // A change of this value redeploys every inline function of every user: it must not happen by an upgrade.
        assert_eq!(code_sha256(&bytes), "1GBV8rIamT9cVNdbZFOSImq4ek6LBlKmfloEv6tnNC8=");
    }

    #[test]
    fn other_content_gives_other_bytes() {
        let (a, b) = (zip("f", &files(&[("a", "1")])).unwrap(), zip("f", &files(&[("a", "2")])).unwrap());
        assert_ne!(code_sha256(&a), code_sha256(&b));
    }

    #[test]
    fn only_an_archive_that_would_be_made_again_is_told_by_its_files() {
        let made = files(&[("index.py", "def handler(e, c):\n    return 'hi'\n"), ("lib/a.py", "A = 1\n")]);
        let archive = zip("f", &made).unwrap();
        assert_eq!(unzip(&archive), Some(made));
        assert_eq!(unzip(b"no archive"), None);
        let other = |path: &str, content: &[u8], method| {
            let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
            archive.start_file(path, SimpleFileOptions::default().compression_method(method)).unwrap();
            archive.write_all(content).unwrap();
            archive.finish().unwrap().into_inner()
        };
        assert_eq!(unzip(&other("a.py", b"A = 1", CompressionMethod::Deflated)), None, "other bytes");
        assert_eq!(unzip(&other("a.bin", b"\xff\xfe", CompressionMethod::Stored)), None, "no text");
        let most: BTreeMap<_, _> = (0..MOST_FILES)
            .map(|n| (format!("{n:0256}"), FileContent("x".repeat(LARGEST_INLINE / MOST_FILES))))
            .collect();
        let largest = zip("f", &most).unwrap();
        assert!(u64::try_from(largest.len()).unwrap() <= LARGEST_ARCHIVE, "{}", largest.len());
        assert_eq!(unzip(&largest), Some(most));
    }
}
