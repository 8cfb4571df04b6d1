//! An article's text with the defanging undone, and the way back to the original.
//!
//! Reports write indicators so that nobody clicks them by accident, and there is no standard for it. The forms below
//! are those that the public extractors (ioc-finder with ioc-fanger, iocextract) know. The whole text is refanged
//! once, and every recogniser then reads one plain text; the list of edits leads each hit back to where it was
//! written. A recogniser that knew the defanged forms itself would have to know them all, in every kind.
//!
//! An edit is made only where it stands between the characters that an indicator has, so that prose keeps its
//! brackets. One pass, and the look ahead at each byte is bounded.

use super::domain;

/// Why a piece of the text was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// Somebody wrote it so on purpose: brackets, `hxxp`.
    Defanged,
    /// Spelt out in words, as prose is too: ` dot `.
    Spelt,
    /// A typographer's hyphen, an invisible break.
    Typography,
}

/// One replaced piece; ranges in bytes.
#[derive(Debug, Clone, Copy)]
struct Edit {
    plain_start: usize,
    plain_end: usize,
    start: usize,
    end: usize,
    reason: Reason,
}

/// A text without defanging.
#[derive(Debug, Default)]
pub(super) struct Plain {
    text: String,
    edits: Vec<Edit>,
}

/// What may stand in brackets, and what it stands for. Longer forms come before those that they begin with.
const ENCLOSED: [(&str, &str); 15] = [
    ("://", "://"),
    (":", ":"),
    (".", "."),
    (",", "."),
    ("/", "/"),
    ("@", "@"),
    ("dot", "."),
    ("d0t", "."),
    ("point", "."),
    ("punkt", "."),
    ("period", "."),
    ("at", "@"),
    ("et", "@"),
    ("arobase", "@"),
    ("colon", ":"),
];

/// Schemes as they are broken on purpose, and what they stand for. A following `s` is read apart.
const SCHEMES: [(&str, &str); 11] = [
    ("hxxp", "http"),
    ("h**p", "http"),
    ("htxp", "http"),
    ("hxtp", "http"),
    ("hzzp", "http"),
    ("hyyp", "http"),
    ("h__p", "http"),
    ("hxp", "http"),
    ("meow", "http"),
    ("fxp", "ftp"),
    ("ftxp", "ftp"),
];

/// Words before ` dot ` that make it prose: `the dot com bubble`.
const PROSE_BEFORE_DOT: [&str; 18] = [
    "the", "a", "an", "this", "that", "of", "and", "or", "one", "red", "each", "every", "is", "was", "in",
    "with", "blue", "per",
];

/// One-character typography in UTF-8, and what is read instead.
const TYPOGRAPHY: [(&str, &str); 9] = [
    ("\u{2010}", "-"),
    ("\u{2011}", "-"),
    ("\u{2024}", "."),
    ("\u{ff0e}", "."),
    ("\u{200b}", ""),
    ("\u{200d}", ""),
    ("\u{2060}", ""),
    ("\u{feff}", ""),
    ("\u{ad}", ""),
];

impl Plain {
    /// Undoes the defanging of `original`.
    pub(super) fn new(original: &str) -> Self {
        let mut writer = Writer { original, plain: Self::default(), copied: 0 };
        let bytes = original.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at = match byte {
                b'[' | b'(' | b'{' | b'<' => writer.bracket(at),
                b'.' if bytes.get(at + 1) == Some(&b']') => writer.half_bracket(at),
                b'\\' => writer.backslash(at),
                b' ' => writer.spelt(at),
                b'h' | b'H' | b'f' | b'F' | b'm' | b'M' => writer.scheme(at),
                0xC2 | 0xE2 | 0xEF => writer.typography(at),
                _ => None,
            }
            .unwrap_or(at + 1);
        }
        writer.copy_to(original.len());
        writer.plain
    }

    /// The text without defanging.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The range in the original that the plain range `start..end` was written as.
    pub(super) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let from = self.original_of(start, false);
        (from, self.original_of(end.saturating_sub(1), true).max(from))
    }

    fn original_of(&self, at: usize, behind: bool) -> usize {
        let after = self.edits.partition_point(|edit| edit.plain_end <= at);
        if let Some(edit) = self.edits.get(after)
            && edit.plain_start <= at
        {
            return if behind { edit.end } else { edit.start };
        }
        let step = usize::from(behind);
        match after.checked_sub(1).and_then(|last| self.edits.get(last)) {
            Some(edit) => edit.end + (at - edit.plain_end) + step,
            None => at + step,
        }
    }

    /// Whether somebody took care that the plain range `start..end` can't be clicked.
    pub(super) fn is_defanged(&self, start: usize, end: usize) -> bool {
        self.edits_in(start, end).any(|edit| edit.reason == Reason::Defanged)
    }

    /// Whether a dot or an at in the plain range `start..end` was spelt out, which prose does too.
    pub(super) fn is_spelt(&self, start: usize, end: usize) -> bool {
        self.edits_in(start, end).any(|edit| edit.reason == Reason::Spelt)
    }

    fn edits_in(&self, start: usize, end: usize) -> impl Iterator<Item = &Edit> {
        let first = self.edits.partition_point(|edit| edit.plain_end <= start);
        self.edits.iter().skip(first).take_while(move |edit| edit.plain_start < end)
    }
}

