//! What was asked outside the house, for the closing summary: one line for each service, one for the model.

use super::grouped;
use watchfire_engine::{Asked, Enriched, EnrichedBy};
use watchfire_judge::tame;

/// One line for each service, and one for what stayed at home; none if there were no services.
pub(super) fn services(enriched: &Enriched) -> Vec<String> {
    let mut lines: Vec<String> = enriched.services.iter().map(service).collect();
    if lines.is_empty() {
        return lines;
    }
    let mut home: Vec<String> = enriched
        .kept
        .iter()
        .map(|count| format!("{} {}", super::words(&count.name), grouped(count.alerts)))
        .collect();
    if enriched.settled > 0 {
        home.push(format!("known bad from lists {}", grouped(enriched.settled)));
    }
    if !home.is_empty() {
        let all = grouped(enriched.indicators);
        lines.push(format!("of {all} indicators, not asked about: {}", home.join(", ")));
    }
    lines
}

fn service(by: &EnrichedBy) -> String {
    let mut parts = vec![format!("{} calls for {} indicators", grouped(by.calls), grouped(by.indicators))];
    if by.cached > 0 {
        parts.push(format!("{} known from before", grouped(by.cached)));
    }
    parts.extend(
        by.reputations.iter().map(|count| format!("{} {}", super::words(&count.name), grouped(count.alerts))),
    );
    if by.rate_limited > 0 {
        parts.push(format!("rate limited {}×", grouped(by.rate_limited)));
    }
    if !by.stopped.is_empty() {
        parts.push(format!("stopped: {}", tame(&by.stopped, 160)));
    }
    format!("{}: {}", by.service, parts.join(", "))
}

/// What the model was asked; `None` if there was none.
pub(super) fn model(asked: &Asked) -> Option<String> {
    if asked.model.is_empty() {
        return None;
    }
    let mut parts = vec![
        format!("{} questions", grouped(asked.questions)),
        format!("{} answered", grouped(asked.answered)),
        format!("{} open", grouped(asked.open)),
        format!("{} calls", grouped(asked.calls)),
    ];
    for (count, what) in [(asked.retries, "retries"), (asked.unpriced, "calls without a price")] {
        if count > 0 {
            parts.push(format!("{} {what}", grouped(count)));
        }
    }
    if asked.rate_limited > 0 {
        parts.push(format!("rate limited {}×", grouped(asked.rate_limited)));
    }
    parts.push(format!("${:.4}", asked.cost_nano_usd as f64 / 1e9));
    if !asked.stopped.is_empty() {
        parts.push(format!("stopped: {}", tame(&asked.stopped, 160)));
    }
    Some(format!("{}: {}", tame(&asked.model, 80), parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{model, services};
    use watchfire_engine::{Asked, Count, Enriched, EnrichedBy};

    #[test]
    fn each_service_has_a_line_that_says_what_came_of_it_and_why_it_ended() {
        let count = |name: &str, alerts| Count { name: name.to_owned(), alerts };
        let by = EnrichedBy {
            service: "otx".to_owned(),
            indicators: 17,
            cached: 3,
            calls: 15,
            rate_limited: 1,
            reputations: vec![count("malicious", 2), count("limited", 12)],
            stopped: "the key\u{1b}[2J".to_owned(),
            ..EnrichedBy::default()
        };
        let kept = vec![count("special_address", 219)];
        let enriched =
            Enriched { indicators: 248, kept, settled: 4, services: vec![by], ..Enriched::default() };
        let lines = services(&enriched);
        assert!(
            lines[0].starts_with(
                "otx: 15 calls for 17 indicators, 3 known from before, malicious 2, limited 12, rate limited 1×, stopped: the key"
            ),
            "{lines:?}"
        );
        assert!(!lines[0].contains('\u{1b}'), "what a service says does not reach the terminal raw");
        assert_eq!(
            lines[1],
            "of 248 indicators, not asked about: special address 219, known bad from lists 4"
        );
        assert!(services(&Enriched::default()).is_empty());
    }

    #[test]
    fn the_model_has_a_line_if_it_was_asked() {
        assert_eq!(model(&Asked::default()), None);
        let asked = Asked {
            model: "m".to_owned(),
            questions: 9,
            answered: 7,
            open: 2,
            calls: 3,
            retries: 1,
            cost_nano_usd: 12_300_000,
            ..Asked::default()
        };
        assert_eq!(model(&asked).unwrap(), "m: 9 questions, 7 answered, 2 open, 3 calls, 1 retries, $0.0123");
    }
}
