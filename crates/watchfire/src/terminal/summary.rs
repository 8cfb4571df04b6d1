//! The closing summary of a run.

use super::lines::{cut, wrap};
use super::paint::{Paint, Style};
use super::{grouped, outside, path_name, words};
use std::io::{self, IsTerminal};
use std::path::Path;
use unicode_width::UnicodeWidthStr;
use watchfire_engine::{Count, Finding, Reused, Summary};
use watchfire_signal::Severity;

/// Width where there is no terminal to ask.
const DEFAULT_WIDTH: usize = 100;

/// How a summary is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) width: usize,
    pub(crate) painted: bool,
    pub(crate) top: usize,
    pub(crate) min_severity: Severity,
}

impl View {
    /// For standard output; painted if it is a terminal and `wanted`.
    pub(crate) fn of_stdout(wanted: bool) -> Self {
        Self::new(wanted && io::stdout().is_terminal())
    }

    /// For standard error.
    pub(crate) fn of_stderr() -> Self {
        Self::new(io::stderr().is_terminal())
    }

    fn new(is_terminal: bool) -> Self {
        let width = terminal_size::terminal_size().filter(|_| is_terminal);
        let width = width.map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
        Self { width: width.clamp(60, 160), painted: is_terminal, top: 10, min_severity: Severity::Unknown }
    }
}

/// The summary.
pub(crate) fn summary(summary: &Summary, view: &View) -> String {
    let paint = Paint::for_stream(view.painted);
    let mut page = Page { text: String::new(), paint, width: view.width };
    page.headline(summary);
    page.counts(summary);
    page.findings(summary, view);
    page.stages(summary);
    page.sources(summary);
    page.caches(summary);
    page.outside(summary);
    page.left_over(summary);
    page.text
}

/// Where the results are and what can be done next.
pub(crate) fn whereabouts(
    summary: &Summary,
    run: i64,
    out: Option<&Path>,
    json: Option<&Path>,
    view: &View,
) -> String {
    let paint = Paint::for_stream(view.painted);
    let mut text = String::from("\n");
    let mut line = |what: &str, value: String| {
        text.push_str(&format!("  {} {value}\n", paint.of(Style::Dim, &format!("{what:<9}"))));
    };
    if let Some(path) = out {
        line("results", path_name(path));
    }
    if let Some(path) = json {
        line("analysis", path_name(path));
    }
    if summary.store == ":memory:" {
        line("store", "none: nothing is kept (--store :memory:)".to_owned());
        return text;
    }
    line("store", format!("{} (run {run})", path_name(Path::new(&summary.store))));
    if out.is_none() {
        line("report", "watchfire report --out report.html".to_owned());
    }
    if let Some(first) = summary.findings.first() {
        line("decide", format!("watchfire decide {} benign_positive --reason \"…\"", first.example));
    }
    text
}

