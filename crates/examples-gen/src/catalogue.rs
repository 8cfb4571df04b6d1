//! Rules that the noise and the attacks share.
//!
//! An attack that fired only rules of its own could be found by their rarity alone. So the log4j attempt that works is
//! reported by the same rule as the twenty that don't, and the stolen password by the rule that greets everyone.

use crate::formats::suricata::{Class, Signature, signature};
use crate::formats::{falco, hayabusa, wazuh};

/// Suricata: log4j in a request.
pub const LOG4J: Signature = signature(
    2034647,
    1,
    "ET EXPLOIT Apache log4j RCE Attempt (http ldap) (CVE-2021-44228)",
    Class::AttemptedAdmin,
);

/// Suricata: SQL injection in a request.
pub const UNION_SELECT: Signature =
    signature(2006446, 13, "ET WEB_SERVER Possible SQL Injection Attempt UNION SELECT", Class::WebAttack);

/// Suricata: a program is fetched.
pub const PROGRAM_DOWNLOAD: Signature =
    signature(2018959, 4, "ET POLICY PE EXE or DLL Windows file download HTTP", Class::PolicyViolation);

/// Suricata: the output of `id`, run by root, in an answer.
pub const ID_ROOT: Signature =
    signature(2100498, 7, "GPL ATTACK_RESPONSE id check returned root", Class::BadUnknown);

/// Wazuh: a login at the VPN gateway failed.
pub const VPN_FAILURE: wazuh::Rule = wazuh::rule(
    "81614",
    4,
    "Fortigate: SSL VPN user failed login attempt.",
    &["fortigate", "syslog", "authentication_failed", "invalid_login"],
    &[],
);

/// Wazuh: a session at the VPN gateway began.
pub const VPN_UP: wazuh::Rule = wazuh::rule(
    "81622",
    3,
    "Fortigate: VPN user connected.",
    &["fortigate", "syslog", "authentication_success"],
    &["T1078"],
);

/// Wazuh: a Windows logon failed.
pub const WINDOWS_FAILURE: wazuh::Rule = wazuh::rule(
    "60122",
    5,
    "Logon failure - Unknown user or bad password.",
    &["windows", "windows_security", "authentication_failed"],
    &["T1110.001"],
);

/// Wazuh: a new file below a watched folder.
pub const FILE_ADDED: wazuh::Rule = wazuh::rule(
    "554",
    5,
    "File added to the system.",
    &["ossec", "syscheck", "syscheck_entry_added", "syscheck_file"],
    &[],
);

/// Hayabusa: PowerShell with an encoded command.
pub const ENCODED_POWERSHELL: hayabusa::Rule = hayabusa::rule(
    "Suspicious Encoded PowerShell Command Line",
    "40d8f009-02f9-7db7-6504-25193624ab0a",
    "high",
    "Sysmon",
    1,
)
.about(&["T1059.001"]);

/// Hayabusa: PsExec's service was installed.
pub const PSEXEC: hayabusa::Rule =
    hayabusa::rule("PSExec Lateral Movement", "0694c340-3a46-40ac-acfc-c3444ae6572c", "high", "Sys", 7045)
        .about(&["T1543.003", "T1570", "T1021.002", "T1569.002"]);

/// Falco: a container runs a program that is not in its image.
pub const DROPPED_BINARY: falco::Rule = falco::Rule {
    name: "Drop and execute new binary in container",
    priority: "Critical",
    output: "Executing binary not part of base image",
    call: "execve",
    tags: &["maturity_stable", "container", "process", "mitre_persistence", "TA0003", "PCI_DSS_11.5.1"],
};
