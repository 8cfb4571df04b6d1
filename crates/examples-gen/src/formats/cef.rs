//! CEF in syslog: the firewall (PAN-OS), the virus scanner (Apex Central), and the watcher of the directory service
//! (Defender for Identity, still named *Azure ATP* in its syslog).
//!
//! Source: ArcSight Common Event Format, version 26; Palo Alto Networks, *CEF Configuration Guide* (threat format: the
//! event class id is the threat's name, the name is `THREAT`, the severity runs from 1 to 5, `cnt` is the repeat
//! count); Trend Micro, *CEF virus/malware logs*; Microsoft, *Defender for Identity SIEM log reference*. In the header
//! `|` and `\` are escaped, in the extension `=`, `\` and line breaks.

use crate::dice::Dice;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// Keys and values of an extension, in order.
type Extension = Vec<(&'static str, String)>;

/// Vendor, product, version, event class id, name, severity.
type Header<'a> = [&'a str; 6];

/// A session that the firewall found something in.
#[derive(Debug, Clone)]
pub struct Threat<'a> {
    /// What it found, with the threat's number, such as `SCAN: TCP Port Scan(8001)`.
    pub threat: &'a str,
    /// The vendor's severity: 1 informational, 2 low, 3 medium, 4 high, 5 critical.
    pub severity: u8,
    /// The threat's category.
    pub category: &'a str,
    /// Where the session came from.
    pub source: &'a str,
    /// The address and port it went to.
    pub destination: (&'a str, u16),
    /// The application.
    pub app: &'a str,
    /// The account that it went to, as far as the firewall knows.
    pub user: Option<&'a str>,
    /// What the firewall did: `alert`, `drop`, `reset-both`…
    pub action: &'a str,
    /// The URL or file, if there is one.
    pub request: Option<&'a str>,
    /// How often it was seen.
    pub count: u32,
}

/// A threat log of the firewall.
pub fn firewall_threat(dice: &mut Dice, at: Moment, threat: &Threat<'_>) -> Record {
    let at = at.seconds();
    let severity = threat.severity.to_string();
    let header = ["Palo Alto Networks", "PAN-OS", "10.2.9", threat.threat, "THREAT", &severity];
    let (destination, port) = threat.destination;
    let inwards = !threat.source.starts_with("10.");
    let (from, to) = if inwards { ("untrust", "dmz") } else { ("trust", "untrust") };
    let mut extension: Extension = vec![
        ("rt", at.text(CEF_TIME)),
        ("deviceExternalId", "013201004417".to_owned()),
        ("src", threat.source.to_owned()),
        ("dst", destination.to_owned()),
        ("cs1Label", "Rule".to_owned()),
        ("cs1", if inwards { "inbound-dmz" } else { "outbound-web" }.to_owned()),
    ];
    if let Some(user) = threat.user {
        extension.push(("duser", user.to_owned()));
    }
    extension.extend([
        ("app", threat.app.to_owned()),
        ("cs4Label", "Source Zone".to_owned()),
        ("cs4", from.to_owned()),
        ("cs5Label", "Destination Zone".to_owned()),
        ("cs5", to.to_owned()),
        ("cn1Label", "SessionID".to_owned()),
        ("cn1", dice.between(10_000, 9_999_999).to_string()),
        ("cnt", threat.count.to_string()),
        ("spt", dice.port().to_string()),
        ("dpt", port.to_string()),
        ("proto", if threat.app == "dns" { "udp" } else { "tcp" }.to_owned()),
        ("act", threat.action.to_owned()),
    ]);
    if let Some(request) = threat.request {
        extension.push(("request", request.to_owned()));
    }
    extension.extend([
        ("flexString2Label", "Direction".to_owned()),
        ("flexString2", "client-to-server".to_owned()),
        ("externalId", dice.between(7_000_000_000_000, 7_999_999_999_999).to_string()),
        ("cat", threat.category.to_owned()),
        ("dvchost", "fw-edge01".to_owned()),
    ]);
    syslog(at, 14, "fw-edge01", header, &extension)
}

