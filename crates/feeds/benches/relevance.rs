//! What an article costs: to be folded, graded, and scored for one user.
//!
//! `cargo bench -p watchfire-feeds --bench relevance`. Articles are of the usual length (2,400 bytes), with 24
//! entities; the profile has 100 words, the taste 500 features.

#![expect(clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use watchfire_feeds::relevance::{
    Action, CompiledProfile, Done, Feature, FeatureKind, Installed, Keyword, Profile, Taste, score_all,
};
use watchfire_feeds::severity::severity;
use watchfire_feeds::{Entity, EntityKind, Reading, Subject};
use watchfire_signal::Timestamp;

const ARTICLES: usize = 200;
const SENTENCES: &[&str] = &[
    "Researchers found a vulnerability in a gateway that is used by thousands of companies. ",
    "The vendor has released updates and asks its customers to install them without delay. ",
    "There is no evidence that the flaw has been exploited in the wild so far. ",
    "Earlier this year a ransomware group used a similar weakness to enter networks in Germany. ",
    "The CVSS base score is 9.1, since an attacker needs no credentials at all. ",
    "Administrators who can't update should restrict access to the management interface. ",
];

struct Written {
    title: String,
    text: String,
    entities: Vec<Entity>,
}

fn written(number: usize) -> Written {
    let text = (0..30).map(|sentence| SENTENCES[(number + sentence * 5) % SENTENCES.len()]).collect();
    let kinds = [EntityKind::Vendor, EntityKind::Product, EntityKind::Domain, EntityKind::Cve];
    let entities = (0..24)
        .map(|place| Entity { kind: kinds[place % 4], value: format!("name{}", (number * 7 + place) % 300) })
        .collect();
    Written { title: format!("Vendor{} fixes a flaw in its gateway", number % 50), text, entities }
}

fn profile() -> Profile {
    let mut profile = Profile::new("ada");
    for number in 0..25 {
        profile.stack.push(Installed {
            vendor: Some(format!("Vendor{number}")),
            product: Some(format!("Product {number}")),
            version: None,
        });
        profile.keywords.push(Keyword::new(format!("keyword {number}")));
    }
    profile.keywords.push(Keyword::new("management interface"));
    profile.regions.extend(["DACH".to_owned(), "EMEA".to_owned()]);
    profile
}

fn taste(at: Timestamp) -> Taste {
    let mut taste = Taste::default();
    for number in 0..500 {
        let feature = Feature { kind: FeatureKind::Vendor, name: format!("name{number}") };
        taste.learn(&[feature], None, Done { action: Action::Opened, at });
    }
    taste
}

fn articles(criterion: &mut Criterion) {
    let at = Timestamp::from_millis(1_790_000_000_000).unwrap();
    let (profile, leaning) = (CompiledProfile::new(&profile()).unwrap(), taste(at).at(at));
    let written: Vec<Written> = (0..ARTICLES).map(written).collect();
    let subject = |written: &'static Written| Subject {
        title: &written.title,
        text: &written.text,
        entities: &written.entities,
        source: "CERT",
        ..Subject::default()
    };
    let written: &'static [Written] = written.leak();
    let read: Vec<_> = written
        .iter()
        .map(|written| {
            let reading = Reading::of(subject(written));
            let graded = severity(&reading);
            (reading, graded)
        })
        .collect();

    let mut group = criterion.benchmark_group("articles");
    group.throughput(Throughput::Elements(ARTICLES as u64));
    group.bench_function("fold", |bencher| {
        bencher.iter(|| {
            written.iter().map(|written| Reading::of(black_box(subject(written)))).collect::<Vec<_>>()
        });
    });
    group.bench_function("grade", |bencher| {
        bencher.iter(|| read.iter().map(|(reading, _)| severity(black_box(reading)).points).sum::<i32>());
    });
    group.bench_function("score", |bencher| {
        bencher.iter(|| score_all(&profile, black_box(&read), &leaning));
    });
    group.finish();
}

criterion_group!(benches, articles);
criterion_main!(benches);
