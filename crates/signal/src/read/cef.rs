//! ArcSight Common Event Format (CEF), bare or in syslog.
//!
//! Source: *Micro Focus Security ArcSight Common Event Format*, version 25 (headers, escapes, extension dictionary,
//! date formats), read through Elastic's documentation of its decoder and through vendors' guides, which also show what
//! is written in practice:
//! - `CEF: 0` with a space, and headers that end without the last `|`;
//! - `=` left unescaped in URLs, so that only a word after a space counts as a key;
//! - `rt` in ISO 8601 and with zones such as `GMT+00:00`.
//!
//! A time without a year (the specification allows it) is no time. A zone other than UTC, GMT or an offset isn't
//! either: `IST` is three different zones.
//!
//! A line is CEF if `CEF:` stands at its start or after white space, and not inside of JSON. LEEF is another format.

use super::account::user_from_target;
use super::{Broken, Claim, Item};
use crate::{Alert, Field, Format, Severity, Timestamp};
use memchr::memmem;
use std::borrow::Cow;
use std::net::IpAddr;

/// Keys of the extension beyond this many are not looked at.
const MAX_KEYS: usize = 512;

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Claim {
    let Some(start) = start_of_cef(record) else { return Claim::NotMine };
    let (syslog, cef) = record.split_at(start);
    let item = match Header::parse(&cef["CEF:".len()..]) {
        Ok(header) => Item::Alert(Box::new(alert(record, &Syslog::parse(syslog), header))),
        Err(broken) => Item::Broken(broken),
    };
    out.push(item);
    Claim::Mine
}

fn start_of_cef(record: &str) -> Option<usize> {
    let start = memmem::find(record.as_bytes(), b"CEF:")?;
    let before = record.get(..start)?;
    let at_a_word = before.is_empty() || before.ends_with(char::is_whitespace);
    (at_a_word && !before.contains('{')).then_some(start)
}

/// The seven fields of the header, and the extension.
struct Header<'a> {
    fields: [Cow<'a, str>; 7],
    extension: &'a str,
}

impl<'a> Header<'a> {
    /// Reads what follows `CEF:`.
    fn parse(text: &'a str) -> Result<Self, Broken> {
        let mut fields = [const { Cow::Borrowed("") }; 7];
        let (mut field, mut start, mut escaped) = (0, 0, false);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'|' => {
                    fields[field] = unescape(text[start..at].trim());
                    (field, start) = (field + 1, at + 1);
                    if field == fields.len() {
                        break;
                    }
                }
                _ => {}
            }
        }
        if field == fields.len() - 1 {
            fields[field] = unescape(text[start..].trim());
            (field, start) = (field + 1, text.len());
        }
        let version = fields[0].as_ref();
        if field < fields.len() {
            let reason = format!("a CEF header of {} fields instead of 7", field + 1);
            return Err(Broken::new(reason, HEADER_HINT));
        }
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(Broken::new("a CEF header without a version", HEADER_HINT));
        }
        Ok(Self { fields, extension: &text[start..] })
    }
}

const HEADER_HINT: &str = "expected CEF:0|vendor|product|version|event class id|name|severity|key=value …; \
    a | inside of a field is written \\|";

/// What a syslog header says: RFC 5424 (`<134>1 2024-05-01T10:00:00Z host …`), or RFC 3164 (`<134>May  1 10:00:00
/// host …`), whose time lacks a year, with the ISO time that many write into it.
#[derive(Default)]
struct Syslog<'a> {
    time: Option<Timestamp>,
    host: Option<&'a str>,
}

impl<'a> Syslog<'a> {
    fn parse(header: &'a str) -> Self {
        let mut rest = header.trim();
        if let Some((priority, after)) = rest.strip_prefix('<').and_then(|inner| inner.split_once('>'))
            && priority.bytes().all(|byte| byte.is_ascii_digit())
        {
            rest = after.trim_start();
        }
        let mut words = rest.split_whitespace();
        let mut first = words.next().unwrap_or_default();
        let rfc_5424 = first == "1";
        if rfc_5424 {
            first = words.next().unwrap_or_default();
        }
        if MONTHS.contains(&first) {
            let clock = words.nth(1).unwrap_or_default();
            // Some add the year: `May 01 2024 10:00:00`.
            if !clock.contains(':') {
                words.next();
            }
            return Self { time: None, host: words.next() };
        }
        let time = if first.contains('T') { Timestamp::parse(first) } else { None };
        let host = if time.is_some() || rfc_5424 { words.next().filter(|host| *host != "-") } else { None };
        Self { time, host }
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn alert<'a>(record: &'a str, syslog: &Syslog<'a>, header: Header<'a>) -> Alert<'a> {
    let mut alert = Alert::new(Format::Cef, record);
    let [_, vendor, product, _, class, name, severity] = header.fields;
    alert.severity = severity_of(&severity);
    alert.set(Field::EventSeverity, severity);
    alert.set(Field::RuleId, class);
    // PAN-OS writes its log's type there, THREAT or TRAFFIC: the same word for whatever happened.
    let log_type = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase());
    alert.set(Field::RuleName, name);
    // Event class ids are unique within a product only.
    alert.groups.extend([vendor, product].into_iter().filter(|group| !group.is_empty()));

    let (mut received, mut started, mut ended) = (None, None, None);
    // The first of several equal keys counts: a value that was not escaped may bring keys of its author's choice.
    for_each_pair(header.extension, |key, value| match key {
        "rt" => received = received.or_else(|| time(value)),
        "start" => started = started.or_else(|| time(value)),
        "end" => ended = ended.or_else(|| time(value)),
        "cnt" => alert.count = alert.count.or_else(|| value.parse().ok()),
        "proto" => alert.set_default(Field::Transport, value.to_ascii_lowercase()),
        "app" => alert.set_default(Field::Protocol, value.to_ascii_lowercase()),
        "deviceDirection" => match value {
            "0" => alert.set_default(Field::Direction, "inbound"),
            "1" => alert.set_default(Field::Direction, "outbound"),
            _ => {}
        },
        "src" if value.parse::<IpAddr>().is_err() => alert.set_default(Field::SourceDomain, unescape(value)),
        "dst" if value.parse::<IpAddr>().is_err() => {
            alert.set_default(Field::DestinationDomain, unescape(value));
        }
        _ => {
            if let Some(field) = field_of(key) {
                alert.set_default(field, unescape(value));
            }
        }
    });
    for_each_pair(header.extension, |key, value| {
        if let Some(field) = weaker_field_of(key) {
            alert.set_default(field, unescape(value));
        }
    });
    if log_type {
        // Its templates put the threat's name into the class id or into the category, and a word for its kind into the
        // other.
        let names = [Field::RuleId, Field::RuleCategory].into_iter().filter_map(|field| alert.get(field));
        let better = names.max_by_key(|name| name.len()).map(str::to_owned);
        alert.set_some(Field::RuleName, better);
    }
    alert.time = received.or(ended).or(started).or(syslog.time);
    if let Some(host) = syslog.host {
        alert.set_default(Field::Host, host);
    }
    user_from_target(&mut alert);
    alert
}

