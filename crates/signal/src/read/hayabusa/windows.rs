//! What the fields of Windows events mean.
//!
//! Hayabusa abbreviates them (`SrcIP`, `TgtUser`, `Cmdline`) in its `Details`, and keeps Windows' own names
//! (`IpAddress`, `TargetUserName`, `CommandLine`) in `AllFieldInfo`; Chainsaw hands over the event as Windows wrote it.
//! All of these names stand in one table here, so that both readers agree on what they mean.
//!
//! Sources: hayabusa-rules, `config/default_details.txt`; Microsoft, *Security auditing* event reference; Sysmon's
//! event reference.

use crate::read::hashes::best_hash;
use crate::{Alert, Field};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

/// Takes one field of an event into the alert, if its name is known and nothing stands there yet.
pub(in crate::read) fn take<'a>(alert: &mut Alert<'a>, name: &str, text: Cow<'a, str>) {
    match name {
        "SrcIP" | "IpAddress" | "SourceIp" | "SourceAddress" | "ClientAddress" => {
            set_address(alert, Field::SourceIp, text);
        }
        "TgtIP" | "DestinationIp" | "DestAddress" => set_address(alert, Field::DestinationIp, text),
        "SrcPort" | "IpPort" | "SourcePort" if text != "0" => alert.set_default(Field::SourcePort, text),
        "TgtPort" | "DestinationPort" | "DestPort" if text != "0" => {
            alert.set_default(Field::DestinationPort, text);
        }
        "SrcComp" | "SrcHost" | "WorkstationName" | "Workstation" | "SourceHostname" | "ClientName" => {
            alert.set_default(Field::SourceDomain, text);
        }
        "TgtHost" | "DestinationHostname" => alert.set_default(Field::DestinationDomain, text),
        "SrcCountry" => alert.set_default(Field::SourceCountry, text),
        "Proto" | "Protocol" => set_transport(alert, &text),
        "SrcUser" | "User" | "SubjectUserName" | "SourceUser" => alert.set_default(Field::User, text),
        "TgtUser" | "TargetUserName" | "TargetUser" => alert.set_default(Field::TargetUser, text),
        "Cmdline" | "CmdLine" | "Cmd" | "CommandLine" | "ScriptBlock" | "ScriptBlockText" => {
            alert.set_default(Field::CommandLine, text);
        }
        "Proc" | "SrcProc" | "Image" | "NewProcessName" | "SourceImage" | "ProcessName" => {
            alert.set_default(Field::Process, text);
        }
        "ParentProc" | "ParentImage" | "ParentProcessName" | "ParentCmd" | "ParentCmdline" => {
            alert.set_default(Field::ProcessParent, text);
        }
        "Path" | "TgtFile" | "TargetFilename" | "ImagePath" | "ServiceFileName" => {
            alert.set_default(Field::FilePath, text);
        }
        "Hash" | "Hashes" => set_hash(alert, &text),
        // The same name holds a WQL statement in WMI events, and that has spaces.
        "Query" | "QueryName" if !text.contains(' ') => alert.set_default(Field::DnsQuestion, text),
        "URL" | "Url" => alert.set_default(Field::Url, text),
        _ => {}
    }
}

/// Takes what kind of event it is: its channel, where that is known, and its number.
pub(in crate::read) fn set_action(
    alert: &mut Alert<'_>,
    channel: Option<&str>,
    event_id: Option<Cow<'_, str>>,
) {
    if let Some(event_id) = event_id {
        let channel = channel.unwrap_or_default();
        alert.set(Field::EventAction, format!("{channel} {event_id}").trim_start().to_owned());
    }
}

/// Windows writes `LOCAL` for the console, `::ffff:192.0.2.1` in Kerberos events, and `-` for nothing.
fn set_address<'a>(alert: &mut Alert<'a>, field: Field, text: Cow<'a, str>) {
    if let Some(mapped) = text.strip_prefix("::ffff:").filter(|rest| rest.parse::<Ipv4Addr>().is_ok()) {
        let address = mapped.to_owned();
        alert.set_default(field, address);
    } else if text.parse::<IpAddr>().is_ok() {
        alert.set_default(field, text);
    }
}

/// A name, or the IP protocol number of the filtering platform's events.
fn set_transport(alert: &mut Alert<'_>, text: &str) {
    let name = match text {
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        _ => return alert.set_default(Field::Transport, text.to_ascii_lowercase()),
    };
    alert.set_default(Field::Transport, name);
}

/// Sysmon's list, or one hash without its name.
fn set_hash(alert: &mut Alert<'_>, text: &str) {
    let hash = best_hash(text).or(if text.contains('=') { None } else { Some(text) });
    alert.set_some(Field::FileHash, hash.map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use super::take;
    use crate::read::account::user_from_target;
    use crate::{Alert, Field, Format};

    fn alert_of(fields: &[(&'static str, &'static str)]) -> Alert<'static> {
        let mut alert = Alert::new(Format::Hayabusa, "");
        for (name, text) in fields {
            take(&mut alert, name, (*text).into());
        }
        user_from_target(&mut alert);
        alert
    }

    #[test]
    fn an_address_that_is_none_is_left_out() {
        assert_eq!(alert_of(&[("IpAddress", "LOCAL")]).get(Field::SourceIp), None);
        assert_eq!(alert_of(&[("IpAddress", "-")]).get(Field::SourceIp), None);
        assert_eq!(alert_of(&[("SrcIP", "::ffff:192.0.2.7")]).get(Field::SourceIp), Some("192.0.2.7"));
        assert_eq!(alert_of(&[("SrcIP", "2001:db8::7")]).get(Field::SourceIp), Some("2001:db8::7"));
        assert_eq!(alert_of(&[("SrcIP", "::ffff:nonsense")]).get(Field::SourceIp), None);
    }

    #[test]
    fn the_account_that_was_used_is_the_user_where_no_other_is_named() {
        let logon = alert_of(&[("TgtUser", "alice"), ("SrcPort", "0")]);
        assert_eq!(logon.get(Field::User), Some("alice"));
        assert_eq!(logon.get(Field::SourcePort), None);
        let created = alert_of(&[("TargetUserName", "mallory"), ("SubjectUserName", "alice")]);
        assert_eq!(created.get(Field::User), Some("alice"));
        assert_eq!(created.get(Field::TargetUser), Some("mallory"));
    }

    #[test]
    fn the_best_of_several_hashes_is_taken() {
        let hashes = "MD5=0cc175b9c0f1b6a831c399e269772661,SHA256=ca978112ca1bbdca,IMPHASH=00";
        assert_eq!(alert_of(&[("Hashes", hashes)]).get(Field::FileHash), Some("ca978112ca1bbdca"));
        assert_eq!(alert_of(&[("Hash", "IMPHASH=00")]).get(Field::FileHash), None);
        assert_eq!(alert_of(&[("Hash", "ca978112ca1bbdca")]).get(Field::FileHash), Some("ca978112ca1bbdca"));
    }

    #[test]
    fn a_wmi_query_is_no_name_to_resolve() {
        assert_eq!(alert_of(&[("Query", "SELECT * FROM x")]).get(Field::DnsQuestion), None);
        assert_eq!(alert_of(&[("Query", "c2.example")]).get(Field::DnsQuestion), Some("c2.example"));
        assert_eq!(alert_of(&[("Protocol", "6")]).get(Field::Transport), Some("tcp"));
    }
}
