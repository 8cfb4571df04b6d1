//! Where Kafka is, as what this instance takes part, and the bounds on it.

use crate::failure::EdgeError;
use rdkafka::ClientConfig;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A record larger than this can't be read by anybody's default settings (`message.max.bytes` of a broker).
const DEFAULT_MESSAGE_BYTES: usize = 1_000_000;

/// How Kafka is reached and used.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, several with commas between: those that are asked for all others.
    pub brokers: String,
    /// The consumer group, which is all instances together.
    pub group: String,
    /// Topics that are read.
    pub intake: Vec<String>,
    /// Topic that verdicts go to.
    pub verdicts: String,
    /// Topic that dead letters go to.
    pub dead: String,
    /// This instance's name, the same after a restart and another one for every instance of the group: `GROUP-INSTANCE` is
    /// its transactional id, by which brokers end what it left open when it was killed.
    pub instance: String,
    /// How brokers know this program, and this program them.
    pub security: Security,
    /// Without a sign of life for so long, an instance's partitions go to others. 1 s to 5 min; brokers have bounds of their
    /// own (`group.min.session.timeout.ms`, usually 6 s).
    pub session_timeout: Duration,
    /// Brokers end a transaction that was not finished for so long, 1 s to 15 min. After a kill, others wait for that.
    pub transaction_timeout: Duration,
    /// How long a revoked partition is kept for what is still to be put out, 0 to 60 s.
    pub revocation_timeout: Duration,
    /// For a broker's answer while connecting.
    pub connect_timeout: Duration,
    /// What is fetched of one partition at once, in bytes. A larger record comes alone.
    pub fetch_partition_bytes: usize,
    /// What is fetched of all partitions at once, in bytes.
    pub fetch_bytes: usize,
    /// What waits in the client for being read, in bytes; the fetches under way come on top.
    pub queued_bytes: usize,
    /// Records in one [`Event::Records`](crate::Event::Records) at most.
    pub batch_records: usize,
    /// Bytes of keys and values in one [`Event::Records`](crate::Event::Records), which a last record may exceed.
    pub batch_bytes: usize,
    /// Events that wait for whoever reads them; beyond, partitions are paused.
    pub waiting_events: usize,
    /// Key, value and headers of a message that is put out, in bytes. Brokers have a bound of their own
    /// (`message.max.bytes`).
    pub message_bytes: usize,
    /// How often the group is asked for its members.
    pub members_interval: Duration,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: "localhost:9092".to_owned(),
            group: "watchfire".to_owned(),
            intake: vec!["alerts".to_owned()],
            verdicts: "verdicts".to_owned(),
            dead: "dead-letters".to_owned(),
            instance: "1".to_owned(),
            security: Security::Plain,
            session_timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_secs(10),
            revocation_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(15),
            fetch_partition_bytes: 1 << 20,
            fetch_bytes: 16 << 20,
            queued_bytes: 16 << 20,
            batch_records: 1_000,
            batch_bytes: 1 << 20,
            waiting_events: 8,
            message_bytes: DEFAULT_MESSAGE_BYTES,
            members_interval: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for KafkaSettings {
    /// Without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("brokers", &self.brokers)
            .field("group", &self.group)
            .field("intake", &self.intake)
            .field("verdicts", &self.verdicts)
            .field("dead", &self.dead)
            .field("instance", &self.instance)
            .field("security", &self.security)
            .field("session_timeout", &self.session_timeout)
            .field("transaction_timeout", &self.transaction_timeout)
            .finish_non_exhaustive()
    }
}

/// How brokers know this program, and this program them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Security {
    /// Neither does, and nothing is encrypted.
    #[default]
    Plain,
    /// By certificates.
    Tls(Tls),
    /// By a user's name and password.
    Sasl(Sasl),
}

/// What certificates are checked against, and which one is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// A file of certificates (PEM) that the brokers' are checked against, in place of the system's.
    pub ca: Option<PathBuf>,
    /// A file with this program's certificate (PEM), where brokers ask for one.
    pub certificate: Option<PathBuf>,
    /// The file with its key (PEM).
    pub key: Option<PathBuf>,
    /// Whether the brokers' certificates and names are checked at all.
    pub verify: bool,
}

