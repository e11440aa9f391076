//! A layer in plain data, the same types for what is wanted and what AWS has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::section::account_of;

/// What a version says of itself. AWS never changes it.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Description without the operator's token, empty when none.
    pub description: String,
    /// Instruction sets; order means nothing to AWS.
    pub architectures: BTreeSet<String>,
    /// Runtimes; order means nothing to AWS.
    pub runtimes: BTreeSet<String>,
    /// Licence, empty when none.
    pub license: String,
}

impl Metadata {
    /// Identifies it in `status`.
    pub fn fingerprint(&self) -> String {
        let Self { description, architectures, runtimes, license } = self;
        let text = serde_json::json!([description, architectures, runtimes, license]).to_string();
        hex(&Sha256::digest(text.as_bytes())[..16])
    }
}

/// What is in a layer, as a call sends it.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// An object in S3.
    S3 {
        /// Bucket.
        bucket: String,
        /// Key.
        key: String,
        /// Version; `None` is the newest.
        object_version: Option<String>,
        /// `COPY` or `REFERENCE`.
        storage_mode: String,
    },
    /// The bytes of a zip archive.
    Zip(Arc<[u8]>),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, key, object_version, storage_mode } => {
                write!(f, "s3://{bucket}/{key}")?;
                object_version.as_ref().map_or(Ok(()), |version| write!(f, " version {version}"))?;
                if storage_mode == "REFERENCE" { f.write_str(", by reference") } else { Ok(()) }
            }
            Self::Zip(bytes) => write!(f, "zip of {} bytes", bytes.len()),
        }
    }
}

/// Lets somebody use a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// An account id, or `*`.
    pub principal: String,
    /// The organization whose accounts are meant by `*`.
    pub organization: Option<String>,
}

impl Permission {
    /// The ARN of an account's root and the account's id mean the same; AWS shows the ARN.
    pub fn new(principal: &str, organization: Option<&str>) -> Self {
        Self { principal: account_of(principal).to_owned(), organization: organization.map(str::to_owned) }
    }
}

/// The statements of a version's policy by id; `None`: one that no [`Permission`] makes.
pub type Policy = BTreeMap<String, Option<Permission>>;

/// A version as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// ARN of the version.
    pub arn: String,
    /// Its number.
    pub number: i64,
    /// What it says of itself.
    pub metadata: Metadata,
    /// The operator's token at the end of the description.
    pub token: Option<String>,
    /// SHA-256 of the package in base64; `None`: lists don't say.
    pub code_sha256: Option<String>,
}

impl Version {
    /// ARN of the layer.
    pub fn layer_arn(&self) -> &str {
        self.arn.rsplit_once(':').map_or(self.arn.as_str(), |(layer, _)| layer)
    }
}

/// A layer as AWS describes it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Observed {
    /// The version that was looked at.
    pub version: Option<Version>,
    /// It is the one that a lost call published.
    pub found: bool,
    /// Its policy; `None`: it wasn't read.
    pub policy: Option<Policy>,
}

/// What to look for in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name of the layer.
    pub name: String,
    /// What a call may have left whose outcome isn't known.
    pub lost: Option<Lost>,
    /// The version to look at otherwise.
    pub look: Look,
    /// Whether permissions matter.
    pub policy: bool,
}

/// A version that may have been published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The token at the end of its description.
    pub token: String,
    /// It is newer than this.
    pub newest_known: i64,
}

/// Which version to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// None.
    Away,
    /// This one.
    At(i64),
    /// The newest. All of it has to be read only if it isn't this one.
    Newest(Option<i64>),
    /// Only whether there is one.
    Taken,
}

/// Length of a token in a description, with its frame.
pub const TOKEN_ROOM: usize = " [lambda-operator 0123456789ab]".len();
const TOKEN_START: &str = "[lambda-operator ";

/// A token from what is to be published after what.
pub fn token(parts: &[&str]) -> String {
    hex(&Sha256::digest(parts.join("\n").as_bytes())[..6])
}

/// The description that AWS gets.
pub fn described(description: &str, token: &str) -> String {
    let space = if description.is_empty() { "" } else { " " };
    format!("{description}{space}{TOKEN_START}{token}]")
}

/// The description without the token, and the token.
pub fn undescribed(text: &str) -> (&str, Option<&str>) {
    let is_token = |token: &&str| token.len() == 12 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = text.strip_suffix(']').and_then(|text| text.rsplit_once(TOKEN_START));
    match parts.filter(|(_, token)| is_token(token)) {
        Some((description, token)) => (description.strip_suffix(' ').unwrap_or(description), Some(token)),
        None => (text, None),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_added_to_a_description_and_taken_off_again() {
        let token = token(&["uid", "3"]);
        for description in ["", "Adds amounts up", "ends with ]", "[lambda-operator is fine]", "trailing "] {
            let sent = described(description, &token);
            assert_eq!(undescribed(&sent), (description, Some(token.as_str())), "{sent}");
            assert!(sent.len() <= description.len() + TOKEN_ROOM);
        }
    }

    #[test]
    fn a_description_without_a_token_stays() {
        for text in
            ["", "plain", "[lambda-operator ]", "x [lambda-operator 0123456789xy]", "[lambda-operator 012]"]
        {
            assert_eq!(undescribed(text), (text, None));
        }
    }

    #[test]
    fn an_account_and_its_root_are_the_same_principal() {
        let account = Permission::new("111122223333", None);
        assert_eq!(Permission::new("arn:aws:iam::111122223333:root", None), account);
        assert_eq!(Permission::new("arn:aws-cn:iam::111122223333:root", None), account);
        let user = "arn:aws:iam::111122223333:user/u";
        assert_eq!(Permission::new(user, None).principal, user);
        assert_eq!(Permission::new("*", Some("o-1")).organization.as_deref(), Some("o-1"));
    }

    #[test]
    fn the_fingerprint_tells_fields_apart() {
        let of = |description: &str, license: &str| {
            let (description, license) = (description.to_owned(), license.to_owned());
            Metadata { description, license, ..Metadata::default() }.fingerprint()
        };
        assert_ne!(of("a", ""), of("", "a"));
        // A change of this value publishes every layer of every user again: it must not happen by an upgrade.
        assert_eq!(of("a", "b"), "908d595c0aa04f3ee0aa074a1f60cee1");
    }
}
