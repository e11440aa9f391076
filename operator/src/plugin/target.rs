//! What people name: `KIND/NAME`, or a bare name.

use std::str::FromStr;

use super::kinds::{self, Kind};

/// An object as people name it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The kind, if they said one.
    pub kind: Option<&'static Kind>,
    /// The name.
    pub name: String,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (Some(kind), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') {
            return Err("write NAME or KIND/NAME, such as lambdafunction/hello".to_owned());
        }
        let kind = kind.map(|kind| kinds::named(kind).ok_or_else(|| unknown(kind))).transpose()?;
        Ok(Self { kind, name: name.to_owned() })
    }
}

fn unknown(kind: &str) -> String {
    let known: Vec<String> =
        kinds::all().iter().map(|kind| format!("{} ({})", kind.plural, kind.short.join(", "))).collect();
    format!("{kind:?} is none of the kinds: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_one_of_ours() {
        let target: Target = "lfn/hello".parse().unwrap();
        assert_eq!((target.kind.unwrap().name.as_str(), target.name.as_str()), ("LambdaFunction", "hello"));
        assert_eq!("hello".parse::<Target>().unwrap().kind, None);
        let message = "pod/hello".parse::<Target>().unwrap_err();
        assert!(message.contains("\"pod\"") && message.contains("lambdafunctions (lfn)"), "{message}");
        for text in ["", "lfn/", "a/b/c"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
