//! What Falco's default rules note in a healthy cluster: developers' shells, operators that ask the API server, agents
//! that read what they are there to read.

use super::rhythm::Rhythm;
use crate::company::{BUILD, DATABASE, cluster};
use crate::dice::Dice;
use crate::formats::falco::{Container, Process, Rule, event};
use crate::json::Object;
use crate::moment::{Day, Moment};
use crate::record::Record;

const SHELL: Rule = Rule {
    name: "Terminal shell in container",
    priority: "Notice",
    output: "A shell was spawned in a container with an attached terminal",
    call: "execve",
    tags: &["maturity_stable", "container", "shell", "mitre_execution", "T1059"],
};
const API_SERVER: Rule = Rule {
    name: "Contact K8S API Server From Container",
    priority: "Notice",
    output: "Unexpected connection to K8s API Server from container",
    call: "connect",
    tags: &["maturity_stable", "container", "network", "k8s", "mitre_discovery", "T1565"],
};
const SENSITIVE_FILE: Rule = Rule {
    name: "Read sensitive file untrusted",
    priority: "Warning",
    output: "Sensitive file opened for reading by non-trusted program",
    call: "openat",
    tags: &["maturity_stable", "host", "container", "filesystem", "mitre_credential_access", "T1555"],
};
const PACKAGE_MANAGER: Rule = Rule {
    name: "Launch Package Management Process in Container",
    priority: "Error",
    output: "Package management process launched in container",
    call: "execve",
    tags: &["maturity_incubating", "container", "process", "software_mgmt", "mitre_persistence", "T1505"],
};
const PRIVILEGED: Rule = Rule {
    name: "Launch Privileged Container",
    priority: "Informational",
    output: "Privileged container started",
    call: "container",
    tags: &["maturity_incubating", "container", "cis", "mitre_execution", "T1610", "PCI_DSS_10.2.5"],
};

const CATALOGUE: Container = Container {
    id: "5d0f2b7ac914",
    name: "catalogue",
    image: "registry.halden.example/catalogue",
    tag: "2.14.0",
    pod: Some(("shop", "catalogue-6c9b7d5f4-x2k8p")),
};
const OPERATOR: Container = Container {
    id: "91e4ac03d7f6",
    name: "cert-manager",
    image: "quay.io/jetstack/cert-manager-controller",
    tag: "v1.16.3",
    pod: Some(("cert-manager", "cert-manager-7f8c9d4b5-tq7nz")),
};
const RUNNER: Container =
    Container { id: "c27b60f8e1d5", name: "runner-build", image: "debian", tag: "bookworm-slim", pod: None };
const NETWORK_PLUGIN: Container = Container {
    id: "07d3f9b1a2ce",
    name: "cilium-agent",
    image: "quay.io/cilium/cilium",
    tag: "v1.16.5",
    pod: Some(("kube-system", "cilium-w5jz9")),
};

const SHELL_COMMANDS: [&str; 3] = ["bash", "bash -l", "sh -c TERM=xterm bash"];
const BUILD_COMMANDS: [&str; 2] =
    ["apt-get update", "apt-get install -y --no-install-recommends build-essential"];

pub(super) fn records(dice: &mut Dice, day: Day) -> Vec<Record> {
    let mut records = Vec::new();
    for at in Rhythm::Office.moments(dice, day, 26) {
        records.push(shell(dice, at));
    }
    for at in Rhythm::Flat.moments(dice, day, 22) {
        records.push(api_server(dice, at));
    }
    for at in Rhythm::Night.moments(dice, day, 14) {
        records.push(backup_reads(dice, at));
    }
    for at in Rhythm::Office.moments(dice, day, 18) {
        records.push(build(dice, at));
    }
    for at in Rhythm::Flat.moments(dice, day, 4) {
        let process = Process {
            name: "cilium-agent",
            path: "/usr/bin/cilium-agent",
            parent: "containerd-shim",
            command: "cilium-agent --config-dir=/tmp/cilium/config-map",
            user: ("root", 0),
            terminal: 0,
        };
        let on = *dice.pick(&cluster());
        records.push(event(dice, at, &on, &PRIVILEGED, Some(&NETWORK_PLUGIN), Object::new(), &process));
    }
    records
}

fn shell(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&cluster());
    let command = *dice.pick(&SHELL_COMMANDS);
    let process = Process {
        name: "bash",
        path: "/usr/bin/bash",
        parent: "containerd-shim",
        command,
        user: ("root", 0),
        terminal: 34_816,
    };
    event(dice, at, &on, &SHELL, Some(&CATALOGUE), Object::new(), &process)
}

fn api_server(dice: &mut Dice, at: Moment) -> Record {
    let on = *dice.pick(&cluster());
    let port = dice.port();
    let first = Object::new()
        .with("fd.name", format!("10.42.1.37:{port}->10.43.0.1:443"))
        .with("fd.lport", port)
        .with("fd.rport", 443_u16)
        .with("fd.type", "ipv4")
        .with("fd.l4proto", "tcp");
    let process = Process {
        name: "controller",
        path: "/app/cmd/controller/controller",
        parent: "containerd-shim",
        command: "controller --cluster-resource-namespace=cert-manager",
        user: ("nonroot", 1000),
        terminal: 0,
    };
    event(dice, at, &on, &API_SERVER, Some(&OPERATOR), first, &process)
}

fn backup_reads(dice: &mut Dice, at: Moment) -> Record {
    let process = Process {
        name: "restic",
        path: "/usr/bin/restic",
        parent: "backup.sh",
        command: "restic backup /etc /var/lib/postgresql",
        user: ("root", 0),
        terminal: 0,
    };
    let first = Object::new().with("fd.name", *dice.pick(&["/etc/shadow", "/etc/pam.d/common-auth"]));
    event(dice, at, &DATABASE, &SENSITIVE_FILE, None, first, &process)
}

fn build(dice: &mut Dice, at: Moment) -> Record {
    let command = *dice.pick(&BUILD_COMMANDS);
    let process = Process {
        name: "apt-get",
        path: "/usr/bin/apt-get",
        parent: "sh",
        command,
        user: ("root", 0),
        terminal: 0,
    };
    event(dice, at, &BUILD, &PACKAGE_MANAGER, Some(&RUNNER), Object::new(), &process)
}
