//! Plain text: an entry a line.
//!
//! What the public lists write beyond that, each seen in the list named:
//!
//! - comments from `#` (most), from `;` (Spamhaus DROP), on lines of their own or after an entry and a space. A comment
//!   after an entry is its evidence (Maltrail's scanners);
//! - `# Reference: <url>` before a block of entries, which is evidence for each of them (Maltrail; several in a row
//!   are common, and the last one counts). Another heading ends the block;
//! - a count after the entry, of the lists that name it (IPsum: `address<TAB>count`): three or more say malicious,
//!   one or two only suspicious. IPsum's author recommends three and more for blocking;
//! - entries with a port, a scheme, a leading `*.` or `.`, and bare paths.

use super::HINT_FORMATS;
use super::meaning;
use crate::build::{ListWriter, Under, quoted};
use crate::claim::Note;
use crate::defang::refang;
use crate::entry::{Entry, MAX_ENTRY};
use watchfire_signal::Reputation;

/// From so many lists on, an address is called malicious.
const MANY_LISTS: u64 = 3;

/// Reads a plain list.
pub(super) fn read(list: &mut ListWriter<'_>, slug: &str, content: &[u8]) {
    list.format("plain");
    list.usual = meaning::of_plain(slug);
    list.under = Under::Always;
    let mut heading = Heading::default();
    for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
        read_line(list, &mut heading, index as u64 + 1, line);
    }
    if list.taken() == 0 && !list.problems.is_empty() {
        list.problems.instead("no line of it is an indicator".into(), HINT_FORMATS);
    }
}

/// The reference that stands above a block of entries.
#[derive(Default)]
struct Heading {
    note: Note,
    /// Whether an entry came since.
    is_used: bool,
}

fn read_line(list: &mut ListWriter<'_>, heading: &mut Heading, number: u64, line: &[u8]) {
    if line.len() > MAX_ENTRY {
        list.left_out(1);
        let hint = "a list has an entry a line";
        return list.problems.line(number, || format!("longer than {MAX_ENTRY} bytes"), hint);
    }
    let Ok(line) = str::from_utf8(line) else {
        list.left_out(1);
        return list.problems.line(number, || "not UTF-8".into(), "save the list as UTF-8");
    };
    let (content, comment) = split_comment(line.trim());
    let mut words = content.split_whitespace();
    let Some(word) = words.next() else {
        return read_heading(list, heading, comment);
    };
    let count = match (words.next(), words.next()) {
        (None, _) => None,
        (Some(count), None) => match count.parse::<u64>() {
            Ok(count) => Some(count),
            Err(_) => return refuse(list, number, content),
        },
        (Some(_), Some(_)) => return refuse(list, number, content),
    };
    let entry = match Entry::read(&refang(word)) {
        // A word without a dot is no trail. (MISP's lists of top-level domains are told what they are.)
        Some(Entry::Domain { ref name, .. }) if !name.contains(&b'.') => {
            return refuse(list, number, content);
        }
        None => return refuse(list, number, content),
        Some(entry) => entry,
    };
    heading.is_used = true;
    let (reputation, note) = match count {
        Some(0) => return list.left_out(1),
        Some(count) => {
            let many = count >= MANY_LISTS;
            let said = if many { Reputation::Malicious } else { Reputation::Suspicious };
            (Some(said), list.note(&format!("on {count} block lists")))
        }
        None if comment.is_empty() => (None, heading.note),
        None => (None, list.note(comment)),
    };
    list.add(entry, reputation, note);
}

fn refuse(list: &mut ListWriter<'_>, number: u64, content: &str) {
    list.left_out(1);
    let hint = "put one address, network, name, URL, hash or CVE id on a line, and # before comments";
    list.problems.line(number, || format!("{} is no indicator", quoted(content)), hint);
}

/// What is before and after the comment sign, which begins the line or follows a space: `#` also occurs in URLs.
fn split_comment(line: &str) -> (&str, &str) {
    let bytes = line.as_bytes();
    let begins = |at: &usize| *at == 0 || bytes[at - 1].is_ascii_whitespace();
    match memchr::memchr2_iter(b'#', b';', bytes).find(begins) {
        Some(at) => (&line[..at], line[at + 1..].trim()),
        None => (line, ""),
    }
}

/// `Reference: <url>` in all the ways that people type it, or another heading.
fn read_heading(list: &mut ListWriter<'_>, heading: &mut Heading, comment: &str) {
    let is_reference = comment.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("ref"));
    let url = comment.find("://").and_then(|at| {
        let start =
            comment[..at].rfind(|char: char| !char.is_ascii_alphanumeric()).map_or(0, |before| before + 1);
        comment.get(start..)
    });
    if let (true, Some(url)) = (is_reference, url) {
        *heading = Heading { note: list.note(url), is_used: false };
    } else if !comment.is_empty() && heading.is_used {
        *heading = Heading::default();
    }
}

#[cfg(test)]
mod tests {
    use crate::Intel;
    use crate::opinion::Match;
    use watchfire_signal::{Indicator, IndicatorKind, Reputation};

