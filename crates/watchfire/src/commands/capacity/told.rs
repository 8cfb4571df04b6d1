//! What a simulation says, for people and for programs.

use super::Sweep;
use crate::terminal::grouped;
use serde_json::{Value, json};
use watchfire_engine::capacity::{self, Calibration, Percentiles, Report, Scenario};

pub(super) fn report(scenario: &Scenario, report: &Report) -> String {
    let mut text = headline(report);
    text.push_str(&format!(
        "\n{:<34} {:>13} {:>8} {:>8}\n",
        "what may run out", "carries", "used", "at peak"
    ));
    for part in &report.parts {
        text.push_str(&format!(
            "{:<34} {:>13} {:>8} {:>8}\n",
            part.part.name(),
            part.carries_per_s.map_or_else(|| "any".to_owned(), per_s),
            percent(part.used),
            percent(part.used_at_peak),
        ));
    }
    text.push_str(&format!(
        "\nThe busiest of {} workers has {} of all alerts, and {} MB; the fullest of {} partitions has {}.\n",
        grouped(scenario.workers),
        percent(report.busiest_worker),
        whole(report.worker_mb),
        grouped(scenario.partitions),
        percent(report.fullest_partition),
    ));
    text.push_str(&intake(scenario, report));
    text.push_str(&decided(scenario, report));
    text.push_str(&questions(report));
    text
}

fn headline(report: &Report) -> String {
    let offered = per_s(report.offered_per_s);
    let bound = report.bound_by.map_or("nothing", |part| part.name());
    match report.sustained_per_s {
        None => format!("{offered} alerts come; any number is carried.\n"),
        Some(sustained) if sustained >= report.offered_per_s => {
            format!("{offered} alerts come; {} would be carried, bound by {bound}.\n", per_s(sustained))
        }
        Some(sustained) => format!(
            "{offered} alerts come; only {} can be carried, bound by {bound}. What waits grows without end.\n",
            per_s(sustained)
        ),
    }
}

fn intake(scenario: &Scenario, report: &Report) -> String {
    let intake = &report.intake;
    if intake.most < 1.0 {
        return "No alert has to wait in the intake topic.\n".to_owned();
    }
    let mut text = format!(
        "In the intake topic at most {} alerts wait, the longest {}; at the end {}.\n",
        whole(intake.most),
        intake.longest_s.map_or_else(|| "for ever".to_owned(), seconds),
        whole(intake.left),
    );
    if scenario.outage_s > 0.0 {
        let outage = seconds(scenario.outage_s);
        text.push_str(&match intake.caught_up_s {
            Some(after) => format!("{} after an outage of {outage} that is caught up.\n", seconds(after)),
            None => format!("An outage of {outage} is not caught up.\n"),
        });
    }
    text
}

fn decided(scenario: &Scenario, report: &Report) -> String {
    let (decided, all) = (&report.decided, report.decided.all().max(1.0));
    let mut text = format!("\nIn {} h {} alerts:", scenario.hours, whole(all));
    for (who, count) in [
        ("rules", decided.rules),
        ("analysts", decided.analysts),
        ("statistics", decided.statistics),
        ("earlier answers", decided.reused),
        ("waited for an answer", decided.asked),
        ("fallback", decided.fallback),
        ("still open", decided.open),
    ] {
        if count > 0.0 {
            text.push_str(&format!(" {who} {},", percent(count / all)));
        }
    }
    text.pop();
    text + ".\n"
}

