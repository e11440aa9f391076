//! Keeps values of an environment or a payload out of AWS's texts: AWS quotes what it refuses, and both can come from
//! Secrets.

use serde_json::Value;

use super::error::AwsError;
use crate::function::model::Environment;

/// What stands for a value.
const GONE: &str = "***";

/// The error without any value of the environment that its request carried.
pub(super) fn redact(mut error: AwsError, environment: &Environment) -> AwsError {
    // What follows is the whole environment as JSON, perhaps cut off in the middle of a value:
    // <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
    let text = error.message.split("String measured:").next().unwrap_or_default().trim_end();
    error.message = without(text, environment.variables().map(|(_, value)| value.as_str()));
    error
}

/// The error without anything of the payload that its request carried.
pub(super) fn redact_payload(mut error: AwsError, payload: &str) -> AwsError {
    // It quotes where the JSON breaks off: "Unrecognized token 'hunter2': was expecting …".
    if error.code.starts_with("InvalidRequestContent") {
        "AWS can't read the payload".clone_into(&mut error.message);
        return error;
    }
    let mut values = vec![payload.to_owned()];
    if let Ok(json) = serde_json::from_str(payload) {
        collect(&json, &mut values);
    }
    error.message = without(&error.message, values.iter().map(String::as_str));
    error
}

