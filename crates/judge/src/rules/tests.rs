use super::{RuleMatcher, RuleSet};
use crate::{Category, Facts, Network, Role};
use sigma_rust::Event;
use std::sync::Arc;
use watchfire_signal::{Alert, Field, Format, Reputation, Severity, Verdict};

fn titles(set: &Arc<RuleSet>, alert: &Alert<'_>) -> Vec<String> {
    let mut matcher = RuleMatcher::new(Arc::clone(set));
    let facts = Facts::of(alert, &Network::default(), &());
    let hits = matcher.matches(alert, &facts);
    // Remembered answers are the same answers.
    assert_eq!(matcher.matches(alert, &facts), hits);
    set.named(&hits).map(|rule| rule.title.clone()).collect()
}

#[test]
fn every_starter_rule_is_sound() {
    let (set, problems) = RuleSet::load::<&str>(&[]);
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(set.len() >= 70, "{}", set.len());
    for rule in &set.rules {
        assert!(
            !rule.description.is_empty() && !rule.next_steps.is_empty(),
            "{} explains nothing",
            rule.title
        );
        assert_ne!(rule.category, Category::Other, "{}", rule.title);
        assert_ne!(rule.floor, Severity::Unknown, "{}", rule.title);
        if let Some((verdict, _)) = rule.verdict
            && verdict.is_benign()
        {
            assert!(rule.floor <= Severity::Informational, "{} is benign with a floor", rule.title);
        }
    }
}

#[test]
fn folders_add_rules_and_say_what_is_wrong_with_them() {
    let folder = std::env::temp_dir().join(format!("watchfire-rules-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let good = "title: Mine\nid: 1\nlogsource: {category: alert}\ndetection:\n  s: {host.name: db-9}\n  condition: s\nlevel: high\n";
    let unknown = good.replace("host.name", "EventID").replace("Mine", "Foreign");
    std::fs::write(folder.join("a.yml"), format!("{good}---\n{unknown}---\ntitle: [\n")).unwrap();
    std::fs::write(folder.join("notes.txt"), "not a rule").unwrap();
    let (set, problems) = RuleSet::load(&[&folder]);
    std::fs::remove_dir_all(&folder).unwrap();

    let mut alert = Alert::new(Format::Mapped, "");
    alert.set(Field::Host, "db-9");
    let set = Arc::new(set);
    assert!(titles(&set, &alert).contains(&"Mine".to_owned()));
    assert_eq!(problems.len(), 2);
    assert!(problems[0].reason.contains("no field `EventID`"), "{}", problems[0]);
}

#[test]
fn a_missing_folder_is_a_problem_not_a_failure() {
    let (set, problems) = RuleSet::load(&["/nonexistent/rules"]);
    assert!(!set.is_empty());
    assert_eq!(problems.len(), 1);
}

#[test]
fn a_benign_rule_is_overruled_by_any_floor() {
    let text = |title: &str, level: &str, own: &str| {
        format!(
            "title: {title}\nid: {title}\nlogsource: {{category: alert}}\ndetection:\n  s: {{host.name: db-9}}\n  condition: s\nlevel: {level}\n{own}"
        )
    };
    let benign = text("benign", "informational", "watchfire: {category: noise, verdict: benign_positive}\n");
    let attack = text("attack", "high", "watchfire: {category: malware}\n");
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    super::document::parse("t".as_ref(), &format!("{benign}---\n{attack}"), &mut rules, &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let set = RuleSet::group(rules);
    assert_eq!(set.say(&[0]).verdict.map(|(verdict, _)| verdict), Some(Verdict::BenignPositive));
    let both = set.say(&[0, 1]);
    assert_eq!((both.verdict, both.floor, both.category), (None, Severity::High, Category::Malware));
}

/// The alert that a case describes, with what would be worked out about it.
fn case_alert(event: &serde_json::Map<String, serde_json::Value>) -> (Alert<'static>, Facts<'static>) {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let format = event
        .get("event.module")
        .and_then(|name| Format::from_name(name.as_str()?))
        .unwrap_or(Format::Mapped);
    let mut alert = Alert::new(format, "");
    let mut roles = (Role::None, Role::None);
    let mut reputations = [Reputation::NotAsked; 3];
    let role = |name: &str| {
        [Role::Internal, Role::External, Role::SameHost]
            .into_iter()
            .find(|role| role.name() == name)
            .unwrap_or_default()
    };
    for (name, value) in event {
        let value = text(value);
        match name.as_str() {
            "rule.groups" => alert.groups = value.split(' ').map(|group| group.to_owned().into()).collect(),
            "threat.technique.id" => value.split(' ').for_each(|id| alert.add_technique(id.to_owned())),
            "event.count" => alert.count = value.parse().ok(),
            "event.severity_id" => alert.severity = Severity::from_id(value.parse().unwrap_or(0)),
            "event.module" => {}
            "source.role" => roles.0 = role(&value),
            "destination.role" => roles.1 = role(&value),
            "source.reputation" => reputations[0] = Reputation::from_name(&value).unwrap(),
            "destination.reputation" => reputations[1] = Reputation::from_name(&value).unwrap(),
            "indicator.reputation" => reputations[2] = Reputation::from_name(&value).unwrap(),
            _ => alert.set(Field::from_name(name).unwrap_or_else(|| panic!("no field {name}")), value),
        }
    }
    let facts = Facts {
        source: None,
        destination: None,
        source_role: roles.0,
        destination_role: roles.1,
        source_reputation: reputations[0],
        destination_reputation: reputations[1],
        reputation: reputations[2],
        asset: "".into(),
        actor: "".into(),
    };
    (alert, facts)
}

#[test]
fn every_case_matches_exactly_the_rules_it_names() {
    let cases: Vec<serde_json::Value> = serde_json::from_str(include_str!("../../rules/cases.json")).unwrap();
    assert!(cases.len() >= 150);
    let set = Arc::new(RuleSet::starter());
    let mut matcher = RuleMatcher::new(Arc::clone(&set));
    let mut wrong = Vec::new();
    for case in &cases {
        let (alert, facts) = case_alert(case["event"].as_object().unwrap());
        let hits = matcher.matches(&alert, &facts);
        let mut found: Vec<&str> = set.named(&hits).map(|rule| rule.title.as_str()).collect();
        let mut expected: Vec<&str> =
            case["expect"].as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        if found != expected {
            wrong.push(format!("{}: found {found:?}, expected {expected:?}", case["event"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn the_prefilter_changes_no_answer() {
    let cases: Vec<serde_json::Value> = serde_json::from_str(include_str!("../../rules/cases.json")).unwrap();
    let set = Arc::new(RuleSet::starter());
    assert!(
        set.rules.iter().filter(|rule| rule.needs.is_none()).count() < set.len() / 5,
        "the filter filters"
    );
    let mut matcher = RuleMatcher::new(Arc::clone(&set));
    for case in &cases {
        let (alert, facts) = case_alert(case["event"].as_object().unwrap());
        let hits = matcher.matches(&alert, &facts);
        let mut event = Event::new();
        set.fields.iter().for_each(|field| field.insert(&alert, &facts, &mut event));
        let all: Vec<u16> = (0..set.len() as u16)
            .filter(|&index| set.rules[usize::from(index)].sigma.is_match(&event))
            .collect();
        assert_eq!(hits.as_slice(), all, "{}", case["event"]);
    }
}
