//! Annotated news to measure against.
//!
//! Reads the XML of the Local-Global Lexicon (Lieberman, Samet, Sankaranarayanan 2010: 588 articles of small newspapers)
//! and of TR-News (Kamalloo, Rafiei 2018: 118 articles of large ones). Neither is part of the project. Offsets in the
//! files count characters; TR-News' are off by a few where its text was re-encoded, and are mended by looking for the
//! phrase near by.

use quick_xml::Reader;
use quick_xml::events::Event;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::str::FromStr;

/// Corpora are a few megabytes; no more than this is read.
const MAX_BYTES: u64 = 64 << 20;
/// How far from its offset a phrase is looked for, in bytes.
const MAX_DRIFT: usize = 64;

/// A toponym as annotators marked it.
#[derive(Debug, Clone, PartialEq)]
pub struct Toponym {
    /// First byte in the text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Degrees north and east, where the annotators found the place.
    pub point: Option<(f64, f64)>,
}

/// An article with its toponyms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Article {
    /// Its number in the corpus.
    pub id: String,
    /// Its text.
    pub text: String,
    /// In order of place in the text.
    pub toponyms: Vec<Toponym>,
    /// Toponyms whose phrase is not in the text near its offset.
    pub unplaced: usize,
}

/// Why a corpus could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The file.
    #[error("cannot read the corpus")]
    Read(#[from] std::io::Error),
    /// Its XML is not well-formed.
    #[error("line {line}: {source}")]
    Xml {
        /// Where, counted from 1.
        line: usize,
        /// Why.
        source: quick_xml::Error,
    },
    /// Its XML is, but what it says can't be.
    #[error("line {line}: {what}")]
    Wrong {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// Larger than 64 MB.
    #[error("the corpus is larger than 64 MB")]
    Large,
}

/// Reads the corpus in a file, plain or gzipped, which its first bytes tell.
pub fn read(path: &Path) -> Result<Vec<Article>, CorpusError> {
    let mut file = BufReader::new(std::fs::File::open(path)?);
    let zipped = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let mut text = String::new();
    let source: Box<dyn Read> =
        if zipped { Box::new(flate2::read::GzDecoder::new(file)) } else { Box::new(file) };
    if source.take(MAX_BYTES + 1).read_to_string(&mut text)? as u64 > MAX_BYTES {
        return Err(CorpusError::Large);
    }
    parse(&text)
}

#[derive(Default)]
struct Draft {
    start: Option<usize>,
    end: Option<usize>,
    phrase: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

/// The line that a byte stands in, counted from 1.
fn line_at(xml: &str, byte: u64) -> usize {
    let byte = usize::try_from(byte).unwrap_or(xml.len()).min(xml.len());
    1 + xml.as_bytes()[..byte].iter().filter(|byte| **byte == b'\n').count()
}

/// A number of an element's content; none where it is empty.
fn number<T: FromStr>(content: &str, element: &str) -> Result<Option<T>, String> {
    match content.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("<{element}> is not a number")),
    }
}

/// Degrees, of which there are no more than `most`; none where the element is empty.
fn degrees(content: &str, element: &str, most: f64) -> Result<Option<f64>, String> {
    match number::<f64>(content, element)? {
        Some(degrees) if !(-most..=most).contains(&degrees) => {
            Err(format!("<{element}> is not between -{most} and {most}"))
        }
        degrees => Ok(degrees),
    }
}

/// Reads a corpus from its XML. A file that breaks off, or that says where a toponym is in what is no number, is an error
/// rather than a smaller corpus: figures of part of it would pass for figures of all.
pub fn parse(xml: &str) -> Result<Vec<Article>, CorpusError> {
    let mut reader = Reader::from_str(xml);
    match articles(&mut reader) {
        Ok(articles) => Ok(articles),
        Err(Broken::Xml(source)) => {
            Err(CorpusError::Xml { line: line_at(xml, reader.error_position()), source })
        }
        Err(Broken::Wrong(what)) => {
            Err(CorpusError::Wrong { line: line_at(xml, reader.buffer_position()), what })
        }
    }
}

/// What went wrong, before it is known where.
enum Broken {
    Xml(quick_xml::Error),
    Wrong(String),
}

impl From<quick_xml::Error> for Broken {
    fn from(error: quick_xml::Error) -> Self {
        Self::Xml(error)
    }
}

impl From<String> for Broken {
    fn from(what: String) -> Self {
        Self::Wrong(what)
    }
}

