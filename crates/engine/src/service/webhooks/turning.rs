//! Verdicts that turn hostile after the alert was judged: by an analyst's word, or by a model's late answer.

use super::Post;
use crate::decide::weight_of;
use crate::error::EngineError;
use crate::record::alert_again;
use crate::service::Shared;
use crate::work::Said;
use watchfire_judge::{Decision, Facts};
use watchfire_signal::{Alert, Field, Format, Priority, Severity, Verdict};
use watchfire_store::{Deliveries, StoredAlert};

impl Shared {
    /// What is to be delivered of a decision that takes the place of one with this verdict and severity; nothing unless it
    /// turns hostile. `id` is the alert that it is told with: read again from the store, or as far as its pattern says if
    /// its text was not kept.
    pub(crate) fn turned(
        &self,
        before: (Verdict, Severity),
        after: &Decision,
        id: &str,
    ) -> Result<Deliveries, EngineError> {
        let mut post = Post::new(&self.webhooks, self.clock.unix_millis());
        let mut said = Said {
            decision: after,
            fresh: true,
            priority: Priority::default(),
            time: self.clock.unix_millis(),
            pattern: after.pattern,
        };
        if before.0.is_hostile() || !post.is_wanted(said) {
            return Ok(post.finish());
        }
        let stored = self.store.alert(id)?;
        if let Some(stored) = &stored {
            let shift =
                weight_of(after.verdict.id(), after.severity.id()) - weight_of(before.0.id(), before.1.id());
            said.priority = Priority::from_score(f64::from(stored.priority) + shift);
            said.time = stored.time;
        }
        let mut tell = |alert: &Alert<'_>| {
            let facts = Facts::of(alert, &self.ground.network, &*self.reputations);
            post.tell(id, alert, &facts, said);
        };
        if alert_again(&self.store, &self.mappings, self.limits, id, &mut tell)?.is_none() {
            tell(&by_pattern(stored.as_ref()));
        }
        Ok(post.finish())
    }
}

/// What is left of an alert whose text was not kept.
fn by_pattern(stored: Option<&StoredAlert>) -> Alert<'static> {
    let mut alert = Alert::new(Format::Mapped, "");
    let description = stored.map(|stored| stored.pattern_description.as_str()).unwrap_or_default();
    let description: serde_json::Value = serde_json::from_str(description).unwrap_or_default();
    for (key, field) in [("rule", Field::RuleName), ("asset", Field::Host)] {
        let text = description.get(key).and_then(serde_json::Value::as_str);
        alert.set_some(field, text.map(str::to_owned));
    }
    alert
}
