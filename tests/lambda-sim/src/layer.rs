//! The layers of all accounts and regions, because functions also use those of other accounts. Numbers of versions
//! are never given twice, not even after all versions were deleted
//! (<https://docs.aws.amazon.com/lambda/latest/dg/creating-deleting-layers.html>).

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::code::{Code, Source};
use crate::downloads;
use crate::policy::Policy;
use crate::region::Region;
use crate::request::Object;

/// The account, region and name of a layer. Shown, it is the layer's ARN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LayerId {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
}

impl LayerId {
    pub(crate) fn new(region: &Region, name: &str) -> Self {
        Self { account: region.account.clone(), region: region.name.clone(), name: name.to_owned() }
    }

    /// Reads the ARN of a layer, or of a version of it.
    pub(crate) fn from_arn(arn: &str) -> Option<(Self, Option<u64>)> {
        let parts: Vec<_> = arn.split(':').collect();
        let (region, account, name, version) = match parts[..] {
            ["arn", _, "lambda", region, account, "layer", name] => (region, account, name, None),
            ["arn", _, "lambda", region, account, "layer", name, version] => {
                (region, account, name, Some(version.parse().ok()?))
            }
            _ => return None,
        };
        let id = Self { account: account.to_owned(), region: region.to_owned(), name: name.to_owned() };
        Some((id, version))
    }

    pub(crate) fn version_arn(&self, number: u64) -> String {
        format!("{self}:{number}")
    }
}

impl fmt::Display for LayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:aws:lambda:{}:{}:layer:{}", self.region, self.account, self.name)
    }
}

/// One version of a layer.
#[derive(Clone, Debug)]
pub(crate) struct LayerVersion {
    /// Description, CreatedDate, and what was sent of LicenseInfo, CompatibleRuntimes and CompatibleArchitectures.
    pub(crate) metadata: Object,
    pub(crate) code: Code,
    /// With its revision, which it has of its own.
    pub(crate) policy: Option<(String, Policy)>,
}

impl LayerVersion {
    /// As in a list, which leaves the content out.
    pub(crate) fn listed(&self, id: &LayerId, number: u64) -> Value {
        let mut shown = self.metadata.clone();
        shown.insert("LayerVersionArn".into(), id.version_arn(number).into());
        shown.insert("Version".into(), number.into());
        Value::Object(shown)
    }

    /// As published or read for itself.
    pub(crate) fn described(&self, id: &LayerId, number: u64) -> Value {
        let mut shown = self.listed(id, number);
        shown["LayerArn"] = id.to_string().into();
        let mut content = json!({"CodeSha256": self.code.sha256, "CodeSize": self.code.size});
        if let Source::Object { bucket, key, version, reference: true } = &self.code.source {
            content["ResolvedS3Object"] =
                json!({"S3Bucket": bucket, "S3Key": key, "S3ObjectVersion": version});
        } else {
            content["Location"] = downloads::location(&self.code).into();
        }
        shown["Content"] = content;
        shown
    }

    /// Whether a list such as CompatibleRuntimes names a value.
    pub(crate) fn is_compatible(&self, list: &str, value: &str) -> bool {
        let values = self.metadata.get(list).and_then(Value::as_array);
        values.is_some_and(|values| values.iter().any(|known| known == value))
    }

    /// The statements of its policy.
    pub(crate) fn statements(&self) -> &[Value] {
        self.policy.as_ref().map_or(&[], |(_, policy)| policy.statements())
    }

    /// Whether its policy lets an account use it. Organizations aren't simulated: everybody is in them.
    pub(crate) fn is_shared_with(&self, account: &str) -> bool {
        let root = format!("arn:aws:iam::{account}:root");
        let lets = |principal: &Value| principal == "*" || principal["AWS"] == root.as_str();
        self.statements().iter().any(|statement| lets(&statement["Principal"]))
    }
}

/// A layer that was published at least once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) versions: BTreeMap<u64, LayerVersion>,
    last_number: u64,
}

/// All layers.
#[derive(Debug, Default)]
pub(crate) struct Layers(BTreeMap<LayerId, Layer>);

impl Layers {
    /// Whether the layer was ever published.
    pub(crate) fn knows(&self, id: &LayerId) -> bool {
        self.0.contains_key(id)
    }

    pub(crate) fn layer(&self, id: &LayerId) -> Option<&Layer> {
        self.0.get(id)
    }

    pub(crate) fn version(&self, id: &LayerId, number: u64) -> Option<&LayerVersion> {
        self.0.get(id)?.versions.get(&number)
    }

    pub(crate) fn version_mut(&mut self, id: &LayerId, number: u64) -> Option<&mut LayerVersion> {
        self.0.get_mut(id)?.versions.get_mut(&number)
    }

    /// The content of every version of every layer.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &Code> {
        self.0.values().flat_map(|layer| layer.versions.values()).map(|version| &version.code)
    }

    /// Adds a version and returns its number.
    pub(crate) fn publish(&mut self, id: &LayerId, version: LayerVersion) -> u64 {
        let layer = self.0.entry(id.clone()).or_default();
        layer.last_number += 1;
        layer.versions.insert(layer.last_number, version);
        layer.last_number
    }

    /// Deletes a version; false if it doesn't exist.
    pub(crate) fn remove(&mut self, id: &LayerId, number: u64) -> bool {
        self.0.get_mut(id).is_some_and(|layer| layer.versions.remove(&number).is_some())
    }

    /// The layers of one account and region, by name.
    pub(crate) fn of(&self, account: &str, region: &str) -> impl Iterator<Item = (&LayerId, &Layer)> {
        self.0.iter().filter(move |(id, _)| id.account == account && id.region == region)
    }

    /// Bytes of content that Lambda stores of all versions of one account and region.
    pub(crate) fn code_size(&self, account: &str, region: &str) -> u64 {
        let versions = self.of(account, region).flat_map(|(_, layer)| layer.versions.values());
        versions.map(|version| version.code.stored()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_layers_and_of_versions_are_read() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:layer:tools";
        let (id, version) = LayerId::from_arn(&format!("{arn}:12")).unwrap();
        assert_eq!((id.name.as_str(), version), ("tools", Some(12)));
        assert_eq!(id.to_string(), arn);
        assert_eq!(LayerId::from_arn(arn).unwrap(), (id, None));
        for other in ["tools", "arn:aws:lambda:::awslayer:AmazonLinux1803", "arn:aws:lambda:a:b:function:c"] {
            assert!(LayerId::from_arn(other).is_none(), "{other}");
        }
    }
}
