//! The stand-in, and a record of which articles were asked about, when, and whether they were answered.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use watchfire_http::{Answer, Http, Request};
use watchfire_standin::{Config, InProcess, Standin};

/// One call.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it was sent, since the start.
    pub at: Duration,
    /// The numbers of the dispatches in it, in their order.
    pub dispatches: Vec<usize>,
    /// Whether it was answered with 200.
    pub is_answered: bool,
}

pub struct Heard {
    pub standin: InProcess,
    started: Instant,
    calls: Mutex<Vec<Call>>,
}

impl Heard {
    pub fn new(config: Config) -> Arc<Self> {
        let standin = Standin::in_process(config);
        Arc::new(Self { standin, started: Instant::now(), calls: Mutex::default() })
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The dispatches that were answered, in the order of the answers.
    pub fn answered(&self) -> Vec<usize> {
        self.calls().into_iter().filter(|call| call.is_answered).flat_map(|call| call.dispatches).collect()
    }
}

impl Http for Heard {
    fn send(&self, request: Request) -> Answer<'_> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let number = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
        let dispatches = body.split("dispatch ").skip(1).filter_map(number).collect();
        let at = self.started.elapsed();
        let mut calls = self.calls.lock().unwrap();
        let index = calls.len();
        calls.push(Call { at, dispatches, is_answered: false });
        drop(calls);
        Box::pin(async move {
            let answer = self.standin.send(request).await;
            let is_answered = answer.as_ref().is_ok_and(|answer| answer.status == 200);
            self.calls.lock().unwrap()[index].is_answered = is_answered;
            answer
        })
    }
}
