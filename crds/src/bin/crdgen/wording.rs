//! How schemas read: types with their limits, defaults, and the messages of rules. Pure functions, used by `reference`.

use std::fmt::Display;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, ValidationRule,
};

/// The schema of a list's entries.
pub(crate) fn entries(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(entries)) => Some(entries),
        _ => None,
    }
}

/// The schema of a map's values.
pub(crate) fn values(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(values)) => Some(values),
        _ => None,
    }
}

/// The type with its limits, such as `list of strings, at most 16, each 1 to 64 characters`.
pub(crate) fn type_of(schema: &JSONSchemaProps) -> String {
    if let Some(entries) = entries(schema) {
        let many = limits(schema.min_items, schema.max_items, "entries");
        let kind =
            match (schema.x_kubernetes_list_type.as_deref(), schema.x_kubernetes_list_map_keys.as_deref()) {
                (Some("set"), _) => "set".to_owned(),
                (Some("map"), Some(keys)) => format!("list by `{}`", keys.join("`, `")),
                _ => "list".to_owned(),
            };
        return joined([Some(format!("{kind} of {}", plain(entries))), many, each(entries)]);
    }
    if let Some(values) = values(schema) {
        let many = limits(schema.min_properties, schema.max_properties, "entries");
        return joined([Some(format!("map to {}", plain(values))), many, each(values)]);
    }
    joined([Some(plain(schema)), bounds(schema)])
}

fn each(schema: &JSONSchemaProps) -> Option<String> {
    bounds(schema).map(|bounds| format!("each {bounds}"))
}

fn joined<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The type without limits.
fn plain(schema: &JSONSchemaProps) -> String {
    if let Some(choices) = &schema.enum_ {
        let choices: Vec<String> = choices.iter().map(|choice| format!("`{}`", text(&choice.0))).collect();
        return choices.join(" \\| ");
    }
    match (schema.type_.as_deref(), schema.format.as_deref()) {
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some(name), _) => name.to_owned(),
        (None, _) => "any".to_owned(),
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn bounds(schema: &JSONSchemaProps) -> Option<String> {
    match schema.type_.as_deref() {
        Some("string") if schema.enum_.is_none() => {
            limits(schema.min_length, schema.max_length, "characters")
        }
        Some("integer" | "number") => limits(schema.minimum, schema.maximum, ""),
        _ => None,
    }
}

fn limits<T: Display + PartialEq>(least: Option<T>, most: Option<T>, unit: &str) -> Option<String> {
    let text = match (least, most) {
        (Some(least), Some(most)) if least == most => format!("exactly {least} {unit}"),
        (Some(least), Some(most)) => format!("{least} to {most} {unit}"),
        (Some(least), None) => format!("at least {least} {unit}"),
        (None, Some(most)) => format!("at most {most} {unit}"),
        (None, None) => return None,
    };
    let singular = text.strip_suffix(" 1 entries").map(|start| format!("{start} 1 entry"));
    Some(singular.unwrap_or(text).trim_end().to_owned())
}

/// The pattern of a string, or of the strings within.
pub(crate) fn pattern(schema: &JSONSchemaProps) -> Option<&str> {
    let within = entries(schema).or_else(|| values(schema)).unwrap_or(schema);
    within.pattern.as_deref()
}

/// What a field is when it is absent, and the rest of its description.
pub(crate) fn default_of(description: &str) -> (Option<String>, String) {
    let mut default = marked_default(description);
    let mut rest = Vec::new();
    for sentence in sentences(description) {
        match ["Default: ", "Absent: "].iter().find_map(|start| sentence.strip_prefix(start)) {
            Some(text) if default.is_none() => default = Some(text.trim_end_matches('.').to_owned()),
            _ => rest.push(sentence),
        }
    }
    (default, rest.join(" "))
}

/// The value of "`VALUE` (default)".
fn marked_default(description: &str) -> Option<String> {
    let before = description.split_once("` (default)")?.0;
    before.rsplit_once('`').map(|(_, value)| format!("`{value}`"))
}

fn sentences(text: &str) -> Vec<&str> {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1);
    let mut start = 0;
    let mut all: Vec<&str> = Vec::new();
    for end in ends.chain([text.len()]) {
        all.push(text[start..end].trim());
        start = end;
    }
    all
}

/// The message of a rule; `…` stands for what depends on the object.
pub(crate) fn message(rule: &ValidationRule) -> String {
    match (&rule.message_expression, &rule.message) {
        (Some(expression), _) => literals(expression),
        (None, Some(message)) => message.clone(),
        (None, None) => format!("`{}`", rule.rule),
    }
}

