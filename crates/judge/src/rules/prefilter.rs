//! Which rules can match at all: those of whose literals at least one stands in the alert.
//!
//! Evaluating every rule for a new rule name takes milliseconds, nearly all of it on rules that have nothing in common
//! with it. Most conditions can only be true if some text occurs: `selection and not filter` needs a text of
//! `selection`. So each rule's detection is boiled down to a set of texts of which one must occur, all sets go into one
//! Aho-Corasick automaton, and only the rules that it finds are evaluated. A rule that can't be boiled down (regular
//! expressions, numbers, `not` alone) is always evaluated. The automaton may let through too much, never too little.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use serde_norway::{Mapping, Value};
use std::collections::BTreeMap;

/// Texts of which one must occur, in lower case; `None` if that can't be said.
type Needs = Option<Vec<String>>;

/// Shorter texts occur everywhere.
const MIN_TEXT: usize = 2;

/// Finds the rules that can match.
#[derive(Debug)]
pub(super) struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// The rule of each of the automaton's texts.
    owners: Vec<u16>,
    always: Vec<u16>,
}

impl Prefilter {
    /// A filter over these rules, given as their number and their detection.
    pub(super) fn new<'r>(rules: impl Iterator<Item = (u16, &'r Needs)>) -> Self {
        let (mut texts, mut owners, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (index, needs) in rules {
            match needs {
                None => always.push(index),
                Some(needs) => {
                    for text in needs {
                        texts.push(text.clone());
                        owners.push(index);
                    }
                }
            }
        }
        // A table of all transitions would be twice as fast at what is a small part of the work, and ten times as large.
        let kind = AhoCorasickKind::ContiguousNFA;
        let automaton =
            AhoCorasickBuilder::new().kind(Some(kind)).match_kind(MatchKind::Standard).build(&texts);
        match automaton {
            Ok(automaton) => Self { automaton: Some(automaton), owners, always },
            // Too many texts for an automaton: then there is no short cut.
            Err(_) => {
                always.extend(owners);
                always.sort_unstable();
                always.dedup();
                Self { automaton: None, owners: Vec::new(), always }
            }
        }
    }

    /// The rules that can match an alert with these texts, in ascending order.
    pub(super) fn candidates<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Vec<u16> {
        let mut candidates = self.always.clone();
        if let Some(automaton) = &self.automaton {
            for text in texts {
                // As sigma-rust compares: after Unicode's own lower-casing.
                let text = text.to_lowercase();
                for found in automaton.find_overlapping_iter(&text) {
                    candidates.push(self.owners[found.pattern().as_usize()]);
                }
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}

/// What a detection needs.
pub(super) fn needs(detection: &Mapping) -> Needs {
    let mut selections: BTreeMap<&str, Needs> = BTreeMap::new();
    for (name, selection) in detection {
        let name = name.as_str()?;
        if !matches!(name, "condition" | "timeframe") {
            selections.insert(name, selection_needs(selection));
        }
    }
    let condition = detection.get("condition")?.as_str()?;
    let tokens: Vec<String> =
        condition.replace('(', " ( ").replace(')', " ) ").split_whitespace().map(str::to_owned).collect();
    let mut parser = Condition { tokens: &tokens, at: 0, selections: &selections };
    let needs = parser.either().ok()?;
    // What is left over was not understood.
    if parser.at == tokens.len() { needs } else { None }
}

/// A map needs one text of any of its fields (all must hold: the field with the longest texts tells most); a list of
/// maps needs one of each map's.
fn selection_needs(selection: &Value) -> Needs {
    match selection {
        Value::Mapping(map) => {
            let fields = map.iter().filter_map(|(key, value)| field_needs(key.as_str()?, value));
            fields.max_by_key(|texts| texts.iter().map(String::len).min())
        }
        Value::Sequence(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(selection_needs(part)?);
            }
            Some(all).filter(|all| !all.is_empty())
        }
        _ => None,
    }
}

fn field_needs(key: &str, value: &Value) -> Needs {
    let mut modifiers = key.split('|').skip(1);
    let all = modifiers.clone().any(|modifier| modifier == "all");
    if !modifiers.all(|modifier| matches!(modifier, "contains" | "startswith" | "endswith" | "all" | "cased"))
    {
        return None;
    }
    let values = match value {
        Value::Sequence(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    let texts: Vec<Option<String>> = values.iter().map(|value| literal(value.as_str()?)).collect();
    if all {
        // All must occur: the longest that can be said is enough.
        return texts.into_iter().flatten().max_by_key(String::len).map(|text| vec![text]);
    }
    texts.into_iter().collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())
}

/// The longest stretch of a pattern without wildcards.
fn literal(pattern: &str) -> Option<String> {
    // A backslash may escape a wildcard: such a pattern is cut there, too.
    let longest = pattern.split(['*', '?', '\\']).max_by_key(|part| part.len())?;
    (longest.len() >= MIN_TEXT).then(|| longest.to_lowercase())
}

/// Reads a condition: `a and not (b or 1 of c*)`.
struct Condition<'c> {
    tokens: &'c [String],
    at: usize,
    selections: &'c BTreeMap<&'c str, Needs>,
}

/// The condition is none that is known here.
struct Unknown;

impl Condition<'_> {
    fn take(&mut self) -> Result<&str, Unknown> {
        let token = self.tokens.get(self.at).ok_or(Unknown)?;
        self.at += 1;
        Ok(token)
    }

    fn next_is(&mut self, word: &str) -> bool {
        let is = self.tokens.get(self.at).is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn either(&mut self) -> Result<Needs, Unknown> {
        let mut needs = self.both()?;
        while self.next_is("or") {
            let other = self.both()?;
            needs = needs.zip(other).map(|(mut texts, more)| {
                texts.extend(more);
                texts
            });
        }
        Ok(needs)
    }

    fn both(&mut self) -> Result<Needs, Unknown> {
        let mut needs = self.one()?;
        while self.next_is("and") {
            let other = self.one()?;
            needs = match (needs, other) {
                (Some(a), Some(b)) if b.len() < a.len() => Some(b),
                (Some(a), _) => Some(a),
                (None, other) => other,
            };
        }
        Ok(needs)
    }

    fn one(&mut self) -> Result<Needs, Unknown> {
        if self.next_is("not") {
            self.one()?;
            return Ok(None);
        }
        if self.next_is("(") {
            let needs = self.either()?;
            return if self.next_is(")") { Ok(needs) } else { Err(Unknown) };
        }
        let word = self.take()?.to_owned();
        if (word == "1" || word.eq_ignore_ascii_case("any") || word.eq_ignore_ascii_case("all"))
            && self.next_is("of")
        {
            let pattern = self.take()?.to_owned();
            let prefix = if pattern == "them" { "" } else { pattern.trim_end_matches('*') };
            let group = self.selections.iter().filter(|(name, _)| {
                if pattern == "them" || pattern.ends_with('*') {
                    name.starts_with(prefix)
                } else {
                    **name == pattern
                }
            });
            if word.eq_ignore_ascii_case("all") {
                return Ok(group.filter_map(|(_, needs)| needs.clone()).min_by_key(Vec::len));
            }
            let mut all = Vec::new();
            for (_, needs) in group {
                match needs {
                    Some(needs) => all.extend(needs.iter().cloned()),
                    None => return Ok(None),
                }
            }
            return Ok(Some(all).filter(|all| !all.is_empty()));
        }
        self.selections.get(word.as_str()).cloned().ok_or(Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::{Prefilter, needs};
    use serde_norway::Value;

    fn of(detection: &str) -> Option<Vec<String>> {
        let value: Value = serde_norway::from_str(detection).unwrap();
        needs(value.as_mapping().unwrap())
    }

    #[test]
    fn what_must_occur_is_found() {
        assert_eq!(
            of("{s: {rule.name|contains: [Nmap, nikto]}, condition: s}"),
            Some(vec!["nmap".into(), "nikto".into()])
        );
        assert_eq!(
            of("{s: {rule.name: 'ET *SCAN?x'}, f: {host.name: a1}, condition: s and not f}"),
            Some(vec!["scan".into()])
        );
        assert_eq!(
            of("{s1: {a: foo}, s2: [{b: bar}, {b: bazz}], condition: 1 of s*}"),
            Some(vec!["foo".into(), "bar".into(), "bazz".into()])
        );
        assert_eq!(of("{s: {a|contains|all: [ab, abcdef]}, condition: s}"), Some(vec!["abcdef".into()]));
    }

    #[test]
    fn where_nothing_must_occur_nothing_is_asked() {
        for detection in [
            "{s: {a: foo}, condition: not s}",
            "{s: {a|re: 'x+'}, condition: s}",
            "{s: {a: 5}, condition: s}",
            "{s: {a: '*'}, condition: s}",
            "{s: {a: null}, condition: s}",
            "{s: {a: foo}, t: {b|re: x}, condition: s or t}",
            "{s: {a: foo}, condition: s | count() > 5}",
        ] {
            assert_eq!(of(detection), None, "{detection}");
        }
    }

    #[test]
    fn candidates_are_those_whose_text_occurs() {
        let (nmap, any) = (Some(vec!["nmap".to_owned()]), None);
        let filter = Prefilter::new([(0, &nmap), (1, &any)].into_iter());
        assert_eq!(filter.candidates(["ET SCAN NMAP probe"].into_iter()), [0, 1]);
        assert_eq!(filter.candidates(["other"].into_iter()), [1]);
    }
}
