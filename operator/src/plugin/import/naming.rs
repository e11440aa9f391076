//! What objects are called: as in AWS where Kubernetes can call them so. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::survey::Survey;
use crate::mapping::model::{Fixed, Source};

/// The longest name of an object.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>
const LONGEST: usize = 253;

/// The names of the objects of one kind, by what AWS knows them by.
pub type ByKey = BTreeMap<String, String>;

/// The names of all objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Of functions, by name.
    pub functions: ByKey,
    /// Of aliases, by ARN.
    pub aliases: ByKey,
    /// Of mappings, by UUID.
    pub mappings: ByKey,
    /// Of layers, by name.
    pub layers: ByKey,
    /// Of code-signing configurations, by ARN.
    pub signing: ByKey,
    /// Of capacity providers, by name.
    pub providers: ByKey,
}

impl Names {
    /// Gives all that was found a name.
    pub fn of(survey: &Survey) -> Self {
        let same = |name: &String| (name.clone(), name.clone());
        let functions = assigned(survey.functions.iter().map(|function| same(&function.name)));
        let aliases = survey.functions.iter().flat_map(|function| {
            let object = &functions[&function.name];
            let named = move |(name, alias): &(String, crate::alias::model::Observed)| {
                (alias.alias.arn.clone(), format!("{object}-{name}"))
            };
            function.aliases.iter().map(named)
        });
        let mappings = survey.mappings.iter().map(|mapping| {
            let function = mapping.configuration.function.name();
            let function = functions.get(function).map_or(function, String::as_str);
            (mapping.uuid.clone(), format!("{function}-{}", source_name(&mapping.fixed)))
        });
        let signing = survey.signing.iter().map(|config| (config.arn.clone(), config.id.clone()));
        let providers = survey.providers.iter().map(|provider| same(&provider_name(&provider.arn)));
        Self {
            aliases: assigned(aliases),
            mappings: assigned(mappings),
            layers: assigned(survey.layers.iter().map(|(name, _)| same(name))),
            signing: assigned(signing),
            providers: assigned(providers),
            functions,
        }
    }
}

/// The name of a capacity provider in its ARN.
pub fn provider_name(arn: &str) -> String {
    arn.rsplit(':').next().unwrap_or(arn).to_owned()
}

/// A name for each key: the wish where it is a name for Kubernetes, otherwise what is nearest to it and free.
fn assigned(wishes: impl Iterator<Item = (String, String)>) -> ByKey {
    let wishes: Vec<(String, String)> = wishes.collect();
    // What can be called as it wishes isn't in the way of what can't.
    let (plain, other): (Vec<_>, Vec<_>) = wishes.into_iter().partition(|(_, wish)| valid(wish) == *wish);
    let (mut taken, mut names) = (BTreeSet::new(), ByKey::new());
    for (key, wish) in plain.into_iter().chain(other) {
        let name = free(&valid(&wish), &taken);
        taken.insert(name.clone());
        names.insert(key, name);
    }
    names
}

fn free(name: &str, taken: &BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    let mut number = 1;
    while taken.contains(&free) {
        number += 1;
        let suffix = format!("-{number}");
        free = format!("{}{suffix}", cut(name, LONGEST - suffix.len()));
    }
    free
}

/// Lower-case letters, digits and hyphens, with letters or digits at both ends.
fn valid(wish: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = wish.chars().map(fit).collect();
    let name = cut(name.trim_matches('-'), LONGEST);
    if name.is_empty() { "x".to_owned() } else { name.to_owned() }
}

fn cut(name: &str, longest: usize) -> &str {
    // All characters are ASCII.
    name.get(..longest).unwrap_or(name).trim_end_matches('-')
}

/// What a mapping reads, in a word.
fn source_name(fixed: &Fixed) -> String {
    let Source::Arn(arn) = &fixed.source else {
        return fixed.topics.first().cloned().unwrap_or_else(|| "kafka".to_owned());
    };
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    // `QUEUE`, `stream/NAME`, `table/NAME/stream/TIME`, `cluster/NAME/UUID`, `broker:NAME:ID` and `cluster:NAME`.
    let mut parts = resource.split(['/', ':']);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    second.unwrap_or(first).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(wishes: [&str; N]) -> Vec<String> {
        let keyed = wishes.iter().map(|wish| ((*wish).to_owned(), (*wish).to_owned()));
        let assigned = assigned(keyed);
        wishes.iter().map(|wish| assigned[*wish].clone()).collect()
    }

    #[test]
    fn a_name_stays_where_kubernetes_takes_it_and_is_near_otherwise() {
        assert_eq!(names(["orders", "Orders", "ORDERS"]), ["orders", "orders-2", "orders-3"]);
        assert_eq!(names(["My_Function", "my-function"]), ["my-function-2", "my-function"]);
        assert_eq!(names(["_", "-a-", "a.b"]), ["x", "a", "a-b"]);
        let long = "a".repeat(300);
        let [one, two] = &names([&long, &format!("{long}b")])[..] else { panic!("two") };
        assert_eq!((one.len(), two.len()), (253, 253));
        assert!(two.ends_with("-2"));
    }

    #[test]
    fn a_mapping_is_named_after_what_it_reads() {
        let named = |arn: &str| {
            let object = serde_json::json!({
                "metadata": {"name": "m"}, "apiVersion": "lambda-operator.io/v1alpha1", "kind": "EventSourceMapping",
                "spec": {"functionName": "f", "eventSourceArn": arn},
            });
            let object = serde_json::from_value(object).unwrap();
            let function = crate::mapping::model::FunctionName::parse("f");
            source_name(&crate::mapping::desired::parse(&object, function).unwrap().fixed)
        };
        for (arn, name) in [
            ("arn:aws:sqs:eu-west-1:1:orders.fifo", "orders.fifo"),
            ("arn:aws:kinesis:eu-west-1:1:stream/clicks", "clicks"),
            ("arn:aws:dynamodb:eu-west-1:1:table/stock/stream/2026-01-15T09:30:00.000", "stock"),
            ("arn:aws:kafka:eu-west-1:1:cluster/events/0a1b", "events"),
            ("arn:aws:mq:eu-west-1:1:broker:mail:b-1", "mail"),
            ("arn:aws:rds:eu-west-1:1:cluster:docs", "docs"),
        ] {
            assert_eq!(named(arn), name);
        }
    }
}
