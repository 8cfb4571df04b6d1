//! The kinds of record that have to do with others: who is asked, what they said, who may come in and what goes out.

use super::SqliteRecords;
use crate::records::{
    Answer, BatchRecords, BudgetRecords, ChoiceRecords, LearningRecords, LedgerRecords, OutboxRecords,
    QuestionRecords, ReputationRecords, RequestRecords, RunRecords, SecretRecords, ServiceAnswerRecords,
    TokenRecords,
};
use crate::{
    AnsweredRow, BatchRow, ChoiceRow, ChoiceSearch, DecisionRow, Deliveries, LedgerRow, LedgerTotal, Outbox,
    QuestionRow, ReputationRow, RequestRow, RunRow, ServiceAnswerRow, Store, StoredDelivery, TokenRow,
    ToldRow,
};
use std::collections::BTreeMap;

impl QuestionRecords for SqliteRecords {
    fn questions(&self, limit: u32, attempts: u32) -> Answer<'_, Vec<QuestionRow>> {
        self.work(move |store| store.questions(limit, attempts))
    }

    fn question_count(&self) -> Answer<'_, u64> {
        self.work(Store::question_count)
    }

    fn answered(&self, decision: i64) -> Answer<'_, Option<AnsweredRow>> {
        self.work(move |store| store.answered(decision))
    }

    fn answer<'a>(
        &'a self,
        decisions: &'a [DecisionRow],
        unanswered: &'a [i64],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, ()> {
        let (decisions, unanswered, ledger) = (decisions.to_vec(), unanswered.to_vec(), ledger.to_vec());
        self.work(move |store| store.answer(&decisions, &unanswered, &ledger))
    }
}

impl BatchRecords for SqliteRecords {
    fn batches<'a>(&'a self, asker: &'a str) -> Answer<'a, Vec<BatchRow>> {
        let asker = asker.to_owned();
        self.work(move |store| store.batches(&asker))
    }

    fn all_batches(&self) -> Answer<'_, Vec<BatchRow>> {
        self.work(Store::all_batches)
    }

    fn put_batch<'a>(&'a self, batch: &'a BatchRow) -> Answer<'a, ()> {
        let batch = batch.clone();
        self.work(move |store| store.put_batch(&batch))
    }

    fn end_batch<'a>(
        &'a self,
        name: &'a str,
        decisions: &'a [DecisionRow],
        unanswered: &'a [i64],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, bool> {
        let name = name.to_owned();
        let (decisions, unanswered, ledger) = (decisions.to_vec(), unanswered.to_vec(), ledger.to_vec());
        self.work(move |store| store.end_batch(&name, &decisions, &unanswered, &ledger))
    }
}

impl LedgerRecords for SqliteRecords {
    fn ledger(&self, since: i64, until: i64) -> Answer<'_, Vec<LedgerTotal>> {
        self.work(move |store| store.ledger(since, until))
    }
}

impl BudgetRecords for SqliteRecords {
    fn budget<'a>(&'a self, name: &'a str) -> Answer<'a, Option<(String, i64)>> {
        let name = name.to_owned();
        self.work(move |store| store.budget(&name))
    }

    fn put_budget<'a>(&'a self, name: &'a str, state: &'a str, now: i64) -> Answer<'a, ()> {
        let (name, state) = (name.to_owned(), state.to_owned());
        self.work(move |store| store.put_budget(&name, &state, now))
    }
}

impl SecretRecords for SqliteRecords {
    fn secret<'a>(&'a self, name: &'a str) -> Answer<'a, [u8; 32]> {
        let name = name.to_owned();
        self.work(move |store| store.secret(&name))
    }
}

impl ReputationRecords for SqliteRecords {
    fn reputations(&self, version: [u8; 16], limit: usize) -> Answer<'_, Vec<ReputationRow>> {
        self.work(move |store| store.reputations(version, limit))
    }

    fn put_reputations<'a>(&'a self, version: [u8; 16], rows: &'a [ReputationRow]) -> Answer<'a, ()> {
        let rows = rows.to_vec();
        self.work(move |store| store.put_reputations(version, &rows))
    }
}

impl ServiceAnswerRecords for SqliteRecords {
    fn service_answers(&self, limit: usize) -> Answer<'_, Vec<ServiceAnswerRow>> {
        self.work(move |store| store.service_answers(limit))
    }

    fn has_service_answers(&self) -> Answer<'_, bool> {
        self.work(Store::has_service_answers)
    }

    fn put_service_answers<'a>(
        &'a self,
        answers: &'a [ServiceAnswerRow],
        ledger: &'a [LedgerRow],
    ) -> Answer<'a, ()> {
        let (answers, ledger) = (answers.to_vec(), ledger.to_vec());
        self.work(move |store| store.put_service_answers(&answers, &ledger))
    }

    fn forget_service_answers(&self, until: i64) -> Answer<'_, u64> {
        self.work(move |store| store.forget_service_answers(until))
    }
}

