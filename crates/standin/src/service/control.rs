//! The stand-in's own paths, below `/__standin/`: `GET tally`, `GET lookups`, `POST behaviour`.

use super::Service;
use crate::behaviour::Behaviour;
use crate::exchange::{Call, Reply};
use crate::provider::Provider;
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

impl Service {
    pub(super) fn control(&self, call: &Call) -> Reply {
        match (call.method == Method::POST, call.path.as_str()) {
            (false, "/__standin/tally") => {
                let window = call.query("window_ms").and_then(|window| window.parse().ok());
                let tally = self.tally(window.map(Duration::from_millis));
                Reply::json(200, &serde_json::to_value(tally).unwrap_or(Value::Null))
            }
            (false, "/__standin/lookups") => {
                let all = Provider::ALL.into_iter().map(|provider| (provider, self.lookups(provider)));
                let asked: BTreeMap<_, _> = all.filter(|(_, asked)| !asked.indicators.is_empty()).collect();
                Reply::json(200, &serde_json::to_value(asked).unwrap_or(Value::Null))
            }
            (true, "/__standin/behaviour") => match serde_json::from_slice(&call.body) {
                Ok(change) => match self.behave(change) {
                    Ok(()) => Reply::json(200, &json!({"ok": true})),
                    Err(message) => Reply::json(400, &json!({"error": message})),
                },
                Err(error) => Reply::json(400, &json!({"error": error.to_string()})),
            },
            _ => Reply::text(
                404,
                "text/plain",
                "there are GET /__standin/tally, GET /__standin/lookups and POST /__standin/behaviour\n",
            ),
        }
    }

    /// Changes what the object names, for the provider that it names, else for all.
    pub(crate) fn behave(&self, mut change: Value) -> Result<(), String> {
        let Some(change) = change.as_object_mut() else { return Err("behaviour is an object".to_owned()) };
        let providers = match change.remove("provider") {
            None => Provider::ALL.to_vec(),
            Some(name) => match name.as_str().and_then(Provider::named) {
                Some(provider) => vec![provider],
                None => return Err(format!("there is no provider {name}")),
            },
        };
        let now = self.clock.now();
        let mut state = self.lock();
        let mut changed = Vec::new();
        for provider in providers {
            let mut whole = serde_json::to_value(&state.desk(provider).behaviour).unwrap_or_default();
            if let Some(whole) = whole.as_object_mut() {
                whole.extend(change.clone());
            }
            let behaviour: Behaviour = serde_json::from_value(whole).map_err(|error| error.to_string())?;
            changed.push((provider, behaviour));
        }
        for (provider, behaviour) in changed {
            let desk = state.desk(provider);
            if change.contains_key("dead_for_ms") {
                desk.dead_until = now + Duration::from_millis(behaviour.dead_for_ms);
            }
            desk.behaviour = behaviour;
        }
        Ok(())
    }
}
