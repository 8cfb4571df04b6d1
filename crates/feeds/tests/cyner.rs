//! What is found in the sentences of CyNER, which nobody looked at when the catalogue was written.
//!
//! CyNER (aiforsec, MIT) tags the words of threat reports, mostly on malware for Android. A find counts as right if it
//! overlaps something that is tagged with its kind. Of indicators, CyNER tags the names of files, packages and
//! processes as well; recall is therefore said of those that have a form that is extracted, too.

use std::fmt::Write as _;
use watchfire_feeds::{EntityKind, Extractor, Names};

/// A sentence, and what is tagged in it: the tag, and its bytes.
struct Sentence {
    text: String,
    tagged: Vec<(String, usize, usize)>,
}

#[derive(Default)]
struct Score {
    tagged: usize,
    recognised: usize,
    found: usize,
    right: usize,
    /// What was missed, and what was found besides, a line each.
    wrong: String,
}

impl Score {
    fn precision(&self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    fn recall(&self) -> f64 {
        self.recognised as f64 / self.tagged.max(1) as f64
    }

    fn line(&self, what: &str) -> String {
        format!(
            "{what}: precision {:.3} ({} of {}), recall {:.3} ({} of {})",
            self.precision(),
            self.right,
            self.found,
            self.recall(),
            self.recognised,
            self.tagged
        )
    }
}

#[test]
fn little_is_found_that_people_would_not_have_tagged() {
    let Some(data) = std::env::var_os("WATCHFIRE_DATA").map(std::path::PathBuf::from) else {
        eprintln!("skipped: WATCHFIRE_DATA is not set");
        return;
    };
    let mut sentences = Vec::new();
    for part in ["train.txt", "valid.txt"] {
        let Ok(words) = std::fs::read_to_string(data.join("ner-cyner").join(part)) else {
            eprintln!("skipped: ner-cyner/{part} is absent");
            return;
        };
        sentences.extend(read(&words));
    }
    let embedded = Extractor::new(Names::embedded());
    let malware = score(&embedded, &sentences, "Malware", is_malware, |_| true);
    eprintln!("{}", malware.line("malware, embedded catalogue"));
    let indicators = score(&embedded, &sentences, "Indicator", is_indicator, |_| true);
    eprintln!("{}", indicators.line("indicators, all that are tagged"));
    let formed = score(&embedded, &sentences, "Indicator", is_indicator, has_form);
    eprintln!("{}", formed.line("indicators that look like addresses, hashes or domains"));
    if let Some(names) = with_attack(&data) {
        let score = score(&Extractor::new(names), &sentences, "Malware", is_malware, |_| true);
        eprintln!("{}", score.line("malware, with ATT&CK's software"));
    }
    if std::env::var_os("WATCHFIRE_MISSES").is_some() {
        eprintln!("{}{}", malware.wrong, formed.wrong);
    }
    assert!(malware.precision() > 0.8, "{}", malware.line("malware"));
    assert!(indicators.precision() > 0.8 && formed.recall() > 0.8, "{}", formed.line("indicators"));
}

fn is_malware(kind: EntityKind) -> bool {
    kind == EntityKind::Malware
}

fn is_indicator(kind: EntityKind) -> bool {
    use EntityKind::{Domain, Email, Hash, Ip, Network, Url};
    matches!(kind, Ip | Network | Domain | Url | Email | Hash)
}

/// Whether a tagged text has a form that a recogniser of hosts or hashes may know: hexadecimal throughout, or dots and
/// no ending of a file or a package. Judged by hand-made rules, apart from those of the extractor.
fn has_form(text: &str) -> bool {
    let hash = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let web = text.contains("://") || text.contains(": //") || text.contains("hxxp") || text.contains("www.");
    let last = text.rsplit('.').next().unwrap_or_default();
    let ending =
        ["com", "net", "org", "info", "ru", "top", "xyz", "cn", "in", "club", "biz", "tk"].contains(&last);
    let domain = ending && !text.starts_with("com.") && !text.contains(' ');
    let quad = text.split('.').count() == 4 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    hash || web || domain || quad
}

fn score(
    extractor: &Extractor,
    sentences: &[Sentence],
    tag: &str,
    of_kind: impl Fn(EntityKind) -> bool,
    concerns: impl Fn(&str) -> bool,
) -> Score {
    let mut score = Score::default();
    for sentence in sentences {
        let tagged: Vec<_> = sentence.tagged.iter().filter(|tagged| tagged.0 == tag).collect();
        let found = extractor.extract(&sentence.text);
        let found: Vec<_> = found.iter().filter(|found| of_kind(found.entity.kind)).collect();
        score.found += found.len();
        for find in &found {
            let right = tagged.iter().any(|tagged| tagged.1 < find.end && find.start < tagged.2);
            score.right += usize::from(right);
            if !right {
                let _ = writeln!(score.wrong, "besides {tag}: {} in {}", find.as_written, sentence.text);
            }
        }
        for tagged in tagged.iter().filter(|tagged| concerns(&sentence.text[tagged.1..tagged.2])) {
            score.tagged += 1;
            let recognised = found.iter().any(|find| tagged.1 < find.end && find.start < tagged.2);
            score.recognised += usize::from(recognised);
            if !recognised {
                let _ = writeln!(score.wrong, "missing {tag}: {}", &sentence.text[tagged.1..tagged.2]);
            }
        }
    }
    score
}

/// The embedded catalogue and the names of ATT&CK's malware and tools.
fn with_attack(data: &std::path::Path) -> Option<Names> {
    let lines = std::fs::read_to_string(data.join("intel/attack/enterprise-attack-compact.jsonl")).ok()?;
    let mut names = Names::embedded();
    for line in lines.lines() {
        let object: serde_json::Value = serde_json::from_str(line).ok()?;
        if matches!(object["type"].as_str(), Some("malware" | "tool")) {
            let aliases = object["aliases"].as_array().map(Vec::as_slice).unwrap_or_default();
            let aliases = aliases.iter().filter_map(serde_json::Value::as_str);
            names.add(EntityKind::Malware, object["name"].as_str()?, aliases);
        }
    }
    Some(names)
}

/// Reads lines of a word, a tab and a tag; an empty line ends a sentence. The words were parted, and sentences ended,
/// within addresses: `hxxp : //evil [ .` and `] com`. That is undone.
fn read(words: &str) -> Vec<Sentence> {
    let mut sentences = vec![Sentence { text: String::new(), tagged: Vec::new() }];
    for line in words.lines() {
        let Some((word, tag)) = line.rsplit_once(['\t', ' ']) else {
            let cut = sentences.last().is_some_and(|sentence| sentence.text.ends_with("[ ."));
            if !cut {
                sentences.push(Sentence { text: String::new(), tagged: Vec::new() });
            }
            continue;
        };
        let Some(sentence) = sentences.last_mut() else { continue };
        if word.starts_with("//") && sentence.text.ends_with(" :") {
            let shorter = sentence.text.len() - 2;
            sentence.text.replace_range(shorter..=shorter, "");
        } else if !sentence.text.is_empty() {
            sentence.text.push(' ');
        }
        let start = sentence.text.len();
        sentence.text.push_str(word.trim());
        let end = sentence.text.len();
        match tag.trim().split_once('-') {
            Some(("B", kind)) => sentence.tagged.push((kind.to_owned(), start, end)),
            Some((_, _)) => {
                if let Some(last) = sentence.tagged.last_mut() {
                    last.2 = end;
                }
            }
            None => {}
        }
    }
    sentences
}
