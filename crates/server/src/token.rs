//! Tokens: made once, shown once, kept as a hash.

use std::fmt;
use watchfire_store::TokenRow;

/// What a token is known by, for whoever finds one in a log or a repository.
const PREFIX: &str = "wf_";

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Look.
    Read,
    /// Send alerts, decide.
    Write,
    /// Drop what is kept.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Some scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// All scopes.
    pub const ALL: Self = Self(0b111);

    /// These scopes.
    pub fn of(scopes: &[Scope]) -> Self {
        Self(scopes.iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// As they are kept.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// From how they are kept.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b111)
    }

    /// Whether this is among them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        Scope::ALL.into_iter().filter(|scope| self.has(*scope)).map(Scope::name).collect()
    }
}

/// A token, as it is shown to whoever made it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new token of 256 random bits; an error where the system has no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self(format!("{PREFIX}{}", random_digits()?)))
    }

    /// The token, to be shown once.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The row that keeps it.
    pub fn row(&self, name: &str, scopes: Scopes, per_minute: Option<u32>, now: i64) -> TokenRow {
        TokenRow {
            id: 0,
            name: name.to_owned(),
            hash: hash(&self.0),
            scopes: scopes.bits(),
            per_minute,
            created_at: now,
            revoked_at: None,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// 256 random bits as hexadecimal digits; an error where the system has no randomness.
pub(crate) fn random_digits() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The hash that a token is kept as. A token is 256 random bits: nothing slower is needed.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}

/// Whether two hashes are the same, in a time that does not depend on where they differ.
pub(crate) fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    // The comparison of this type is in constant time.
    blake3::Hash::from_bytes(*one) == blake3::Hash::from_bytes(*other)
}
