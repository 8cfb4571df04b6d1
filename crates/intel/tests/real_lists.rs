//! The published lists, as they are. They lie outside the project, at the folder that `WATCHFIRE_DATA` names.

#![expect(clippy::print_stdout, reason = "a test says that it was skipped, and what it found")]

use std::path::PathBuf;
use watchfire_intel::{Intel, ListConfig, classify};
use watchfire_signal::{IndicatorKind, Reputation};

fn load(folders: &[&str]) -> Option<(Intel, Vec<String>)> {
    let Some(data) = std::env::var_os("WATCHFIRE_DATA") else {
        println!("skipped: WATCHFIRE_DATA is not set");
        return None;
    };
    let config: Vec<ListConfig> = folders
        .iter()
        .map(|folder| ListConfig {
            path: PathBuf::from(&data).join("intel").join(folder),
            reputation: None,
            name: None,
        })
        .collect();
    let (intel, problems) = Intel::load(&config);
    Some((intel, problems.iter().map(ToString::to_string).collect()))
}

const ALL: [&str; 4] = ["ipsum", "maltrail", "kev", "misp-warninglists"];

#[test]
fn every_published_list_loads_with_next_to_nothing_left_out() {
    let Some((intel, problems)) = load(&ALL) else { return };
    let stats = intel.stats();
    for list in &stats.lists {
        println!("{:5} {} {:?}", list.format, list.name, IndicatorKind::ALL.map(|kind| list.entries(kind)));
        assert_eq!(list.failure, None, "{}", list.name);
    }
    println!("{} MiB\n{}", stats.memory_bytes / (1024 * 1024), problems.join("\n"));
    let left_out: u64 = stats.lists.iter().map(|list| list.left_out).sum();
    let entries: u64 = IndicatorKind::ALL.iter().map(|&kind| stats.entries(kind)).sum();
    assert!(entries > 600_000, "{entries}");
    assert!(left_out < 20, "{left_out}");
    assert!(stats.memory_bytes < 40 * 1024 * 1024, "{}", stats.memory_bytes);
}

#[test]
fn known_entries_are_found_in_the_published_lists() {
    let Some((intel, _)) = load(&ALL) else { return };
    for (value, expected) in [
        // IPsum: on 10 lists, and on one.
        ("77.90.185.20", Reputation::Malicious),
        // Maltrail: a domain, something under it, an address with a port, a path, a scanner.
        ("online2018.duckdns.org", Reputation::Malicious),
        ("deeper.online2018[.]duckdns[.]org", Reputation::Malicious),
        ("http://192.151.234.179/beacon", Reputation::Malicious),
        ("/izuku.arm4", Reputation::Suspicious),
        ("http://8.8.8.8/izuku.arm4", Reputation::Suspicious),
        ("129.82.138.12", Reputation::Suspicious),
        // CISA KEV.
        ("cve-2021-44228", Reputation::Malicious),
        ("CVE-1999-0001", Reputation::Unknown),
        // MISP: known good, merely described, and not described at all.
        ("01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b", Reputation::Safe),
        ("wikipedia.org", Reputation::Safe),
        ("some-home.duckdns.org", Reputation::Info),
        ("co.uk", Reputation::Info),
        ("never-heard-of-it.co.uk", Reputation::Unknown),
        ("8.8.8.8", Reputation::Info),
        ("192.168.1.1", Reputation::Info),
        ("169.254.1.1", Reputation::NotAsked),
    ] {
        let indicator = classify(value).unwrap();
        assert_eq!(
            intel.lookup(indicator).reputation(),
            expected,
            "{value}: {:#?}",
            intel.explain(indicator)
        );
    }
}

#[test]
fn one_folder_with_everything_in_it_loads_too() {
    let Some((intel, problems)) = load(&["."]) else { return };
    // The ATT&CK files beside the lists are no lists, and are named as such.
    assert!(problems.iter().any(|problem| problem.contains("relationships.tsv")), "{problems:?}");
    assert_eq!(intel.lookup_cve("CVE-2021-44228"), Reputation::Malicious);
}
