use super::{RuleMatcher, RuleSet};
use crate::{Category, Facts, Network};
use std::sync::Arc;
use watchfire_signal::{Alert, Field, Format, Severity, Verdict};

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