impl LearningRecords for SqliteRecords {
    fn told(&self, limit: u32) -> Answer<'_, Vec<ToldRow>> {
        self.work(move |store| store.told(limit))
    }

    fn forget<'a>(&'a self, rule: &'a str, before: i64) -> Answer<'a, ()> {
        let rule = rule.to_owned();
        self.work(move |store| store.forget(&rule, before))
    }

    fn forgotten(&self) -> Answer<'_, Vec<(String, i64)>> {
        self.work(Store::forgotten)
    }
}

impl RequestRecords for SqliteRecords {
    fn request(&self, key: [u8; 32]) -> Answer<'_, Option<RequestRow>> {
        self.work(move |store| store.request(&key))
    }

    fn forget_requests(&self, before: i64) -> Answer<'_, u64> {
        self.work(move |store| store.forget_requests(before))
    }
}

impl TokenRecords for SqliteRecords {
    fn put_token<'a>(&'a self, token: &'a TokenRow) -> Answer<'a, i64> {
        let token = token.clone();
        self.work(move |store| store.put_token(&token))
    }

    fn tokens(&self) -> Answer<'_, Vec<TokenRow>> {
        self.work(Store::tokens)
    }

    fn revoke_tokens<'a>(&'a self, name: &'a str, now: i64) -> Answer<'a, u64> {
        let name = name.to_owned();
        self.work(move |store| store.revoke_tokens(&name, now))
    }
}

impl ChoiceRecords for SqliteRecords {
    fn choice(&self, id: i64) -> Answer<'_, Option<ChoiceRow>> {
        self.work(move |store| store.choice(id))
    }

    fn choices<'a>(
        &'a self,
        search: &'a ChoiceSearch,
        after: Option<(i64, i64)>,
        limit: u32,
    ) -> Answer<'a, Vec<ChoiceRow>> {
        let search = search.clone();
        self.work(move |store| store.choices(&search, after, limit))
    }

    fn choices_about<'a>(&'a self, alerts: &'a [String]) -> Answer<'a, Vec<ChoiceRow>> {
        let alerts = alerts.to_vec();
        self.work(move |store| store.choices_about(&alerts))
    }

    fn put_outcome<'a>(&'a self, id: i64, outcome: Option<&'a str>, now: i64) -> Answer<'a, bool> {
        let outcome = outcome.map(str::to_owned);
        self.work(move |store| store.put_outcome(id, outcome.as_deref(), now))
    }
}

impl RunRecords for SqliteRecords {
    fn put_run<'a>(&'a self, started_at: i64, summary: &'a str) -> Answer<'a, i64> {
        let summary = summary.to_owned();
        self.work(move |store| store.put_run(started_at, &summary))
    }

    fn run(&self, id: Option<i64>) -> Answer<'_, Option<RunRow>> {
        self.work(move |store| store.run(id))
    }
}

impl OutboxRecords for SqliteRecords {
    fn put_deliveries<'a>(&'a self, deliveries: &'a Deliveries, now: i64) -> Answer<'a, ()> {
        let deliveries = deliveries.clone();
        self.work(move |store| store.put_deliveries(&deliveries, now))
    }

    fn next_delivery<'a>(&'a self, target: &'a str) -> Answer<'a, Option<StoredDelivery>> {
        let target = target.to_owned();
        self.work(move |store| store.next_delivery(&target))
    }

    fn dead_deliveries<'a>(
        &'a self,
        target: &'a str,
        after: i64,
        limit: usize,
    ) -> Answer<'a, Vec<StoredDelivery>> {
        let target = target.to_owned();
        self.work(move |store| store.dead_deliveries(&target, after, limit))
    }

    fn delivered(&self, id: i64) -> Answer<'_, ()> {
        self.work(move |store| store.delivered(id))
    }

    fn delivery_failed<'a>(&'a self, id: i64, attempts: u32, next_at: i64, error: &'a str) -> Answer<'a, ()> {
        let error = error.to_owned();
        self.work(move |store| store.delivery_failed(id, attempts, next_at, &error))
    }

    fn delivery_died<'a>(&'a self, id: i64, attempts: u32, error: &'a str) -> Answer<'a, ()> {
        let error = error.to_owned();
        self.work(move |store| store.delivery_died(id, attempts, &error))
    }

    fn revive_deliveries<'a>(&'a self, target: &'a str, now: i64) -> Answer<'a, u64> {
        let target = target.to_owned();
        self.work(move |store| store.revive_deliveries(&target, now))
    }

    fn outboxes(&self) -> Answer<'_, BTreeMap<String, Outbox>> {
        self.work(Store::outboxes)
    }
}
