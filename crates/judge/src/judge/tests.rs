use super::{Archive, Asking, Judge, Judgement};
use crate::decision::Decision;
use crate::history::{AnalystWord, History};
use crate::{Assessor, Ground, MaterialTable, Network, RuleSet, rule_key};
use std::cell::RefCell;
use watchfire_signal::{Alert, Decider, Field, Format, Severity, Verdict};

const HOUR: i64 = 3_600_000;
const START: i64 = 1_700_000_000_000;

struct Court {
    assessor: Assessor,
    judge: Judge,
    archive: Kept,
}

#[derive(Default)]
struct Kept(RefCell<Vec<Decision>>);

impl Archive for Kept {
    fn decisions(&self, pattern: i64, time: i64) -> Vec<Decision> {
        let holds = |decision: &&Decision| {
            decision.pattern == pattern && decision.valid_from <= time && time < decision.valid_until
        };
        self.0.borrow().iter().filter(holds).cloned().collect()
    }

    fn decision(&self, id: i64) -> Option<Decision> {
        self.0.borrow().iter().find(|decision| decision.id == id).cloned()
    }
}

impl Court {
    fn new(history: History, archive: Kept) -> Self {
        let ground = Ground::new(RuleSet::starter(), MaterialTable::shipped(), Network::default());
        Self { assessor: Assessor::new(ground.clone()), judge: Judge::new(ground, history), archive }
    }

    fn judge(&mut self, alert: &Alert<'_>, time: i64) -> Judgement {
        let facts = self.assessor.facts(alert, &());
        let assessed = self.assessor.assess(alert, &facts);
        let judgement = self.judge.judge(alert, &facts, &assessed, time, &self.archive);
        if judgement.fresh {
            self.archive.0.borrow_mut().push((*judgement.decision).clone());
        }
        judgement
    }
}