/// What stands at the ends of a JSON value.
fn collect(json: &Value, into: &mut Vec<String>) {
    match json {
        Value::Object(members) => members.values().for_each(|value| collect(value, into)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
        Value::String(text) => into.push(text.clone()),
        Value::Number(number) => into.push(number.to_string()),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A text without these values, however they are quoted.
fn without<'a>(text: &str, values: impl Iterator<Item = &'a str>) -> String {
    let mut forms: Vec<String> = values.flat_map(forms_of).collect();
    forms.retain(|form| !form.is_empty());
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let mut text = text.to_owned();
    for form in forms.iter().filter(|form| is_no_word(form)) {
        text = text.replace(form, GONE);
    }
    let mut text = without_maps(&without_refused_values(&text));
    for form in &forms {
        text = without_tokens(&text, form);
    }
    text
}

/// How a value can look in a text: as it is, without the line end that files bring along, and within JSON.
fn forms_of(value: &str) -> [String; 3] {
    let json = serde_json::Value::from(value).to_string();
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    [value.to_owned(), value.trim().to_owned(), inner]
}

/// Whether a value stands for itself wherever it is found. A shorter one can be part of any word of AWS's: taken out of
/// there, it would make the text useless and be told by the gap.
fn is_no_word(value: &str) -> bool {
    let only = |kind: fn(&char) -> bool| value.chars().all(|c| kind(&c));
    let word = only(char::is_ascii_alphabetic) || only(char::is_ascii_digit);
    value.len() >= 8 || (value.len() >= 4 && !word)
}

/// Without what AWS quotes of a refused environment: "Value '{KEY=value}' at 'environment.variables' failed to satisfy
/// constraint: …". Also seen without the value:
/// <https://github.com/trek10inc/serverless-secrets/issues/39>.
fn without_refused_values(text: &str) -> String {
    const START: &str = "Value '";
    const END: &str = "' at 'environment";
    let (mut done, mut rest) = (String::new(), text);
    while let Some(end) = rest.find(END) {
        let start = rest[..end].rfind(START).map_or(0, |at| at + START.len());
        done.push_str(&rest[..start]);
        done.push_str(GONE);
        done.push_str(END);
        rest = &rest[end + END.len()..];
    }
    done + rest
}

/// Without whole maps, in a text about an environment: from the first brace to the last, or to the end.
fn without_maps(text: &str) -> String {
    let Some(start) = text.find('{').filter(|_| text.to_ascii_lowercase().contains("environment")) else {
        return text.to_owned();
    };
    let end = text.rfind('}').filter(|end| *end > start).map_or(text.len(), |end| end + 1);
    format!("{}{GONE}{}", &text[..start], &text[end..])
}

/// Without the value where it stands for itself: between quotes, brackets, separators or the text's end.
fn without_tokens(text: &str, value: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let opened = before.trim_end_matches(' ').ends_with([':', '=', ','])
            || before.ends_with(['\'', '"', '`', '{', '[', '(', '<'])
            || (before.is_empty() && done.is_empty());
        let closed = after.is_empty()
            || after.starts_with(['\'', '"', '`', '}', ']', ')', '>', ',', ';', '.', ':', '=']);
        done.push_str(before);
        done.push_str(if opened && closed { GONE } else { value });
        rest = after;
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Class;

    fn redacted(message: &str, values: &[&str]) -> String {
        let variables = values.iter().enumerate().map(|(at, value)| (format!("K{at}"), (*value).to_owned()));
        let error = AwsError::new("CreateFunction", Class::Terminal, "ValidationException", message);
        redact(error, &Environment::Known(variables.collect())).message
    }

    #[test]
    fn values_are_taken_out_however_they_are_quoted() {
        let value = "a \"quoted\" and\nbroken one\n";
        let json = serde_json::json!({"K0": value}).to_string();
        for text in [format!("Value '{json}' is wrong"), format!("Value '{}' is wrong", value.trim())] {
            let text = redacted(&text, &[value]);
            assert!(text.contains("***") && !text.contains("quoted") && text.ends_with("is wrong"), "{text}");
        }
    }

    #[test]
    fn a_longer_value_goes_before_one_that_is_part_of_it() {
        assert_eq!(redacted("got password-and-more", &["password", "password-and-more"]), "got ***");
    }

    #[test]
    fn nothing_of_a_payload_survives() {
        let payload = r#"{"user": "hunter2-and-more", "pins": [4711], "nested": {"word": "abc"}}"#;
        let redacted = |code: &str, text: &str| {
            redact_payload(AwsError::new("Invoke", Class::Terminal, code, text), payload).message
        };
        let text = "Could not parse request body into json: Unrecognized token 'hunter2'";
        assert_eq!(redacted("InvalidRequestContentException", text), "AWS can't read the payload");
        let text = format!("refused: {payload}; 'abc', hunter2-and-more, pin '4711'");
        let text = redacted("ServiceException", &text);
        assert!(!["hunter2", "abc", "4711", "nested"].iter().any(|part| text.contains(part)), "{text}");
        assert_eq!(redacted("ServiceException", "Rate exceeded"), "Rate exceeded");
    }

    #[test]
    fn what_was_measured_is_cut_off_even_where_a_value_breaks_off() {
        let text = redacted("exceeded the 4KB limit. String measured: {\"K0\":\"top-sec", &["top-secret"]);
        assert_eq!(text, "exceeded the 4KB limit.");
    }

    const CONSTRAINT: &str = "failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy \
                              regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]";

    #[test]
    fn what_aws_refuses_of_an_environment_is_dropped_whatever_its_length() {
        for value in ["x", "1", "abc", "s3cret7", "a long' at 'one", "Value 'x' at 'environment"] {
            let text = format!(
                "2 validation errors detected: Value '0' at 'memorySize' failed; Value '{{1K={value}, K2={value}}}' at \
                 'environment.variables' {CONSTRAINT}"
            );
            let expected = format!(
                "2 validation errors detected: Value '0' at 'memorySize' failed; Value '***' at 'environment.variables' \
                 {CONSTRAINT}"
            );
            assert_eq!(redacted(&text, &[value]), expected, "{value}");
        }
    }

    #[test]
    fn a_refused_environment_that_breaks_off_in_a_value_is_dropped_too() {
        let text = "Value '{K0=top' at 'environment.variables' failed to satisfy constraint";
        assert_eq!(
            redacted(text, &["topmost"]),
            "Value '***' at 'environment.variables' failed to satisfy constraint"
        );
        let text = "The environment variables {K0=to";
        assert_eq!(redacted(text, &["topmost"]), "The environment variables ***");
    }

    #[test]
    fn a_text_that_quotes_nothing_stays_whole() {
        let text = format!("1 validation error detected: Value at 'environment.variables' {CONSTRAINT}");
        assert_eq!(redacted(&text, &["1", "err", "failed", "a-z"]), text);
        let text = "Lambda was unable to configure your environment variables because the environment variables you \
                    have provided contains reserved keys that are currently not supported for modification. \
                    Reserved keys used in this request: AWS_REGION";
        assert_eq!(redacted(text, &["w", "key", "request"]), text);
        assert_eq!(redacted("The runtime is not supported", &["time"]), "The runtime is not supported");
    }

    #[test]
    fn no_value_survives_as_a_quoted_token() {
        for value in ["7", "abc", "s3cret7", "letters", "1234567"] {
            for text in [
                "got '#'",
                "got \"#\" instead",
                "[#]",
                "(`#`)",
                "{\"K\":\"#\"}",
                "K=#, L=#",
                "variable: #",
                "#",
            ] {
                let text = redacted(&text.replace('#', value), &[value]);
                assert!(text.contains("***") && !text.contains(value), "{value}: {text}");
            }
        }
    }
}
