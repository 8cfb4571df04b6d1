//! Falco's JSON output (`json_output: true`).
//!
//! Source: Falco documentation, *Output formatting* and *Supported fields*, and the default rules (stable, incubating
//! and sandbox), whose names, priorities, tags and output texts are used. Times have nanoseconds; `output` repeats the
//! fields as text after a bar, and the container's fields come last.

use crate::company::Host;
use crate::dice::Dice;
use crate::json::{Json, Object};
use crate::moment::Moment;
use crate::record::{Product, Record};
use std::fmt::Write;

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Its priority, in Falco's words.
    pub priority: &'static str,
    /// How its output begins.
    pub output: &'static str,
    /// The system call that it watches.
    pub call: &'static str,
    /// Its tags: maturity, scope, tactic, technique.
    pub tags: &'static [&'static str],
}

/// A container.
#[derive(Debug, Clone, Copy)]
pub struct Container {
    /// Twelve hexadecimal digits.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The repository of its image.
    pub image: &'static str,
    /// The tag of its image.
    pub tag: &'static str,
    /// Namespace and name of its pod, if it has one.
    pub pod: Option<(&'static str, &'static str)>,
}

/// A process, as far as Falco's default outputs tell.
#[derive(Debug, Clone, Copy)]
pub struct Process<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its executable.
    pub path: &'a str,
    /// Its parent's name.
    pub parent: &'a str,
    /// Its command line.
    pub command: &'a str,
    /// Who runs it, and the number of that user.
    pub user: (&'a str, u16),
    /// Its terminal; 0 is none.
    pub terminal: u16,
}

/// An event. `first` are the fields that the rule's output names before the process's own.
pub fn event(
    dice: &mut Dice,
    at: Moment,
    host: &Host,
    rule: &Rule,
    container: Option<&Container>,
    first: Object,
    process: &Process<'_>,
) -> Record {
    let nanoseconds = at.as_micros() * 1_000 + dice.between(0, 999);
    let fields = first
        .with("evt.type", rule.call)
        .with("user.name", process.user.0)
        .with("user.uid", process.user.1)
        .with("user.loginuid", -1_i64)
        .with("proc.name", process.name)
        .with("proc.exepath", process.path)
        .with("proc.pname", process.parent)
        .with("proc.cmdline", process.command)
        .with("proc.tty", process.terminal)
        .and(container.map_or_else(Object::new, container_fields));
    let mut output = format!("{}: {} {} |", at.text("%H:%M:%S%.6f"), rule.priority, rule.output);
    for (key, value) in fields.iter() {
        let value = if matches!(value, Json::Null) { "<NA>".to_owned() } else { value.plain() };
        // Writing to a string can't fail.
        let _ = write!(output, " {}={value}", label(key, &value));
    }
    let record = Object::new()
        .with("hostname", host.name)
        .with("output", output)
        .with("output_fields", Object::new().with("evt.time", nanoseconds).and(fields))
        .with("priority", rule.priority)
        .with("rule", rule.name)
        .with("source", "syscall")
        .with("tags", rule.tags.to_vec())
        .with("time", format!("{}{:03}Z", at.text("%Y-%m-%dT%H:%M:%S%.6f"), nanoseconds % 1_000));
    Record::new(Product::Falco, at, record.line())
}

fn container_fields(container: &Container) -> Object {
    let fields = Object::new()
        .with("container.id", container.id)
        .with("container.name", container.name)
        .with("container.image.repository", container.image)
        .with("container.image.tag", container.tag);
    match container.pod {
        Some((namespace, pod)) => fields.with("k8s.pod.name", pod).with("k8s.ns.name", namespace),
        None => fields.with("k8s.pod.name", Json::Null).with("k8s.ns.name", Json::Null),
    }
}

/// The names that the default rules give to fields in their output.
fn label(field: &str, value: &str) -> String {
    match field {
        "fd.name" if value.starts_with('/') => "file".to_owned(),
        "proc.name" => "process".to_owned(),
        "proc.pname" => "parent".to_owned(),
        "proc.cmdline" => "command".to_owned(),
        "proc.tty" => "terminal".to_owned(),
        "user.name" => "user".to_owned(),
        "fd.name" => "connection".to_owned(),
        other => other.replace('.', "_"),
    }
}
