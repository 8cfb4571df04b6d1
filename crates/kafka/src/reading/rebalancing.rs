//! What the group's coordinator wants: partitions are taken when it is known where to start, and given up when everything
//! of them was put out, or its time is over.

use super::Reader;
use crate::client::{Rebalance, plain};
use crate::record::{Event, Partition, Start};
use crate::starts::{bounds, find, listed, named};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::oneshot;
use watchfire_flow::Clock as _;

/// For a broker's answer to where partitions start; asked again after that.
const ANSWER: Duration = Duration::from_secs(3);

/// What the group's coordinator wants and is being done.
pub(super) enum Doing {
    /// Finding out where to start.
    Taking(Vec<Partition>),
    /// Waiting until nothing more is put out.
    GivingUp {
        list: TopicPartitionList,
        partitions: Vec<Partition>,
        done: oneshot::Receiver<()>,
        until: Duration,
    },
}

impl Reader {
    /// The library waits for an answer to whatever it wanted, and could not be closed before.
    pub(super) fn answer_all(&mut self) {
        match self.doing.take() {
            Some(Doing::GivingUp { list, .. }) => self.unassign(&list),
            Some(Doing::Taking(_)) => self.assign(&TopicPartitionList::new()),
            None => {}
        }
        while let Some(wanted) = self.consumer.context().next_rebalance() {
            match wanted {
                Rebalance::Assign(_) => self.assign(&TopicPartitionList::new()),
                Rebalance::Revoke { partitions, .. } => self.unassign(&partitions),
            }
        }
    }

    /// Goes on with what the coordinator wants.
    pub(super) fn rebalance(&mut self) {
        match self.doing.take() {
            Some(Doing::Taking(partitions)) => self.go_on_taking(partitions),
            Some(Doing::GivingUp { list, partitions, mut done, until }) => {
                let waits = matches!(done.try_recv(), Err(oneshot::error::TryRecvError::Empty))
                    || self.holding.is_putting(&partitions);
                if waits && self.clock.elapsed() < until && !self.consumer.assignment_lost() {
                    self.doing = Some(Doing::GivingUp { list, partitions, done, until });
                    return;
                }
                if waits {
                    tracing::warn!("revoked partitions are given up before everything of them was put out");
                }
                self.holding.give_up(partitions.iter());
                self.unassign(&list);
            }
            None => {}
        }
        if self.doing.is_some() {
            return;
        }
        match self.consumer.context().next_rebalance() {
            Some(Rebalance::Assign(list)) if list.count() == 0 => self.assign(&list),
            Some(Rebalance::Assign(list)) => self.go_on_taking(named(&list)),
            Some(Rebalance::Revoke { partitions: list, lost }) => self.leave(list, lost),
            None => {}
        }
    }

    fn go_on_taking(&mut self, partitions: Vec<Partition>) {
        if self.consumer.assignment_lost() {
            // Its revocation is noted, or will be.
            return;
        }
        match find(&self.consumer, &partitions, ANSWER) {
            Ok(starts) => {
                self.last_error = None;
                self.start(starts);
            }
            Err(error) => {
                self.not_yet("where to start reading", &error);
                self.doing = Some(Doing::Taking(partitions));
            }
        }
    }

    fn leave(&mut self, list: TopicPartitionList, lost: bool) {
        let mut partitions = named(&list);
        partitions.retain(|partition| self.next.remove(partition).is_some());
        if lost || partitions.is_empty() {
            self.holding.give_up(partitions.iter());
            self.unassign(&list);
            if !partitions.is_empty() {
                self.waiting.push_back(Event::Lost(partitions));
            }
            return;
        }
        let (answer, done) = oneshot::channel();
        self.waiting.push_back(Event::Revoked { partitions: partitions.clone(), done: answer });
        let until = self.clock.elapsed() + self.revocation_timeout;
        self.doing = Some(Doing::GivingUp { list, partitions, done, until });
    }

    /// The library has found that it reads where there is nothing: before a partition's first record, or beyond its last.
    /// It does not say which partition, so all are looked at.
    pub(super) fn start_anew(&mut self) {
        let all: Vec<Partition> = self.next.keys().cloned().collect();
        let found = bounds(&self.consumer, &all, ANSWER).and_then(|bounds| {
            let mut astray = all;
            astray.retain(|partition| {
                let (next, bounds) = (self.next.get(partition), bounds.get(partition));
                next.zip(bounds).is_some_and(|(next, (first, last))| !(*first..=*last).contains(next))
            });
            let starts = find(&self.consumer, &astray, ANSWER)?;
            Ok((astray, starts))
        });
        match found {
            Ok((astray, starts)) => {
                self.astray = false;
                if astray.is_empty() {
                    return;
                }
                self.holding.give_up(astray.iter());
                self.unassign(&listed(&astray));
                self.waiting.push_back(Event::Lost(astray));
                self.start(starts);
            }
            Err(error) => self.not_yet("where to go on reading", &error),
        }
    }

    /// Takes partitions, and says so before their records come.
    fn start(&mut self, starts: Vec<Start>) {
        let mut list = TopicPartitionList::new();
        let partitions: Vec<Partition> = starts.iter().map(|start| start.partition.clone()).collect();
        for start in &starts {
            let Partition { topic, number } = &start.partition;
            if let Err(error) = list.add_partition_offset(topic, *number, Offset::Offset(start.offset)) {
                tracing::error!("{} can't be read: {error}", start.partition);
            }
            self.next.insert(start.partition.clone(), start.offset);
        }
        self.holding.hold(partitions.iter().cloned());
        self.assign(&list);
        // The library remembers what was paused when it was held before.
        for partition in &partitions {
            self.paused.remove(partition);
        }
        self.set_paused(&partitions, self.throttled);
        self.waiting.push_back(Event::Assigned(starts));
    }

    fn not_yet(&mut self, what: &str, error: &KafkaError) {
        let code = error.rdkafka_error_code();
        if self.last_error.is_none() || self.last_error != code {
            tracing::warn!("{what} can't be found out yet: {}", plain(&error.to_string()));
        }
        self.last_error = code;
    }

    fn assign(&self, list: &TopicPartitionList) {
        if let Err(error) = self.consumer.incremental_assign(list) {
            tracing::error!("partitions can't be taken: {}", plain(&error.to_string()));
        }
    }

    /// Gives up those of the list that were taken: the library wants nothing else in it.
    fn unassign(&self, list: &TopicPartitionList) {
        let assigned: BTreeSet<Partition> = match self.consumer.assignment() {
            Ok(assigned) => named(&assigned).into_iter().collect(),
            Err(error) => {
                tracing::error!("partitions can't be given up: {}", plain(&error.to_string()));
                return;
            }
        };
        let taken: Vec<Partition> =
            named(list).into_iter().filter(|partition| assigned.contains(partition)).collect();
        if let Err(error) = self.consumer.incremental_unassign(&listed(&taken)) {
            tracing::error!("partitions can't be given up: {}", plain(&error.to_string()));
        }
    }
}
