//! What people see: results on standard output, everything else on standard error, intelligible without colour.

mod asking;
mod enriching;
mod lines;
mod outside;
mod paint;
mod progress;
mod summary;
mod watch;

pub(crate) use asking::with_ask_progress;
pub(crate) use enriching::with_enrich_progress;
pub(crate) use progress::{ProgressMode, with_progress};
pub(crate) use summary::{View, summary, whereabouts};

use crate::exit::{Problem, Status};
use paint::{Paint, Style};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use watchfire_intel::ListProblem;
use watchfire_judge::{RuleProblem, tame};

/// The longest line of a message, in characters.
const MESSAGE: usize = 1000;
/// The longest path that is shown, in characters.
const PATH: usize = 300;
/// Problems of one kind that are shown one by one.
const SHOWN: usize = 5;

/// Writes results. A reader that has gone away is not an error.
pub(crate) fn write_out(bytes: &[u8]) -> Result<(), Problem> {
    let mut out = anstream::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Problem::new(
            Status::Failed,
            format!("can't write the output: {error}"),
            "check where it goes",
        )),
        _ => Ok(()),
    }
}

/// Writes to standard error; there is nobody to tell if that fails.
pub(crate) fn write_err(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// A value as a line of JSON in which what a terminal would obey or hide is escaped: DEL, C1, direction characters.
pub(crate) fn json_line(value: &serde_json::Value) -> String {
    let text = value.to_string();
    let mut line = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character {
            '\u{7f}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                line.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => line.push(character),
        }
    }
    line.push('\n');
    line
}

/// Writes a file.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    std::fs::write(path, bytes).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::StorageFull => {
                "free some space; `watchfire report` writes it again without judging anew"
            }
            _ => "name a file in a folder that exists and can be written to",
        };
        Problem::new(Status::Failed, format!("can't write {}: {error}", path_name(path)), hint)
    })
}

/// Tells a problem.
pub(crate) fn problem(problem: &Problem) {
    let paint = Paint::for_stream(io::stderr().is_terminal());
    let mut text = format!("{} {}\n", paint.of(Style::Error, "error:"), tamed(&problem.message));
    for cause in &problem.causes {
        text.push_str(&format!("  because: {}\n", tamed(cause)));
    }
    if !problem.hint.is_empty() {
        text.push_str(&format!("{} {}\n", paint.of(Style::Hint, "hint:"), tamed(&problem.hint)));
    }
    write_err(&text);
}

/// Says something in passing.
pub(crate) fn note(text: &str) {
    write_err(&format!("{}\n", tamed(text)));
}

/// A path as it can be shown: whoever names a file may put control characters into its name.
pub(crate) fn path_name(path: &Path) -> String {
    tame(&path.display().to_string(), PATH)
}

/// A message without control characters; those of several lines keep them.
fn tamed(message: &str) -> String {
    message.lines().map(|line| tame(line, MESSAGE)).collect::<Vec<_>>().join("\n")
}

/// Tells what is wrong with rules; the run goes on without them.
pub(crate) fn rule_problems(problems: &[RuleProblem]) {
    warn(problems.iter().map(|problem| (problem.to_string(), problem.hint)), problems.len(), "rules");
}

/// Tells what is wrong with lists; the run goes on without what is wrong.
pub(crate) fn list_problems(problems: &[ListProblem]) {
    let told = problems.iter().map(|problem| {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        (format!("{}{line}: {}", path_name(&problem.path), problem.reason), problem.hint)
    });
    warn(told, problems.len(), "lists");
}

fn warn(problems: impl Iterator<Item = (String, &'static str)>, count: usize, what: &str) {
    let paint = Paint::for_stream(io::stderr().is_terminal());
    for (message, hint) in problems.take(SHOWN) {
        write_err(&format!(
            "{} {}\n{} {hint}\n",
            paint.of(Style::Warning, "left out:"),
            tamed(&message),
            paint.of(Style::Hint, "hint:")
        ));
    }
    if count > SHOWN {
        write_err(&format!("… and {} more in {what}; `watchfire check` shows all\n", count - SHOWN));
    }
}

/// A name of the domain as words: `true_positive` is *true positive*.
pub(crate) fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// A number with its thousands grouped by commas.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        let groups = [0, 999, 1000, 12_345, 1_234_567].map(grouped);
        assert_eq!(groups, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }
}
