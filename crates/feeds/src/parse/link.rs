//! Links: made absolute where they are not, dropped where their scheme runs something.

use url::Url;

use super::MAX_LINK_BYTES;
use super::model::{Problem, Problems};

/// Schemes that are kept. What is left out is left out because it runs code or opens local files.
const SCHEMES: [&str; 8] = ["http", "https", "ftp", "ftps", "mailto", "magnet", "news", "nntp"];
/// Bytes that links made absolute may come to, over one feed: with a long base, short links would grow without bound.
const MAX_RESOLVED_BYTES: usize = 16 << 20;

/// Makes links absolute, within a bound for the whole feed.
#[derive(Debug, Default)]
pub(super) struct Resolver {
    resolved_bytes: usize,
}

impl Resolver {
    /// The link that `written` means. An absolute one is kept as it is written: feeds use links as names, and a
    /// normalised one is another name.
    pub(super) fn resolve(
        &mut self,
        written: &str,
        base: Option<&Url>,
        problems: &mut Problems,
    ) -> Option<String> {
        let written = written.trim();
        if written.is_empty() {
            return None;
        }
        if written.len() > MAX_LINK_BYTES {
            problems.note(Problem::TooLong);
            return None;
        }
        // Browsers drop these inside of addresses, so `java\nscript:` would be a scheme that runs code.
        let written: String =
            written.chars().filter(|letter| !matches!(letter, '\n' | '\t' | '\r')).collect();
        if let Some(scheme) = scheme_of(&written) {
            if SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
                return Some(written);
            }
            problems.note(Problem::UnsafeLink);
            return None;
        }
        let Some(base) = base else {
            return Some(written);
        };
        if self.resolved_bytes > MAX_RESOLVED_BYTES {
            problems.note(Problem::TooMany);
            return None;
        }
        let joined = String::from(base.join(&written).ok()?);
        self.resolved_bytes += joined.len();
        Some(joined)
    }
}

/// The scheme of an absolute address (RFC 3986, section 3.1). `example.org:80/x` is none: it has a dot, and somebody
/// who writes it means a host.
pub(super) fn scheme_of(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let mut letters = scheme.chars();
    let first = letters.next()?.is_ascii_alphabetic();
    (first && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-".contains(letter))).then_some(scheme)
}

/// Whether it is an absolute address of the web.
pub(super) fn is_web(address: &str) -> bool {
    scheme_of(address)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(written: &str) -> Option<String> {
        let base = Url::parse("http://example.com/feed/index.xml").unwrap();
        Resolver::default().resolve(written, Some(&base), &mut Problems::default())
    }

    #[test]
    fn relative_links_start_from_the_base_and_absolute_ones_stay_as_written() {
        assert_eq!(resolved(" a?b#c ").as_deref(), Some("http://example.com/feed/a?b#c"));
        assert_eq!(resolved("//other.example/x").as_deref(), Some("http://other.example/x"));
        assert_eq!(resolved("HTTP://Example.COM").as_deref(), Some("HTTP://Example.COM"));
    }

    #[test]
    fn links_that_run_code_are_dropped_however_they_are_spelled() {
        for written in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
        ] {
            assert_eq!(resolved(written), None, "{written}");
        }
    }
}
