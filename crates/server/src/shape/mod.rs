//! What goes out as JSON: plain shapes, made from what the store and the engine say.

mod alert;
mod article;
mod cursor;
mod dead;
mod decision;
mod entry;
mod feed;
mod measurement;
mod newsroom;
mod pattern;
mod profile;
mod proposal;
mod words;

pub(crate) use alert::{Alert, AlertDetail, Indicator, Intelligence, Statement};
pub(crate) use article::{Article, ArticleDetail, Fields, MapPlace, Reason};
pub(crate) use cursor::Cursor;
pub(crate) use dead::DeadLetter;
pub(crate) use decision::Decision;
pub(crate) use entry::Entry;
pub(crate) use feed::{Feed, FeedState};
pub(crate) use measurement::{
    BatchAnswers, BatchStatistics, DeadMeasurement, MeasuredUser, MeasurementAnswer, MeasurementCounts,
    MeasurementStatistics, MetricSeries, millis,
};
pub(crate) use newsroom::{ArticleStatistics, Calculation};
pub(crate) use pattern::{Pattern, PatternDetail, Words};
pub(crate) use profile::{Profile, wrong as wrong_profile};
pub(crate) use proposal::{Action, Next, Propositions, Status};
pub(crate) use words::{decimal, hexadecimal, moment, number, severity, verdict};

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Where the next one begins; null on the last.
    pub(crate) next: Option<String>,
}
