//! How well alerts are judged, where somebody knows the truth.
//!
//! Labelled alerts are replayed in their order through the same readers, rules, statistics and judge as in a run; each
//! input is a scenario of its own, with a judge who knows nothing yet. Labels answer what a model would be asked, at the
//! moment that it would be, so that what is measured is reuse alone; or nobody answers, and the embedded deciders are
//! measured.
//!
//! The figures are those of the literature on alert triage, with one more, *wrong reuse*: alerts that got a verdict from an
//! earlier decision which the truth about them contradicts, as a share of all alerts.

mod answers;
mod figures;
mod frequent;
mod labels;
mod next;
mod next_figures;
mod oracle;
mod ranks;
mod scenario;

pub use answers::Answers;
pub use figures::{Figures, ScenarioFigures, Step};
pub use labels::Labels;
pub use next_figures::{NextFigures, NextPart, NextScenario, NextWay, NextWindow};
pub use oracle::Lies;
pub use scenario::{Evaluation, Key, Who};
