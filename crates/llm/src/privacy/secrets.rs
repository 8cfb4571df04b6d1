//! Secrets, by their form.
//!
//! The forms are those that vendors document and secret scanners agree on (the public rules of gitleaks and nosecrets
//! were compared): AWS access key ids, GitHub, GitLab and Slack tokens, Google, OpenAI, Anthropic, Stripe and npm keys,
//! JSON Web Tokens (RFC 7519: three parts in base64url, of which the first begins with `{"`, in base64 `eyJ`), PEM
//! private keys (RFC 7468), passwords in URLs (RFC 3986 §3.2.1), credentials in HTTP headers (RFC 6750, RFC 7617), whatever
//! is assigned to a word like `password`, and card numbers (ISO/IEC 7812, with Luhn's check digit). AWS *secret* keys
//! have no form of their own and are found by the words before them only.
//!
//! Lengths are least lengths: a value that is cut off at the end of its field is taken from eight characters on.

/// Begins with this, goes on with at least so many of these.
const PREFIXES: [(&str, usize, Alphabet); 22] = [
    ("AKIA", 16, Alphabet::Plain),
    ("ASIA", 16, Alphabet::Plain),
    ("ghp_", 30, Alphabet::Plain),
    ("gho_", 30, Alphabet::Plain),
    ("ghu_", 30, Alphabet::Plain),
    ("ghs_", 30, Alphabet::Plain),
    ("ghr_", 30, Alphabet::Plain),
    ("github_pat_", 22, Alphabet::Url),
    ("glpat-", 20, Alphabet::Url),
    ("npm_", 30, Alphabet::Plain),
    ("xoxa-", 10, Alphabet::Url),
    ("xoxb-", 10, Alphabet::Url),
    ("xoxe-", 10, Alphabet::Url),
    ("xoxp-", 10, Alphabet::Url),
    ("xoxr-", 10, Alphabet::Url),
    ("xoxs-", 10, Alphabet::Url),
    ("xapp-", 10, Alphabet::Url),
    ("AIza", 30, Alphabet::Url),
    ("sk-", 20, Alphabet::Url),
    ("sk_live_", 16, Alphabet::Plain),
    ("rk_live_", 16, Alphabet::Plain),
    ("eyJ", 20, Alphabet::Dotted),
];
/// Characters that tell that a value cut off by the end of its field is a secret.
const MIN_CUT: usize = 8;

/// Words that a secret is assigned to, in lower case. Longer names end in one of them: `db_password`, `aws_secret_access_key`.
const WORDS: [&str; 16] = [
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "accesskey",
    "private_key",
    "secretkey",
    "secret_key",
    "credential",
];
/// What stands in a secret's place where there is none.
const BLANKS: [&str; 8] = ["null", "none", "true", "false", "undefined", "redacted", "masked", "bearer"];

#[derive(Clone, Copy)]
enum Alphabet {
    Plain,
    Url,
    Dotted,
}

impl Alphabet {
    fn has(self, c: char) -> bool {
        c.is_ascii_alphanumeric()
            || match self {
                Self::Plain => false,
                Self::Url => matches!(c, '-' | '_'),
                Self::Dotted => matches!(c, '-' | '_' | '.'),
            }
    }
}

/// Calls `put` with each secret in a text, as it is written there.
pub(super) fn find(text: &str, put: &mut impl FnMut(&str)) {
    keys(text, put);
    private_keys(text, put);
    in_urls(text, put);
    let lower = text.to_ascii_lowercase();
    assigned(text, &lower, put);
    in_headers(text, &lower, put);
    cards(text, put);
}

/// How much of the text's beginning consists of such characters.
fn run(text: &str, is_part: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())]
}

fn keys(text: &str, put: &mut impl FnMut(&str)) {
    for (prefix, least, alphabet) in PREFIXES {
        let mut past = 0;
        for (at, _) in text.match_indices(prefix) {
            // The claims of a JSON Web Token begin as its header does.
            if at < past || text[..at].ends_with(|c: char| c.is_ascii_alphanumeric()) {
                continue;
            }
            let rest = run(&text[at + prefix.len()..], |c| alphabet.has(c)).trim_end_matches('.');
            let end = at + prefix.len() + rest.len();
            let is_whole = match alphabet {
                // Header, claims, signature; the last may be empty.
                Alphabet::Dotted => rest.len() >= least && rest.contains('.'),
                Alphabet::Plain | Alphabet::Url => rest.len() >= least,
            };
            if is_whole || (end == text.len() && rest.len() >= MIN_CUT) {
                put(&text[at..end]);
                past = end;
            }
        }
    }
}

