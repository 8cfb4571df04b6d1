//! The catalogue of names, and how freely each may be written.
//!
//! Most names of malware and actors are made up, and are names wherever they stand. Others are words: `Play`, `Snake`,
//! `Gold`, `Exchange`. Those count only in their own capitals and beside a word that says what they are. The embedded
//! catalogue says it of its own names; of those that a caller adds (from ATT&CK, from the list of exploited
//! vulnerabilities), the list of common words decides.

use super::catalogue;
use super::fold::fold;
use crate::EntityKind;

/// The longest name, in bytes; longer ones are titles, and are left out.
const LONGEST: usize = 80;

/// How many spellings a catalogue may have.
const MOST: usize = 200_000;

/// How a name has to be written to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// In any case; a short one in its own or in capitals.
    Free,
    /// In its own capitals, or in capitals throughout.
    Exact,
    /// As `Exact`, and it may mean something else.
    Doubtful,
    /// As `Exact`, and beside a word that says what it is. A sector's in any case.
    Introduced,
}

/// One way to write one name.
#[derive(Debug, Clone)]
pub(super) struct Spelling {
    /// As it is usually written.
    pub(super) written: String,
    /// The same, folded.
    pub(super) folded: String,
    /// What it names, in [`Names::entities`]; `None` where it names nothing, but holds a name: `New Mexico`.
    pub(super) entity: Option<(EntityKind, usize)>,
    pub(super) manner: Manner,
}

/// Names of malware, actors, vendors, products, sectors and countries, with their aliases.
#[derive(Debug, Clone, Default)]
pub struct Names {
    spellings: Vec<Spelling>,
    values: Vec<String>,
}

impl Names {
    /// The embedded catalogue.
    pub fn embedded() -> Self {
        let mut names = Self::default();
        catalogue::fill(&mut names);
        names
    }

    /// No names at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// How many spellings there are.
    pub fn len(&self) -> usize {
        self.spellings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spellings.is_empty()
    }

    /// Adds a name and its aliases: the entity's value is `name`. Names that are common words, or short and in small
    /// letters, will count only where the text says what they are. Names of fewer than two letters, of two small ones
    /// (`at`), or of more than 80 bytes are left out, as is all beyond 200,000 spellings.
    pub fn add<'a>(&mut self, kind: EntityKind, name: &str, aliases: impl IntoIterator<Item = &'a str>) {
        let value = self.value(name);
        self.spell(Some((kind, value)), name, manner(kind, name));
        for alias in aliases {
            self.spell(Some((kind, value)), alias, manner(kind, alias));
        }
    }

    /// A place for the value `name`.
    pub(super) fn value(&mut self, name: &str) -> usize {
        self.values.push(name.trim().to_owned());
        self.values.len() - 1
    }

    /// The value in place `value`.
    pub(super) fn value_at(&self, value: usize) -> Option<&str> {
        self.values.get(value).map(String::as_str)
    }

    /// Adds one spelling of an entity.
    pub(super) fn spell(&mut self, entity: Option<(EntityKind, usize)>, written: &str, manner: Manner) {
        let written = written.trim();
        let folded = fold(written);
        let tiny = written.len() <= 2 && written.bytes().all(|byte| byte.is_ascii_lowercase());
        if tiny || written.len() > LONGEST || folded.chars().count() < 2 || self.spellings.len() >= MOST {
            return;
        }
        self.spellings.push(Spelling { written: written.to_owned(), folded, entity, manner });
    }

    pub(super) fn spellings(&self) -> &[Spelling] {
        &self.spellings
    }
}

/// How a name that a caller adds has to be written.
fn manner(kind: EntityKind, written: &str) -> Manner {
    let single = !written.trim().contains(|letter: char| !letter.is_alphanumeric());
    let small = !written.contains(|letter: char| letter.is_uppercase() || letter.is_ascii_digit());
    if single && (catalogue::is_common(written) || (small && written.len() <= 4)) {
        return Manner::Introduced;
    }
    if kind == EntityKind::Country { Manner::Exact } else { Manner::Free }
}