fn questions(report: &Report) -> String {
    let questions = &report.questions;
    if questions.known + questions.new + questions.checks == 0 {
        return "No model is asked.\n".to_owned();
    }
    let mut text = format!(
        "Questions: {} ({} known patterns, {} new ones, {} checks), {:.2} of 1,000 alerts, {:.1} in a call.\n",
        grouped(questions.known + questions.new + questions.checks),
        grouped(questions.known),
        grouped(questions.new),
        grouped(questions.checks),
        questions.of_1000_alerts,
        questions.in_a_call,
    );
    let given_up = match questions.given_up {
        0 => String::new(),
        count => format!(", {} given up", grouped(count)),
    };
    text.push_str(&format!(
        "{} answered{given_up}; at most {} waited for a call, {} at the end.\n",
        grouped(questions.answered),
        whole(questions.most_waiting),
        grouped(questions.waiting),
    ));
    let Percentiles { mean, p50, p95, p99, longest } = report.waits_s;
    text.push_str(&format!(
        "An open alert waits {} (p50), {} (p95), {} (p99), {} at most; {} on average.\n\n",
        seconds(p50),
        seconds(p95),
        seconds(p99),
        seconds(longest),
        seconds(mean),
    ));
    let (day, without) = (&report.day, &report.day_without_reuse);
    text.push_str(&format!("A day: {} calls, {}.\n", whole(day.calls), dollars(day.usd)));
    text.push_str(&format!(
        "Without reuse: {} calls, {}; the budgets would carry {} alerts.\n",
        whole(without.calls),
        dollars(without.usd),
        report.carried_without_reuse_per_s.map_or_else(|| "any number of".to_owned(), per_s),
    ));
    text
}

pub(super) fn sweep(sweep: &Sweep, points: &[(f64, Report)]) -> String {
    let key = &sweep.key;
    let wide = key.len().max(12);
    let mut text = format!(
        "{key:>wide$} {:>13} {:<34} {:>13} {:>9} {:>9} {:>13} {:>11} {:>7}\n",
        "carried", "bound by", "left in topic", "p50 wait", "p95 wait", "calls a day", "$ a day", "MB"
    );
    for (value, report) in points {
        text.push_str(&format!(
            "{:>wide$} {:>13} {:<34} {:>13} {:>9} {:>9} {:>13} {:>11} {:>7}\n",
            number(*value),
            report.sustained_per_s.map_or_else(|| "any".to_owned(), per_s),
            report.bound_by.map_or("", |part| part.name()),
            whole(report.intake.left),
            seconds(report.waits_s.p50),
            seconds(report.waits_s.p95),
            whole(report.day.calls),
            dollars(report.day.usd),
            whole(report.worker_mb),
        ));
    }
    text
}

pub(super) fn constants(calibration: &Calibration) -> String {
    let mut text = format!("{:<24} {:>12} {:<12} {}\n", "constant", "value", "", "from");
    let told = json!(calibration);
    for constant in capacity::constants() {
        let value = told[constant.name].as_f64().unwrap_or(constant.value);
        let (standing, source) = if value.to_bits() == constant.value.to_bits() {
            (constant.standing.name(), constant.source)
        } else {
            ("calibrated", "the calibration's file")
        };
        text.push_str(&format!("{:<24} {:>12} {standing:<12} {source}\n", constant.name, number(value)));
    }
    text
}

pub(super) fn constants_json(calibration: &Calibration) -> String {
    let told = json!(calibration);
    let rows: Vec<Value> = capacity::constants()
        .iter()
        .map(|constant| {
            json!({
                "name": constant.name,
                "value": told[constant.name],
                "built_in": constant.value,
                "standing": constant.standing,
                "source": constant.source,
            })
        })
        .collect();
    pretty(&json!({ "constants": rows }))
}

pub(super) fn report_json(scenario: &Scenario, calibration: &Calibration, report: &Report) -> String {
    pretty(&json!({ "scenario": scenario, "calibration": calibration, "report": report }))
}

pub(super) fn sweep_json(scenario: &Scenario, sweep: &Sweep, points: &[(f64, Report)]) -> String {
    let points: Vec<Value> =
        points.iter().map(|(value, report)| json!({ "value": value, "report": report })).collect();
    pretty(&json!({ "scenario": scenario, "sweep": sweep.key, "points": points }))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// A count of what there are many of.
fn whole(count: f64) -> String {
    grouped(count.round().max(0.0) as u64)
}

/// A rate: whole where it is large.
fn per_s(rate: f64) -> String {
    if rate >= 1e15 {
        "any".to_owned()
    } else if rate >= 100.0 {
        format!("{}/s", whole(rate))
    } else {
        format!("{}/s", number(rate))
    }
}

/// Three digits of what is small, all of what is whole.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return grouped(value as u64);
    }
    let digits =
        if value.abs() >= 100.0 { 0 } else { (2 - value.abs().log10().floor() as i32).clamp(0, 9) as usize };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 9_999.5 {
        ">9999 %".to_owned()
    } else if percent >= 10.0 || percent == 0.0 {
        format!("{percent:.0} %")
    } else if percent >= 0.01 {
        format!("{percent:.2} %")
    } else {
        "<0.01 %".to_owned()
    }
}

