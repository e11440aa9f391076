//! An alias in plain data, and what AWS says about the versions that it could point to.

use std::collections::BTreeMap;

use crate::section::Has;

/// The share of the traffic of each further version, by its number.
pub type Weights = BTreeMap<String, f64>;

/// Which alias of which function, and what has to be read along with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Id {
    /// The function's name in AWS.
    pub function: String,
    /// The alias's name in AWS.
    pub name: String,
    /// What a comparison needs besides the alias.
    pub look: Look,
}

/// What a comparison needs besides the alias.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Whether to find out which version is the newest that is Active.
    pub newest: bool,
    /// Weights that leave no question: the spec's, and those that were left there. Others are only somebody's edit if
    /// AWS isn't moving provisioned concurrency. `None`: weights don't matter.
    pub weights: Option<Vec<Weights>>,
}

/// Where an alias is to point.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// A number, or `$LATEST`.
    pub version: String,
    /// Description, empty when none.
    pub description: String,
    /// How the traffic is split. `None` in an update: as it is.
    pub weights: Option<Weights>,
}

/// An alias as AWS describes it.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html>
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// Its ARN.
    pub arn: String,
    /// The version that it points to.
    pub version: String,
    /// Description, empty when none.
    pub description: String,
    /// How the traffic is split, empty when it isn't.
    pub weights: Weights,
    /// Changes with every update of the alias.
    pub revision_id: String,
}

/// An alias with what was read along with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The alias.
    pub alias: Alias,
    /// What was found out about the newest versions; `None`: nobody asked.
    pub newest: Option<Newest>,
    /// AWS is moving provisioned concurrency, and until it is done the weights are its own.
    pub moving: bool,
    /// What was read of its sections.
    pub sections: Has,
}

impl Observed {
    /// Whether the weights are AWS's own, for as long as it moves provisioned concurrency: nobody else can give a
    /// version all of the traffic.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>,
    /// <https://github.com/hashicorp/terraform-provider-aws/issues/12923>
    pub fn is_shifting(&self) -> bool {
        self.moving || has_all(&self.alias.weights)
    }
}

/// Whether a version beside the one of the alias gets all of its traffic.
pub fn has_all(weights: &Weights) -> bool {
    weights.values().any(|weight| *weight >= 1.0)
}

/// The newest versions of a function, as far as an alias that follows them has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// The newest that is Active; `None`: there is none.
    pub active: Option<String>,
    /// A newer one that AWS still works on, in words.
    pub busy: Option<String>,
    /// A newer one that failed, in words.
    pub failed: Option<String>,
}

/// Whether an alias can point to a version.
/// <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Usable,
    /// AWS still works on the version; why, in AWS's words.
    Busy(String),
    /// It failed; why, in AWS's words.
    Failed(String),
}

/// What a creation sends, to be told again from an alias that somebody else made: `version` is `None` where it is
/// found out only afterwards.
pub fn fingerprint(version: Option<&str>, description: &str, weights: &Weights) -> String {
    format!("{} {weights:?} {description}", version.unwrap_or("newest"))
}

/// Whether an alias is what a creation with this fingerprint makes.
pub fn is_made_by(alias: &Alias, made: &str) -> bool {
    let Alias { version, description, weights, .. } = alias;
    [Some(version.as_str()), None].iter().any(|version| fingerprint(*version, description, weights) == made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_known_again_by_what_was_sent() {
        let alias = Alias {
            arn: "arn".into(),
            version: "3".into(),
            description: "d".into(),
            weights: Weights::from([("2".into(), 0.1)]),
            revision_id: "r".into(),
        };
        let made = |version, description, weight| {
            fingerprint(version, description, &Weights::from([("2".to_owned(), weight)]))
        };
        assert!(is_made_by(&alias, &made(Some("3"), "d", 0.1)) && is_made_by(&alias, &made(None, "d", 0.1)));
        for other in [made(Some("4"), "d", 0.1), made(Some("3"), "", 0.1), made(Some("3"), "d", 0.2)] {
            assert!(!is_made_by(&alias, &other), "{other}");
        }
    }
}
