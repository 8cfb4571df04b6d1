//! Which dotted names are domains, and which are files, code or two sentences without a space.
//!
//! The public suffix list (publicsuffix.org, MPL 2.0, by way of the crate `psl`) says which endings exist. That is
//! not enough: `readme.md`, `update.sh` and `invoice.zip` end in top-level domains as well, and so does `done.In`.
//! So the judgement looks at what stands around: a name that was defanged, that has a scheme or a path, or that is
//! introduced as a site, needs only an ending that exists. A bare name must not look like one of the others.

use super::context::{is_one_of, words_before};

/// What is known of the place where a name stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// Somebody defanged it.
    pub(super) defanged: bool,
    /// It has a scheme, or the `@` of a mail address, before it.
    pub(super) addressed: bool,
    /// A path follows.
    pub(super) path: bool,
}

/// How a name ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// In a top-level domain of the public suffix list.
    Known,
    /// In a domain that is kept for examples and tests (RFC 2606, RFC 6761), or in no public one.
    NotPublic,
    /// As files do.
    File,
}

/// Top-level domains that are more often the endings of files.
const FILE_LIKE: [&str; 17] = [
    "zip", "mov", "py", "sh", "md", "rs", "pl", "ps", "pm", "so", "cc", "java", "cab", "mm", "tf", "ml",
    "app",
];

/// Endings of files that are no top-level domains, so that a defanged file name isn't a domain of an unknown ending.
const FILES: [&str; 66] = [
    "exe", "dll", "sys", "bat", "cmd", "vbs", "vbe", "js", "jse", "wsf", "hta", "lnk", "iso", "img", "vhd",
    "scr", "cpl", "msi", "msp", "ocx", "jar", "apk", "ipa", "dex", "elf", "bin", "dat", "db", "log", "txt",
    "csv", "json", "xml", "yml", "yaml", "toml", "ini", "cfg", "conf", "htm", "html", "php", "asp", "aspx",
    "jsp", "jspx", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "pdf", "rtf", "rar", "tar",
    "gz", "bz", "xz", "png", "jpg", "gif", "tmp", "plist",
];

/// Words that introduce a site.
const SITE_WORDS: [&str; 23] = [
    "domain",
    "domains",
    "site",
    "sites",
    "website",
    "websites",
    "host",
    "hosts",
    "hostname",
    "hostnames",
    "server",
    "servers",
    "c2",
    "c&c",
    "cnc",
    "url",
    "urls",
    "resolves",
    "resolved",
    "contacted",
    "registered",
    "phishing",
    "visit",
];

/// First labels that begin the name of a package or of a detection.
const CODE_LIKE: [&str; 16] = [
    "com",
    "org",
    "net",
    "android",
    "java",
    "javax",
    "system",
    "trojan",
    "worm",
    "virus",
    "backdoor",
    "heur",
    "asp",
    "vb",
    "ado",
    "microsoft",
];

/// Labels that only the name of a detection has.
const DETECTION_LABELS: [&str; 7] = ["win32", "win64", "w32", "w64", "msil", "androidos", "vbs"];

/// Second-level names kept for examples (RFC 2606).
const EXAMPLES: [&str; 3] = ["example.com", "example.net", "example.org"];

