use super::{Charge, Gate, Limits, Refused};
use crate::provider::Provider;
use std::time::Duration;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn gate(provider: Provider, limits: &str) -> Gate {
    Gate::new(provider, toml::from_str(limits).unwrap())
}

fn refused(gate: &mut Gate, at: u64, charge: Charge) -> Option<Refused> {
    gate.arrive(ms(at), 0, charge).err().map(|refusal| refusal.limit)
}

#[test]
fn the_window_slides_and_opens_at_its_very_end() {
    let mut gate = gate(Provider::Gemini, r#"requests = "2/6s""#);
    let none = Charge::default();
    assert_eq!(refused(&mut gate, 5900, none), None);
    assert_eq!(refused(&mut gate, 6100, none), None);
    // Neither a new minute nor a new window on the clock helps.
    let refusal = gate.arrive(ms(11_899), 0, none).unwrap_err();
    assert_eq!((refusal.limit, refusal.amount, refusal.used), (Refused::Requests, 2, 2));
    assert_eq!(refusal.retry_after, ms(1));
    assert_eq!(refused(&mut gate, 11_900, none), None);
    assert_eq!(refused(&mut gate, 11_901, none), Some(Refused::Requests));
}

#[test]
fn openai_counts_what_it_refuses() {
    for (provider, second) in [(Provider::OpenAi, Some(Refused::Requests)), (Provider::Gemini, None)] {
        let mut gate = gate(provider, r#"requests = "1/1s""#);
        assert_eq!(refused(&mut gate, 0, Charge::default()), None);
        assert_eq!(refused(&mut gate, 900, Charge::default()), Some(Refused::Requests));
        assert_eq!(refused(&mut gate, 1000, Charge::default()), second, "{provider:?}");
    }
}

#[test]
fn a_large_call_does_not_slip_in_on_what_is_left() {
    let mut gate = gate(Provider::Gemini, r#"tokens = "100/1s""#);
    let charge = |tokens| Charge { tokens, output: 0 };
    assert_eq!(refused(&mut gate, 0, charge(60)), None);
    assert_eq!(refused(&mut gate, 1, charge(41)), Some(Refused::Tokens));
    assert_eq!(refused(&mut gate, 2, charge(40)), None);
    assert_eq!(refused(&mut gate, 999, charge(1)), Some(Refused::Tokens));
    assert_eq!(refused(&mut gate, 1000, charge(60)), None);
    // Larger than the limit: never.
    assert_eq!(refused(&mut gate, 10_000, charge(101)), Some(Refused::Tokens));
}

#[test]
fn output_is_charged_from_the_maximum_and_corrected() {
    let mut gate = gate(Provider::Anthropic, r#"output_tokens = "100/1s""#);
    let charge = Charge { tokens: 0, output: 80 };
    let ticket = gate.arrive(ms(0), 0, charge).unwrap();
    assert_eq!(refused(&mut gate, 1, charge), Some(Refused::OutputTokens));
    gate.settle(ms(2), ticket, 20, 0);
    assert_eq!(refused(&mut gate, 3, charge), None);
}

#[test]
fn calls_at_once_are_counted_until_they_leave() {
    let mut gate = gate(Provider::Moonshot, "concurrency = 1");
    assert_eq!(refused(&mut gate, 0, Charge::default()), None);
    assert_eq!(refused(&mut gate, 50_000, Charge::default()), Some(Refused::Concurrency));
    gate.leave();
    assert_eq!(refused(&mut gate, 50_001, Charge::default()), None);
}

#[test]
fn a_day_ends_at_the_providers_midnight() {
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    for (provider, midnight) in
        [(Provider::Gemini, "2026-11-21T08:00:00Z"), (Provider::VirusTotal, "2026-11-21T00:00:00Z")]
    {
        let mut gate = gate(provider, "requests_per_day = 1");
        let midnight = at(midnight);
        assert!(gate.arrive(ms(0), midnight - 2, Charge::default()).is_ok());
        let refusal = gate.arrive(ms(1), midnight - 1, Charge::default()).unwrap_err();
        assert_eq!((refusal.limit, refusal.retry_after), (Refused::Day, ms(1)));
        assert!(gate.arrive(ms(2), midnight, Charge::default()).is_ok());
    }
}

#[test]
fn money_counts_when_it_was_spent() {
    let mut gate = gate(Provider::Gemini, r#"spend = "1000/10m""#);
    let ticket = gate.arrive(ms(0), 0, Charge::default()).unwrap();
    gate.settle(ms(500), ticket, 0, 1000);
    assert_eq!(refused(&mut gate, 600_499, Charge::default()), Some(Refused::Spend));
    assert_eq!(refused(&mut gate, 600_500, Charge::default()), None);
}

#[test]
fn a_refused_call_takes_nothing_from_the_other_limits() {
    let mut gate = gate(Provider::Gemini, "requests = \"2/1s\"\ntokens = \"10/1s\"");
    assert_eq!(refused(&mut gate, 0, Charge { tokens: 11, output: 0 }), Some(Refused::Tokens));
    let standings = gate.standings(ms(0), 0);
    assert_eq!(standings.requests.map(|standing| standing.remaining), Some(2));
    assert_eq!(standings.tokens.map(|standing| standing.remaining), Some(10));
}

#[test]
fn limits_are_checked_words() {
    assert!(toml::from_str::<Limits>("request = \"1/1s\"").is_err());
}
