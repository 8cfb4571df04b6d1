//! The report of a triage run: for the screen at three in the morning, the boss's mail, the ticket.
//!
//! Made from a [`Summary`] alone, so that a report can be made again from what `--summary-json` wrote. Two renderings
//! of one content: [`html()`], a page that needs nothing but itself, and [`markdown()`] for tickets and wikis. What is said
//! is put together once, as plain text and figures ([`headline`], [`finding`], [`panels`]); the renderings only dress it.
//!
//! Nearly every string in a summary comes from an attacker: rule names, machines, accounts, addresses, reasons that
//! cite them. Each rendering escapes at its last step and in one place, and tests put hostile text into every string.
//!
//! [`curves`] is the page of `watchfire eval`, in the same clothes but of other figures.

mod charts;
pub(crate) mod curves;
mod figures;
mod finding;
mod headline;
mod html;
mod latency;
mod markdown;
mod panels;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
mod timeline;

use watchfire_engine::Summary;

/// The report as one self-contained page: no script, no request, at most about 400 kB.
pub(crate) fn html(summary: &Summary) -> String {
    html::page(summary)
}

/// The same as Markdown (GitHub's dialect), with details of the first ten findings.
pub(crate) fn markdown(summary: &Summary) -> String {
    markdown::text(summary)
}
