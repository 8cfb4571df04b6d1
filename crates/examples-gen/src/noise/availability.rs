//! Monitoring's warnings: disks, memory, pods, jobs. Nothing to do with security, and in every team's inbox.

use super::rhythm::Rhythm;
use crate::company::{Os, cluster, running};
use crate::dice::Dice;
use crate::formats::alertmanager::{Alert, firing};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::record::Record;

/// Name, severity, summary.
const NODE_ALERTS: [(&str, &str, &str); 5] = [
    ("NodeFilesystemAlmostOutOfSpace", "warning", "Filesystem has less than 5% space left."),
    ("NodeMemoryHighUtilization", "warning", "Host is running out of memory."),
    ("NodeClockNotSynchronising", "warning", "Clock not synchronising."),
    ("NodeNetworkReceiveErrs", "warning", "Network interface is reporting many receive errors."),
    ("TargetDown", "warning", "One or more targets are unreachable."),
];

const CLUSTER_ALERTS: [(&str, &str, &str); 4] = [
    ("KubePodCrashLooping", "warning", "Pod is crash looping."),
    ("CPUThrottlingHigh", "info", "Processes experience elevated CPU throttling."),
    ("KubeJobFailed", "warning", "Job failed to complete."),
    ("KubePersistentVolumeFillingUp", "critical", "PersistentVolume is filling up."),
];

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Flat.moments(dice, day, 52) {
        records.push(node(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 48) {
        records.push(pod(dice, at));
    }
    records
}

fn node(dice: &mut Dice, at: Moment) -> Record {
    let (name, severity, summary) = *dice.pick(&NODE_ALERTS);
    let on = *dice.pick(&running(Os::Linux));
    let labels = Object::new().with("instance", format!("{}:9100", on.full_name())).with("job", "node");
    let description = format!("{summary} ({} at {})", name, on.name);
    firing(dice, at, name, severity, summary, vec![Alert { labels, description }])
}

fn pod(dice: &mut Dice, at: Moment) -> Record {
    let (name, severity, summary) = *dice.pick(&CLUSTER_ALERTS);
    let alerts = (0..dice.between(1, 2))
        .map(|_| {
            let on = *dice.pick(&cluster());
            let pod = *dice.pick(&[
                "catalogue-6c9b7d5f4-x2k8p",
                "pricing-5b8d6f7c9-m4q2v",
                "mailer-28512340-9kzt5",
            ]);
            let labels = Object::new()
                .with("namespace", "shop")
                .with("pod", pod)
                .with("instance", format!("{}:10250", on.full_name()))
                .with("job", "kube-state-metrics");
            Alert { labels, description: format!("{summary} (shop/{pod})") }
        })
        .collect();
    firing(dice, at, name, severity, summary, alerts)
}
