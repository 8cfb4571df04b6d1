//! Halden Instruments: forty hosts, fifteen people, and what each does.
//!
//! The company makes spectrometers and does not exist. Its networks are 10.20.1.0/24 (edge), .2 (servers), .3
//! (Kubernetes), .9 (management), .10 (workstations) and .20 (laboratory).

/// What a host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Windows, with Wazuh's agent and Sysmon.
    Windows,
    /// Linux, with Wazuh's agent.
    Linux,
    /// Something without an agent.
    Appliance,
}

/// A host of the company.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Its short name.
    pub name: &'static str,
    /// Its address.
    pub ip: &'static str,
    /// What it runs.
    pub os: Os,
    /// The number of its Wazuh agent; 0 is the manager itself, which stands in for hosts without an agent.
    pub agent: u16,
}

impl Host {
    /// The name with the domain, as Windows event logs write it.
    pub fn full_name(&self) -> String {
        format!("{}.halden.example", self.name)
    }
}

const fn host(name: &'static str, ip: &'static str, os: Os, agent: u16) -> Host {
    Host { name, ip, os, agent }
}

/// The firewall between the company and the internet (PAN-OS).
pub const FIREWALL: Host = host("fw-edge01", "10.20.1.1", Os::Appliance, 0);
/// The VPN gateway (FortiGate).
pub const VPN: Host = host("vpn01", "10.20.1.10", Os::Appliance, 0);
/// Outlook on the web.
pub const OWA: Host = host("owa01", "10.20.1.15", Os::Windows, 1);
/// The web shop, which runs in containers.
pub const SHOP: Host = host("shop01", "10.20.1.20", Os::Linux, 2);
/// The company's web site.
pub const WEB: Host = host("web01", "10.20.1.21", Os::Linux, 3);
/// Where customers drop measurement files.
pub const SFTP: Host = host("sftp01", "10.20.1.25", Os::Linux, 4);
/// Where administrators come in by SSH.
pub const SSH_GATEWAY: Host = host("ssh-gw01", "10.20.1.26", Os::Linux, 5);
/// The web proxy.
pub const PROXY: Host = host("proxy01", "10.20.1.30", Os::Linux, 6);
/// Name server for the outside.
pub const DNS_OUTSIDE: Host = host("dns-ext01", "10.20.1.53", Os::Linux, 7);
/// First domain controller.
pub const DC1: Host = host("dc01", "10.20.2.10", Os::Windows, 8);
/// Second domain controller.
pub const DC2: Host = host("dc02", "10.20.2.11", Os::Windows, 9);
/// The file server.
pub const FILES: Host = host("file01", "10.20.2.20", Os::Windows, 10);
/// The database server.
pub const DATABASE: Host = host("db01", "10.20.2.30", Os::Linux, 12);
/// The resource-planning server.
pub const ERP: Host = host("erp01", "10.20.2.35", Os::Windows, 13);
/// The backup server.
pub const BACKUP: Host = host("backup01", "10.20.2.50", Os::Windows, 15);
/// Wazuh's manager.
pub const SIEM: Host = host("siem01", "10.20.2.70", Os::Linux, 0);
/// The build server.
pub const BUILD: Host = host("ci01", "10.20.2.76", Os::Linux, 19);
/// The authorised vulnerability scanner.
pub const SCANNER: Host = host("scanner01", "10.20.9.10", Os::Linux, 23);
/// Prometheus and Alertmanager.
pub const MONITOR: Host = host("mon01", "10.20.9.20", Os::Linux, 24);
/// The workstation that opens the wrong attachment.
pub const FINANCE: Host = host("ws-fin-07", "10.20.10.37", Os::Windows, 27);
/// An engineer's workstation.
pub const ENGINEER: Host = host("ws-eng-02", "10.20.10.62", Os::Windows, 32);
/// A developer's workstation.
pub const DEVELOPER: Host = host("ws-dev-01", "10.20.10.71", Os::Linux, 34);
/// The workstation of someone who comes back from a holiday.
pub const LOGISTICS: Host = host("ws-log-01", "10.20.10.81", Os::Windows, 36);
/// The computer beside the chromatograph.
pub const CHROMATOGRAPH: Host = host("lab-hplc-01", "10.20.20.11", Os::Windows, 37);
/// The computer that drives the laboratory's spectrometer.
pub const SPECTROMETER: Host = host("lab-spec-02", "10.20.20.12", Os::Linux, 38);

