//! Packages of functions and layers: inline files as a zip, the same files always to the same bytes, and how a source is
//! recognized.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use base64::Engine;
use lambda_operator_crds::{FileContent, S3Code, S3ObjectStorageMode};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// All inline files together, in bytes.
const LARGEST_INLINE: usize = 131_072;

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
}
