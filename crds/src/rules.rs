//! The validation rules that several fields or kinds share, in the language of the API server (CEL). Each says which
//! field is wrong, with which value, and what to do. Called by the `validation` attributes of the types.

use kube::core::{Message, Rule};

pub(crate) fn expression(text: String) -> Message {
    Message::Expression(text)
}

/// `a, b and c`
pub(crate) fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Exactly one of the fields of the object at `path` is there.
pub(crate) fn exactly_one(path: &str, fields: &[&str]) -> Rule {
    let there: Vec<String> = fields.iter().map(|field| format!("has(self.{field})")).collect();
    let found: Vec<String> =
        fields.iter().map(|field| format!(r#"(has(self.{field}) ? " {field}" : "")"#)).collect();
    Rule::new(format!("[{}].filter(x, x).size() == 1", there.join(", "))).message(expression(format!(
        r#""{path} needs exactly one of {}, and has" + {} + "; set one and remove the others""#,
        listed(fields),
        found.join(" + ")
    )))
}

/// A resource policy is either made of statements or given as a whole.
pub(crate) fn one_policy() -> Rule {
    Rule::new("!(has(self.permissions) && has(self.resourcePolicy))")
        .message("spec.permissions and spec.resourcePolicy exclude each other: the policy replaces every statement; remove one of them")
}

/// Without `field`, `metadata.name` is the name in AWS and has to be fit for it.
pub(crate) fn default_name_fits(field: &str, what: &str, longest: u32, pattern: &str) -> Rule {
    Rule::new(format!(
        "has(self.spec.{field}) || (size(self.metadata.name) <= {longest} && self.metadata.name.matches('{pattern}'))"
    ))
    .message(expression(format!(
        r#""metadata.name " + self.metadata.name + " can't be the name of {what}; set spec.{field}""#
    )))
}

/// The name in AWS, which is `field` or else `metadata.name`, stays.
pub(crate) fn name_is_fixed(kind: &str, field: &str) -> Rule {
    let name = |of: &str| format!("(has({of}.spec.{field}) ? {of}.spec.{field} : {of}.metadata.name)");
    let (new, old) = (name("self"), name("oldSelf"));
    Rule::new(format!("{new} == {old}")).message(expression(format!(
        r#""spec.{field} can't be changed from " + {old} + " to " + {new} + " (absent means metadata.name); create a new {kind} and delete this one""#
    )))
}

/// Once an object is pinned to a region, another one can't be asked for. A region that is removed is the operator's
/// to judge: it knows the default.
pub(crate) fn region_is_fixed(kind: &str) -> Rule {
    Rule::new(
        "!has(oldSelf.status) || !has(oldSelf.status.region) || !has(self.spec.region) || self.spec.region == oldSelf.status.region",
    )
    .message(expression(format!(
        r#""spec.region can't be changed from " + oldSelf.status.region + " (see status.region) to " + self.spec.region + "; create a new {kind} for the other region""#
    )))
}

/// Once an object is pinned to an account, it stays with the LambdaAccount through which it got there.
pub(crate) fn account_is_fixed(kind: &str) -> Rule {
    let name = |of: &str| format!("(has({of}.spec.accountRef) ? {of}.spec.accountRef.name : '')");
    let shown = |of: &str| {
        format!(
            r#"(has({of}.spec.accountRef) ? {of}.spec.accountRef.name : "the operator's own credentials")"#
        )
    };
    Rule::new(format!(
        "!has(oldSelf.status) || !has(oldSelf.status.account) || {} == {}",
        name("self"),
        name("oldSelf")
    ))
    .message(expression(format!(
        r#""spec.accountRef can't be changed from " + {} + " to " + {} + " in account " + oldSelf.status.account + " (see status.account); create a new {kind} and delete this one""#,
        shown("oldSelf"),
        shown("self")
    )))
}

/// AWS fixes at the creation whether a function has this; what it says can change.
pub(crate) fn presence_is_fixed(kind: &str, field: &str) -> Rule {
    let text = format!(
        "spec.{field} can't be added or removed, because AWS fixes at the creation whether there is one; create a new {kind} and \
         delete this one"
    );
    Rule::new(format!("has(self.spec.{field}) == has(oldSelf.spec.{field})")).message(text.as_str())
}

/// The function that an object hangs on stays. Whether a LambdaFunction stands for the function that was named before,
/// only the operator can tell; a name in AWS is compared with the one that the object had, an ARN being as good.
pub(crate) fn function_is_fixed(kind: &str) -> Rule {
    let (new, old) = ("self.spec", "oldSelf.spec");
    let tail = |of: &str| format!("{of}.functionName.substring({of}.functionName.lastIndexOf(':') + 1)");
    let shown = |of: &str| {
        format!(r#"(has({of}.functionRef) ? "LambdaFunction " + {of}.functionRef.name : {of}.functionName)"#)
    };
    let same_ref = format!("{new}.functionRef.name == {old}.functionRef.name");
    let same_name = format!(
        "({new}.functionName == {old}.functionName || (!({new}.functionName.startsWith('arn:') && {old}.functionName.startsWith('arn:')) && {} == {}))",
        tail(new),
        tail(old)
    );
    let as_before = format!(
        "(!has(oldSelf.status) || !has(oldSelf.status.functionName) || {} == oldSelf.status.functionName)",
        tail(new)
    );
    Rule::new(format!(
        "has({new}.functionRef) ? (!has({old}.functionRef) || {same_ref}) : (has({old}.functionRef) ? {as_before} : {same_name})"
    ))
    .message(expression(format!(
        r#""spec.functionRef and spec.functionName can't be changed from " + {} + " to " + {} + "; create a new {kind} and delete this one""#,
        shown(old),
        shown(new)
    )))
}

/// An object that stands for something that happens once: what it asks for stays. Each field comes with what its absence
/// means, if a value can mean the same.
pub(crate) fn happens_once(kind: &str, fields: &[(&str, Option<&str>)]) -> Rule {
    let differs = |field: &str, absent: Option<&str>| match absent {
        Some(absent) => {
            let value = |of: &str| format!("(has({of}.{field}) ? {of}.{field} : {absent})");
            format!("{} != {}", value("self"), value("oldSelf"))
        }
        None => format!(
            "has(self.{field}) != has(oldSelf.{field}) || (has(self.{field}) && self.{field} != oldSelf.{field})"
        ),
    };
    let changed = fields
        .iter()
        .map(|(field, absent)| format!(r#"({} ? " spec.{field}" : "")"#, differs(field, *absent)));
    let changed = changed.collect::<Vec<_>>().join(" + ");
    Rule::new(format!("{changed} == ''")).message(expression(format!(
        r#""a {kind} happens once, as it was asked for, and can't be changed in" + {changed} + "; create a new {kind} and delete this one""#
    )))
}

/// AWS takes no tags for this kind of resource.
pub(crate) fn takes_no_tags(what: &str) -> Rule {
    Rule::new("!has(self.tags) || size(self.tags) == 0")
        .message(format!("spec.tags can't be used: AWS takes no tags for {what}; remove spec.tags").as_str())
}

/// The message of a rule, as text or as the expression that makes it.
#[cfg(test)]
pub(crate) fn message(rule: &Rule) -> &str {
    match rule.message.as_ref().unwrap() {
        Message::Message(text) | Message::Expression(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_counts_the_fields_and_names_those_that_are_there() {
        let rule = exactly_one("spec.code", &["s3", "inline"]);
        assert_eq!(rule.rule, "[has(self.s3), has(self.inline)].filter(x, x).size() == 1");
        assert_eq!(
            message(&rule),
            r#""spec.code needs exactly one of s3 and inline, and has" + (has(self.s3) ? " s3" : "") + (has(self.inline) ? " inline" : "") + "; set one and remove the others""#
        );
    }

    #[test]
    fn what_happens_once_is_compared_by_what_its_fields_mean() {
        let rule = happens_once("Job", &[("a", None), ("b", Some("'x'"))]);
        let changed = concat!(
            r#"(has(self.a) != has(oldSelf.a) || (has(self.a) && self.a != oldSelf.a) ? " spec.a" : "") + "#,
            r#"((has(self.b) ? self.b : 'x') != (has(oldSelf.b) ? oldSelf.b : 'x') ? " spec.b" : "")"#
        );
        assert_eq!(rule.rule, format!("{changed} == ''"));
        assert!(message(&rule).contains(changed) && message(&rule).contains("create a new Job"));
    }

    #[test]
    fn what_is_fixed_says_how_to_replace() {
        for rule in [
            name_is_fixed("LambdaAlias", "aliasName"),
            account_is_fixed("LambdaAlias"),
            presence_is_fixed("LambdaFunction", "durable"),
        ] {
            for words in ["can't be ", "create a new", "delete this one"] {
                assert!(message(&rule).contains(words), "no {words:?} in {}", message(&rule));
            }
        }
    }
}
