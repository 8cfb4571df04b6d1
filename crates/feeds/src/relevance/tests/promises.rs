//! What holds for every profile and article.

use super::*;
use proptest::prelude::*;

const PROFILE: &str = "
user = 'ada'
sectors = ['energy']
regions = ['EMEA', 'DE']
keywords = ['alpha', { phrase = 'beta gamma', weight = 5 }, { phrase = 'delta', weight = 0.7 }]
stack = [{ vendor = 'Acme' }, { vendor = 'Microsoft', product = 'Exchange', version = '15.2' }]
[watch]
actors = ['Sandworm']
malware = ['Emotet']
techniques = ['T1059.001']
domains = ['example.com']
[muted]
keywords = ['blockchain']
sources = ['Spam-Feed']
";

/// Every piece of evidence for the profile, as words or as an entity.
const WORDS: &[&str] =
    &["alpha", "beta gamma", "delta", "Acme", "Microsoft", "Exchange", "15.2", "Sandworm", "Emotet"];
const ENTITIES: &[(EntityKind, &str)] = &[
    (EntityKind::Sector, "energy"),
    (EntityKind::Country, "de"),
    (EntityKind::Country, "FR"),
    (EntityKind::Country, "jp"),
    (EntityKind::Vendor, "acme"),
    (EntityKind::Product, "exchange"),
    (EntityKind::Actor, "sandworm"),
    (EntityKind::Attack, "t1059.001"),
    (EntityKind::Attack, "t1059"),
    (EntityKind::Domain, "www.example.com"),
    (EntityKind::Hash, "00"),
];

fn some_entities() -> impl Strategy<Value = Vec<Entity>> {
    proptest::sample::subsequence(ENTITIES, 0..=ENTITIES.len()).prop_map(|list| entities(&list))
}

fn some_words() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(WORDS), 0..6).prop_map(|words| words.join(" and "))
}

/// Opened or dismissed a hundred times.
fn strong(name: &str, action: Action) -> Leaning {
    let at = watchfire_signal::Timestamp::from_millis(1_790_000_000_000).unwrap();
    let mut taste = Taste::default();
    for _ in 0..100 {
        taste.learn(
            &[Feature { kind: FeatureKind::Source, name: name.to_owned() }],
            None,
            Done { action, at },
        );
    }
    taste.at(at)
}