fn alert(rule: &'static str) -> Alert<'static> {
    let mut alert = Alert::new(Format::Mapped, "");
    alert.set(Field::RuleName, rule);
    alert.set(Field::Host, "web-1");
    alert.set(Field::SourceIp, "203.0.113.9");
    alert
}

#[test]
fn a_decision_is_reused_until_its_time_is_over() {
    let mut court = Court::new(History::default(), Kept::default());
    let alert = alert("some rule nobody knows");
    let first = court.judge(&alert, START);
    assert!(first.fresh);
    assert_eq!(first.decision.verdict, Verdict::InsufficientData);
    assert!(!court.judge(&alert, START + HOUR).fresh);
    assert!(!court.judge(&alert, START - HOUR).fresh, "what is late belongs to the stretch");
    assert!(court.judge(&alert, START + 5 * HOUR).fresh);
}

#[test]
fn many_more_alerts_than_ever_confirmed_end_a_decision() {
    let mut court = Court::new(History::default(), Kept::default());
    let alert = alert("some rule nobody knows");
    let fresh: Vec<usize> = (1..=2000).filter(|&n| court.judge(&alert, START + n as i64).fresh).collect();
    assert_eq!(fresh, [1, 101, 405, 1621]);
}

#[test]
fn a_second_run_decides_nothing_anew() {
    let mut first = Court::new(History::default(), Kept::default());
    let rules = ["rule a", "rule b", "SURICATA STREAM excessive retransmissions"];
    let times: Vec<i64> = (0..600).map(|n| START + n * 400_000 - (n % 7) * 900_000).collect();
    let run = |court: &mut Court| -> Vec<(bool, i64)> {
        let mut outcome = Vec::new();
        for (index, &time) in times.iter().enumerate() {
            let judgement = court.judge(&alert(rules[index % 3]), time);
            outcome.push((judgement.fresh, judgement.decision.id));
        }
        outcome
    };
    let before = run(&mut first);
    let mut second = Court::new(History::default(), first.archive);
    let after = run(&mut second);
    assert!(before.iter().any(|(fresh, _)| *fresh));
    assert!(after.iter().all(|(fresh, _)| !fresh));
    assert!(before.iter().zip(&after).all(|(a, b)| a.1 == b.1));
}

#[test]
fn a_pattern_with_many_decisions_is_still_wholly_reused() {
    let mut first = Court::new(History::default(), Kept::default());
    let alert = alert("some rule nobody knows");
    let run =
        |court: &mut Court| (0..600).filter(|n| court.judge(&alert, START + n * 8 * HOUR).fresh).count();
    assert!(run(&mut first) > 590);
    let mut second = Court::new(History::default(), first.archive);
    assert_eq!(run(&mut second), 0);
}

#[test]
fn an_analysts_word_on_the_pattern_is_the_last() {
    let critical = alert("GPL ATTACK_RESPONSE id check returned root");
    let mut court = Court::new(History::default(), Kept::default());
    let without = court.judge(&critical, START);
    assert!(without.decision.verdict.is_hostile());

    let facts = court.assessor.facts(&critical, &());
    let key = court.assessor.assess(&critical, &facts).key;
    let mut history = History::default();
    let word = AnalystWord {
        verdict: Verdict::BenignPositive,
        analyst: "ana".to_owned(),
        reason: "our own test".to_owned(),
    };
    history.add(key, &rule_key(&critical), word);
    let mut court = Court::new(history, court.archive);
    let with = court.judge(&critical, START);
    assert_eq!((with.decision.verdict, with.decision.decider), (Verdict::BenignPositive, Decider::Analyst));
    assert!(with.decision.detail.reason.contains("our own test"), "{}", with.decision.detail.reason);
    assert!(with.priority < without.priority && !with.fresh);
    // Another rule fires on the same machine's same alert: that is another pattern.
    let mut other = critical.clone();
    other.set(Field::Url, "/cgi-bin/x?a=() { :;}; /bin/bash -c id");
    assert_ne!(court.judge(&other, START).decision.decider, Decider::Analyst);
    assert!(!court.judge(&critical, START + 900 * HOUR).fresh);
}

#[test]
fn no_decider_but_the_analyst_goes_below_a_rules_floor() {
    let mut court = Court::new(History::default(), Kept::default());
    let alert = alert("GPL ATTACK_RESPONSE id check returned root");
    for minute in 0..4000 {
        let judgement = court.judge(&alert, START + minute * 60_000);
        assert!(judgement.decision.severity >= Severity::High);
        assert!(judgement.decision.verdict.is_hostile(), "minute {minute}: {:?}", judgement.decision);
    }
}

#[test]
fn long_steady_chatter_without_a_floor_becomes_benign() {
    let mut court = Court::new(History::default(), Kept::default());
    let alert = alert("some rule nobody knows");
    let verdicts: Vec<Verdict> =
        (0..2000).map(|minute| court.judge(&alert, START + minute * 60_000).decision.verdict).collect();
    assert_eq!(verdicts[0], Verdict::InsufficientData);
    assert_eq!(verdicts[1999], Verdict::BenignPositive);
}

#[test]
fn an_attackers_text_is_tamed_in_reasons() {
    let mut court = Court::new(History::default(), Kept::default());
    let alert = alert("evil \u{1b}[2J rule\r\n\u{202e}name");
    let reason = court.judge(&alert, START).decision.detail.reason.clone();
    assert!(!reason.contains(char::is_control) && !reason.contains('\u{202e}'), "{reason:?}");
}

#[test]
fn while_a_model_is_asked_nothing_more_is_asked_and_its_answer_stands() {
    let mut court = Court::new(History::default(), Kept::default());
    court.judge = court.judge.asking(Asking::Live("m".into()));
    let alert = alert("some rule nobody knows");
    let open = court.judge(&alert, START);
    assert!(open.fresh && open.decision.decider == Decider::Fallback);
    for n in 1..50 {
        let waiting = court.judge(&alert, START + n);
        assert!(!waiting.fresh && waiting.decision.id == open.decision.id);
    }
    let mut answer = (*open.decision).clone();
    (answer.verdict, answer.decider) = (Verdict::BenignPositive, Decider::Llm);
    answer.detail.model = "m".to_owned();
    court.judge.answered(answer);
    let after = court.judge(&alert, START + 50);
    assert!(!after.fresh);
    assert_eq!((after.decision.verdict, after.decision.decider), (Verdict::BenignPositive, Decider::Llm));
    // An answer that nobody waits for changes nothing.
    let mut stray = (*open.decision).clone();
    stray.verdict = Verdict::TruePositive;
    court.judge.answered(stray);
    assert_eq!(court.judge(&alert, START + 51).decision.verdict, Verdict::BenignPositive);
}

#[test]
fn a_model_that_never_answers_is_asked_again_after_a_day() {
    let mut court = Court::new(History::default(), Kept::default());
    court.judge = court.judge.asking(Asking::Live("m".into()));
    let alert = alert("some rule nobody knows");
    let first = court.judge(&alert, START);
    assert!(!court.judge(&alert, START + 23 * HOUR).fresh);
    let again = court.judge(&alert, START + 25 * HOUR);
    assert!(again.fresh && again.decision.id != first.decision.id);
}