fn private_keys(text: &str, put: &mut impl FnMut(&str)) {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut from = 0;
    while let Some(at) = text[from..].find(BEGIN).map(|at| from + at) {
        let label =
            run(&text[at + BEGIN.len()..], |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ');
        from = at + BEGIN.len() + label.len();
        if !label.contains("PRIVATE KEY") {
            continue;
        }
        // Without an end it was cut off.
        let end = text[from..].find(END).map_or(text.len(), |end| {
            let tail = from + end + END.len();
            text[tail..].find("-----").map_or(text.len(), |dashes| tail + dashes + 5)
        });
        put(&text[at..end]);
        from = end;
    }
}

/// `https://alice:password@host/`: the password. An `@` in it is percent-encoded, or nobody could tell.
fn in_urls(text: &str, put: &mut impl FnMut(&str)) {
    for (at, sign) in text.match_indices("://") {
        let authority = run(&text[at + sign.len()..], |c| {
            !c.is_whitespace() && !matches!(c, '/' | '?' | '#' | '"' | '\'')
        });
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some((_, password)) = user.split_once(':')
            && !password.is_empty()
        {
            put(password);
        }
    }
}

/// `password=…`, `"api_key": "…"`, `--token …`. `lower` is the text in ASCII lower case: places are the same in both.
fn assigned(text: &str, lower: &str, put: &mut impl FnMut(&str)) {
    for word in WORDS {
        for (at, _) in lower.match_indices(word) {
            let name_start = at
                - (at
                    - lower[..at]
                        .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "_-".contains(c))
                        .len());
            let is_option = lower[name_start..at].starts_with("--");
            let mut rest = &text[at + word.len()..];
            let quoted = rest.trim_start_matches(['\\', '"', '\'']);
            let value = quoted.trim_start();
            if let Some(value) = value.strip_prefix([':', '=']) {
                // `:=`, `==`, `=>`
                rest = value.trim_start_matches(['=', '>']);
            } else if is_option && rest.starts_with(' ') {
                rest = value;
            } else {
                continue;
            }
            let rest = rest.trim_start();
            let unquoted = rest.trim_start_matches(['\\', '"', '\'']);
            let value = match rest.trim_start_matches('\\').chars().next() {
                // What is quoted may have spaces.
                Some(quote @ ('"' | '\'')) => run(unquoted, |c| c != quote).trim_end_matches('\\'),
                _ => run(unquoted, |c| {
                    !c.is_whitespace() && !matches!(c, '"' | '\'' | '&' | ';' | ',' | ')' | '}' | '<')
                }),
            };
            note(value, put);
        }
    }
}

/// `Authorization: Bearer …`, `Basic …`.
fn in_headers(text: &str, lower: &str, put: &mut impl FnMut(&str)) {
    for (scheme, wants_header) in [("bearer ", false), ("basic ", true)] {
        for (at, _) in lower.match_indices(scheme) {
            // `basic` is a word of its own; `bearer` hardly is.
            if wants_header
                && !lower[..at].trim_end_matches([' ', ':', '"', '\'', '=']).ends_with("authorization")
            {
                continue;
            }
            let rest = text[at + scheme.len()..].trim_start();
            let token =
                run(rest, |c| c.is_ascii_alphanumeric() || "-._~+/=".contains(c)).trim_end_matches('.');
            if token.len() >= MIN_CUT {
                note(token, put);
            }
        }
    }
}

fn note(value: &str, put: &mut impl FnMut(&str)) {
    let is_blank = BLANKS.iter().any(|blank| value.eq_ignore_ascii_case(blank));
    let is_masked = value.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '.' | '•' | '#'));
    if !is_blank && !is_masked {
        put(value);
    }
}

