//! One connection to one server: which process it is, what it is asked, and what it says unasked.
//!
//! A connection is not mended. Whoever has one that fails gets another, and has to find out what became of what was asked
//! last; a client that reconnects by itself would hide that there is something to find out.

use crate::settings::{RedisError, RedisSettings};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, PushKind, Script, TlsCertificates, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Messages that wait to be read; more are dropped, and whoever reads is told only that there was one.
const MOST_MESSAGES: usize = 1024;

/// A message that came by a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    /// This was said.
    Said(Vec<u8>),
    /// The connection is no more.
    Gone,
}

/// A connection that is not mended when it breaks.
#[derive(Clone)]
pub(crate) struct Connection {
    connection: MultiplexedConnection,
    /// The server's process.
    run: Arc<str>,
    timeout: Duration,
}

impl Connection {
    /// Connects. What comes by channels that are subscribed to is to be read from the receiver.
    pub(crate) async fn open(
        settings: &RedisSettings,
    ) -> Result<(Self, mpsc::Receiver<Message>), RedisError> {
        let client = client(settings)?;
        let (said, messages) = mpsc::channel(MOST_MESSAGES);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(settings.timeout))
            .set_response_timeout(Some(settings.timeout))
            .set_push_sender(move |push: redis::PushInfo| {
                let message = match push.kind {
                    PushKind::Message => match push.data.into_iter().nth(1) {
                        Some(Value::BulkString(bytes)) => Message::Said(bytes),
                        Some(Value::SimpleString(text)) => Message::Said(text.into_bytes()),
                        _ => return Ok(()),
                    },
                    PushKind::Disconnection => Message::Gone,
                    _ => return Ok(()),
                };
                match said.try_send(message) {
                    // Those that are there say as much.
                    Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
                    Err(mpsc::error::TrySendError::Closed(_)) => Err(redis::aio::SendError),
                }
            });
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let connection = in_time(settings.timeout * 2, connecting).await?;
        let mut opened = Self { connection, run: "".into(), timeout: settings.timeout };
        let information: String = opened.run_command(redis::cmd("INFO").arg("server")).await?;
        let run = information.lines().find_map(|line| line.strip_prefix("run_id:"));
        let Some(run) = run.map(str::trim).filter(|run| !run.is_empty()) else {
            return Err(RedisError::Answer { problem: "it does not tell its run_id".to_owned() });
        };
        opened.run = run.into();
        Ok((opened, messages))
    }

    /// The server's process: another one after a restart or a failover.
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// Runs a script.
    pub(crate) async fn run_script<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[&[u8]],
    ) -> Result<T, RedisError> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(key);
        }
        for argument in arguments {
            invocation.arg(*argument);
        }
        let mut connection = self.connection.clone();
        in_time(self.timeout, invocation.invoke_async(&mut connection)).await
    }

    /// Runs a command.
    pub(crate) async fn run_command<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, RedisError> {
        let mut connection = self.connection.clone();
        in_time(self.timeout, command.query_async(&mut connection)).await
    }

    /// Listens to a channel.
    pub(crate) async fn subscribe(&self, channel: &str) -> Result<(), RedisError> {
        let mut connection = self.connection.clone();
        in_time(self.timeout, connection.subscribe(channel)).await
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("run", &self.run).finish_non_exhaustive()
    }
}

async fn in_time<T>(
    after: Duration,
    answer: impl Future<Output = Result<T, redis::RedisError>>,
) -> Result<T, RedisError> {
    match timeout(after, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(RedisError::Late { after }),
    }
}

fn client(settings: &RedisSettings) -> Result<Client, RedisError> {
    let address = settings.address()?;
    if !settings.url.starts_with("rediss://") {
        return Ok(Client::open(address)?);
    }
    // The same as everywhere else here; if somebody has chosen already, it is that.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let Some(path) = &settings.certificates else { return Ok(Client::open(address)?) };
    let root_cert = Some(std::fs::read(path).map_err(|source| RedisError::Certificates { source })?);
    Ok(Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert })?)
}