proptest! {
    #[test]
    fn scores_and_reasons_are_bounded(title in "\\PC{0,40}", words in some_words(), entities in some_entities(), weight: f32) {
        let profile = compiled(PROFILE);
        let subject = Subject { title: &title, text: &words, entities: &entities, source_weight: weight, ..Subject::default() };
        let relevance = score(&profile, subject);
        prop_assert!(relevance.score <= MAX_SCORE);
        prop_assert!(relevance.reasons.len() <= MAX_REASONS);
        prop_assert!(relevance.reasons.is_sorted_by(|one, other| one.weight.abs() >= other.weight.abs()));
        prop_assert_eq!(relevance.is_wanted, relevance.score >= profile.minimum_score());
        prop_assert_eq!(&relevance, &score(&profile, subject));
    }

    #[test]
    fn more_evidence_never_lowers_the_score(
        words in some_words(), entities in some_entities(),
        word in proptest::sample::select(WORDS), entity in proptest::sample::select(ENTITIES), in_title: bool,
    ) {
        let profile = compiled(PROFILE);
        let none = Leaning::default();
        let before = Subject { title: "News", text: &words, entities: &entities, ..Subject::default() };
        let base = score_plain(&profile, before, &none).score;

        let mut more = entities.clone();
        more.push(Entity { kind: entity.0, value: entity.1.to_owned() });
        let after = score_plain(&profile, Subject { entities: &more, ..before }, &none).score;
        prop_assert!(after >= base);

        let (title, text) = if in_title {
            (format!("News {word}"), words.clone())
        } else {
            ("News".to_owned(), format!("{words}. {word}"))
        };
        let after = score_plain(&profile, Subject { title: &title, text: &text, ..before }, &none).score;
        prop_assert!(after >= base);
    }

    #[test]
    fn order_and_repetition_of_entities_do_not_matter(entities in some_entities()) {
        let profile = compiled(PROFILE);
        let mut other: Vec<Entity> = entities.iter().rev().cloned().collect();
        other.extend(entities.clone());
        let of = |entities| score(&profile, Subject { text: "x", entities, ..Subject::default() });
        prop_assert_eq!(of(&entities), of(&other));
    }

    #[test]
    fn what_is_muted_is_0_and_says_so(words in some_words(), entities in some_entities(), by_source: bool) {
        let profile = compiled(PROFILE);
        let text = if by_source { words } else { format!("{words}, Blockchain!") };
        let source = if by_source { "spam feed" } else { "News" };
        let relevance = score(&profile, Subject { text: &text, entities: &entities, source, ..Subject::default() });
        prop_assert_eq!(relevance.score, 0);
        prop_assert!(!relevance.is_wanted);
        prop_assert_eq!(relevance.reasons[0].what, What::Muted);
    }

    #[test]
    fn the_users_own_word_outweighs_all_taste(
        word in proptest::sample::select(&["alpha", "beta gamma", "delta", "Acme", "Microsoft", "Exchange", "Sandworm", "Emotet"][..]),
    ) {
        let profile = compiled(PROFILE);
        let disliked = score_plain(&profile, Subject { text: word, source: "A", ..Subject::default() }, &strong("A", Action::Dismissed));
        let liked = score_plain(&profile, Subject { text: "nothing", source: "A", ..Subject::default() }, &strong("A", Action::Opened));
        prop_assert!(disliked.score > liked.score, "{} then {}", disliked.score, liked.score);
    }

    #[test]
    fn any_profile_that_is_read_compiles(text in "\\PC{0,200}", phrase in "\\PC{1,40}") {
        let _ = Profile::from_toml(&text);
        let _ = Profile::from_json(text.as_bytes());
        let mut profile = Profile::new("ada");
        profile.keywords.push(Keyword::new(phrase.clone()));
        profile.muted.sources.push(phrase.clone());
        if let Ok(profile) = CompiledProfile::new(&profile) {
            let found = score_plain(&profile, Subject { text: &format!("x {phrase} y"), ..Subject::default() }, &Leaning::default());
            prop_assert!(found.score <= MAX_SCORE);
        }
    }
}

#[test]
fn the_users_own_region_and_sector_outweigh_all_taste() {
    let profile = compiled(PROFILE);
    let (dislike, like) = (strong("A", Action::Dismissed), strong("A", Action::Opened));
    let liked = score_plain(&profile, Subject { source: "A", ..Subject::default() }, &like).score;
    for entity in [(EntityKind::Country, "ng"), (EntityKind::Sector, "energy"), (EntityKind::Attack, "t1059")]
    {
        let entities = entities(&[entity]);
        let subject = Subject { source: "A", entities: &entities, ..Subject::default() };
        assert!(score_plain(&profile, subject, &dislike).score > liked, "{entity:?}");
    }
}

#[test]
fn a_batch_is_scored_as_its_articles_are() {
    let profile = compiled(PROFILE);
    let batch: Vec<_> = WORDS
        .iter()
        .map(|word| {
            let reading = Reading::of(Subject { title: word, ..Subject::default() });
            let graded = severity(&reading);
            (reading, graded)
        })
        .collect();
    let scored = score_all(&profile, &batch, &Leaning::default());
    assert_eq!(scored.len(), WORDS.len());
    for (relevance, (reading, graded)) in scored.iter().zip(&batch) {
        assert_eq!(*relevance, profile.score(reading, graded, &Leaning::default()));
    }
}

#[test]
fn a_megabyte_of_one_word_is_scored_all_the_same() {
    let profile = compiled(PROFILE);
    let text = "alpha exchange 15.2 not zero-day cvss 9.8 ".repeat(25_000);
    let relevance = score(&profile, Subject { title: &text, text: &text, ..Subject::default() });
    assert!(relevance.score > 500);
}