struct Page {
    text: String,
    paint: Paint,
    width: usize,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, text: &str) {
        let heading = self.paint.of(Style::Strong, text);
        self.line("");
        self.line(&heading);
    }

    fn headline(&mut self, summary: &Summary) {
        let plural = |count: u64, one: &str| {
            let s = if count == 1 { "" } else { "s" };
            format!("{} {one}{s}", grouped(count))
        };
        let funnel = [
            plural(summary.judged, "alert"),
            plural(summary.patterns, "pattern"),
            plural(summary.calls, "call"),
            format!("${:.2}", summary.cost_usd),
        ]
        .join("  →  ");
        let speed = format!(
            "{} · {} alerts/s",
            seconds(summary.elapsed_s),
            grouped(summary.alerts_per_s.round() as u64)
        );
        let gap = self.width.saturating_sub(funnel.width() + speed.width()).max(3);
        let line = format!(
            "{}{}{}",
            self.paint.of(Style::Strong, &funnel),
            " ".repeat(gap),
            self.paint.of(Style::Dim, &speed)
        );
        self.line("");
        self.line(&line);
        let (mark, style) = if summary.is_balanced() { ("✓", Style::Good) } else { ("✗", Style::Error) };
        let balance = format!(
            "received {} = judged {} + set aside {} + dead {} + pending {}  {}",
            grouped(summary.received),
            grouped(summary.judged),
            grouped(summary.set_aside),
            grouped(summary.dead),
            grouped(summary.pending),
            self.paint.of(style, mark),
        );
        self.line(&balance);
        if !summary.first_alert.is_empty() {
            let period =
                format!("from {} to {} UTC", minute(&summary.first_alert), minute(&summary.last_alert));
            let period = self.paint.of(Style::Dim, &period);
            self.line(&period);
        }
    }

    fn counts(&mut self, summary: &Summary) {
        if summary.judged == 0 {
            return;
        }
        self.line("");
        self.bars("Severity", &summary.by_severity, Paint::severity);
        self.bars("Verdict", &summary.by_verdict, |name| match name {
            "true_positive" => Style::Critical,
            "suspicious" => Style::High,
            "insufficient_data" => Style::Medium,
            _ => Style::Good,
        });
    }

    /// Names, counts, shares, and bars on a logarithmic scale: one critical alert among a million must be seen.
    fn bars(&mut self, title: &str, counts: &[Count], style: impl Fn(&str) -> Style) {
        const LONGEST: f64 = 30.0;
        let total: u64 = counts.iter().map(|count| count.alerts).sum();
        let most = counts.iter().map(|count| count.alerts).max().unwrap_or(0);
        for (index, count) in counts.iter().enumerate() {
            let share = 100.0 * count.alerts as f64 / total.max(1) as f64;
            let length = LONGEST * (count.alerts as f64 + 1.0).ln() / (most as f64 + 1.0).ln();
            let bar = "▇".repeat((length.round() as usize).max(1));
            let line = format!(
                "{:<9} {:<18}{:>10}  {:>5}  {}",
                if index == 0 { title } else { "" },
                words(&count.name),
                grouped(count.alerts),
                if share >= 0.1 { format!("{share:.1} %") } else { "< 0.1".to_owned() },
                self.paint.of(style(&count.name), &bar),
            );
            self.line(&line);
        }
    }

    fn findings(&mut self, summary: &Summary, view: &View) {
        let wanted: Vec<&Finding> = summary
            .findings
            .iter()
            .filter(|finding| {
                Severity::from_word(&finding.severity).unwrap_or(Severity::Unknown) >= view.min_severity
            })
            .collect();
        let shown = wanted.get(..view.top).unwrap_or(&wanted);
        if shown.is_empty() {
            return;
        }
        self.heading("What to look at first");
        for (index, finding) in shown.iter().enumerate() {
            self.finding(index + 1, finding);
        }
        let unshown = (wanted.len() - shown.len()) as u64;
        let unlisted = summary.findings_total.saturating_sub(summary.findings.len() as u64);
        if let Some(more) = more(unshown, unlisted, view.min_severity) {
            let more = self.paint.of(Style::Dim, &format!("     … and {more}"));
            self.line(&more);
        }
    }

    fn finding(&mut self, number: usize, finding: &Finding) {
        let severity = format!("{:<13}", finding.severity);
        let times =
            if finding.alerts == 1 { String::new() } else { format!("  {}×", grouped(finding.alerts)) };
        let place = place(finding);
        let rule = if finding.rule.is_empty() { "(no rule name)" } else { finding.rule.as_str() };
        let room = self.width.saturating_sub(3 + 2 + 3 + 2 + 13 + 1 + times.width());
        let line = format!(
            "{number:>3}  {}  {} {}{}",
            self.paint.of(Style::Strong, &format!("{:>3}", finding.priority)),
            self.paint.of(Paint::severity(&finding.severity), &severity),
            self.paint.of(Style::Strong, &cut(rule, room)),
            times,
        );
        self.line(&line);
        let decider = match (finding.decider.as_str(), finding.verdict.as_str()) {
            ("fallback", "suspicious") => "by the rules' floor".to_owned(),
            ("fallback", _) => "nobody was sure".to_owned(),
            (decider, _) => format!("by {decider}"),
        };
        let verdict = format!("{}, {decider}", words(&finding.verdict));
        let id = if finding.example.is_empty() { String::new() } else { format!("id {}", finding.example) };
        let detail = [verdict, place, when(finding), id]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · ");
        self.indented(&detail, Style::Dim);
        if !finding.reason.is_empty() {
            // The rule's name stands above already.
            let reason =
                finding.reason.strip_prefix(&format!("“{}” ", finding.rule)).unwrap_or(&finding.reason);
            let mut characters = reason.chars();
            let reason: String =
                characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect();
            self.indented(&reason, Style::Low);
        }
        if let Some(step) = finding.next_steps.first() {
            self.indented(&format!("→ {step}"), Style::Good);
        }
    }

    /// A paragraph under a finding. Only the marker is painted where the text must be read.
    fn indented(&mut self, text: &str, style: Style) {
        const INDENT: usize = 10;
        for line in wrap(text, self.width.saturating_sub(INDENT)) {
            let line = if style == Style::Low { line } else { self.paint.of(style, &line) };
            self.line(&format!("{}{line}", " ".repeat(INDENT)));
        }
    }

    fn stages(&mut self, summary: &Summary) {
        if summary.tactics.is_empty() {
            return;
        }
        self.heading("ATT&CK tactics seen");
        let seen: Vec<String> = summary
            .tactics
            .iter()
            .map(|tactic| format!("{} {}", words(&tactic.tactic), grouped(tactic.alerts)))
            .collect();
        for line in wrap(&seen.join(" ▸ "), self.width.saturating_sub(2)) {
            self.line(&format!("  {line}"));
        }
    }

    fn sources(&mut self, summary: &Summary) {
        let lists =
            [("sources", &summary.top_sources), ("hosts", &summary.top_hosts), ("users", &summary.top_users)];
        if lists.iter().all(|(_, list)| list.is_empty()) {
            return;
        }
        self.heading("Most alerts");
        for (what, list) in lists {
            if list.is_empty() {
                continue;
            }
            let names: Vec<String> = list
                .iter()
                .take(5)
                .map(|ranked| format!("{} {}", cut(&ranked.name, 40), grouped(ranked.alerts)))
                .collect();
            let line = format!("  {what:<9} {}", names.join(" · "));
            self.line(&cut(&line, self.width));
        }
        let hours: Vec<String> = summary
            .busiest_hours
            .iter()
            .take(5)
            .map(|hour| format!("{} {}", minute(&hour.name), grouped(hour.alerts)))
            .collect();
        let line = format!("  {:<9} {}", "hours", hours.join(" · "));
        self.line(&cut(&line, self.width));
    }

    fn caches(&mut self, summary: &Summary) {
        if summary.judged == 0 {
            return;
        }
        // The space does not break: a line must not begin with the sign.
        let percent = |share: f64| format!("{:.1}\u{a0}%", 100.0 * share);
        let reduction = 100.0 * summary.calls_avoided as f64 / summary.judged as f64;
        self.heading("Reuse");
        let line = format!(
            "  {} of {} alerts needed no decision of their own ({reduction:.1}\u{a0}%); exact matching would have answered {}",
            grouped(summary.calls_avoided),
            grouped(summary.judged),
            percent(summary.hit_rate.exact),
        );
        let mut lines = vec![line.trim_start().to_owned()];
        lines.extend(summary.reuse.as_ref().filter(|reuse| reuse.checked > 0).map(checks));
        let width = self.width.saturating_sub(2);
        for part in lines.iter().flat_map(|line| wrap(line, width)) {
            self.line(&format!("  {part}"));
        }
        let mut parts = vec![format!(
            "time per alert: {}",
            summary
                .stages
                .iter()
                .map(|stage| format!("{} {:.1} µs", stage.stage, stage.us.p50))
                .collect::<Vec<_>>()
                .join(", ")
        )];
        if summary.intel_lists > 0 {
            parts.push(format!(
                "{} intelligence lists with {} entries, {} of lookups known before",
                summary.intel_lists,
                grouped(summary.intel_entries),
                percent(summary.hit_rate.intel)
            ));
        }
        for part in parts {
            let part = self.paint.of(Style::Dim, &format!("  {part}"));
            self.line(&part);
        }
    }

    fn outside(&mut self, summary: &Summary) {
        let lines: Vec<String> =
            outside::services(&summary.enriched).into_iter().chain(outside::model(&summary.asked)).collect();
        if lines.is_empty() {
            return;
        }
        self.heading("Asked outside");
        let width = self.width.saturating_sub(2);
        for line in lines.iter().flat_map(|line| wrap(line, width)) {
            self.line(&format!("  {line}"));
        }
    }

    fn left_over(&mut self, summary: &Summary) {
        if summary.set_aside > 0 {
            let kinds: Vec<String> = summary
                .set_aside_by_kind
                .iter()
                .take(6)
                .map(|count| format!("{} {}", count.name, grouped(count.alerts)))
                .collect();
            let more = if summary.set_aside_by_kind.len() > 6 { " · …" } else { "" };
            self.heading("Set aside: not alerts");
            for line in wrap(&format!("{}{more}", kinds.join(" · ")), self.width.saturating_sub(2)) {
                self.line(&format!("  {line}"));
            }
            let unrecognised =
                summary.set_aside_by_kind.iter().find(|count| count.name == "unrecognised json");
            if let Some(count) = unrecognised {
                let text = format!(
                    "  {} of no known format: a mapping file (docs/mapping.md) turns {}",
                    if count.alerts == 1 {
                        "1 JSON record is".to_owned()
                    } else {
                        format!("{} JSON records are", grouped(count.alerts))
                    },
                    if count.alerts == 1 { "it into an alert" } else { "them into alerts" },
                );
                let text = self.paint.of(Style::Warning, &text);
                self.line(&text);
            }
        }
        if summary.dead > 0 {
            self.heading("Dead letters: could not be read");
            for count in summary.dead_by_reason.iter().take(6) {
                let line = format!("  {:>8}  {}", grouped(count.alerts), count.name);
                let line = self.paint.of(Style::Warning, &cut(&line, self.width));
                self.line(&line);
            }
            let hint = if summary.store == ":memory:" {
                "a store (--store FILE) would keep them, with file, line and reason"
            } else {
                "watchfire dead list   shows file, line and reason of each"
            };
            let hint = self.paint.of(Style::Hint, &format!("  {hint}"));
            self.line(&hint);
        }
    }
}