/// Card numbers: 13 to 19 digits, in groups by spaces or hyphens or in one, that a card scheme issues and whose check
/// digit is right. A tenth of all other numbers would pass the check alone.
fn cards(text: &str, put: &mut impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if !byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let (start, mut end, mut digits) = (at, at, Vec::with_capacity(19));
        while let Some(&byte) = bytes.get(at) {
            let goes_on = matches!(byte, b' ' | b'-') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            if byte.is_ascii_digit() {
                digits.push(byte - b'0');
                end = at + 1;
            } else if !goes_on {
                break;
            }
            at += 1;
            // A longer run of digits is no card.
            if digits.len() > 64 {
                break;
            }
        }
        let is_apart = !text[..start].ends_with(|c: char| c.is_alphanumeric() || c == '.')
            && !text[end..].starts_with(char::is_alphanumeric);
        if is_apart && is_issued(&digits) && luhn(&digits) {
            put(&text[start..end]);
        }
    }
}

/// Whether a card scheme has numbers of this length that begin so.
fn is_issued(digits: &[u8]) -> bool {
    let head =
        |count: usize| digits.iter().take(count).fold(0_u32, |number, &digit| number * 10 + u32::from(digit));
    match digits.len() {
        13 => head(1) == 4,
        14 => matches!(head(2), 30 | 36 | 38 | 39),
        15 => matches!(head(2), 34 | 37),
        16 => {
            head(1) == 4
                || matches!(head(2), 35 | 51..=55 | 62 | 65)
                || matches!(head(4), 2221..=2720 | 6011)
                || matches!(head(3), 644..=649)
        }
        19 => head(1) == 4 || matches!(head(2), 62 | 65) || head(4) == 6011,
        _ => false,
    }
}

/// Luhn's check (ISO/IEC 7812-1, annex B): every second digit from the right but one is doubled.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit) * 2) {
            (0, _) => u32::from(digit),
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::find;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(text, &mut |secret| found.push(secret.to_owned()));
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn secrets_are_found_by_their_form() {
        let letters = "aB3".repeat(12);
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl";
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----";
        for (text, secret) in [
            ("id AKIAIOSFODNN7EXAMPLE used".to_owned(), "AKIAIOSFODNN7EXAMPLE"),
            (format!("push ghp_{letters}, ok"), &format!("ghp_{letters}")),
            (format!("x=github_pat_{letters}"), &format!("github_pat_{letters}")),
            ("slack (xoxb-1234-5678-abcdefgh)".to_owned(), "xoxb-1234-5678-abcdefgh"),
            (format!("cookie {jwt}."), jwt),
            (format!("key:\n{pem}\nend"), pem),
            ("-----BEGIN PRIVATE KEY-----\nMIIEcut".to_owned(), "-----BEGIN PRIVATE KEY-----\nMIIEcut"),
            ("git clone https://bob:hunt:er2@git.example/x@y".to_owned(), "hunt:er2"),
            ("mysql --password=S3cr3t! -u bob".to_owned(), "S3cr3t!"),
            ("tool --api-key q1w2e3 run".to_owned(), "q1w2e3"),
            (r#"{"db_Password": "two words", "a": 1}"#.to_owned(), "two words"),
            (r#"{\"password\":\"quoted\"}"#.to_owned(), "quoted"),
            ("GET /?user=bob&pwd=abc123&x=1".to_owned(), "abc123"),
            ("authorization: bearer abc.def-ghi".to_owned(), "abc.def-ghi"),
            ("Authorization: Basic Ym9iOnB3".to_owned(), "Ym9iOnB3"),
            ("card 4111 1111 1111 1111 stored".to_owned(), "4111 1111 1111 1111"),
            ("5500-0000-0000-0004".to_owned(), "5500-0000-0000-0004"),
            ("amex 378282246310005.".to_owned(), "378282246310005"),
            (format!("cut ghp_{}", &letters[..10]), &format!("ghp_{}", &letters[..10])),
        ] {
            assert_eq!(found(&text), [secret.to_owned()], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_secret_is_left() {
        for text in [
            "Failed password for root from 192.0.2.1 port 22 ssh2",
            "password: ******** token=null",
            "basic authentication is on",
            "time 1509799716300352 and 1509799716300",
            "4111 1111 1111 1112",
            "task-force desk-organization-of-the-third-floor",
            "https://example.org:8443/a@b",
            "https://bob@example.org/",
            "-----BEGIN CERTIFICATE-----\nMIIE",
            "d41d8cd98f00b204e9800998ecf8427e",
            "",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
