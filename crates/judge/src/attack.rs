//! ATT&CK: what a technique is called and which tactics it serves.
//!
//! The table is MITRE's (`data/attack-techniques.tsv`, with its notice). Tactic names are moving between versions of
//! the matrix; the ids of techniques are what is stored.

use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/attack-techniques.tsv");

/// An ATT&CK tactic, in the order in which an intrusion usually passes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Tactic {
    /// TA0043
    Reconnaissance,
    /// TA0042
    ResourceDevelopment,
    /// TA0001
    InitialAccess,
    /// TA0002
    Execution,
    /// TA0003
    Persistence,
    /// TA0004
    PrivilegeEscalation,
    /// TA0005
    DefenseEvasion,
    /// TA0006
    CredentialAccess,
    /// TA0007
    Discovery,
    /// TA0008
    LateralMovement,
    /// TA0009
    Collection,
    /// TA0011
    CommandAndControl,
    /// TA0010
    Exfiltration,
    /// TA0040
    Impact,
}

impl Tactic {
    /// Every tactic, in order.
    pub const ALL: [Self; 14] = [
        Self::Reconnaissance,
        Self::ResourceDevelopment,
        Self::InitialAccess,
        Self::Execution,
        Self::Persistence,
        Self::PrivilegeEscalation,
        Self::DefenseEvasion,
        Self::CredentialAccess,
        Self::Discovery,
        Self::LateralMovement,
        Self::Collection,
        Self::CommandAndControl,
        Self::Exfiltration,
        Self::Impact,
    ];

    /// The name in ATT&CK's data and in Sigma tags, with dashes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reconnaissance => "reconnaissance",
            Self::ResourceDevelopment => "resource-development",
            Self::InitialAccess => "initial-access",
            Self::Execution => "execution",
            Self::Persistence => "persistence",
            Self::PrivilegeEscalation => "privilege-escalation",
            Self::DefenseEvasion => "defense-evasion",
            Self::CredentialAccess => "credential-access",
            Self::Discovery => "discovery",
            Self::LateralMovement => "lateral-movement",
            Self::Collection => "collection",
            Self::CommandAndControl => "command-and-control",
            Self::Exfiltration => "exfiltration",
            Self::Impact => "impact",
        }
    }

    /// The tactic of that name; dashes, underscores and spaces are the same.
    pub fn from_name(name: &str) -> Option<Self> {
        let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || (a == b'-' && (b == b'_' || b == b' '));
        Self::ALL.into_iter().find(|tactic| {
            let own = tactic.name().as_bytes();
            own.len() == name.len() && own.iter().zip(name.as_bytes()).all(|(&a, &b)| same(a, b))
        })
    }
}

/// A set of tactics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tactics(u16);

impl Tactics {
    /// Adds a tactic.
    pub fn insert(&mut self, tactic: Tactic) {
        self.0 |= 1 << tactic as u8;
    }

    /// All that are in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The tactics, in order.
    pub fn iter(self) -> impl Iterator<Item = Tactic> {
        Tactic::ALL.into_iter().filter(move |&tactic| self.0 & (1 << tactic as u8) != 0)
    }
}

/// A technique's name and tactics.
#[derive(Debug, Clone, Copy)]
pub struct Technique {
    /// The id, such as `T1110.003`.
    pub id: &'static str,
    /// The name, such as `Password Spraying`.
    pub name: &'static str,
    /// What it serves.
    pub tactics: Tactics,
}

static TECHNIQUES: LazyLock<Vec<Technique>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut techniques: Vec<_> = rows
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (id, name, names) = (columns.next()?, columns.next()?, columns.next()?);
            let mut tactics = Tactics::default();
            names.split(',').filter_map(Tactic::from_name).for_each(|tactic| tactics.insert(tactic));
            Some(Technique { id, name, tactics })
        })
        .collect();
    techniques.sort_unstable_by_key(|technique| technique.id);
    techniques
});

/// The technique of that id. A sub-technique that the table does not know is taken for its parent.
pub fn technique(id: &str) -> Option<&'static Technique> {
    let find = |id: &str| {
        let at = TECHNIQUES.binary_search_by(|technique| technique.id.cmp(id)).ok()?;
        TECHNIQUES.get(at)
    };
    find(id).or_else(|| find(id.split('.').next()?))
}

#[cfg(test)]
mod tests {
    use super::{TECHNIQUES, Tactic, technique};

    #[test]
    fn the_table_is_read_whole() {
        assert_eq!(TECHNIQUES.len(), 691);
        assert!(TECHNIQUES.iter().all(|technique| !technique.tactics.is_empty()));
        let spraying = technique("T1110.003").unwrap();
        assert_eq!(spraying.name, "Password Spraying");
        assert_eq!(spraying.tactics.iter().collect::<Vec<_>>(), [Tactic::CredentialAccess]);
        assert_eq!(technique("T1110.999").unwrap().id, "T1110");
        assert!(technique("T0000").is_none());
    }

    #[test]
    fn tactics_are_found_as_sigma_writes_them() {
        for tactic in Tactic::ALL {
            assert_eq!(Tactic::from_name(&tactic.name().replace('-', "_")), Some(tactic));
        }
    }
}
