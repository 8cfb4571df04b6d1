//! What must not leave the house is replaced before a question leaves, and put back into its answer.
//!
//! A model does not need to know who `jsmith` is to judge what `jsmith` did; it needs to see that the same account turns
//! up twice. So names and secrets are not blacked out but replaced by pseudonyms that are always the same in one store,
//! such as `user-7f3a91c2`: a hash (BLAKE3, keyed with the store's own secret, so that nobody outside can try names), cut
//! to 32 bits, because a question has a few dozen of them and every digit is paid for. What a provider sees of one store
//! can't be matched with what it sees of another.
//!
//! Replaced are: the values of configured fields, wherever in the question they turn up again; addresses of one's own
//! network; secrets by their form ([`secrets`]); and, if wanted, e-mail addresses. Putting back is exact: see
//! [`Hidden`] for why.
//!
//! What this does not do: find names that no configured field holds, or names that are written in another way (`J. Smith`).

mod found;
mod secrets;
mod table;
#[cfg(test)]
mod tests;

pub use table::Hidden;

use crate::Question;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use table::{Rule, Table};

/// What is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Fields whose values are replaced, by name. Of a field of addresses, only those of one's own network are: an
    /// alert whose outside address is hidden can't be judged.
    pub fields: Vec<String>,
    /// Whether addresses of one's own network are replaced, wherever they stand.
    pub internal_addresses: bool,
    /// Whether secrets are replaced: keys, tokens, passwords, card numbers.
    pub secrets: bool,
    /// Whether e-mail addresses are replaced, wherever they stand.
    pub emails: bool,
    /// Values that are never replaced, in any case: they name nobody, and what they say is needed.
    pub keep: Vec<String>,
}

impl Default for PrivacyConfig {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Self {
            fields: owned(&["user.name", "user.target.name", "host.name"]),
            internal_addresses: true,
            secrets: true,
            emails: false,
            keep: owned(&[
                "root",
                "admin",
                "administrator",
                "administrador",
                "system",
                "nt authority\\system",
                "local service",
                "network service",
                "anonymous logon",
                "anonymous",
                "guest",
                "nobody",
                "daemon",
                "www-data",
                "http",
                "https",
                "localhost",
                "127.0.0.1",
                "::1",
                "unknown",
                "null",
                "none",
                "n/a",
            ]),
        }
    }
}

/// What a pseudonym says of what it stands for.
///
/// No name begins with a hexadecimal digit and none ends another: that is what makes putting back exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    User,
    Host,
    Ip,
    Mail,
    Secret,
    Value,
}

impl Kind {
    const ALL: [Self; 6] = [Self::User, Self::Host, Self::Ip, Self::Mail, Self::Secret, Self::Value];

    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Host => "host",
            Self::Ip => "ip",
            Self::Mail => "mail",
            Self::Secret => "secret",
            Self::Value => "value",
        }
    }

    fn of_field(name: &str) -> Self {
        match name.rsplit_once('.') {
            Some((_, "ip")) => Self::Ip,
            Some((_, "domain")) => Self::Host,
            _ if name.starts_with("user.") => Self::User,
            _ if name.starts_with("host.") => Self::Host,
            _ => Self::Value,
        }
    }
}

/// Which addresses are one's own.
type Internal = Box<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Replaces what must not leave, for one store.
pub struct Pseudonyms {
    key: [u8; 32],
    config: PrivacyConfig,
    keep: HashSet<String>,
    internal: Internal,
}

impl fmt::Debug for Pseudonyms {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// For the store that keeps this secret. `internal` says which addresses are one's own.
    pub fn new(
        secret: &[u8],
        config: PrivacyConfig,
        internal: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            key: blake3::derive_key("watchfire 2026-11 pseudonyms", secret),
            keep: config.keep.iter().map(|word| word.to_lowercase()).collect(),
            config,
            internal: Box::new(internal),
        }
    }

    /// The question as it may leave, and what puts its answer right again. To be called once, on the question itself:
    /// what has been replaced would be replaced again.
    pub fn hide(&self, question: &Question) -> (Question, Hidden) {
        let texts: Vec<&str> = question
            .fields
            .iter()
            .map(|(_, value)| value.as_str())
            .chain(question.known.iter().map(String::as_str))
            .collect();
        let mut table = Table::default();
        for (name, value) in &question.fields {
            if self.config.fields.contains(name) {
                self.note_field(Kind::of_field(name), value, &mut table);
            }
        }
        if self.config.emails {
            for text in &texts {
                found::emails(text, &mut |mail| self.note(Kind::Mail, mail, &mut table));
            }
        }
        table.note_spellings(&texts);
        for text in &texts {
            if self.config.internal_addresses {
                found::addresses(text, &mut |address, ip| {
                    if (self.internal)(ip) {
                        self.note(Kind::Ip, address, &mut table);
                    }
                });
            }
            if self.config.secrets {
                secrets::find(text, &mut |secret| self.note(Kind::Secret, secret, &mut table));
            }
        }
        let hidden = Hidden::new(&self.key, table, &texts);
        let mut asked = question.clone();
        for text in asked.fields.iter_mut().map(|(_, value)| value).chain(&mut asked.known) {
            if let Some(replaced) = hidden.replace(text) {
                *text = replaced;
            }
        }
        (asked, hidden)
    }

    /// A configured field's value; of a name within a domain, the name on its own too, as messages write it.
    fn note_field(&self, kind: Kind, value: &str, table: &mut Table) {
        if let Ok(ip) = value.parse::<IpAddr>() {
            if kind != Kind::Ip || (self.internal)(ip) {
                self.note(Kind::Ip, value, table);
            }
            return;
        }
        if kind == Kind::Ip {
            return;
        }
        self.note(kind, value, table);
        let bare = match kind {
            Kind::User => {
                let name = value.rsplit_once('\\').map_or(value, |(_, name)| name);
                name.split_once('@').map_or(name, |(name, _)| name)
            }
            Kind::Host => value.split_once('.').map_or(value, |(host, _)| host),
            _ => value,
        };
        if bare.len() >= 3 {
            self.note(kind, bare, table);
        }
    }

    fn note(&self, kind: Kind, text: &str, table: &mut Table) {
        let lower = text.to_lowercase();
        // What is part of `user-` can't be kept out of a text full of `user-…`, and names nobody.
        let is_kind = Kind::ALL.iter().any(|kind| format!("{}-", kind.name()).contains(&lower));
        if text.is_empty() || is_kind || self.keep.contains(&lower) {
            return;
        }
        let rule = match kind {
            Kind::Ip => Rule::Address,
            _ if text.len() < 4 => Rule::Word,
            _ => Rule::Anywhere,
        };
        table.note(kind, text, rule);
    }
}