fn articles(reader: &mut Reader<&[u8]>) -> Result<Vec<Article>, Broken> {
    let mut articles = Vec::new();
    let (mut article, mut draft, mut content) = (Article::default(), Draft::default(), String::new());
    let mut drafts = Vec::new();
    let mut depth = 0_usize;
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                depth += 1;
                content.clear();
                match tag.name().as_ref() {
                    b"article" => {
                        article = Article::default();
                        let id = tag.try_get_attribute("docid").ok().flatten();
                        article.id =
                            id.map(|id| String::from_utf8_lossy(&id.value).into_owned()).unwrap_or_default();
                    }
                    b"toponym" => draft = Draft::default(),
                    _ => {}
                }
            }
            Event::Text(text) => content.push_str(&text.decode().map_err(quick_xml::Error::from)?),
            Event::CData(text) => content.push_str(&text.decode().map_err(quick_xml::Error::from)?),
            Event::GeneralRef(reference) => content.push_str(match reference.as_ref() {
                b"amp" => "&",
                b"lt" => "<",
                b"gt" => ">",
                b"quot" => "\"",
                b"apos" => "'",
                _ => " ",
            }),
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                match tag.name().as_ref() {
                    b"text" => article.text = content.replace("\r\n", "\n"),
                    b"start" => draft.start = number(&content, "start")?,
                    b"end" => draft.end = number(&content, "end")?,
                    b"phrase" => draft.phrase.clone_from(&content),
                    b"lat" => draft.latitude = degrees(&content, "lat", 90.0)?,
                    b"lon" => draft.longitude = degrees(&content, "lon", 180.0)?,
                    b"toponym" => drafts.push(std::mem::take(&mut draft)),
                    b"article" => {
                        place(&mut article, &drafts);
                        drafts.clear();
                        articles.push(std::mem::take(&mut article));
                    }
                    _ => {}
                }
            }
            Event::Eof if depth > 0 => {
                return Err(Broken::Wrong("the file ends inside of an element".to_owned()));
            }
            Event::Eof if articles.is_empty() => {
                return Err(Broken::Wrong("there is no <article> in it".to_owned()));
            }
            Event::Eof => return Ok(articles),
            _ => {}
        }
    }
}

/// Turns offsets in characters into bytes and mends those that miss their phrase.
fn place(article: &mut Article, drafts: &[Draft]) {
    let text = &article.text;
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    for draft in drafts {
        let (Some(start), Some(end)) = (draft.start, draft.end) else { continue };
        let (start, end) = (start.min(bytes.len() - 1), end.min(bytes.len() - 1));
        let (start, end) = (bytes[start], bytes[end]);
        let phrase = draft.phrase.trim();
        let span = if text.get(start..end) == Some(phrase) {
            Some(start..end)
        } else {
            let low = start.saturating_sub(MAX_DRIFT);
            let found = text
                .match_indices(phrase)
                .map(|(at, _)| at)
                .filter(|at| *at >= low && *at <= start + MAX_DRIFT);
            found.min_by_key(|at| at.abs_diff(start)).map(|at| at..at + phrase.len())
        };
        match span {
            Some(span) => article.toponyms.push(Toponym {
                start: span.start,
                end: span.end,
                point: draft.latitude.zip(draft.longitude),
            }),
            None => article.unplaced += 1,
        }
    }
    article.toponyms.sort_by_key(|toponym| (toponym.start, toponym.end));
    article.toponyms.dedup_by_key(|toponym| (toponym.start, toponym.end));
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<?xml version=\"1.0\"?><articles><article docid=\"7\"><title>T</title><text><![CDATA[Zoë flew to \
        Łódź & back to Kraków.]]></text><toponyms><toponym><start>12</start><end>16</end><phrase>Łódź</phrase>\
        <gaztag><lat>51.77</lat><lon>19.46</lon></gaztag></toponym><toponym><start>30</start><end>36</end>\
        <phrase>Kraków</phrase></toponym><toponym><start>1</start><end>2</end><phrase>Riga</phrase></toponym>\
        </toponyms></article></articles>";

    #[test]
    fn characters_become_bytes_and_drifted_offsets_are_mended() {
        let articles = parse(XML).unwrap();
        let [article] = &articles[..] else { panic!("{articles:?}") };
        assert_eq!(article.id, "7");
        let named: Vec<&str> = article.toponyms.iter().map(|t| &article.text[t.start..t.end]).collect();
        assert_eq!(named, ["Łódź", "Kraków"]);
        assert_eq!(article.toponyms[0].point, Some((51.77, 19.46)));
        assert_eq!(article.toponyms[1].point, None);
        assert_eq!(article.unplaced, 1);
    }

    #[test]
    fn what_can_not_be_measured_against_is_an_error_with_its_line() {
        let told = |xml: &str| parse(xml).unwrap_err().to_string();
        assert!(told("<articles>\n<article></toponym>").starts_with("line 2: "));
        let cut = &XML[..XML.find("</toponyms>").unwrap()];
        assert_eq!(told(cut), "line 1: the file ends inside of an element");
        assert_eq!(told("<rss/>"), "line 1: there is no <article> in it");
        let far = XML.replace("<lat>", "\n<lat>9");
        assert_eq!(told(&far), "line 2: <lat> is not between -90 and 90");
        let word = XML.replace("<start>30", "\n\n<start>thirty");
        assert_eq!(told(&word), "line 3: <start> is not a number");
    }
}
