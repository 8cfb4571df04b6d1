//! CISA's catalogue of Known Exploited Vulnerabilities.
//!
//! An object with an array `vulnerabilities`, each with a `cveID` and, among others, `vulnerabilityName`, `dateAdded`
//! and `knownRansomwareCampaignUse` (`Known` or `Unknown`), by the schema that CISA publishes beside the catalogue.
//! That attackers use it is known of every one of them: `malicious`.

use super::{elements, line_of};
use crate::build::ListWriter;
use crate::entry::{self, Entry};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vulnerability<'a> {
    #[serde(rename = "cveID", borrow)]
    cve_id: Cow<'a, str>,
    #[serde(default)]
    vulnerability_name: String,
    #[serde(default)]
    date_added: String,
    #[serde(default)]
    known_ransomware_campaign_use: String,
}

/// Reads the catalogue.
pub(super) fn read(list: &mut ListWriter<'_>, content: &[u8], vulnerabilities: &RawValue) {
    list.format("kev");
    list.name("CISA KEV");
    for element in elements(list, vulnerabilities) {
        let read = serde_json::from_str::<Vulnerability<'_>>(element.get()).ok();
        let Some((id, vulnerability)) = read.and_then(|read| Some((entry::cve(&read.cve_id)?, read))) else {
            list.left_out(1);
            let line = line_of(content, element);
            list.problems.line(line, || "no CVE id".into(), "fetch the catalogue again");
            continue;
        };
        let note = list.note(&evidence(&vulnerability));
        list.add(Entry::Cve(id), None, note);
    }
}

fn evidence(vulnerability: &Vulnerability<'_>) -> String {
    let mut evidence = format!("exploited: {}", vulnerability.vulnerability_name);
    if !vulnerability.date_added.is_empty() {
        evidence.push_str("; added ");
        evidence.push_str(&vulnerability.date_added);
    }
    if vulnerability.known_ransomware_campaign_use == "Known" {
        evidence.push_str("; used in ransomware campaigns");
    }
    evidence
}

#[cfg(test)]
mod tests {
    use crate::Intel;
    use watchfire_signal::{Indicator, IndicatorKind, Reputation};

    const CATALOGUE: &[u8] = br#"{
        "title": "CISA Catalog of Known Exploited Vulnerabilities",
        "vulnerabilities": [
            { "cveID": "CVE-2021-44228", "vulnerabilityName": "Apache Log4j2 Remote Code Execution",
              "dateAdded": "2021-12-10", "knownRansomwareCampaignUse": "Known", "cwes": ["CWE-20"] },
            { "cveID": "CVE-2021", "vulnerabilityName": "cut short" },
            17,
            { "cveID": "CVE-2025-48384", "knownRansomwareCampaignUse": "Unknown" }
        ]
    }"#;

    #[test]
    fn an_exploited_vulnerability_is_malicious_with_its_grounds() {
        let (intel, _) = Intel::from_bytes(&[("kev.json", CATALOGUE)]);
        assert_eq!(intel.lookup_cve("cve-2021-44228"), Reputation::Malicious);
        assert_eq!(intel.lookup_cve("CVE-2025-48384"), Reputation::Malicious);
        assert_eq!(intel.lookup_cve("CVE-2000-0001"), Reputation::Unknown);
        let statements = intel.explain(Indicator { kind: IndicatorKind::Cve, value: "CVE-2021-44228" });
        assert_eq!(&*statements[0].source, "CISA KEV");
        assert_eq!(
            statements[0].evidence.as_deref(),
            Some(
                "exploited: Apache Log4j2 Remote Code Execution; added 2021-12-10; used in ransomware campaigns"
            )
        );
    }

    #[test]
    fn a_broken_item_is_reported_with_its_line() {
        let (intel, problems) = Intel::from_bytes(&[("kev.json", CATALOGUE)]);
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(6), Some(7)]);
        assert_eq!(intel.stats().entries(IndicatorKind::Cve), 2);
    }
}