/// How many findings are not shown, if there are any: `unshown` of those listed, and the `unlisted`, whose severity is
/// not known any more.
fn more(unshown: u64, unlisted: u64, min_severity: Severity) -> Option<String> {
    let everything = min_severity == Severity::Unknown;
    match (unshown, unlisted) {
        (0, 0) => None,
        (0, _) if !everything => Some("perhaps more that are not listed".to_owned()),
        (0, _) => Some(format!("{} more that are not listed", grouped(unlisted))),
        (_, 0) => Some(format!("{} more; --top N shows more of them", grouped(unshown))),
        _ if everything => Some(format!("{} more; --top N shows more of them", grouped(unshown + unlisted))),
        _ => Some(format!("at least {} more; --top N shows more of them", grouped(unshown))),
    }
}

/// From where to where.
fn place(finding: &Finding) -> String {
    let some = |names: &[String], count: u64, what: &str| match names {
        [] => String::new(),
        [one] if count <= 1 => one.clone(),
        [first, ..] if count == 2 => format!("{first} and 1 more {what}"),
        [first, ..] => format!("{first} and {} more {what}s", grouped(count.saturating_sub(1))),
    };
    let from = some(&finding.sources, finding.source_count, "source");
    let to = some(&finding.hosts, finding.host_count, "host");
    match (from.is_empty(), to.is_empty()) {
        (false, false) if from != to => format!("{from} → {to}"),
        (true, _) => to,
        _ => from,
    }
}

