//! How bad: OCSF's severity scale, and the ways vendors say it.

/// OCSF `severity_id`. Ordered from not known to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Severity {
    /// The vendor says nothing.
    #[default]
    Unknown = 0,
    /// No action needed.
    Informational = 1,
    /// Action at leisure.
    Low = 2,
    /// Action needed, no urgency.
    Medium = 3,
    /// Action needed now.
    High = 4,
    /// Action needed now, broad scope.
    Critical = 5,
    /// Action needed, but too late to avert damage.
    Fatal = 6,
}

impl Severity {
    /// Every severity, least first.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
        Self::Fatal,
    ];

    /// OCSF's number for it, 0–6.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The severity of that OCSF number; `Unknown` for any other (99 is OCSF's *Other*).
    pub fn from_id(id: u8) -> Self {
        Self::ALL.get(usize::from(id)).copied().unwrap_or_default()
    }

    /// OCSF's caption, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Fatal => "fatal",
        }
    }

    /// Reads the words that vendors use, in any case: syslog's (`emergency`…`debug`), Sigma's, Hayabusa's short forms
    /// (`crit`, `med`…), Alertmanager's usual labels (`page`, `warning`…).
    pub fn from_word(word: &str) -> Option<Self> {
        const WORDS: &[(&str, Severity)] = &[
            ("fatal", Severity::Fatal),
            ("emergency", Severity::Fatal),
            ("emerg", Severity::Fatal),
            ("emer", Severity::Fatal),
            ("alert", Severity::Critical),
            ("critical", Severity::Critical),
            ("crit", Severity::Critical),
            ("very-high", Severity::Critical),
            ("very high", Severity::Critical),
            ("page", Severity::Critical),
            ("high", Severity::High),
            ("error", Severity::High),
            ("err", Severity::High),
            ("major", Severity::High),
            ("medium", Severity::Medium),
            ("med", Severity::Medium),
            ("moderate", Severity::Medium),
            ("warning", Severity::Medium),
            ("warn", Severity::Medium),
            ("low", Severity::Low),
            ("minor", Severity::Low),
            ("notice", Severity::Low),
            ("informational", Severity::Informational),
            ("information", Severity::Informational),
            ("info", Severity::Informational),
            ("debug", Severity::Informational),
            ("none", Severity::Informational),
        ];
        let word = word.trim();
        WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|&(_, severity)| severity)
    }
}

#[cfg(test)]
mod tests {
    use super::Severity;

    #[test]
    fn words_of_vendors_are_understood_in_any_case() {
        assert_eq!(Severity::from_word("CRITICAL"), Some(Severity::Critical));
        assert_eq!(Severity::from_word(" Warning "), Some(Severity::Medium));
        assert_eq!(Severity::from_word("emer"), Some(Severity::Fatal));
        assert_eq!(Severity::from_word("p1"), None);
    }

    #[test]
    fn ids_are_those_of_ocsf() {
        for severity in Severity::ALL {
            assert_eq!(Severity::from_id(severity.id()), severity);
        }
        assert_eq!(Severity::from_id(99), Severity::Unknown);
    }
}
