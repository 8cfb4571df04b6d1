//! The report as Markdown, in GitHub's dialect, for tickets and wikis.
//!
//! What comes from the input is written in one of two ways, and in no other. Values (names, addresses, commands) are
//! code spans, in which nothing is markup ([`code`]). Sentences, which cite values, are escaped ([`prose`]); a word of
//! theirs that a renderer would make something of even when it is escaped, an address of a page or of mail, a mention,
//! an issue's number, becomes a code span as well. See the GitHub Flavored Markdown Spec, 0.29: 6.3 (code spans), 6.9
//! (autolinks), 4.10 (tables: a bar in a cell is escaped even inside code).

use super::figures::{bytes, counted, grouped};
use super::finding::{self, Fact, FindingView};
use super::headline::Headline;
use super::latency;
use super::panels::{self, Panel, Row};
use std::fmt::{self, Write};
use watchfire_engine::Summary;

/// Punctuation around a word that is none of its own.
const OPENING: [char; 8] = ['(', '[', '{', '<', '"', '\'', '“', '‘'];
const CLOSING: [char; 14] = [')', ']', '}', '>', '"', '\'', '”', '’', ',', '.', ';', ':', '!', '?'];
/// Findings in the table; the rest are counted.
const MAX_FINDINGS: usize = 50;
/// Findings told in full.
const MAX_DETAILS: usize = 10;
/// Inputs in the table.
const MAX_INPUTS: usize = 60;

/// The report.
pub(super) fn text(summary: &Summary) -> String {
    let mut out = String::new();
    // A `String` takes all that is written to it.
    let _ = write_report(&mut out, summary);
    out
}

fn write_report(out: &mut String, summary: &Summary) -> fmt::Result {
    let headline = Headline::new(summary);
    writeln!(out, "# Triage report: {}\n", headline.sentence())?;
    writeln!(out, "{}\n", prose(&headline.lead))?;
    writeln!(out, "{}\n", headline.balance.sentence())?;
    if !headline.balance.fault.is_empty() {
        writeln!(out, "**{}**\n", prose(&headline.balance.fault))?;
    }
    for (label, value) in &headline.facts {
        writeln!(out, "- {label}: {}", prose(value))?;
    }
    if summary.forgotten > 0 {
        let forgotten = grouped(summary.forgotten);
        writeln!(
            out,
            "- Patterns and entities forgotten for lack of room: {forgotten}; counts of patterns may be too high"
        )?;
    }
    findings(out, summary)?;
    for section in panels::sections(summary) {
        writeln!(out, "\n## {}", section.heading)?;
        section.panels.iter().try_for_each(|panel| list(out, panel))?;
        if section.anchor == panels::WORK {
            stages(out, summary)?;
        }
    }
    writeln!(out, "\n## What was not judged")?;
    panels::unjudged(summary).iter().try_for_each(|panel| list(out, panel))?;
    inputs(out, summary)
}

fn findings(out: &mut String, summary: &Summary) -> fmt::Result {
    writeln!(out, "\n## What to look at first\n")?;
    let views = finding::first(summary, MAX_FINDINGS);
    if views.is_empty() {
        return writeln!(out, "Nothing: there are no findings.");
    }
    writeln!(out, "| | priority | severity | verdict | rule | alerts | machines | seen (UTC) |")?;
    writeln!(out, "|---:|---:|---|---|---|---:|---:|---|")?;
    for view in &views {
        let finding = view.finding;
        let cells = [
            view.number.to_string(),
            finding.priority.to_string(),
            prose(&finding.severity),
            prose(&view.verdict()),
            code(view.rule()),
            grouped(finding.alerts),
            grouped(finding.host_count),
            prose(&view.period()),
        ];
        row(out, &cells)?;
    }
    let left = summary.findings_total.saturating_sub(views.len() as u64);
    if left > 0 {
        writeln!(out, "\n{} less urgent findings are not shown here.", grouped(left))?;
    }
    views.iter().take(MAX_DETAILS).try_for_each(|view| detail(out, view))
}

