//! A connection that is made again whenever it fails, and what is heard on its channel meanwhile.

use crate::connection::{Connection, Message};
use crate::settings::RedisSettings;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Between tries to connect, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// What happens on a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// There is a connection; what was said before it was made is missed.
    Connected,
    /// This was said.
    Said(Vec<u8>),
    /// There is none any more.
    Gone,
}

/// Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    current: watch::Receiver<Option<Connection>>,
    _task: JoinSet<()>,
}

impl Line {
    /// Begins to connect. `hears` is called for every event, in order, and must not block.
    pub(crate) fn start(
        settings: RedisSettings,
        channel: String,
        hears: impl Fn(Event, Option<&Connection>) + Send + 'static,
    ) -> Self {
        let (current, connection) = watch::channel(None);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut pause = RETRY.0;
            loop {
                if let Ok((connection, mut messages)) = Connection::open(&settings).await
                    && connection.subscribe(&channel).await.is_ok()
                {
                    pause = RETRY.0;
                    hears(Event::Connected, Some(&connection));
                    current.send_replace(Some(connection.clone()));
                    let mut beat = interval(settings.lease / 3);
                    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
                    loop {
                        tokio::select! {
                            message = messages.recv() => match message {
                                Some(Message::Said(said)) => hears(Event::Said(said), Some(&connection)),
                                Some(Message::Gone) | None => break,
                            },
                            _ = beat.tick() => {
                                let alive = connection.run_command::<String>(&redis::cmd("PING")).await;
                                if alive.is_err() {
                                    break;
                                }
                            }
                        }
                    }
                    current.send_replace(None);
                    hears(Event::Gone, None);
                }
                sleep(pause).await;
                pause = (pause * 2).min(RETRY.1);
            }
        });
        Self { current: connection, _task: task }
    }

    /// The connection, if there is one.
    pub(crate) fn get(&self) -> Option<Connection> {
        self.current.borrow().clone()
    }

    /// The connection, as it comes and goes.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Connection>> {
        self.current.clone()
    }

    /// Waits for a connection.
    pub(crate) async fn connected(&self) {
        drop(self.current.clone().wait_for(Option::is_some).await);
    }
}
