//! Whether an expression holds of a feed.

use watchfire_feeds::html;
use watchfire_feeds::parse::{Feed, NotAFeed, Problem, parse_date};

use crate::expression::{Expression, read};
use crate::mapping::{Value, is_in_scope, of_entry, of_feed};

/// What became of a case.
pub enum Outcome {
    OutOfScope,
    /// `of_no_text`: only texts were compared that are empty without their markup.
    Holds {
        of_no_text: bool,
    },
    /// With what we have.
    Fails(String),
}

/// Evaluates `expected` on a feed.
pub fn outcome(expected: &str, feed: Result<&Feed, &NotAFeed>, plain_title: bool) -> Outcome {
    let Some(expression) = read(expected) else {
        return Outcome::OutOfScope;
    };
    let mut paths = Vec::new();
    paths_of(&expression, &mut paths);
    let about: Vec<Vec<&str>> = paths.iter().map(|path| path.iter().map(String::as_str).collect()).collect();
    if about.is_empty() || !about.iter().all(|path| is_in_scope(path)) || !knows_names(&expression) {
        return Outcome::OutOfScope;
    }
    let feed = match feed {
        Ok(feed) => feed,
        Err(error) => return Outcome::Fails(error.to_string()),
    };
    let context = Context {
        feed: of_feed(feed),
        entries: Value::List(feed.entries.iter().map(of_entry).collect()),
        bozo: feed.problems.iter().copied().any(Problem::is_malformed),
        plain_title,
    };
    if truth(&context.value(&expression)) {
        let texts: Vec<Value> = paths_values(&context, &expression);
        let of_no_text = !texts.is_empty() && texts.iter().all(is_empty_text);
        return Outcome::Holds { of_no_text };
    }
    let have: Vec<String> =
        paths_values(&context, &expression).iter().map(|value| format!("{value:?}")).collect();
    Outcome::Fails(format!("{}  {:?}", have.join(", "), feed.problems))
}

fn is_empty_text(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.plain().is_empty(),
        Value::Title(title) => title.is_empty(),
        _ => false,
    }
}

/// The members of `feed` and `entries` that an expression is about, without their indexes.
fn paths_of(expression: &Expression, found: &mut Vec<Vec<String>>) {
    if let Some(path) = path_of(expression) {
        if !path.is_empty() {
            found.push(path);
        }
        return;
    }
    for part in parts(expression) {
        paths_of(part, found);
    }
    // `'a' in feed` is about `a`.
    if let Expression::Compare(first, others) = expression
        && let (Expression::Text(name), [(operator, of)]) = (&**first, &others[..])
        && operator.ends_with("in")
        && path_of(of).is_some_and(|path| path.is_empty())
    {
        found.push(vec![name.clone()]);
    }
}

fn path_of(expression: &Expression) -> Option<Vec<String>> {
    match expression {
        Expression::Name(name) if name == "feed" || name == "entries" => Some(Vec::new()),
        Expression::Member(of, index) => {
            let mut path = path_of(of)?;
            if let Expression::Text(name) = &**index {
                path.push(name.clone());
            }
            Some(path)
        }
        _ => None,
    }
}

fn parts(expression: &Expression) -> Vec<&Expression> {
    match expression {
        Expression::Name(_) | Expression::Text(_) | Expression::Number(_) => Vec::new(),
        Expression::List(all) | Expression::And(all) | Expression::Or(all) => all.iter().collect(),
        Expression::Dictionary(all) => all.iter().flat_map(|(key, value)| [key, value]).collect(),
        Expression::Member(left, right) | Expression::Join(left, right) => vec![left, right],
        Expression::Call(of, all) => std::iter::once(&**of).chain(all).collect(),
        Expression::Not(one) => vec![one],
        Expression::Compare(first, others) => {
            std::iter::once(&**first).chain(others.iter().map(|(_, expression)| expression)).collect()
        }
    }
}

fn knows_names(expression: &Expression) -> bool {
    match expression {
        Expression::Name(name) => {
            matches!(name.as_str(), "feed" | "entries" | "bozo" | "len" | "None" | "True" | "False")
        }
        other => parts(other).into_iter().all(knows_names),
    }
}

/// What the members that an expression is about are.
fn paths_values(context: &Context, expression: &Expression) -> Vec<Value> {
    if path_of(expression).is_some_and(|path| !path.is_empty()) {
        return vec![context.value(expression)];
    }
    parts(expression).into_iter().flat_map(|part| paths_values(context, part)).collect()
}

struct Context {
    feed: Value,
    entries: Value,
    bozo: bool,
    plain_title: bool,
}

