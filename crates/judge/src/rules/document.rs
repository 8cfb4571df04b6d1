//! One rule: Sigma's part, evaluated by `sigma-rust`, and the `watchfire:` part.

use super::{RuleField, prefilter};
use crate::Category;
use crate::attack::{Tactic, Tactics, technique};
use serde::Deserialize;
use serde_norway::Value;
use sigma_rust::Rule;
use std::path::{Path, PathBuf};
use watchfire_signal::{Severity, Verdict};

/// A file of rules may be this large, in bytes.
const MAX_FILE: u64 = 4 << 20;
/// A folder may hold this many files.
const MAX_FILES: usize = 10_000;

/// A rule that can be evaluated.
#[derive(Debug)]
pub struct RuleDocument {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it means when it fires.
    pub description: String,
    /// No decider may go below this.
    pub floor: Severity,
    /// What the alert is about.
    pub category: Category,
    /// ATT&CK techniques.
    pub techniques: Vec<String>,
    /// ATT&CK tactics.
    pub tactics: Tactics,
    /// A verdict and its confidence, if the rule is sure by itself.
    pub verdict: Option<(Verdict, f64)>,
    /// What to do, with `{field}` standing for the alert's own.
    pub next_steps: Vec<String>,
    /// The fields that its detection reads.
    pub(super) fields: Vec<RuleField>,
    /// Texts of which one must occur for it to match.
    pub(super) needs: Option<Vec<String>>,
    pub(super) sigma: Rule,
    pub(super) text: String,
}

/// A rule, or a file of rules, that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {reason}", path.display(), title.as_deref().map(|title| format!(" ({title})")).unwrap_or_default())]
pub struct RuleProblem {
    /// Where it stands.
    pub path: PathBuf,
    /// Which rule, if it could be told.
    pub title: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub hint: &'static str,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Own {
    category: Category,
    verdict: Option<String>,
    confidence: Option<f64>,
    next_steps: Vec<String>,
}

/// Adds the rules of every rule file in a folder.
pub(super) fn parse_folder(folder: &Path, rules: &mut Vec<RuleDocument>, problems: &mut Vec<RuleProblem>) {
    let problem =
        |path: &Path, reason: String, hint| RuleProblem { path: path.to_owned(), title: None, reason, hint };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(problem(folder, error.to_string(), "[rules] folders names folders of Sigma rules"));
            return;
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "yml" || ending == "yaml"))
        .take(MAX_FILES)
        .collect();
    files.sort();
    for file in files {
        let size = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        if size > MAX_FILE {
            problems.push(problem(&file, format!("{size} bytes, more than 4 MiB"), "split the file"));
            continue;
        }
        match std::fs::read_to_string(&file) {
            Ok(text) => parse(&file, &text, rules, problems),
            Err(error) => {
                problems.push(problem(
                    &file,
                    error.to_string(),
                    "rule files are UTF-8 text that can be read",
                ));
            }
        }
    }
}

/// Adds the rules of one file: YAML documents separated by `---`.
pub(super) fn parse(path: &Path, text: &str, rules: &mut Vec<RuleDocument>, problems: &mut Vec<RuleProblem>) {
    for document in text.split("\n---").map(|part| part.strip_prefix("---").unwrap_or(part)) {
        let is_blank =
            document.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_blank {
            continue;
        }
        match read(document) {
            Ok(rule) => rules.push(rule),
            Err((title, reason, hint)) => {
                problems.push(RuleProblem { path: path.to_owned(), title, reason, hint });
            }
        }
    }
}

type Refusal = (Option<String>, String, &'static str);

fn read(text: &str) -> Result<RuleDocument, Refusal> {
    const SIGMA: &str = "rules are written in Sigma's format: see rules/README.md";
    let sigma: Rule = sigma_rust::rule_from_yaml(text)
        .map_err(|error| (None, error.to_string().trim().to_owned(), SIGMA))?;
    let title = sigma.title.clone();
    let refuse = |reason: String, hint| (Some(title.clone()), reason, hint);

    let value: Value = serde_norway::from_str(text).map_err(|error| refuse(error.to_string(), SIGMA))?;
    let mut names = Vec::new();
    if let Some(detection) = value.get("detection").and_then(Value::as_mapping) {
        for (key, selection) in detection {
            if !matches!(key.as_str(), Some("condition" | "timeframe")) {
                collect_fields(selection, &mut names);
            }
        }
    }
    let mut fields = Vec::new();
    for name in names {
        let field = RuleField::from_name(&name).ok_or_else(|| {
            refuse(format!("alerts have no field `{name}`"), "the fields are listed in rules/README.md")
        })?;
        fields.push(field);
    }
    if fields.is_empty() {
        return Err(refuse(
            "the detection names no field".to_owned(),
            "keyword lists are not supported: name a field",
        ));
    }

    let own: Own = match sigma.custom_fields.get("watchfire") {
        Some(value) => serde_norway::from_value(value.clone()).map_err(|error| {
            refuse(format!("watchfire: {error}"), "the keys are listed in rules/README.md")
        })?,
        None => Own::default(),
    };
    let verdict = match &own.verdict {
        None => None,
        Some(name) => {
            let verdict = Verdict::from_name(name).ok_or_else(|| {
                refuse(
                    format!("`{name}` is not a verdict"),
                    "true_positive, benign_positive, false_positive or suspicious",
                )
            })?;
            let confidence = own.confidence.unwrap_or(0.8);
            if !(0.0..=1.0).contains(&confidence) {
                return Err(refuse(format!("a confidence of {confidence}"), "confidence is between 0 and 1"));
            }
            Some((verdict, confidence))
        }
    };
    let mut tactics = Tactics::default();
    let mut techniques = Vec::new();
    for tag in sigma.tags.iter().flatten() {
        let Some(name) = tag.strip_prefix("attack.") else { continue };
        if let Some(tactic) = Tactic::from_name(name) {
            tactics.insert(tactic);
        } else if let Some(known) = technique(&name.to_ascii_uppercase()) {
            techniques.push(name.to_ascii_uppercase());
            if tactics.is_empty() {
                tactics = tactics.union(known.tactics);
            }
        }
    }
    Ok(RuleDocument {
        id: sigma.id.clone().unwrap_or_else(|| title.clone()),
        description: sigma.description.clone().unwrap_or_default(),
        // Sigma's levels are OCSF's words.
        floor: value.get("level").and_then(Value::as_str).and_then(Severity::from_word).unwrap_or_default(),
        category: own.category,
        techniques,
        tactics,
        verdict,
        next_steps: own.next_steps,
        fields,
        needs: value.get("detection").and_then(Value::as_mapping).and_then(prefilter::needs),
        title,
        sigma,
        text: text.to_owned(),
    })
}

/// The field names of a selection: keys of maps, in lists too, without their modifiers.
fn collect_fields(selection: &Value, names: &mut Vec<String>) {
    match selection {
        Value::Mapping(map) => {
            for (key, value) in map {
                if let Some(key) = key.as_str() {
                    names.push(key.split('|').next().unwrap_or(key).to_owned());
                    // `field|fieldref: other` reads the other field too.
                    if key.contains("|fieldref")
                        && let Some(other) = value.as_str()
                    {
                        names.push(other.to_owned());
                    }
                }
            }
        }
        Value::Sequence(parts) => parts.iter().for_each(|part| collect_fields(part, names)),
        _ => {}
    }
}