fn detail(out: &mut String, view: &FindingView<'_>) -> fmt::Result {
    let finding = view.finding;
    writeln!(out, "\n### {}. {}\n", view.number, code(view.rule()))?;
    let (severity, verdict) = (prose(&finding.severity), prose(&view.verdict()));
    writeln!(out, "**Priority {}, {severity}, {verdict}.** {}\n", finding.priority, prose(&finding.reason))?;
    for (index, step) in finding.next_steps.iter().enumerate() {
        writeln!(out, "{}. {}", index + 1, prose(step))?;
    }
    if !finding.next_steps.is_empty() {
        out.push('\n');
    }
    for fact in view.facts() {
        writeln!(out, "- {}: {}", fact.label, fact_text(&fact))?;
    }
    if !view.techniques.is_empty() {
        let technique = |technique: &finding::Technique<'_>| match technique.name {
            "" => code(technique.id),
            name => format!("{} {}", code(technique.id), prose(name)),
        };
        let techniques: Vec<String> = view.techniques.iter().map(technique).collect();
        writeln!(out, "- ATT&CK: {}", techniques.join(", "))?;
    }
    if let Some(line) = view.commands().first() {
        writeln!(out, "- Decide: {}, or another verdict. {}", code(&line.command), view.reach())?;
    }
    if !finding.evidence.is_empty() {
        writeln!(out, "\n| evidence | |\n|---|---|")?;
        for (name, value) in &finding.evidence {
            row(out, &[prose(name), code(value)])?;
        }
    }
    Ok(())
}

fn fact_text(fact: &Fact<'_>) -> String {
    let mut parts: Vec<String> = fact.values.iter().map(|value| code(value)).collect();
    if !fact.text.is_empty() {
        parts.push(prose(&fact.text));
    }
    parts.join(" ")
}

fn list(out: &mut String, panel: &Panel) -> fmt::Result {
    writeln!(out, "\n### {}\n", panel.title)?;
    if panel.rows.is_empty() {
        return writeln!(out, "{}", panel.empty);
    }
    let [name, number, last] = panel.headings;
    match last {
        "" => writeln!(out, "| {name} | {number} |\n|---|---:|")?,
        last => writeln!(out, "| {name} | {number} | {last} |\n|---|---:|---:|")?,
    }
    for line in &panel.rows {
        let cells = [row_name(panel, line), line.number.clone(), line.last.clone()];
        row(out, if last.is_empty() { &cells[..2] } else { &cells })?;
    }
    if panel.note.is_empty() { Ok(()) } else { writeln!(out, "\n{}", prose(&panel.note)) }
}

fn row_name(panel: &Panel, row: &Row) -> String {
    let name = if panel.verbatim { code(&row.name) } else { prose(&row.name) };
    match row.detail.as_str() {
        "" => name,
        detail => format!("{name} ({})", prose(detail)),
    }
}

fn stages(out: &mut String, summary: &Summary) -> fmt::Result {
    writeln!(out, "\n### Latency\n")?;
    let rows = latency::stages(summary);
    if rows.is_empty() {
        return writeln!(out, "Nothing was timed.");
    }
    writeln!(out, "{} By stage, per alert:\n", latency::sentence(summary))?;
    writeln!(out, "| stage | p50 | p95 | p99 |\n|---|---:|---:|---:|")?;
    for stage in rows {
        let [p50, p95, p99] = stage.figures;
        row(out, &[prose(stage.stage), p50, p95, p99])?;
    }
    Ok(())
}

fn inputs(out: &mut String, summary: &Summary) -> fmt::Result {
    if summary.dead > 0 {
        writeln!(
            out,
            "\n`watchfire dead list` shows each dead letter with its file, line, reason and a hint; \
             `watchfire dead replay` takes them up again once the cause is removed."
        )?;
    }
    writeln!(out, "\n### Inputs\n")?;
    if summary.inputs.is_empty() {
        return writeln!(out, "There were no inputs.");
    }
    writeln!(out, "| input | received | judged | set aside | dead | size | packed | error |")?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|---|---|")?;
    for input in summary.inputs.iter().take(MAX_INPUTS) {
        let error = match (input.error.as_str(), input.hint.as_str()) {
            ("", _) => String::new(),
            (error, "") => prose(error),
            (error, hint) => format!("{}; hint: {}", prose(error), prose(hint)),
        };
        let cells = [
            code(&input.name),
            grouped(input.received),
            grouped(input.judged),
            grouped(input.set_aside),
            grouped(input.dead),
            bytes(input.bytes),
            prose(&input.compression),
            error,
        ];
        row(out, &cells)?;
    }
    match summary.inputs.len().saturating_sub(MAX_INPUTS) {
        0 => Ok(()),
        left => writeln!(out, "\n{} more not shown.", counted(left as u64, "input")),
    }
}

/// A row of a table. Bars that are left in its cells stand in code, where a table wants a backslash before them.
pub(super) fn row(out: &mut String, cells: &[String]) -> fmt::Result {
    for cell in cells {
        out.push_str("| ");
        let mut before = ' ';
        for character in cell.chars() {
            match (before, character) {
                // Renderers disagree on a bar after two backslashes; the sign for "divides" looks the same.
                ('\\', '|') => out.push('∣'),
                (_, '|') => out.push_str("\\|"),
                _ => out.push(character),
            }
            before = character;
        }
        out.push(' ');
    }
    writeln!(out, "|")
}

