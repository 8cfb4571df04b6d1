//! Written articles and profiles: their order, their reasons, and errors that name the key.

use super::*;
use std::fmt::Write;

struct Article {
    title: &'static str,
    text: &'static str,
    entities: &'static [(EntityKind, &'static str)],
    source: &'static str,
}

const ARTICLES: &[Article] = &[
    Article {
        title: "Fortinet FortiOS zero-day exploited in the wild, patch now",
        text: "Fortinet says that FortiOS 7.2.4 is affected. Utilities in Germany were attacked.",
        entities: &[
            (EntityKind::Vendor, "fortinet"),
            (EntityKind::Product, "fortios"),
            (EntityKind::Sector, "energy"),
            (EntityKind::Country, "de"),
        ],
        source: "CERT",
    },
    Article {
        title: "Sandworm targets substations with new wiper",
        text: "The attackers speak IEC 61850 and use T1059.001.",
        entities: &[
            (EntityKind::Actor, "sandworm"),
            (EntityKind::Attack, "t1059.001"),
            (EntityKind::Sector, "energy"),
            (EntityKind::Country, "ua"),
        ],
        source: "Blog",
    },
    Article {
        title: "Microsoft ships fixes for Exchange",
        text: "Microsoft fixed an elevation of privilege in Exchange.",
        entities: &[(EntityKind::Vendor, "microsoft")],
        source: "News",
    },
    Article {
        title: "Fortinet opens an office in Austria",
        text: "The company hires.",
        entities: &[(EntityKind::Vendor, "fortinet"), (EntityKind::Country, "at")],
        source: "News",
    },
    Article {
        title: "Stock exchange reports record volume",
        text: "Traders were in an exchange of views.",
        entities: &[],
        source: "News",
    },
    Article {
        title: "Ransomware gang leaks files of a school in Peru",
        text: "Stolen data was published.",
        entities: &[(EntityKind::Country, "pe")],
        source: "News",
    },
    Article {
        title: "A new museum opens",
        text: "It shows paintings.",
        entities: &[(EntityKind::Country, "pe")],
        source: "News",
    },
    Article {
        title: "Fortinet FortiOS and the future of blockchain",
        text: "Sponsored.",
        entities: &[(EntityKind::Product, "fortios")],
        source: "News",
    },
];