/// When: a moment or a span.
fn when(finding: &Finding) -> String {
    let (first, last) = (minute(&finding.first), minute(&finding.last));
    match (first.get(..10), last.get(..10)) {
        _ if first == last => first,
        (Some(day), Some(other)) if day == other => format!("{first}–{}", last.get(11..).unwrap_or_default()),
        _ => format!("{first} – {last}"),
    }
}

/// `2026-03-17T08:15:00.000Z` as `2026-03-17 08:15`.
fn minute(moment: &str) -> String {
    moment.get(..16).unwrap_or(moment).replace('T', " ")
}

fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{:.0} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

/// What checks found of reuse.
fn checks(reuse: &Reused) -> String {
    let stopped = match reuse.stopped {
        0 => String::new(),
        1 => "; 1 pattern is no longer reused".to_owned(),
        more => format!("; {} patterns are no longer reused", grouped(more)),
    };
    format!(
        "{} of {} reused verdicts were checked, {} of them were wrong: at most {:.1}\u{a0}% of all, with 95\u{a0}% confidence{stopped}",
        grouped(reuse.checked),
        grouped(reuse.reusable),
        grouped(reuse.contradicted),
        reuse.at_most_percent,
    )
}

#[cfg(test)]
mod tests {
    use super::{minute, more};
    use watchfire_signal::Severity;

    #[test]
    fn what_is_not_shown_is_counted_as_far_as_it_is_known() {
        assert_eq!(more(0, 0, Severity::High), None);
        assert_eq!(more(3, 0, Severity::High).unwrap(), "3 more; --top N shows more of them");
        assert_eq!(more(3, 40, Severity::High).unwrap(), "at least 3 more; --top N shows more of them");
        assert_eq!(more(3, 40, Severity::Unknown).unwrap(), "43 more; --top N shows more of them");
        assert_eq!(more(0, 40, Severity::High).unwrap(), "perhaps more that are not listed");
    }

    #[test]
    fn moments_are_shortened() {
        assert_eq!(minute("2026-03-17T08:15:00.000Z"), "2026-03-17 08:15");
        assert_eq!(minute(""), "");
    }
}
