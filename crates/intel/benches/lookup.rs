//! Looking up indicators of each kind among 200,000 entries: 100,000 names, 50,000 addresses, 25,000 networks and
//! 25,000 hashes. Half of what is asked about is listed; a microsecond is the bar.

use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use watchfire_intel::{Intel, ListConfig};
use watchfire_signal::{Indicator, IndicatorKind};

/// SplitMix64: small, and the same list on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn name(&mut self) -> String {
        let (host, zone) = (self.next(), self.next());
        format!("{:x}.{:x}.example", host >> 24, zone >> 32)
    }

    fn address(&mut self) -> Ipv4Addr {
        // Public space, below the networks.
        Ipv4Addr::from_bits(0x2000_0000 | (self.next() as u32 & 0x1fff_ffff))
    }

    fn hash(&mut self) -> String {
        format!("{:016x}{:016x}{:016x}{:016x}", self.next(), self.next(), self.next(), self.next())
    }
}

fn lookups(criterion: &mut Criterion) {
    let mut chance = Chance(2004);
    let names: Vec<String> = (0..100_000).map(|_| chance.name()).collect();
    let addresses: Vec<Ipv4Addr> = (0..50_000).map(|_| chance.address()).collect();
    let networks: Vec<(Ipv4Addr, u32)> = (0..25_000)
        .map(|_| {
            let bits = 0x6000_0000 | (chance.next() as u32 & 0x1fff_ffff);
            (Ipv4Addr::from_bits(bits), 12 + chance.next() as u32 % 19)
        })
        .collect();
    let hashes: Vec<String> = (0..25_000).map(|_| chance.hash()).collect();
    let mut list = String::new();
    for name in &names {
        let _ = writeln!(list, "{name}");
    }
    for address in &addresses {
        let _ = writeln!(list, "{address}");
    }
    for (address, length) in &networks {
        let _ = writeln!(list, "{address}/{length}");
    }
    for hash in &hashes {
        let _ = writeln!(list, "{hash}");
    }
    let folder = tempfile::tempdir().expect("a folder for the list");
    let path = folder.path().join("synthetic.txt");
    std::fs::write(&path, list).expect("the list is written");
    let (intel, problems) = Intel::load(&[ListConfig { path, reputation: None, name: None }]);
    assert!(problems.is_empty(), "{problems:?}");
    let entries: u64 = IndicatorKind::ALL.iter().map(|&kind| intel.stats().entries(kind)).sum();
    assert_eq!(entries, 200_000);

    // Every second one is not listed.
    let mixed =
        |listed: &mut dyn FnMut(usize) -> String, unlisted: &mut dyn FnMut() -> String| -> Vec<String> {
            (0..4096).map(|index| if index % 2 == 0 { listed(index * 5) } else { unlisted() }).collect()
        };
    let asked_names = mixed(&mut |index| format!("www.{}", names[index]), &mut || chance.name());
    let asked_hashes = mixed(&mut |index| hashes[index].clone(), &mut || chance.hash());
    let asked_urls = mixed(&mut |index| format!("https://{}/a/b.php?c=1", names[index]), &mut || {
        format!("http://{}/a", chance.name())
    });
    let asked_addresses: Vec<IpAddr> = (0..4096)
        .map(|index| if index % 2 == 0 { addresses[index * 5].into() } else { chance.address().into() })
        .collect();
    let in_networks: Vec<IpAddr> = (0..4096).map(|index| networks[index * 5].0.into()).collect();

    let mut group = criterion.benchmark_group("lookup among 200,000");
    let mut turn = 0;
    let mut next = move || {
        turn = (turn + 1) % 4096;
        turn
    };
    group.bench_function("address", |bencher| {
        bencher.iter(|| intel.lookup_ip(black_box(asked_addresses[next()])));
    });
    group.bench_function("address in a network", |bencher| {
        bencher.iter(|| intel.lookup_ip(black_box(in_networks[next()])));
    });
    for (what, kind, asked) in [
        ("domain", IndicatorKind::Domain, &asked_names),
        ("hash", IndicatorKind::Hash, &asked_hashes),
        ("url", IndicatorKind::Url, &asked_urls),
    ] {
        group.bench_function(what, |bencher| {
            bencher.iter(|| intel.lookup(black_box(Indicator { kind, value: &asked[next()] })));
        });
    }
    group.finish();
}

criterion_group!(benches, lookups);
criterion_main!(benches);