impl Default for Tls {
    /// The system's certificates, none of its own, and checked.
    fn default() -> Self {
        Self { ca: None, certificate: None, key: None, verify: true }
    }
}

/// A user's name and password, and how they are shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Sasl {
    /// How the password is shown.
    pub mechanism: Mechanism,
    /// Who.
    pub user: String,
    /// Never shown.
    pub password: String,
    /// Inside of this; without, the password is sent for everybody to read where the mechanism is PLAIN.
    pub tls: Option<Tls>,
}

impl fmt::Debug for Sasl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sasl")
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// How a password is shown to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// As it is.
    Plain,
    /// RFC 7677.
    ScramSha256,
    /// The same with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// As Kafka calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl KafkaSettings {
    /// The name under which this instance's transactions are known.
    pub fn transactional_id(&self) -> String {
        format!("{}-{}", self.group, self.instance)
    }

    /// Whether the settings can be used at all. [`Edge::connect`](crate::Edge::connect) asks this first.
    pub fn check(&self) -> Result<(), EdgeError> {
        let wrong = |name, problem: &str| Err(EdgeError::Setting { name, problem: problem.to_owned() });
        if self.brokers.trim().is_empty() {
            return wrong("brokers", "host:port, several with commas between");
        }
        for (name, text) in [("group", &self.group), ("instance", &self.instance)] {
            if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
                return wrong(name, "1 to 200 characters, none of them a control character");
            }
        }
        if self.intake.is_empty() || self.intake.len() > 100 {
            return wrong("intake", "1 to 100 topics");
        }
        for topic in &self.intake {
            check_topic("intake", topic)?;
        }
        check_topic("verdicts", &self.verdicts)?;
        check_topic("dead", &self.dead)?;
        if self.intake.contains(&self.verdicts) || self.intake.contains(&self.dead) {
            return wrong(
                "intake",
                "none of the topics that verdicts and dead letters go to, or they would be read again",
            );
        }
        let between = |name, time: Duration, least: u64, most: u64| {
            if (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&time) {
                return Ok(());
            }
            Err(EdgeError::Setting { name, problem: format!("{least} s to {most} s") })
        };
        between("session_timeout", self.session_timeout, 1, 300)?;
        between("transaction_timeout", self.transaction_timeout, 1, 900)?;
        between("revocation_timeout", self.revocation_timeout, 0, 60)?;
        between("connect_timeout", self.connect_timeout, 1, 300)?;
        between("members_interval", self.members_interval, 1, 3_600)?;
        let bounds = [
            ("fetch_partition_bytes", self.fetch_partition_bytes, 1 << 10, 256 << 20),
            ("fetch_bytes", self.fetch_bytes, 1 << 10, 1 << 30),
            ("queued_bytes", self.queued_bytes, 1 << 10, 2 << 30),
            ("batch_records", self.batch_records, 1, 1_000_000),
            ("batch_bytes", self.batch_bytes, 1, 256 << 20),
            ("waiting_events", self.waiting_events, 1, 1_000),
            ("message_bytes", self.message_bytes, 1_000, 100 << 20),
        ];
        for (name, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                return Err(EdgeError::Setting { name, problem: format!("{least} to {most}") });
            }
        }
        self.security.check()
    }

    /// What every client of these settings has.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", format!("watchfire-{}", self.instance))
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "2000")
            .set("allow.auto.create.topics", "false");
        self.security.apply(&mut config);
        config
    }

    /// A member of the group that reads committed records, and commits nothing by itself.
    pub(crate) fn consumer(&self) -> ClientConfig {
        let session = self.session_timeout.as_millis();
        let mut config = self.client();
        config
            .set("group.id", &self.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("partition.assignment.strategy", "cooperative-sticky")
            // An offset that is not there any more is looked at: it must not silently become another one.
            .set("auto.offset.reset", "error")
            .set("session.timeout.ms", session.to_string())
            .set("heartbeat.interval.ms", (session / 4).min(3_000).to_string())
            // How long brokers wait for members to come back to a group that is shared out anew: the reading thread always polls, so
            // whoever does not come is gone, and the others should not stand still for the five minutes that are usual.
            .set("max.poll.interval.ms", (session * 3).max(30_000).to_string())
            .set("max.partition.fetch.bytes", self.fetch_partition_bytes.to_string())
            .set("fetch.max.bytes", self.fetch_bytes.max(self.fetch_partition_bytes).to_string())
            .set("fetch.wait.max.ms", "200")
            // The queue is short, so looking again whether it has room must be quick.
            .set("fetch.queue.backoff.ms", "20")
            .set("queued.max.messages.kbytes", (self.queued_bytes / 1_024).to_string())
            .set("topic.metadata.refresh.interval.ms", "30000");
        config
    }

    /// What every producer of these settings has: nothing lost, nothing twice, in order.
    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", "zstd")
            // As those of Java choose it, so that a key has one partition whoever writes.
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            .set("message.max.bytes", (self.message_bytes + FRAME_BYTES).to_string());
        config
    }
}

