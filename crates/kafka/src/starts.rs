//! Where reading starts: what the group committed, held against what the partition still has.

use crate::client::Consumer;
use crate::record::{Partition, Start};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The same partitions as the client's library has them.
pub(crate) fn listed<'a>(partitions: impl IntoIterator<Item = &'a Partition>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(&partition.topic, partition.number);
    }
    list
}

/// The partitions of a list.
pub(crate) fn named(list: &TopicPartitionList) -> Vec<Partition> {
    list.elements()
        .iter()
        .map(|element| Partition { topic: Arc::from(element.topic()), number: element.partition() })
        .collect()
}

/// Where each of these starts. Waits for transactions under way in which offsets of theirs are committed: whoever held a
/// partition before may have put something out and died before it knew.
pub(crate) fn find(
    consumer: &Consumer,
    partitions: &[Partition],
    most: Duration,
) -> Result<Vec<Start>, KafkaError> {
    let committed = consumer.committed_offsets(listed(partitions), most)?;
    let bounds = bounds(consumer, partitions, most)?;
    let mut starts = Vec::with_capacity(partitions.len());
    for element in committed.elements() {
        element.error()?;
        let partition = Partition { topic: Arc::from(element.topic()), number: element.partition() };
        let Some((first, last)) = bounds.get(&partition).copied() else {
            return Err(KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition));
        };
        let committed = match element.offset() {
            Offset::Offset(offset) => Some((offset, element.metadata().to_owned())),
            _ => None,
        };
        starts.push(start(partition, committed, first, last));
    }
    Ok(starts)
}

/// The first offset that each of these has, and the first that it doesn't have yet.
pub(crate) fn bounds(
    consumer: &Consumer,
    partitions: &[Partition],
    most: Duration,
) -> Result<BTreeMap<Partition, (i64, i64)>, KafkaError> {
    let first = ends(consumer, partitions, Offset::Beginning, most)?;
    let last = ends(consumer, partitions, Offset::End, most)?;
    Ok(first
        .into_iter()
        .filter_map(|(partition, first)| {
            let last = *last.get(&partition)?;
            Some((partition, (first, last)))
        })
        .collect())
}

/// Where each of these begins or ends.
fn ends(
    consumer: &Consumer,
    partitions: &[Partition],
    end: Offset,
    most: Duration,
) -> Result<BTreeMap<Partition, i64>, KafkaError> {
    let mut asked = listed(partitions);
    // Kafka's protocol has these two in place of a time (ListOffsets, -2 and -1).
    asked.set_all_offsets(end)?;
    let answered = consumer.offsets_for_times(asked, most)?;
    let mut ends = BTreeMap::new();
    for element in answered.elements() {
        element.error()?;
        let Offset::Offset(offset) = element.offset() else {
            return Err(KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition));
        };
        let partition = Partition { topic: Arc::from(element.topic()), number: element.partition() };
        ends.insert(partition, offset);
    }
    Ok(ends)
}

fn start(partition: Partition, committed: Option<(i64, String)>, first: i64, last: i64) -> Start {
    match committed {
        None => Start { partition, offset: first, metadata: String::new(), end: last },
        Some((offset, metadata)) if offset < first => {
            tracing::error!(
                %partition, committed = offset, first,
                "records were deleted before they were read: their alerts are lost; keep records longer (retention.ms)"
            );
            Start { partition, offset: first, metadata, end: last }
        }
        Some((offset, _)) if offset > last => {
            tracing::error!(
                %partition, committed = offset, last,
                "the partition ends before what was committed: it was made anew or lost records; it is read from its beginning"
            );
            Start { partition, offset: first, metadata: String::new(), end: last }
        }
        Some((offset, metadata)) => Start { partition, offset, metadata, end: last },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_starts_at_what_was_committed_where_the_partition_still_has_it() {
        let at = |committed: Option<i64>, first, last| {
            let partition = Partition { topic: Arc::from("alerts"), number: 0 };
            let start =
                start(partition, committed.map(|offset| (offset, "what is done".to_owned())), first, last);
            (start.offset, start.metadata.is_empty())
        };
        assert_eq!(at(None, 3, 9), (3, true));
        assert_eq!(at(Some(5), 3, 9), (5, false));
        assert_eq!(at(Some(9), 3, 9), (9, false));
        // Deleted: what is done beyond is still done.
        assert_eq!(at(Some(1), 3, 9), (3, false));
        // Another partition by the same name: nothing of it is done.
        assert_eq!(at(Some(10), 3, 9), (3, true));
    }
}