/// Builds the plain text. Each method looks at one place and answers where reading goes on, if it replaced something.
struct Writer<'a> {
    original: &'a str,
    plain: Plain,
    /// The original up to here has been taken over.
    copied: usize,
}

impl<'a> Writer<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.original.as_bytes()
    }

    fn copy_to(&mut self, end: usize) {
        if let Some(piece) = self.original.get(self.copied..end) {
            self.plain.text.push_str(piece);
            self.copied = end;
        }
    }

    fn replace(&mut self, start: usize, end: usize, meant: &str, reason: Reason) -> usize {
        self.copy_to(start);
        let plain_start = self.plain.text.len();
        self.plain.text.push_str(meant);
        let plain_end = self.plain.text.len();
        self.plain.edits.push(Edit { plain_start, plain_end, start, end, reason });
        self.copied = end;
        end
    }

    /// The last byte before `at`, of the original or of what replaced it.
    fn before(&self, at: usize) -> Option<u8> {
        let before =
            if at > self.copied { self.bytes().get(at - 1) } else { self.plain.text.as_bytes().last() };
        before.copied()
    }

    /// Whether an indicator's character ends right before `at`.
    fn joins_before(&self, at: usize) -> bool {
        self.before(at).is_some_and(is_label)
    }

    fn joins_after(&self, at: usize) -> bool {
        self.bytes().get(at).is_some_and(|byte| is_label(*byte) || *byte == b'[')
    }

    /// `[.]`, `(dot)`, `{@}`, `[://]`, with spaces inside and one on either side; and the half form `evil[.com`.
    fn bracket(&mut self, at: usize) -> Option<usize> {
        let bytes = self.bytes();
        let inside = at + 1 + spaces(bytes, at + 1, 2);
        let (form, meant) = ENCLOSED.iter().find(|(form, _)| starts_with(bytes, inside, form))?;
        let closing = inside + form.len() + spaces(bytes, inside + form.len(), 2);
        if !matches!(bytes.get(closing)?, b']' | b')' | b'}' | b'>') {
            let half = bytes.get(at) == Some(&b'[') && *form == "." && inside == at + 1;
            if half && self.joins_before(at) && self.joins_after(at + 2) {
                return Some(self.replace(at, at + 2, ".", Reason::Defanged));
            }
            return None;
        }
        let (mut start, mut end) = (at, closing + 1);
        if matches!(*meant, ":" | "://" | "/") {
            let slashes = *meant == "/" && matches!(self.before(at), Some(b':' | b'/'));
            let joined = slashes || self.joins_before(at);
            return joined.then(|| self.replace(start, end, meant, Reason::Defanged));
        }
        if at > self.copied && bytes.get(at - 1) == Some(&b' ') {
            start -= 1;
        }
        if bytes.get(end) == Some(&b' ') {
            end += 1;
        }
        let sound = self.joins_before(start) && self.joins_after(end);
        sound.then(|| self.replace(start, end, meant, Reason::Defanged))
    }

    /// `evil.]com`.
    fn half_bracket(&mut self, at: usize) -> Option<usize> {
        let sound = self.joins_before(at) && self.joins_after(at + 2);
        sound.then(|| self.replace(at, at + 2, ".", Reason::Defanged))
    }

    /// `evil\.com`, `http:\/\/` and `http:\\`.
    fn backslash(&mut self, at: usize) -> Option<usize> {
        let bytes = self.bytes();
        match bytes.get(at + 1)? {
            b'.' if self.joins_before(at) && self.joins_after(at + 2) => {
                Some(self.replace(at, at + 2, ".", Reason::Defanged))
            }
            b'/' => {
                let joined =
                    self.before(at).is_some_and(|byte| is_label(byte) || matches!(byte, b':' | b'/'));
                joined.then(|| self.replace(at, at + 2, "/", Reason::Typography))
            }
            b'\\' => {
                self.copy_to(at);
                let head = self.plain.text.as_bytes();
                let scheme = [&b"http:"[..], b"https:"].iter().any(|scheme| ends_with(head, scheme));
                scheme.then(|| self.replace(at, at + 2, "//", Reason::Defanged))
            }
            _ => None,
        }
    }

    /// `evil dot com` and `user at evil dot com`.
    fn spelt(&mut self, at: usize) -> Option<usize> {
        let bytes = self.bytes();
        if starts_with(bytes, at, " dot ") {
            let label_start = at + 5;
            let label_end = label_end(bytes, label_start);
            if !self.joins_before(at) || label_end == label_start {
                return None;
            }
            self.copy_to(at);
            if !self.ends_in_a_name() {
                return None;
            }
            let label = self.original.get(label_start..label_end)?;
            let goes_on = starts_with(self.bytes(), label_end, " dot ")
                || matches!(self.bytes().get(label_end), Some(b'.' | b'['));
            let digits = label.bytes().all(|byte| byte.is_ascii_digit());
            let ends = !digits && domain::is_top_level(label);
            return (digits || goes_on || ends).then(|| self.replace(at, label_start, ".", Reason::Spelt));
        }
        if starts_with(bytes, at, " at ") {
            let label_start = at + 4;
            let label_end = label_end(bytes, label_start);
            let sound =
                label_end > label_start && self.joins_before(at) && starts_with(bytes, label_end, " dot ");
            return sound.then(|| self.replace(at, label_start, "@", Reason::Spelt));
        }
        None
    }

    /// Whether the last word so far may be a label, and not the article of a noun.
    fn ends_in_a_name(&self) -> bool {
        let text = self.plain.text.as_bytes();
        let length = text.iter().rev().take(64).take_while(|byte| is_label(**byte)).count();
        let word = text.get(text.len() - length..).unwrap_or_default();
        !PROSE_BEFORE_DOT.iter().any(|prose| prose.as_bytes().eq_ignore_ascii_case(word))
    }

    /// `hxxp`, `h**p`, `fxp` and their kind, before a colon in any form.
    fn scheme(&mut self, at: usize) -> Option<usize> {
        let bytes = self.bytes();
        let (form, meant) = SCHEMES.iter().find(|(form, _)| starts_with(bytes, at, form))?;
        let mut end = at + form.len();
        let secure = bytes.get(end).is_some_and(|byte| byte.eq_ignore_ascii_case(&b's'));
        end += usize::from(secure);
        let colon = end + spaces(bytes, end, 1);
        let follows = match bytes.get(colon)? {
            b':' => bytes.get(colon + 1).is_some_and(|byte| matches!(byte, b'/' | b'\\' | b'[')),
            b'[' | b'(' | b'{' => bytes.get(colon + 1) == Some(&b':'),
            _ => false,
        };
        if !follows {
            return None;
        }
        let meant = if secure { format!("{meant}s") } else { (*meant).to_owned() };
        // The space of `hxxp ://` goes too.
        let end = if bytes.get(colon) == Some(&b':') { colon } else { end };
        Some(self.replace(at, end, &meant, Reason::Defanged))
    }

    /// Typographer's hyphens, invisible characters and dots of other scripts, between an indicator's characters.
    fn typography(&mut self, at: usize) -> Option<usize> {
        let rest = self.original.get(at..)?;
        let (form, meant) = TYPOGRAPHY.iter().find(|(form, _)| rest.starts_with(form))?;
        let end = at + form.len();
        let sound = self.joins_before(at) && self.joins_after(end);
        sound.then(|| self.replace(at, end, meant, Reason::Typography))
    }
}

fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || byte >= 0x80
}

fn spaces(bytes: &[u8], at: usize, most: usize) -> usize {
    bytes.iter().skip(at).take(most).take_while(|byte| **byte == b' ').count()
}

fn label_end(bytes: &[u8], at: usize) -> usize {
    let inside = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
    at + bytes.iter().skip(at).take(63).take_while(inside).count()
}

fn starts_with(bytes: &[u8], at: usize, form: &str) -> bool {
    bytes.get(at..at + form.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(form.as_bytes()))
}

fn ends_with(bytes: &[u8], form: &[u8]) -> bool {
    bytes.len().checked_sub(form.len()).is_some_and(|at| bytes[at..].eq_ignore_ascii_case(form))
}

#[cfg(test)]
mod tests;