#[test]
fn the_example_orders_articles_as_its_user_would() {
    let profile = compiled(EXAMPLE);
    let scored: Vec<Relevance> = ARTICLES
        .iter()
        .map(|article| {
            let entities = entities(article.entities);
            let &Article { title, text, source, .. } = article;
            score(&profile, Subject { title, text, source, entities: &entities, ..Subject::default() })
        })
        .collect();
    let scores: Vec<u16> = scored.iter().map(|relevance| relevance.score).collect();
    assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
    assert_eq!(scores.last(), Some(&0), "what is muted");
    let mut told = String::new();
    for (article, relevance) in ARTICLES.iter().zip(&scored) {
        let _ = writeln!(
            told,
            "{:>4} {} {}",
            relevance.score,
            if relevance.is_wanted { '+' } else { '-' },
            article.title
        );
        for reason in &relevance.reasons {
            let _ = writeln!(told, "     {:>+5} {}", reason.weight, reason.why);
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn an_example_is_read_from_toml_and_comes_back_from_json() {
    let profile = Profile::from_toml(EXAMPLE).unwrap();
    let json = serde_json::to_vec(&profile).unwrap();
    assert_eq!(Profile::from_json(&json).unwrap(), profile);
    assert_eq!(Profile::from_json(br#"{"user": "ada"}"#).unwrap(), Profile::new("ada"));
}

#[test]
fn errors_name_the_key() {
    let toml = |text: &str| Profile::from_toml(&format!("user = 'ada'\n{text}")).unwrap_err().to_string();
    let long = "x".repeat(121);
    let many = format!("sectors = [{}]", "'a',".repeat(501));
    let errors = [
        toml("stak = []"),
        toml("[[stack]]\nvendor = 'Acme'\nversoin = '1'"),
        toml("[[stack]]\nversion = '1'"),
        toml("keywords = ['a', { phrase = 'b', wieght = 2 }]"),
        toml("keywords = [{ phrase = 'b', weight = 20 }]"),
        toml("keywords = [{ weight = 2 }]"),
        toml("keywords = ['...']"),
        toml("regions = ['EU', 'Atlantis']"),
        toml("minimum_score = 1001"),
        toml("[watch]\ntechniques = ['1059']"),
        toml("[watch]\ndomains = ['https://example.com/']"),
        toml(&format!("sectors = ['{long}']")),
        toml(&many),
        toml("sectors = 3"),
        toml("sectors = ["),
        Profile::from_toml("").unwrap_err().to_string(),
        Profile::from_json(br#"{"user": "ada", "muted": {"source": []}}"#).unwrap_err().to_string(),
        Profile::from_json(br#"{"user": ""}"#).unwrap_err().to_string(),
        Profile::from_json(&vec![b' '; 300_000]).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn versions_count_beside_their_product_only() {
    let profile = compiled("user = 'ada'\n[[stack]]\nvendor = 'Acme'\nproduct = 'Gate 3'\nversion = '7.2'");
    let has_version = |text| {
        let relevance = score(&profile, Subject { text, ..Subject::default() });
        relevance.reasons.iter().any(|reason| reason.what == What::Version)
    };
    assert!(has_version("Acme Gate 3 before 7.2.4 is affected"));
    assert!(has_version("Acme Gate-3 v7.2"));
    assert!(!has_version("Acme Gate 3, CVSS 7.2"));
    assert!(!has_version("Acme Gate 3 before 17.2 and 7.20 and 1.7.2"));
    assert!(!has_version("Version 7.2 of another thing"));
}

#[test]
fn words_of_every_script_are_found_as_words() {
    let profile = compiled("user = 'ada'\nkeywords = ['Österreich', '脆弱性', 'C++', 'zero  day']");
    let found = |text| score(&profile, Subject { text, ..Subject::default() }).score > 0;
    for text in ["in ÖSTERREICH.", "新しい脆弱性が", "a c++ bug", "Zero-\nDay"] {
        assert!(found(text), "{text}");
    }
    for text in ["Österreicher", "zero days", "c+"] {
        assert!(
            !score(&profile, Subject { text, ..Subject::default() })
                .reasons
                .iter()
                .any(|reason| reason.what == What::Keyword),
            "{text}"
        );
    }
}

#[test]
fn watched_domains_are_found_in_every_kind_of_indicator() {
    let profile =
        compiled("user = 'ada'\n[watch]\ndomains = ['Corp.Example.com']\ntechniques = ['T1059.001']");
    let found = |kind, value| {
        let entities = entities(&[(kind, value)]);
        score(&profile, Subject { text: "x", entities: &entities, ..Subject::default() }).score
    };
    for (kind, value) in [
        (EntityKind::Domain, "corp.example.com"),
        (EntityKind::Domain, "login.corp.example.com"),
        (EntityKind::Email, "ceo@corp.example.com"),
        (EntityKind::Url, "https://user@vpn.corp.example.com:8443/x?y=@z"),
    ] {
        assert_eq!(found(kind, value), 500, "{value}");
    }
    assert_eq!(found(EntityKind::Domain, "example.com"), 0);
    assert_eq!(found(EntityKind::Domain, "evilcorp.example.com"), 0);
    assert_eq!(found(EntityKind::Url, "https://evil.test/corp.example.com"), 0);
    assert!(found(EntityKind::Attack, "t1059.001") > found(EntityKind::Attack, "t1059"));
    assert!(found(EntityKind::Attack, "t1059") > 0);
    assert_eq!(found(EntityKind::Attack, "t1059.003"), 0);
}
