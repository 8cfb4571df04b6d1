//! Reading a list.

use super::{ListedFeed, MAX_BYTES, MAX_FEEDS, Opml, OpmlError};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::collections::HashSet;

const MAX_TITLE: usize = 200;
const MAX_FOLDER: usize = 100;
const MAX_FOLDERS: usize = 4;
const MAX_URL: usize = 4 << 10;

/// Reads a list, in UTF-8, UTF-16 with its mark, or else Windows-1252.
pub fn read(bytes: &[u8]) -> Result<Opml, OpmlError> {
    if bytes.len() > MAX_BYTES {
        return Err(OpmlError::TooLarge);
    }
    let text = decoded(bytes);
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut reading = Reading::default();
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::DocType(_)) => return Err(OpmlError::DocumentType),
            Ok(event) => reading.take(&event),
            Err(error) => {
                reading.list.broken = Some(format!("at byte {}: {error}", reader.error_position()));
                break;
            }
        }
        if reading.list.feeds.len() >= MAX_FEEDS {
            reading.list.broken = Some(format!("more than {MAX_FEEDS} feeds"));
            break;
        }
    }
    reading.end()
}

fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0;
    }
    UTF_8
        .decode_without_bom_handling_and_without_replacement(bytes)
        .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0)
}

#[derive(Default)]
struct Reading {
    list: Opml,
    seen: HashSet<String>,
    is_opml: bool,
    /// The outlines that are open: how many, and the names of the outermost ones that are folders.
    open: Vec<bool>,
    folders: Vec<String>,
    /// The title of the list while it is read.
    title: Option<String>,
}

impl Reading {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag, true),
            Event::Empty(tag) => self.start(tag, false),
            Event::End(tag) => self.close(tag.local_name().as_ref()),
            Event::Text(text) => self.add_to_title(text),
            Event::CData(text) => self.add_to_title(text),
            Event::GeneralRef(name) if name.len() < 10 => {
                let name = String::from_utf8_lossy(name);
                self.add_to_title(unescaped(&format!("&{name};")).as_bytes());
            }
            _ => {}
        }
    }

    fn add_to_title(&mut self, text: &[u8]) {
        if let Some(title) = self.title.as_mut().filter(|title| title.len() < 4 * MAX_TITLE) {
            let text = text.get(..4 * MAX_TITLE).unwrap_or(text);
            title.push_str(&String::from_utf8_lossy(text));
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, stays_open: bool) {
        let name = tag.local_name();
        let is = |wanted: &[u8]| name.as_ref().eq_ignore_ascii_case(wanted);
        let first_title = stays_open && self.list.title.is_none() && self.open.is_empty();
        if is(b"opml") {
            self.is_opml = true;
        } else if is(b"title") && first_title {
            self.title = Some(String::new());
        } else if is(b"outline") {
            self.outline(tag, stays_open);
        }
    }

    fn close(&mut self, name: &[u8]) {
        if name.eq_ignore_ascii_case(b"outline") && self.open.pop() == Some(true) {
            self.folders.pop();
        } else if name.eq_ignore_ascii_case(b"title")
            && let Some(title) = self.title.take()
        {
            self.list.title = tidy(&title, MAX_TITLE);
        }
    }

    fn outline(&mut self, tag: &BytesStart<'_>, stays_open: bool) {
        let (mut url, mut page, mut title, mut text) = (None, None, None, None);
        // Checking that no name comes twice takes time that is quadratic in their number.
        for attribute in tag.html_attributes().with_checks(false).flatten() {
            let into = match attribute.key.local_name().as_ref().to_ascii_lowercase().as_slice() {
                b"xmlurl" => &mut url,
                b"htmlurl" => &mut page,
                b"title" => &mut title,
                b"text" => &mut text,
                _ => continue,
            };
            *into = Some(unescaped(&String::from_utf8_lossy(&attribute.value)).into_owned());
        }
        let title = title.filter(|title| !title.trim().is_empty()).or(text);
        let mut is_folder = false;
        match url.filter(|url| !url.trim().is_empty()) {
            Some(url) => self.feed(&url, title, page),
            None if stays_open && self.folders.len() < MAX_FOLDERS => {
                if let Some(name) = title.and_then(|title| tidy(&title, MAX_FOLDER)) {
                    self.folders.push(name);
                    is_folder = true;
                }
            }
            None => {}
        }
        if stays_open {
            self.open.push(is_folder);
        }
    }

    fn feed(&mut self, url: &str, title: Option<String>, page: Option<String>) {
        // As browsers' buttons once wrote it.
        let url = url.trim();
        let url = url.strip_prefix("feed:").map_or(url, |rest| rest.trim_start_matches("//"));
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let Some(url) = web_address(&whole).filter(|url| self.seen.insert(url.clone())) else {
            self.list.passed_over += 1;
            return;
        };
        self.list.feeds.push(ListedFeed {
            url,
            title: title.and_then(|title| tidy(&title, MAX_TITLE)),
            page: page.and_then(|page| web_address(page.trim())),
            folders: self.folders.clone(),
        });
    }

    fn end(self) -> Result<Opml, OpmlError> {
        if self.is_opml { Ok(self.list) } else { Err(OpmlError::NotOpml) }
    }
}

/// An address of HTTP in its one spelling.
fn web_address(text: &str) -> Option<String> {
    if text.len() > MAX_URL {
        return None;
    }
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let text = String::from(url);
    (text.len() <= MAX_URL).then_some(text)
}

/// Text on one line, without what can't be seen, and not too long.
fn tidy(text: &str, most: usize) -> Option<String> {
    let text = text.get(..text.floor_char_boundary(16 * most)).unwrap_or(text);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let tidy: String = words.collect::<Vec<_>>().join(" ").chars().take(most).collect();
    Some(tidy.trim_end().to_owned()).filter(|tidy| !tidy.is_empty())
}

/// Text with the five entities of XML and references by number resolved. What is none of them stays, as a bare ampersand in
/// an address has to.
fn unescaped(text: &str) -> Cow<'_, str> {
    let mut parts = text.split('&');
    let first = parts.next().unwrap_or_default();
    if first.len() == text.len() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    plain.push_str(first);
    for part in parts {
        // No reference is longer than &#x10FFFF;
        let end = part.bytes().take(10).position(|byte| byte == b';');
        let named = end.and_then(|end| Some((referred(part.get(..end)?)?, part.get(end + 1..)?)));
        if let Some((c, rest)) = named {
            plain.push(c);
            plain.push_str(rest);
        } else {
            plain.push('&');
            plain.push_str(part);
        }
    }
    Cow::Owned(plain)
}

fn referred(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