impl Context {
    fn value(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Name(name) => match name.as_str() {
                "feed" => self.feed.clone(),
                "entries" => self.entries.clone(),
                "bozo" => Value::Truth(self.bozo),
                "True" => Value::Truth(true),
                "False" => Value::Truth(false),
                _ => Value::None,
            },
            Expression::Text(text) => Value::Line(text.clone()),
            Expression::Number(number) => Value::Number(*number),
            Expression::List(all) => Value::List(all.iter().map(|one| self.value(one)).collect()),
            Expression::Dictionary(all) => Value::Dictionary(
                all.iter()
                    .filter_map(|(key, value)| match key {
                        Expression::Text(key) => Some((key.clone(), self.value(value))),
                        _ => None,
                    })
                    .collect(),
            ),
            Expression::Member(of, index) => member(&self.value(of), index),
            Expression::Call(of, arguments) => self.call(of, arguments),
            Expression::Not(one) => Value::Truth(!truth(&self.value(one))),
            Expression::And(all) => Value::Truth(all.iter().all(|one| truth(&self.value(one)))),
            Expression::Or(all) => Value::Truth(all.iter().any(|one| truth(&self.value(one)))),
            Expression::Join(left, right) => match (self.value(left), self.value(right)) {
                (Value::Line(left), Value::Line(right)) => Value::Line(left + &right),
                _ => Value::None,
            },
            Expression::Compare(first, others) => {
                let mut left = self.value(first);
                for (operator, right) in others {
                    let right = self.value(right);
                    let holds = match operator.as_str() {
                        "==" => self.equal(&left, &right),
                        "!=" => !self.equal(&left, &right),
                        "in" => self.contains(&right, &left),
                        "not in" => !self.contains(&right, &left),
                        _ => false,
                    };
                    if !holds {
                        return Value::Truth(false);
                    }
                    left = right;
                }
                Value::Truth(true)
            }
        }
    }

    fn call(&self, of: &Expression, arguments: &[Expression]) -> Value {
        let [argument] = arguments else { return Value::None };
        let argument = self.value(argument);
        match of {
            Expression::Name(name) if name == "len" => match argument {
                Value::List(all) => Value::Number(f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX))),
                _ => Value::None,
            },
            Expression::Member(of, name) => match (&**name, self.value(of), argument) {
                (Expression::Text(name), Value::Line(text), Value::Line(start)) if name == "startswith" => {
                    Value::Truth(text.starts_with(&start))
                }
                (Expression::Text(name), Value::Dictionary(all), Value::Line(key)) if name == "has_key" => {
                    Value::Truth(all.iter().any(|(known, _)| *known == key))
                }
                _ => Value::None,
            },
            _ => Value::None,
        }
    }

    fn contains(&self, all: &Value, one: &Value) -> bool {
        match (all, one) {
            (Value::Dictionary(all), Value::Line(key)) => all.iter().any(|(known, _)| known == key),
            (Value::List(all), one) => all.iter().any(|known| self.equal(known, one)),
            (Value::Line(text), Value::Line(part)) => text.contains(part.as_str()),
            _ => false,
        }
    }

    fn equal(&self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Title(title), Value::Line(expected)) => {
                title == expected
                    || one_line(title) == one_line(expected)
                    || (!self.plain_title && *title == text_of(expected))
            }
            (Value::Text(text), Value::Line(expected)) if text.markup => {
                one_line(&text.plain()) == text_of(expected)
            }
            (Value::Text(text), Value::Line(expected)) => {
                one_line(&text.value) == one_line(expected)
                    // Feedparser escapes what looks like markup to it even in plain texts.
                    || (expected.contains("&lt;") && text.line() == text_of(expected))
            }
            (Value::Markup(markup), Value::Line(kind)) => *markup == kind.contains("html"),
            (Value::Time(time), Value::Line(text)) => parse_date(text) == Some(*time),
            (Value::Time(time), Value::List(parts)) => {
                // Feedparser's tuples are of UTC, and end with the days of the week and the year.
                let fields: Vec<f64> = parts
                    .iter()
                    .filter_map(|part| if let Value::Number(number) = part { Some(*number) } else { None })
                    .collect();
                let [year, month, day, hour, minute, second, ..] = fields[..] else { return false };
                let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
                parse_date(&text) == Some(*time)
            }
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| self.equal(left, right))
            }
            (Value::Dictionary(left), Value::Dictionary(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(key, value)| {
                        right.iter().any(|(other, expected)| other == key && self.equal(value, expected))
                    })
            }
            (Value::Line(_), Value::Title(_) | Value::Text(_) | Value::Time(_)) => self.equal(right, left),
            (left, right) => left == right,
        }
    }
}

fn member(of: &Value, index: &Expression) -> Value {
    match (of, index) {
        (Value::List(all), Expression::Number(number)) => {
            let at = all
                .iter()
                .enumerate()
                .find(|(at, _)| f64::from(u32::try_from(*at).unwrap_or(u32::MAX)) == *number);
            at.map_or(Value::None, |(_, value)| value.clone())
        }
        (Value::Dictionary(all), Expression::Text(name)) => {
            let found =
                |wanted: &str| all.iter().find(|(known, _)| known == wanted).map(|(_, value)| value.clone());
            // `url` and `href` mean the same in feedparser.
            found(name).or_else(|| if name == "url" { found("href") } else { None }).unwrap_or(Value::None)
        }
        _ => Value::None,
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Truth(truth) => *truth,
        Value::Number(number) => *number != 0.0,
        Value::Line(text) | Value::Title(text) => !text.is_empty(),
        Value::List(all) => !all.is_empty(),
        Value::Dictionary(all) => !all.is_empty(),
        Value::Text(_) | Value::Markup(_) | Value::Time(_) => true,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of markup that feedparser gives.
fn text_of(markup: &str) -> String {
    one_line(&html::text(markup))
}
