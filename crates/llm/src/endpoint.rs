//! Where a provider is reached.
//!
//! People write a base URL with or without the version at its end, as the vendors' own pages do
//! (`https://api.openai.com`, `https://api.moonshot.ai/v1`, `http://localhost:11434/v1/`). Both are meant to work.

/// The address of `path` below this base, with `version` between them unless the base ends in a version of its own.
pub(crate) fn address(base: &str, version: &str, path: &str) -> String {
    let base = base.trim().trim_end_matches('/');
    let path_of_base = base.split_once("://").map_or(base, |(_, rest)| rest);
    let last = path_of_base.rsplit_once('/').map_or("", |(_, last)| last);
    let is_version =
        last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_version { format!("{base}/{path}") } else { format!("{base}/{version}/{path}") }
}

/// A model's name as part of a path: what is not allowed there is percent-encoded (RFC 3986, section 2.1).
pub(crate) fn path_segment(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{address, path_segment};

    #[test]
    fn a_base_url_works_with_and_without_its_version() {
        for base in ["https://h", "https://h/", "https://h/v1", "https://h/v1/", " https://h/v1 "] {
            assert_eq!(address(base, "v1", "messages"), "https://h/v1/messages", "{base}");
        }
        assert_eq!(address("https://h/api/v4", "v1", "x"), "https://h/api/v4/x");
        assert_eq!(address("https://v1.example.org", "v1", "x"), "https://v1.example.org/v1/x");
        assert_eq!(address("http://vllm:8000", "v1", "x"), "http://vllm:8000/v1/x");
    }

    #[test]
    fn a_name_can_not_leave_its_path() {
        assert_eq!(path_segment("gemini-2.5-flash"), "gemini-2.5-flash");
        assert_eq!(path_segment("../a?b#c é"), "..%2Fa%3Fb%23c%20%C3%A9");
    }
}
