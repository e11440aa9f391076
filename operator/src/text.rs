//! Sentences for conditions, Events and messages, made of texts that others wrote.

use std::error::Error;

/// The text as a sentence that another may follow: it ends with one full stop, whether AWS or somebody else put one
/// there or not.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end();
    let bare = text.trim_end_matches('.');
    // An ellipsis is no full stop too many.
    let ends = text.ends_with("...") || bare.ends_with(['!', '?']);
    if ends { text.to_owned() } else { format!("{bare}.") }
}

/// Tags that were set, by their keys.
pub fn tags_set<'a>(keys: impl IntoIterator<Item = &'a String>) -> String {
    format!("Set the tags {}.", list(keys))
}

/// Tags that were removed, by their keys.
pub fn tags_removed<'a>(keys: impl IntoIterator<Item = &'a String>) -> String {
    format!("Removed the tags {}.", list(keys))
}

/// A value that was changed; none is told as such.
pub fn changed(what: &str, before: Option<&str>, after: Option<&str>) -> String {
    format!("Changed the {what}: {} → {}.", before.unwrap_or("none"), after.unwrap_or("none"))
}

/// With commas.
pub fn list<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    items.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Names for a message: the first ten, and how many more there are.
pub fn some_of(names: &[String]) -> String {
    const ENOUGH: usize = 10;
    let told = list(names.iter().take(ENOUGH));
    match names.len().saturating_sub(ENOUGH) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

/// The texts of an error and its causes, each once. Only `Display`: `Debug` could show request bodies.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !texts.iter().any(|seen| seen.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_some_are_said() {
        let names = |count: usize| (1..=count).map(|n| format!("f{n}")).collect::<Vec<_>>();
        assert_eq!(some_of(&names(2)), "f1, f2");
        assert_eq!(some_of(&names(10)), "f1, f2, f3, f4, f5, f6, f7, f8, f9, f10");
        assert!(some_of(&names(12)).ends_with("f10 and 2 more"));
    }

    #[test]
    fn a_sentence_ends_with_one_full_stop() {
        for (text, expected) in [
            ("The role can't be assumed", "The role can't be assumed."),
            (
                "Layers consumes more than the available size of functions.",
                "Layers consumes more than the available size of functions.",
            ),
            ("two of them..", "two of them."),
            ("a line ends. \n", "a line ends."),
            ("and so on...", "and so on..."),
            ("really?", "really?"),
            ("(in brackets)", "(in brackets)."),
            ("", "."),
        ] {
            assert_eq!(sentence(text), expected);
            assert_eq!(sentence(&sentence(text)), sentence(text), "once is enough");
        }
    }

    #[test]
    fn changes_read_as_people_write_them() {
        let keys = ["env".to_owned(), "team".to_owned()];
        assert_eq!(tags_set(&keys), "Set the tags env, team.");
        assert_eq!(tags_removed(&keys[..1]), "Removed the tags env.");
        assert_eq!(
            changed("reserved concurrency", Some("3"), Some("5")),
            "Changed the reserved concurrency: 3 → 5."
        );
        assert_eq!(
            changed("reserved concurrency", None, Some("0")),
            "Changed the reserved concurrency: none → 0."
        );
    }
}
