//! What is done to workers, servers and links: by a script, or as a seed has it.

use crate::error::OracleError;
use crate::servers::Server;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// One disturbance. Which worker it meets is drawn when it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strike {
    /// A worker is killed, and none is started for it.
    Fall,
    /// A worker is killed, and one is started after a while: under its name, or under a new one.
    Kill,
    /// A worker stands still for longer than its session, then goes on.
    Hang,
    /// A worker more.
    Add,
    /// A worker is told to end.
    Leave,
    /// A server is killed, and kept away for a while.
    Outage(Server),
    /// A server is killed, and started again at once.
    Restart(Server),
    /// All workers' links to a server are cut for a while.
    Apart(Server),
    /// One worker's link to one server is cut for a while.
    Cut,
    /// One worker's link to one server carries nothing for a while.
    Silence,
}

impl Strike {
    /// The strike of this name: `fall`, `kill`, `hang`, `add`, `leave`, `cut`, `silence`, or `outage`, `restart` or `apart` with
    /// a server behind a colon.
    pub fn parse(text: &str) -> Result<Self, OracleError> {
        let wrong = || OracleError::Argument {
            problem: format!("there is no strike {text:?}"),
            hint: "fall, kill, hang, add, leave, cut, silence, outage:SERVER, restart:SERVER, apart:SERVER; \
                   a SERVER is kafka, postgres or redis",
        };
        let (what, server) = match text.split_once(':') {
            Some((what, name)) => (what, Some(Server::named(name).ok_or_else(wrong)?)),
            None => (text, None),
        };
        Ok(match (what, server) {
            ("fall", None) => Self::Fall,
            ("kill", None) => Self::Kill,
            ("hang", None) => Self::Hang,
            ("add", None) => Self::Add,
            ("leave", None) => Self::Leave,
            ("cut", None) => Self::Cut,
            ("silence", None) => Self::Silence,
            ("outage", Some(server)) => Self::Outage(server),
            ("restart", Some(server)) => Self::Restart(server),
            ("apart", Some(server)) => Self::Apart(server),
            _ => return Err(wrong()),
        })
    }

    /// A script: names with commas between.
    pub fn script(text: &str) -> Result<Vec<Self>, OracleError> {
        text.split(',').map(|name| Self::parse(name.trim())).collect()
    }

    /// Any of them, half of them on the network, by a server that is there.
    pub fn draw(chance: &mut ChaCha8Rng, servers: &[Server]) -> Self {
        let server = servers[chance.random_range(0..servers.len())];
        match chance.random_range(0..100_u32) {
            0..9 => Self::Kill,
            9..14 => Self::Hang,
            14..22 => Self::Add,
            22..29 => Self::Leave,
            29..38 => Self::Outage(server),
            38..45 => Self::Restart(server),
            45..53 => Self::Apart(server),
            53..80 => Self::Cut,
            _ => Self::Silence,
        }
    }

    /// What kind it is, for counting.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Fall | Self::Kill => "kills",
            Self::Hang => "hangs",
            Self::Add => "joins",
            Self::Leave => "leaves",
            Self::Outage(_) | Self::Restart(_) => "outages",
            Self::Apart(_) | Self::Cut => "cuts",
            Self::Silence => "silent links",
        }
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fall => f.write_str("fall"),
            Self::Kill => f.write_str("kill"),
            Self::Hang => f.write_str("hang"),
            Self::Add => f.write_str("add"),
            Self::Leave => f.write_str("leave"),
            Self::Cut => f.write_str("cut"),
            Self::Silence => f.write_str("silence"),
            Self::Outage(server) => write!(f, "outage:{}", server.name()),
            Self::Restart(server) => write!(f, "restart:{}", server.name()),
            Self::Apart(server) => write!(f, "apart:{}", server.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Strike;
    use crate::servers::Server;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_script_is_read_as_it_is_written() {
        let text = "fall,add,outage:redis,outage:postgres,outage:kafka";
        let script = Strike::script(text).unwrap();
        assert_eq!(script.len(), 5);
        assert_eq!(script[2], Strike::Outage(Server::Redis));
        let again: Vec<String> = script.iter().map(Strike::to_string).collect();
        assert_eq!(again.join(","), text);
        for wrong in ["", "fall:redis", "outage", "outage:disk", "fall,,add"] {
            assert!(Strike::script(wrong).unwrap_err().to_string().contains("hint: fall"), "{wrong}");
        }
    }

    #[test]
    fn the_same_seed_strikes_alike_and_every_strike_is_among_many() {
        let draw = |seed| {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            (0..300).map(|_| Strike::draw(&mut chance, &Server::ALL)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let kinds: std::collections::HashSet<&str> = draw(1).into_iter().map(Strike::kind).collect();
        assert_eq!(kinds.len(), 7);
    }
}