fn field_of(key: &str) -> Option<Field> {
    Some(match key {
        "src" => Field::SourceIp,
        "spt" => Field::SourcePort,
        "shost" => Field::SourceDomain,
        "suser" => Field::User,
        "dst" => Field::DestinationIp,
        "dpt" => Field::DestinationPort,
        "dhost" => Field::DestinationDomain,
        "duser" => Field::TargetUser,
        "dvchost" => Field::Host,
        "act" => Field::EventAction,
        "outcome" => Field::EventOutcome,
        "cat" => Field::RuleCategory,
        "externalId" => Field::EventId,
        "request" => Field::Url,
        "requestMethod" => Field::HttpMethod,
        "requestClientApplication" => Field::UserAgent,
        "filePath" => Field::FilePath,
        "fileHash" => Field::FileHash,
        "sproc" => Field::Process,
        "msg" => Field::Message,
        _ => return None,
    })
}

/// Names of what has a better name, which may come later in the line.
fn weaker_field_of(key: &str) -> Option<Field> {
    Some(match key {
        "dvc" => Field::Host,
        "fname" => Field::FilePath,
        "dproc" => Field::Process,
        "reason" => Field::Message,
        _ => return None,
    })
}

/// 0–3 low, 4–6 medium, 7–8 high, 9–10 very high, or the words.
fn severity_of(text: &str) -> Severity {
    match text.parse::<u8>() {
        Ok(0..=3) => Severity::Low,
        Ok(4..=6) => Severity::Medium,
        Ok(7..=8) => Severity::High,
        Ok(9..=10) => Severity::Critical,
        Ok(_) => Severity::Unknown,
        Err(_) => Severity::from_word(text).unwrap_or_default(),
    }
}

/// Calls `pair` with each key and its value, still escaped. A value runs until the next word that ends in `=`; an `=`
/// inside of a word (`?a=b`), or escaped, belongs to the value.
fn for_each_pair<'a>(extension: &'a str, mut pair: impl FnMut(&'a str, &'a str)) {
    let bytes = extension.as_bytes();
    let mut open: Option<(&'a str, usize)> = None;
    let mut keys = 0;
    let mut after_last = 0;
    for equals in memchr::memchr_iter(b'=', bytes) {
        let word = bytes[after_last..equals].iter().rposition(|byte| !is_key(*byte));
        let start = word.map_or(after_last, |at| after_last + at + 1);
        after_last = equals + 1;
        let begins = start == 0 || bytes[start - 1].is_ascii_whitespace();
        if start == equals || !begins {
            continue;
        }
        if let Some((key, from)) = open {
            pair(key, extension[from..start].trim());
        }
        keys += 1;
        if keys > MAX_KEYS {
            return;
        }
        open = Some((&extension[start..equals], equals + 1));
    }
    if let Some((key, from)) = open {
        pair(key, extension[from..].trim());
    }
}

/// Letters, digits and what vendors put into keys of their own. A backslash is none, and so an escaped `=` ends no key.
fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}

/// Undoes `\|`, `\\`, `\=`, `\n` and `\r`; any other backslash stays, since many forget to double it.
fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let meant = match (letter, letters.peek()) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some(&special @ ('\\' | '|' | '='))) => special,
            _ => {
                plain.push(letter);
                continue;
            }
        };
        letters.next();
        plain.push(meant);
    }
    Cow::Owned(plain)
}

/// Milliseconds since 1970, ISO 8601, or `MMM dd yyyy HH:mm:ss[.SSS] [zone]`.
fn time(text: &str) -> Option<Timestamp> {
    if let Some(time) = Timestamp::parse(text) {
        return Some(time);
    }
    let mut words = text.split_whitespace();
    let date_and_clock = [words.next()?, words.next()?, words.next()?, words.next()?].join(" ");
    let zone = match words.next().unwrap_or("Z") {
        "Z" | "UTC" | "GMT" => "+00:00",
        zone => zone.trim_start_matches("GMT").trim_start_matches("UTC"),
    };
    let format = if zone.contains(':') { "%b %d %Y %H:%M:%S%.f %:z" } else { "%b %d %Y %H:%M:%S%.f %z" };
    Timestamp::parse_as(format, &format!("{date_and_clock} {zone}"))
}

#[cfg(test)]
mod tests;
