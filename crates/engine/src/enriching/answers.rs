//! What services answered, in memory.

use crate::articles::ARTICLES;
use std::collections::HashMap;
use std::sync::Arc;
use watchfire_intel::services::spelled;
use watchfire_intel::{Match, Opinion, Statement};
use watchfire_signal::{Indicator, IndicatorKind, Reputation, Timestamp};
use watchfire_store::ServiceAnswerRow;

/// What one service said.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    service: Arc<str>,
    reputation: Reputation,
    evidence: Option<String>,
    at: i64,
    until: i64,
}

/// What services said of indicators, by how services spell them.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    by_indicator: HashMap<(IndicatorKind, Box<str>), Vec<Answer>>,
    /// When answers are looked at: what held until before it is stale.
    now: i64,
    /// Nothing becomes stale before this.
    holds_until: i64,
}

impl Answers {
    /// What the store kept, as it is at `now`.
    pub(crate) fn of(rows: Vec<ServiceAnswerRow>, now: i64) -> Self {
        let mut answers = Self { now, holds_until: i64::MAX, ..Self::default() };
        for row in rows {
            // What an article warned of is forgotten when it no longer holds: nobody can be asked again.
            if row.service != ARTICLES || row.until > now {
                answers.put(row);
            }
        }
        answers
    }

    /// It is `now`. Says whether something became stale since this was last said.
    pub(crate) fn pass(&mut self, now: i64) -> bool {
        self.now = self.now.max(now);
        if self.now < self.holds_until {
            return false;
        }
        let all = self.by_indicator.values().flatten().map(|answer| answer.until);
        self.holds_until = all.filter(|until| *until > self.now).min().unwrap_or(i64::MAX);
        true
    }

    /// Takes an answer in; it takes the place of what the service said before.
    pub(crate) fn put(&mut self, row: ServiceAnswerRow) {
        let (Some(kind), Some(reputation)) =
            (IndicatorKind::from_id(row.kind), Reputation::from_id(row.reputation))
        else {
            return;
        };
        if row.until > self.now {
            self.holds_until = self.holds_until.min(row.until);
        }
        let said = self.by_indicator.entry((kind, row.value.into())).or_default();
        said.retain(|answer| *answer.service != *row.service);
        said.push(Answer {
            service: row.service.into(),
            reputation,
            evidence: row.evidence,
            at: row.at,
            until: row.until,
        });
    }

    /// Whether nobody said anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_indicator.is_empty()
    }

    /// Whether the service's answer about an indicator, as services spell it, still holds.
    pub(crate) fn holds(&self, service: &str, kind: IndicatorKind, value: &str) -> bool {
        self.by_indicator.get(&(kind, value.into())).into_iter().flatten().any(|answer| {
            *answer.service == *service && answer.until > self.now && answer.reputation >= Reputation::Unknown
        })
    }

    /// What all services together say.
    pub(crate) fn opinion(&self, indicator: Indicator<'_>) -> Opinion {
        Opinion::of(&self.statements(indicator))
    }

    /// Who says what.
    pub(crate) fn statements(&self, indicator: Indicator<'_>) -> Vec<Statement> {
        if self.by_indicator.is_empty() {
            return Vec::new();
        }
        let Some((kind, value)) = spelled(indicator) else { return Vec::new() };
        let said = self.by_indicator.get(&(kind, value.as_str().into()));
        let state = |answer: &Answer| Statement {
            source: Arc::clone(&answer.service),
            file: None,
            reputation: if answer.until <= self.now { Reputation::Stale } else { answer.reputation },
            matched: Match::Exact,
            entry: value.clone(),
            evidence: answer.evidence.clone(),
            when: Timestamp::from_millis(answer.at),
        };
        said.into_iter().flatten().map(state).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;
    use watchfire_signal::{Indicator, IndicatorKind, Reputation};
    use watchfire_store::ServiceAnswerRow;

    fn row(service: &str, reputation: Reputation, until: i64) -> ServiceAnswerRow {
        ServiceAnswerRow {
            service: service.to_owned(),
            kind: IndicatorKind::Domain.id(),
            value: "evil.com".to_owned(),
            reputation: reputation.id(),
            evidence: None,
            at: 5,
            until,
        }
    }

    #[test]
    fn answers_are_merged_whatever_the_spelling_and_old_ones_are_stale() {
        let mut answers = Answers::of(vec![row("a", Reputation::Malicious, 50)], 100);
        let of = |answers: &Answers| {
            let indicator = Indicator { kind: IndicatorKind::Domain, value: "EVIL[.]com." };
            answers.opinion(indicator).reputation()
        };
        assert_eq!(of(&answers), Reputation::Stale);
        assert!(!answers.holds("a", IndicatorKind::Domain, "evil.com"));
        answers.put(row("b", Reputation::Unknown, 200));
        assert_eq!(of(&answers), Reputation::Stale, "who knew it once might know it still");
        answers.put(row("a", Reputation::Suspicious, 200));
        assert_eq!(of(&answers), Reputation::Suspicious);
        assert!(answers.holds("a", IndicatorKind::Domain, "evil.com"));
        answers.put(row("a", Reputation::Failed, 200));
        assert!(!answers.holds("a", IndicatorKind::Domain, "evil.com"), "a failure is no answer");
    }
}