/// The texts of a CEL expression that joins texts and values by `+`. Values next to each other are one `…`.
fn literals(expression: &str) -> String {
    let mut text = String::new();
    for term in terms(expression) {
        match (whole_literal(term), choice(term)) {
            (Some(literal), _) => text.push_str(&literal),
            (None, Some((one, other))) => text.extend([one.as_str(), " |", other.as_str()]),
            (None, None) if text.ends_with('…') => {}
            (None, None) => {
                let glued = text.is_empty() || text.ends_with([' ', '"', '.']);
                text.push_str(if glued { "…" } else { " …" });
            }
        }
    }
    text
}

/// What the `+` of the expression itself, outside of texts and brackets, joins.
fn terms(expression: &str) -> Vec<&str> {
    let (mut terms, mut start, mut depth) = (Vec::new(), 0, 0_u32);
    let mut characters = expression.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            quote @ ('"' | '\'') => {
                text_until(quote, &mut characters.by_ref().map(|(_, character)| character));
            }
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '+' if depth == 0 => {
                terms.push(expression[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(expression[start..].trim());
    terms
}

/// The text of a term that is nothing but one.
fn whole_literal(term: &str) -> Option<String> {
    let mut characters = term.strip_prefix('"')?.chars();
    let text = text_until('"', &mut characters);
    characters.next().is_none().then_some(text)
}

/// The two texts of `(CONDITION ? "one" : "other")`, if neither is empty.
fn choice(term: &str) -> Option<(String, String)> {
    let (_, texts) = term.strip_prefix('(')?.strip_suffix(')')?.split_once(" ? ")?;
    let (one, other) = texts.split_once(" : ")?;
    let both = (whole_literal(one)?, whole_literal(other)?);
    (!both.0.is_empty() && !both.1.is_empty()).then_some(both)
}

/// The rest of a text in quotes, without its escapes.
fn text_until(quote: char, characters: &mut impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            end if end == quote => break,
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reads(schema: Value) -> String {
        type_of(&serde_json::from_value(schema).unwrap())
    }

    #[test]
    fn a_type_says_its_limits() {
        assert_eq!(reads(json!({"type": "integer", "minimum": 1.0, "maximum": 900.0})), "integer, 1 to 900");
        assert_eq!(
            reads(json!({"type": "string", "minLength": 12, "maxLength": 12})),
            "string, exactly 12 characters"
        );
        assert_eq!(reads(json!({"type": "string", "enum": ["A", "B"], "maxLength": 3})), "`A` \\| `B`");
        let names = json!({"type": "array", "maxItems": 5, "x-kubernetes-list-type": "set", "items": {"type": "string", "minLength": 1}});
        assert_eq!(reads(names), "set of string, at most 5 entries, each at least 1 characters");
        let labels =
            json!({"type": "object", "maxProperties": 9, "additionalProperties": {"type": "string"}});
        assert_eq!(reads(labels), "map to string, at most 9 entries");
    }

    #[test]
    fn a_default_is_taken_from_its_sentence_or_its_mark() {
        let found = |text| default_of(text);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            found("Seconds. Default: 3. AWS allows 900."),
            (some("3"), "Seconds. AWS allows 900.".to_owned())
        );
        assert_eq!(found("The name. Absent: `metadata.name`. Immutable.").0, some("`metadata.name`"));
        assert_eq!(found("`A` (default) or `B`."), (some("`A`"), "`A` (default) or `B`.".to_owned()));
        assert_eq!(found("Whatever it is.").0, None);
    }

    #[test]
    fn a_message_shows_both_texts_of_a_choice() {
        let expression = r#""it " + self.a + (has(self.a) ? " takes none" : " needs one") + "; mend it""#;
        assert_eq!(literals(expression), "it … takes none | needs one; mend it");
    }

    #[test]
    fn a_message_shows_its_texts_and_where_values_go() {
        let of = |expression: &str| {
            message(&ValidationRule {
                message_expression: Some(expression.to_owned()),
                ..ValidationRule::default()
            })
        };
        assert_eq!(of(r#""spec.a " + self.a + " is no b; mend it""#), "spec.a … is no b; mend it");
        assert_eq!(
            of(r#""x has" + (has(self.a) ? " a" : "") + (has(self.b) ? " b" : "") + "; set one""#),
            "x has …; set one"
        );
        assert_eq!(of(r#""the key \"" + self.filter(k, k != '')[0] + "\" is bad""#), r#"the key "…" is bad"#);
    }
}
