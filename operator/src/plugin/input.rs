//! What people give to functions and callbacks: a text, `@FILE`, or `-` for stdin.

use std::io::Read as _;

use super::failure::Failure;

/// Reads what an argument means.
pub fn read(argument: &str) -> Result<Vec<u8>, Failure> {
    if argument == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        read.map_err(|error| Failure::new(format!("stdin can't be read: {error}")))?;
        return Ok(bytes);
    }
    match argument.strip_prefix('@') {
        Some(path) => std::fs::read(path)
            .map_err(|error| Failure::new(format!("the file {path} can't be read: {error}"))),
        None => Ok(argument.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_for_itself_and_a_file_for_what_is_in_it() {
        assert_eq!(read(r#"{"a": 1}"#).unwrap(), br#"{"a": 1}"#);
        let message = read("@/nowhere/payload.json").unwrap_err().message;
        assert!(message.contains("/nowhere/payload.json"), "{message}");
    }
}