    fn load(content: &[u8]) -> (Intel, Vec<String>) {
        let (intel, problems) = Intel::from_bytes(&[("trail.txt", content)]);
        let shown = problems.iter().map(|problem| format!("{:?} {}", problem.line, problem.reason)).collect();
        (intel, shown)
    }

    fn evidence(intel: &Intel, kind: IndicatorKind, value: &str) -> Vec<(String, Option<String>)> {
        let statements = intel.explain(Indicator { kind, value });
        statements.into_iter().map(|statement| (statement.entry, statement.evidence)).collect()
    }

    #[test]
    fn counts_tell_the_many_from_the_few() {
        let (intel, problems) =
            load(b"# IPsum\n77.90.185.20\t10\r\n2.57.122.53\t3\n2.57.122.54\t2\n2.57.122.55\t0\n");
        assert_eq!(problems, [""; 0]);
        let said = |address: &str| intel.lookup_ip(address.parse().unwrap());
        assert_eq!(said("77.90.185.20"), Reputation::Malicious);
        assert_eq!(said("2.57.122.53"), Reputation::Malicious);
        assert_eq!(said("2.57.122.54"), Reputation::Suspicious);
        assert_eq!(said("2.57.122.55"), Reputation::Unknown);
        assert_eq!(
            evidence(&intel, IndicatorKind::Ip, "77.90.185.20"),
            [("77.90.185.20".to_owned(), Some("on 10 block lists".to_owned()))]
        );
    }

    #[test]
    fn a_trail_of_mixed_kinds_keeps_its_references_and_comments() {
        let (intel, problems) = load(
            b"# Copyright (https://github.com/stamparm/maltrail/)\n\
              # Reference: https://a.example/1\n# Referecne: https://a.example/2\n\n\
              Evil.Example\n1.2.3.4:8080\n/izuku.sh\nhttp://5.6.7.8\nhost.example/x/\n\
              # Generic\n\nother.example\n46.101.0.0/16 # binaryedge.ninja\n9.9.9.9\t# tabbed ; twice\n",
        );
        assert_eq!(problems, [""; 0]);
        let reference = Some("https://a.example/2".to_owned());
        assert_eq!(
            evidence(&intel, IndicatorKind::Domain, "www.evil.example."),
            [("evil.example".to_owned(), reference.clone())]
        );
        assert_eq!(
            evidence(&intel, IndicatorKind::Ip, "1.2.3.4"),
            [("1.2.3.4:8080".to_owned(), reference.clone())]
        );
        assert_eq!(evidence(&intel, IndicatorKind::Ip, "5.6.7.8"), [("5.6.7.8".to_owned(), reference)]);
        assert_eq!(
            evidence(&intel, IndicatorKind::Domain, "other.example"),
            [("other.example".into(), None)]
        );
        assert_eq!(
            evidence(&intel, IndicatorKind::Ip, "46.101.2.3"),
            [("46.101.0.0/16".to_owned(), Some("binaryedge.ninja".to_owned()))]
        );
        assert_eq!(
            evidence(&intel, IndicatorKind::Ip, "9.9.9.9"),
            [("9.9.9.9".to_owned(), Some("tabbed ; twice".to_owned()))]
        );
        assert_eq!(intel.lookup_url("https://host.example/x/y?z"), Reputation::Malicious);
        assert_eq!(intel.lookup_url("https://host.example/xy"), Reputation::Unknown);
        // A path alone raises a suspicion only.
        let statements =
            intel.explain(Indicator { kind: IndicatorKind::Url, value: "http://8.8.8.8/izuku.sh" });
        assert_eq!(statements[0].matched, Match::Path);
        assert_eq!(statements[0].reputation, Reputation::Suspicious);
    }

    #[test]
    fn a_bad_line_is_reported_and_the_rest_counts() {
        let mut content = b"good.example\nno indicator here\nword\n\xff\xfe.example\n".to_vec();
        content.extend_from_slice(&[b'a'; 9000]);
        content.extend_from_slice(b"\nlast.example");
        let (intel, problems) = load(&content);
        assert_eq!(
            problems,
            [
                "Some(2) \"no indicator here\" is no indicator",
                "Some(3) \"word\" is no indicator",
                "Some(4) not UTF-8",
                "Some(5) longer than 8192 bytes",
            ]
        );
        assert_eq!(intel.lookup_domain("good.example"), Reputation::Malicious);
        assert_eq!(intel.lookup_domain("last.example"), Reputation::Malicious);
        assert_eq!(intel.stats().lists[0].left_out, 4);
    }

    #[test]
    fn problems_are_listed_up_to_a_bound_and_then_counted() {
        let content = format!("good.example\n{}", "no\x1b[31m\n".repeat(25));
        let (_, problems) = load(content.as_bytes());
        assert_eq!(problems.len(), 11);
        assert_eq!(problems[0], "Some(2) \"no\\u{1b}[31m\" is no indicator");
        assert_eq!(problems[10], "None 15 more lines were left out");
    }

    #[test]
    fn a_file_that_is_no_list_is_one_problem() {
        let (_, problems) = load(b"Dear reader,\nthis is a letter.\n");
        assert_eq!(problems, ["None no line of it is an indicator"]);
        let (_, problems) = load(b"");
        assert_eq!(problems, [""; 0]);
    }
}