/// A value letter by letter: a code span whose fence is longer than any run of backticks in it.
fn code(value: &str) -> String {
    let value = one_line(value);
    if value.trim().is_empty() {
        return String::new();
    }
    let longest = value.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A space keeps the value's own backticks off the fence; the renderer takes it away again.
    let space = if value.starts_with(['`', ' ']) || value.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{space}{value}{space}{fence}")
}

/// A sentence in which nothing is markup, wherever in a line it stands.
pub(super) fn prose(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 16);
    for (index, word) in text.trim().split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let core = word.trim_start_matches(OPENING).trim_end_matches(CLOSING);
        if becomes_link(core)
            && let Some((before, after)) = word.split_once(core)
        {
            escape(&mut out, before);
            out.push_str(&code(core));
            escape(&mut out, after);
        } else if index == 0 {
            escape_first(&mut out, word);
        } else {
            escape(&mut out, word);
        }
    }
    out
}

/// On one line, and without the signs that turn the direction of what follows (UAX #9): nothing isolates text here.
fn one_line(text: &str) -> String {
    let turns = |character| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|character| if character.is_control() || turns(character) { ' ' } else { character })
        .collect()
}

/// Whether some renderer makes a link or a mention of a word although its punctuation is escaped. Some take whatever
/// has a dot before a letter for a name to link to, even `user.name`.
fn becomes_link(word: &str) -> bool {
    let has_inner_dot = word.split_once('.').is_some_and(|(before, _)| !before.is_empty())
        && word.split('.').skip(1).any(|part| part.starts_with(|c: char| c.is_alphabetic()));
    has_inner_dot || word.contains(['@', '#']) || word.contains("://")
}

/// The first word of a line, which might begin a list or a heading.
fn escape_first(out: &mut String, word: &str) {
    let after_digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let (digits, rest) = word.split_at(word.len() - after_digits.len());
    out.push_str(digits);
    let is_rule = !rest.is_empty() && rest.chars().all(|c| matches!(c, '-' | '+' | '='));
    let is_list = if digits.is_empty() { is_rule } else { matches!(rest, "." | ")") };
    if is_list {
        out.push('\\');
    }
    escape(out, rest);
}

/// A word with its markup escaped: entities for what HTML and tables know, backslashes for the rest.
fn escape(out: &mut String, word: &str) {
    for (index, character) in word.char_indices() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            // Only what ends in a semicolon is an entity: `ATT&CK` is none.
            '&' if word.get(index..).is_some_and(|rest| rest.contains(';')) => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '!' | '~' | '$' | '^' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{code, prose, row};

    #[test]
    fn a_value_is_code_whatever_it_holds() {
        assert_eq!(code("10.20.9.10"), "`10.20.9.10`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`id`"), "`` `id` ``");
        assert_eq!(code("two\nlines\u{1b}[2J"), "`two lines [2J`");
        assert_eq!(code(" \n"), "");
    }

    #[test]
    fn a_sentence_has_no_markup() {
        assert_eq!(prose("<b>*x*</b> [a](b) ![c](d)"), r"&lt;b&gt;\*x\*&lt;/b&gt; \[a\](b) \!\[c\](d)");
        assert_eq!(
            prose("see http://a.example or mail@b.example"),
            "see `http://a.example` or `mail@b.example`"
        );
        assert_eq!(prose("(source.ip, outside) to a.example."), "(`source.ip`, outside) to `a.example`.");
        assert_eq!(prose("<https://a.example>"), "&lt;`https://a.example`&gt;");
        assert_eq!(prose("ask @root about #7"), "ask `@root` about `#7`");
        assert_eq!(prose("ATT&CK &lt; &#60;"), "ATT&CK &amp;lt; `&#60`;");
        assert_eq!(prose("  - no list"), r"\- no list");
        assert_eq!(prose("2. no list"), r"2\. no list");
        assert_eq!(prose("---"), r"\---");
        assert_eq!(prose("2026-03-17 0.5 1.000"), "2026-03-17 0.5 1.000");
        assert_eq!(prose("a\n# b"), "a `#` b");
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        let mut out = String::new();
        row(&mut out, &[code("curl x | sh"), code(r"a\|b"), prose("a|b")]).unwrap();
        assert_eq!(out, "| `curl x \\| sh` | `a\\∣b` | a&#124;b |\n");
    }
}