/// All forty.
pub const HOSTS: [Host; 40] = [
    FIREWALL,
    VPN,
    OWA,
    SHOP,
    WEB,
    SFTP,
    SSH_GATEWAY,
    PROXY,
    DNS_OUTSIDE,
    DC1,
    DC2,
    FILES,
    host("file02", "10.20.2.21", Os::Windows, 11),
    DATABASE,
    ERP,
    host("print01", "10.20.2.40", Os::Windows, 14),
    BACKUP,
    host("wsus01", "10.20.2.60", Os::Windows, 16),
    host("git01", "10.20.2.75", Os::Linux, 18),
    SIEM,
    BUILD,
    host("k8s-node1", "10.20.3.11", Os::Linux, 20),
    host("k8s-node2", "10.20.3.12", Os::Linux, 21),
    host("k8s-node3", "10.20.3.13", Os::Linux, 22),
    SCANNER,
    MONITOR,
    host("ws-fin-01", "10.20.10.31", Os::Windows, 25),
    host("ws-fin-04", "10.20.10.34", Os::Windows, 26),
    FINANCE,
    host("ws-hr-02", "10.20.10.42", Os::Windows, 28),
    host("ws-sales-01", "10.20.10.51", Os::Windows, 29),
    host("ws-sales-03", "10.20.10.53", Os::Windows, 30),
    host("ws-eng-01", "10.20.10.61", Os::Windows, 31),
    ENGINEER,
    host("ws-eng-05", "10.20.10.65", Os::Windows, 33),
    DEVELOPER,
    host("ws-dev-02", "10.20.10.72", Os::Linux, 35),
    LOGISTICS,
    CHROMATOGRAPH,
    SPECTROMETER,
];

/// The hosts of the edge that the internet can reach.
pub const EDGE: [Host; 8] = [VPN, OWA, SHOP, WEB, SFTP, SSH_GATEWAY, PROXY, DNS_OUTSIDE];

/// The hosts whose address begins so, such as `10.20.2.`.
pub fn in_network(prefix: &str) -> Vec<Host> {
    HOSTS.into_iter().filter(|host| host.ip.starts_with(prefix)).collect()
}

/// The nodes of the Kubernetes cluster.
pub fn cluster() -> Vec<Host> {
    in_network("10.20.3.")
}

/// Hosts that run this system and have an agent.
pub fn running(os: Os) -> Vec<Host> {
    HOSTS.into_iter().filter(|host| host.os == os && host.agent != 0).collect()
}

/// Windows workstations.
pub fn workstations() -> Vec<Host> {
    HOSTS.into_iter().filter(|host| host.os == Os::Windows && host.name.starts_with("ws-")).collect()
}

/// The people, by account name.
pub const PEOPLE: [&str; 13] = [
    "a.moreau",
    "b.okafor",
    "c.lindqvist",
    "d.schwarz",
    "e.tanaka",
    "f.rossi",
    "g.novak",
    "h.brandt",
    "i.haddad",
    "j.oconnor",
    "k.virtanen",
    "l.petrov",
    "m.santos",
];

/// The administrators' second accounts.
pub const ADMINISTRATORS: [&str; 2] = ["adm-novak", "adm-weber"];

/// The accounts of services.
pub const SERVICES: [&str; 3] = ["svc-backup", "svc-sql", "svc-scan"];

/// The AWS account.
pub const CLOUD_ACCOUNT: &str = "111122223333";

/// The AWS region.
pub const CLOUD_REGION: &str = "eu-north-1";

#[cfg(test)]
mod tests {
    use super::{HOSTS, Os};
    use std::collections::BTreeSet;

    #[test]
    fn no_two_hosts_share_a_name_an_address_or_an_agent() {
        let names: BTreeSet<_> = HOSTS.iter().map(|host| host.name).collect();
        let addresses: BTreeSet<_> = HOSTS.iter().map(|host| host.ip).collect();
        let agents: BTreeSet<_> = HOSTS.iter().map(|host| host.agent).filter(|&agent| agent != 0).collect();
        assert_eq!((names.len(), addresses.len()), (40, 40));
        assert!(HOSTS.iter().all(|host| host.ip.starts_with("10.20.")));
        assert_eq!(agents.len(), HOSTS.iter().filter(|host| host.agent != 0).count());
        assert!(HOSTS.iter().all(|host| host.os != Os::Appliance || host.agent == 0));
    }
}
