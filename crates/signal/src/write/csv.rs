//! A table, one alert a row, for spreadsheets and for `cut`, `sort` and `join`.
//!
//! RFC 4180 with a header, UTF-8, and `\n` at the end of a row. The RFC says `\r\n`; but a `\r` would cling to the
//! last column of everything that works line by line, and spreadsheets take either. No cell holds a line break, so a
//! row is a line. Lists are joined by `; `. The port of the source is chance and left out; that of the destination
//! tells which service it was.
//!
//! A table is opened by a person, in a program that runs what looks like a formula; and what the cells say, an
//! attacker can choose: a user name, a host name, a rule's text. Quotes don't help, they are gone when the program
//! looks. So, as OWASP's *CSV Injection* advises, a cell that starts with `=`, `+`, `-` or `@` (in full width too,
//! which Japanese settings take) gets a `'` in front, which spreadsheets show as text. The same is done behind every
//! `;` in a cell, where a spreadsheet in half of Europe begins a new one. Spaces and quotes before these characters
//! change nothing. Tabs, line breaks and all other white space become spaces; whatever else does not show, or turns
//! the direction of writing, becomes `·`.

#[cfg(test)]
mod tests;

use super::Record;
use crate::{Field, Reputation};
use std::fmt::Display;
use std::io::Write;

pub(super) const HEADER: &str = "id,time,priority,severity,verdict,confidence,decider,reused,category,rule_id,rule_name,source,\
     destination,user,host,asset,techniques,reputation,reason,next_steps,pattern,format\n";

pub(super) fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    let alert = record.alert;
    let mut row = Row { out, first: true };
    row.text(record.id);
    row.plain(&record.time);
    row.plain(&record.priority.score());
    row.plain(&record.severity.name());
    row.plain(&record.verdict.name());
    row.plain(&super::ndjson::cell::share(record.confidence));
    row.plain(&record.decider.name());
    row.plain(&record.reused);
    row.text(record.category);
    row.text(alert.text(Field::RuleId));
    row.text(alert.text(Field::RuleName));
    row.text(alert.get(Field::SourceIp).unwrap_or(alert.text(Field::SourceDomain)));
    row.endpoint(
        alert.get(Field::DestinationIp).unwrap_or(alert.text(Field::DestinationDomain)),
        alert.get(Field::DestinationPort),
    );
    row.text(alert.text(Field::User));
    row.text(alert.text(Field::Host));
    row.text(record.asset);
    row.list(record.techniques);
    row.plain(&match record.reputation {
        Reputation::NotAsked => "",
        reputation => reputation.name(),
    });
    row.text(record.reason);
    row.list(record.next_steps);
    row.text(record.pattern);
    row.plain(&alert.format.name());
    out.push(b'\n');
}

/// A row being written.
struct Row<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl Row<'_> {
    fn separate(&mut self) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
    }

    /// A cell of our own making, which needs no care.
    fn plain(&mut self, value: &dyn Display) {
        self.separate();
        let written = write!(self.out, "{value}");
        debug_assert!(written.is_ok(), "a buffer takes everything");
    }

    /// A cell of somebody's making.
    fn text(&mut self, text: &str) {
        self.separate();
        if is_harmless(text) {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            self.quoted(&[text], "");
        }
    }

    fn list(&mut self, texts: &[String]) {
        match texts {
            [] => self.separate(),
            [text] => self.text(text),
            texts => {
                self.separate();
                self.quoted(texts, "; ");
            }
        }
    }

    /// An address or a name with its port; IPv6 addresses in brackets, as RFC 3986 has it.
    fn endpoint(&mut self, name: &str, port: Option<&str>) {
        match port {
            Some(port) if !name.is_empty() => {
                self.separate();
                let parts = if name.contains(':') { ["[", name, "]:", port] } else { ["", name, ":", port] };
                if parts.iter().all(|part| part.is_empty() || is_harmless(part)) {
                    for part in parts {
                        self.out.extend_from_slice(part.as_bytes());
                    }
                } else {
                    self.quoted(&parts, "");
                }
            }
            _ => self.text(name),
        }
    }

    fn quoted<T: AsRef<str>>(&mut self, texts: &[T], between: &str) {
        self.out.push(b'"');
        let mut cell = Cell { out: self.out, armed: true };
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                cell.push(between);
            }
            cell.push(text.as_ref());
        }
        self.out.push(b'"');
    }
}

/// Whether a text can stand as it is: shown ASCII without separators and quotes, and no formula.
fn is_harmless(text: &str) -> bool {
    let Some(&first) = text.as_bytes().first() else { return true };
    !matches!(first, b'=' | b'+' | b'-' | b'@' | b' ')
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b';' | b'"'))
}

/// The inside of a cell being written.
struct Cell<'o> {
    out: &'o mut Vec<u8>,
    /// Whether a formula could begin at the next character: nothing but spaces came before.
    armed: bool,
}

impl Cell<'_> {
    fn push(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' if self.armed => {
                    self.out.push(b'\'');
                    self.put(character);
                    self.armed = false;
                }
                // Leaves the guard as it is: split at `;`, a cell may open with this very quote.
                '"' => self.out.extend_from_slice(b"\"\""),
                ';' => {
                    self.out.push(b';');
                    self.armed = true;
                }
                _ if character.is_whitespace() => self.out.push(b' '),
                _ => {
                    self.put(if hides(character) { '·' } else { character });
                    self.armed = false;
                }
            }
        }
    }

    fn put(&mut self, character: char) {
        self.out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Whether a character does not show, or changes how others do (Unicode categories Cc and Cf as far as they matter,
/// TR #36).
pub(in crate::write) fn hides(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