/// What a message is wrapped in, at most, as librdkafka counts it.
const FRAME_BYTES: usize = 512;

/// What Kafka accepts as a topic's name.
fn check_topic(name: &'static str, topic: &str) -> Result<(), EdgeError> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=249).contains(&topic.len()) && topic.bytes().all(legal) && topic != "." && topic != ".." {
        return Ok(());
    }
    Err(EdgeError::Setting {
        name,
        problem: format!("{topic:?} is no topic: 1 to 249 of a to z, A to Z, 0 to 9, full stop, _ and -"),
    })
}

impl Security {
    fn check(&self) -> Result<(), EdgeError> {
        let wrong = |name, problem: &str| Err(EdgeError::Setting { name, problem: problem.to_owned() });
        let tls = match self {
            Self::Plain => return Ok(()),
            Self::Tls(tls) => Some(tls),
            Self::Sasl(sasl) => {
                if sasl.user.is_empty() || sasl.password.is_empty() {
                    return wrong("security", "a user and a password");
                }
                sasl.tls.as_ref()
            }
        };
        if !cfg!(feature = "tls") {
            return Err(EdgeError::WithoutTls);
        }
        let Some(tls) = tls else { return Ok(()) };
        if tls.certificate.is_some() != tls.key.is_some() {
            return wrong("security", "a certificate and its key, or neither");
        }
        for file in [&tls.ca, &tls.certificate, &tls.key].into_iter().flatten() {
            if !file.is_file() {
                return wrong("security", &format!("{} is not a file", file.display()));
            }
        }
        Ok(())
    }

    fn apply(&self, config: &mut ClientConfig) {
        let tls = match self {
            Self::Plain => return,
            Self::Tls(tls) => {
                config.set("security.protocol", "ssl");
                Some(tls)
            }
            Self::Sasl(sasl) => {
                let protocol = if sasl.tls.is_some() { "sasl_ssl" } else { "sasl_plaintext" };
                config
                    .set("security.protocol", protocol)
                    .set("sasl.mechanism", sasl.mechanism.name())
                    .set("sasl.username", &sasl.user)
                    .set("sasl.password", &sasl.password);
                sasl.tls.as_ref()
            }
        };
        let Some(tls) = tls else { return };
        let files = [
            ("ssl.ca.location", &tls.ca),
            ("ssl.certificate.location", &tls.certificate),
            ("ssl.key.location", &tls.key),
        ];
        for (name, file) in files {
            if let Some(file) = file {
                config.set(name, file.to_string_lossy());
            }
        }
        if !tls.verify {
            config.set("enable.ssl.certificate.verification", "false");
        }
        let identify = if tls.verify { "https" } else { "none" };
        config.set("ssl.endpoint.identification.algorithm", identify);
    }
}