/// Whether `label` is a top-level domain of the public suffix list.
pub(super) fn is_top_level(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    !lower.contains('.') && psl::suffix(lower.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Reads the name that stands at `start..end` of `text` as a domain: the name in lower case, in its ASCII form, and
/// whether it is one for certain. `None` if it is something else. `end - start` is at most a name's length.
pub(super) fn read(text: &str, start: usize, end: usize, place: Place) -> Option<(String, bool)> {
    let written = text.get(start..end)?;
    if written.len() > 253 || !written.contains('.') {
        return None;
    }
    let name = if written.is_ascii() {
        written.to_ascii_lowercase()
    } else {
        match url::Host::parse(written).ok()? {
            url::Host::Domain(name) => name,
            _ => return None,
        }
    };
    if !name.split('.').all(is_label) {
        return None;
    }
    let ending = ending(&name)?;
    let vouched = place.defanged || place.addressed;
    if !vouched && (ending != Ending::Known || !is_plausible(text, start, end, written, &name, place)) {
        return None;
    }
    if ending == Ending::File && !place.addressed {
        return None;
    }
    Some((name.clone(), ending == Ending::Known && !is_example(&name)))
}

/// The names that RFC 2606 and RFC 6761 keep for examples, tests and the machine itself.
fn is_example(name: &str) -> bool {
    EXAMPLES
        .iter()
        .any(|kept| name.strip_suffix(kept).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes.iter().all(inner)
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

fn ending(name: &str) -> Option<Ending> {
    let (_, top) = name.rsplit_once('.')?;
    let international = top.starts_with("xn--");
    if top.len() < 2 || !(international || top.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        return None;
    }
    if psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known()) {
        return Some(Ending::Known);
    }
    Some(if is_one_of(top, &FILES) { Ending::File } else { Ending::NotPublic })
}

/// Whether a bare name, of an ending that exists, is rather a domain than a file, code or prose.
fn is_plausible(text: &str, start: usize, end: usize, written: &str, name: &str, place: Place) -> bool {
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(end);
    // A piece of a path, a handle, a variable; a call, an assignment.
    if matches!(before, Some(b'\\' | b'/' | b'@' | b'$' | b'~')) || matches!(after, Some(b'(' | b'\\')) {
        return false;
    }
    if after == Some(&b'=') {
        return false;
    }
    let labels: Vec<&str> = name.split('.').collect();
    let (Some(first), Some(top)) = (labels.first(), labels.last()) else { return false };
    if is_one_of(first, &CODE_LIKE) || labels.iter().any(|label| is_one_of(label, &DETECTION_LABELS)) {
        return false;
    }
    // `10.5.in`, `U.S`, `Node.So`.
    let (rest, last_rest) = (&labels[..labels.len() - 1], labels[labels.len() - 2]);
    if top.len() == 2 && rest.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        return false;
    }
    if rest.iter().all(|label| label.len() == 1) && written.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    if is_glued_prose(written, last_rest.len()) {
        return false;
    }
    if place.path || !is_one_of(top, &FILE_LIKE) {
        return true;
    }
    let country_and_deep = top.len() == 2 && labels.len() > 2;
    let bundle = *top == "app" && !written.starts_with(|letter: char| letter.is_ascii_uppercase());
    country_and_deep || bundle || words_before(text, start, 3).any(|word| is_one_of(word, &SITE_WORDS))
}

/// `done.In`: the ending begins with a capital, and is not shouted as a whole with the rest.
fn is_glued_prose(written: &str, before_top: usize) -> bool {
    let Some((rest, top)) = written.rsplit_once('.') else { return false };
    let mut letters = top.bytes();
    let title = letters.next().is_some_and(|byte| byte.is_ascii_uppercase())
        && letters.all(|byte| byte.is_ascii_lowercase());
    let titled = rest.starts_with(|letter: char| letter.is_ascii_uppercase());
    let usual = is_one_of(top, &["com", "net", "org"]);
    title && !(titled && usual && before_top > 1)
}

#[cfg(test)]
mod tests {
    use super::{Place, is_top_level, read};

    fn bare(text: &str) -> Option<(String, bool)> {
        read(text, 0, text.len(), Place::default())
    }

    #[test]
    fn names_of_sites_are_domains() {
        for name in
            ["evil.com", "a-b.co.uk", "xn--bcher-kva.de", "www.onet.pl", "2600.com", "x_y.evil.org", "t.co"]
        {
            assert_eq!(bare(name), Some((name.to_owned(), true)));
        }
        assert_eq!(bare("bücher.de"), Some(("xn--bcher-kva.de".to_owned(), true)));
        assert_eq!(bare("www.example.com"), Some(("www.example.com".to_owned(), false)));
        assert_eq!(bare("notexample.com"), Some(("notexample.com".to_owned(), true)));
    }

    #[test]
    fn files_code_versions_and_prose_are_not() {
        for name in [
            "readme.md",
            "invoice.zip",
            "update.sh",
            "main.py",
            "cmd.exe",
            "report.pdf.zip",
            "com.whatsapp.app",
            "done.In",
            "U.S",
            "asp.net",
            "Trojan.Win32.Agent.as",
            "10.5.in",
            "Safari.app",
            "a..com",
            "-a.com",
            ".com",
            "com",
            "",
        ] {
            assert_eq!(bare(name), None, "{name}");
        }
    }

    #[test]
    fn what_stands_around_decides() {
        let at = |text: &str, name: &str| {
            let start = text.find(name).unwrap();
            read(text, start, start + name.len(), Place::default()).is_some()
        };
        assert!(at("the domain evil.sh was used", "evil.sh"));
        assert!(!at("the script evil.sh was used", "evil.sh"));
        assert!(!at("~/foo/abc.com", "abc.com"));
        assert!(!at("os.name()", "os.name"));
        let defanged = Place { defanged: true, ..Place::default() };
        assert_eq!(read("evil.zip", 0, 8, defanged), Some(("evil.zip".to_owned(), true)));
        assert_eq!(read("evil.example", 0, 12, defanged), Some(("evil.example".to_owned(), false)));
        assert_eq!(read("evil.exe", 0, 8, defanged), None);
    }

    #[test]
    fn the_list_knows_top_levels_and_only_those() {
        assert!(is_top_level("com") && is_top_level("ZIP") && is_top_level("onion"));
        assert!(!is_top_level("exe") && !is_top_level("co.uk") && !is_top_level(""));
    }
}
