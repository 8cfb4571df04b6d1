//! What Watchfire talks about, and how it is read and written.
//!
//! A security product says the same few things in a dozen shapes: *when*, *which rule*, *how bad*, *from where to
//! where*, *who*, *on which machine*. This crate holds the one shape that the rest of Watchfire works on, the
//! [`Alert`], and a reader per input format that fills it.
//!
//! An alert borrows from the bytes it was read from. Half a million alerts a day is nothing; five million in one
//! file is where copying every string starts to cost more than judging them. So a chunk of input is read once,
//! stays where it is, and every alert in it points into it.
//!
//! Bytes come in through [`frame`], which cuts them into records without understanding them, and go through
//! [`read`], which tells record by record what they are. Nothing here opens a file or a socket.

mod alert;
mod field;
mod format;
pub mod frame;
mod indicator;
pub mod read;
mod severity;
mod time;
mod verdict;
pub mod write;

pub use alert::Alert;
pub use field::Field;
pub use format::Format;
pub use indicator::{Indicator, IndicatorKind, Reputation};
pub use severity::Severity;
pub use time::Timestamp;
pub use verdict::{Decider, Priority, Verdict};