fn dollars(usd: f64) -> String {
    if usd >= 1_000.0 { format!("${}", whole(usd)) } else { format!("${usd:.2}") }
}

/// A time with the unit that suits it.
fn seconds(time: f64) -> String {
    if time < 0.0005 {
        "0 s".to_owned()
    } else if time < 1.0 {
        format!("{:.0} ms", 1_000.0 * time)
    } else if time < 120.0 {
        format!("{time:.1} s")
    } else if time < 7_200.0 {
        format!("{:.1} min", time / 60.0)
    } else if time < 172_800.0 {
        format!("{:.1} h", time / 3_600.0)
    } else {
        format!("{:.1} d", time / 86_400.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{capacity, dollars, number, per_s, percent, report, seconds, sweep};
    use crate::commands::capacity::sweep::Sweep;
    use watchfire_engine::capacity::{BudgetGroup, Calibration, Scenario, simulate};

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([number(12.0), number(0.000123), number(1_234_567.0)], ["12", "0.000123", "1,234,567"]);
        assert_eq!([per_s(1.5), per_s(12_345.6)], ["1.5/s", "12,346/s"]);
        assert_eq!([percent(0.123), percent(0.000001), percent(0.0)], ["12 %", "<0.01 %", "0 %"]);
        assert_eq!(
            [seconds(0.0), seconds(4.0), seconds(300.0), seconds(90_000.0)],
            ["0 s", "4.0 s", "5.0 min", "25.0 h"]
        );
        assert_eq!([dollars(0.5), dollars(12_345.0)], ["$0.50", "$12,345"]);
    }

    #[test]
    fn a_report_says_what_it_is_bound_by_and_what_it_costs() {
        let scenario = Scenario {
            alerts_per_s: 200_000.0,
            hours: 0.5,
            budgets: vec![BudgetGroup { budgets: 3, calls: 15, ..BudgetGroup::default() }],
            ..Scenario::default()
        };
        let text = report(&scenario, &simulate(&scenario, &Calibration::default()).unwrap());
        for said in
            ["only", "bound by", "grows without end", "cores of PostgreSQL", "Without reuse", "p95", "MB"]
        {
            assert!(text.contains(said), "{said} in {text}");
        }
        assert!(text.lines().all(|line| line.len() < 160));
    }

    #[test]
    fn the_documentation_has_every_constant_with_its_value_and_every_key() {
        let page = include_str!("../../../../../docs/capacity.md");
        for constant in capacity::constants() {
            let (name, value) = (constant.name, number(constant.value));
            let row = format!("| `{name}` | {value} | {} | {} |", constant.standing.name(), constant.source);
            assert!(page.contains(&row), "{row}");
        }
        let hint = Scenario::default().set("?", 0.0).unwrap_err().hint();
        let names = hint.trim_start_matches("there are: ").split(", ");
        assert!(names.clone().count() > 40);
        names.for_each(|name| assert!(page.contains(&format!("`{name}`")), "{name}"));
    }

    #[test]
    fn a_sweep_has_a_line_for_each_value() {
        let scenario = Scenario { hours: 0.1, ..Scenario::default() };
        let told = Sweep::parse("workers=1,2").unwrap();
        let report = simulate(&scenario, &Calibration::default()).unwrap();
        let text = sweep(&told, &[(1.0, report.clone()), (2.0, report)]);
        assert_eq!(text.lines().count(), 3);
    }
}