/// A detection of the virus scanner.
#[derive(Debug, Clone)]
pub struct Virus<'a> {
    /// What it found.
    pub name: &'a str,
    /// What it did, such as `File quarantined`.
    pub action: &'a str,
    /// The computer.
    pub host: &'a str,
    /// The account.
    pub user: &'a str,
    /// The folder.
    pub folder: &'a str,
    /// The file.
    pub file: &'a str,
}

/// A virus log.
pub fn virus(dice: &mut Dice, at: Moment, virus: &Virus<'_>) -> Record {
    let at = at.seconds();
    let class = format!("AV:{}", virus.action);
    let header = ["Trend Micro", "Apex Central", "2019", &class, virus.name, "3"];
    let extension: Extension = vec![
        ("deviceExternalId", dice.between(100, 99_999).to_string()),
        ("rt", format!("{} GMT+00:00", at.text(CEF_TIME))),
        ("cnt", "1".to_owned()),
        ("dhost", virus.host.to_owned()),
        ("duser", format!("HALDEN\\{}", virus.user)),
        ("act", virus.action.to_owned()),
        ("cn1Label", "VLF_PatternNumber".to_owned()),
        ("cn1", "1949300".to_owned()),
        ("cs1Label", "VLF_FunctionCode".to_owned()),
        ("cs1", "Real-time Scan".to_owned()),
        ("cat", "1703".to_owned()),
        ("dvchost", virus.host.to_owned()),
        ("fname", virus.file.to_owned()),
        ("filePath", virus.folder.to_owned()),
    ];
    syslog(at, 132, "av01", header, &extension)
}

/// A security alert of the directory's watcher.
pub fn directory(
    at: Moment,
    class: &'static str,
    name: &'static str,
    severity: u8,
    host: &str,
    message: &str,
) -> Record {
    let at = at.millis();
    let severity = severity.to_string();
    let header = ["Microsoft", "Azure ATP", "2.239.18124.0", class, name, &severity];
    let extension: Extension = vec![
        ("start", at.text("%Y-%m-%dT%H:%M:%S%.3f0000Z")),
        ("shost", host.to_owned()),
        ("msg", message.to_owned()),
        ("externalId", "2019".to_owned()),
        ("cs1Label", "url".to_owned()),
        ("cs1", "https://security.halden.example/alerts".to_owned()),
    ];
    syslog(at, 36, "dc01", header, &extension)
}

const CEF_TIME: &str = "%b %d %Y %H:%M:%S";

fn syslog(at: Moment, priority: u8, host: &str, header: Header<'_>, extension: &Extension) -> Record {
    let mut line = format!("<{priority}>{} {host} CEF:0", at.text("%b %e %H:%M:%S"));
    for part in header {
        line.push('|');
        line.push_str(&part.replace('\\', "\\\\").replace('|', "\\|"));
    }
    line.push('|');
    for (index, (key, value)) in extension.iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        line.push_str(key);
        line.push('=');
        line.push_str(&value.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n"));
    }
    Record::new(Product::Cef, at, line)
}

#[cfg(test)]
mod tests {
    use super::{Virus, virus};
    use crate::dice::Dice;
    use crate::moment::Day;

    #[test]
    fn bars_equals_signs_and_backslashes_are_escaped() {
        let found = Virus {
            name: "A|B",
            action: "File quarantined",
            host: "ws-fin-01",
            user: "f.rossi",
            folder: "C:\\a=b",
            file: "x",
        };
        let line = virus(&mut Dice::new(1, 1), Day::EXAMPLE.at(9, 0, 0), &found).line;
        assert!(line.starts_with("<132>Mar 17 09:00:00 av01 CEF:0|Trend Micro|"), "{line}");
        assert!(line.contains("|A\\|B|3|"), "{line}");
        assert!(line.ends_with("filePath=C:\\\\a\\=b"), "{line}");
    }
}
