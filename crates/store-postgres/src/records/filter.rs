//! A condition that is put together, with its values in the order of their places.

use tokio_postgres::types::ToSql;

/// Values of a statement whose text hangs on what is asked.
#[derive(Default)]
pub(super) struct Filter {
    text: String,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Filter {
    /// Keeps a value; its place, as the text names it.
    pub(super) fn value(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    /// One more condition: `?` stands for the value.
    pub(super) fn and(&mut self, condition: &str, value: impl ToSql + Sync + Send + 'static) {
        let place = self.value(value);
        self.and_text(&condition.replace('?', &place));
    }

    /// One more condition that has its values already.
    pub(super) fn and_text(&mut self, condition: &str) {
        if !self.text.is_empty() {
            self.text.push_str(" AND ");
        }
        self.text.push_str(condition);
    }

    /// Begins another condition; the one so far, `true` if there is none. Values stay.
    pub(super) fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() { "true".to_owned() } else { text }
    }

    pub(super) fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }
}
