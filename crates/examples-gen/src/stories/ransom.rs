//! What comes before encryption.
//!
//! On the resource-planning server the shadow copies go and a backup service stops, within two minutes, in the evening.
//! Three records, and the last chance of the day.

use crate::company::ERP;
use crate::dice::Dice;
use crate::formats::ecs::{self, alert as elastic};
use crate::formats::hayabusa::{self, detection, logon_id};
use crate::json::Object;
use crate::moment::Day;
use crate::record::{Record, Story};

const SHADOWS: hayabusa::Rule = hayabusa::rule(
    "Shadow Copies Deletion Using Operating Systems Utilities",
    "78017f57-4c1e-f03a-f908-de408321ca42",
    "high",
    "Sysmon",
    1,
)
.about(&["T1490"]);
const SERVICE_STOPPED: hayabusa::Rule = hayabusa::rule(
    "Stop Windows Service Via Net.EXE",
    "3ea494e3-305f-09c3-4f9f-0173c2e1603d",
    "low",
    "Sysmon",
    1,
)
.about(&["T1489"]);
const VSSADMIN: ecs::Rule = ecs::rule(
    "Volume Shadow Copy Deleted or Resized via VssAdmin",
    "b5ea4bfe-a1b2-421f-9d47-22a75a6f2921",
    "eql",
    73,
    "T1490",
);

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let tell = |record: Record, what| record.telling(Story::Ransom, ERP.name, what);
    let delete = "vssadmin.exe delete shadows /all /quiet";

    let at = day.around(dice, 20, 14, 11);
    let details = process(dice, delete, "C:\\Windows\\System32\\vssadmin.exe");
    let first = detection(dice, at, &ERP, &SHADOWS, details, Object::new());

    let at = day.around(dice, 20, 15, 2);
    let more = Object::new()
        .with("user", Object::new().with("name", "svc-backup").with("domain", "HALDEN"))
        .with("process", Object::new().with("name", "vssadmin.exe").with("command_line", delete));
    let reason = format!(
        "process event with process vssadmin.exe, by svc-backup on erp01 created alert {}.",
        VSSADMIN.name
    );
    let second = elastic(dice, at, &ERP, &VSSADMIN, reason, more);

    let at = day.around(dice, 20, 15, 49);
    let details = process(dice, "net stop VeeamEndpointBackupSvc /y", "C:\\Windows\\System32\\net.exe");
    let third = detection(dice, at, &ERP, &SERVICE_STOPPED, details, Object::new());

    vec![
        tell(first, "all shadow copies are deleted"),
        tell(second, "the same, seen by Elastic"),
        tell(third, "the backup agent is stopped, rated low"),
    ]
}

fn process(dice: &mut Dice, command: &str, path: &str) -> Object {
    Object::new()
        .with("Cmdline", command)
        .with("Proc", path)
        .with("User", "HALDEN\\svc-backup")
        .with("ParentCmdline", "C:\\Windows\\System32\\cmd.exe /c C:\\ProgramData\\m.bat")
        .with("LID", logon_id(dice))
        .with("PID", dice.between(900, 19_000))
}
