//! Colour, where it is wanted: on a terminal, unless `NO_COLOR` is set.

use anstyle::{AnsiColor, Style as Ansi};

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Strong,
    Dim,
    Error,
    Warning,
    Hint,
    Good,
    Critical,
    High,
    Medium,
    Low,
}

/// Paints, or leaves text as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    /// Paints if the stream is a terminal; whether colours get through is settled by `anstream`, which knows `NO_COLOR`.
    pub(super) fn for_stream(is_terminal: bool) -> Self {
        Self(is_terminal)
    }

    pub(super) fn of(self, style: Style, text: &str) -> String {
        if !self.0 || text.is_empty() {
            return text.to_owned();
        }
        let ansi = match style {
            Style::Strong => Ansi::new().bold(),
            Style::Dim => Ansi::new().dimmed(),
            Style::Error => AnsiColor::Red.on_default().bold(),
            Style::Warning | Style::Medium => AnsiColor::Yellow.on_default(),
            Style::Hint => AnsiColor::Cyan.on_default(),
            Style::Good => AnsiColor::Green.on_default(),
            Style::Critical => AnsiColor::BrightRed.on_default().bold(),
            Style::High => AnsiColor::Red.on_default(),
            Style::Low => AnsiColor::Blue.on_default(),
        };
        format!("{ansi}{text}{ansi:#}")
    }

    /// The style of a severity.
    pub(super) fn severity(severity: &str) -> Style {
        match severity {
            "critical" | "fatal" => Style::Critical,
            "high" => Style::High,
            "medium" => Style::Medium,
            "low" => Style::Low,
            _ => Style::Dim,
        }
    }
}
