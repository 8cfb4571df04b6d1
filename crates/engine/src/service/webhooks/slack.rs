//! Messages for Slack, and for what takes messages as Slack does.
//!
//! What an alert says is the attacker's text, and a message is read by people who trust the channel it is in. So nothing of it
//! may become a mention, a link, an image or a format of its own. In Slack's own markup all of that is written with `<`, `>`
//! and `&`, which are escaped ("Formatting text for app surfaces", docs.slack.dev). But Slack, and Mattermost and others that
//! take the same bodies, also make links and mentions of bare text. So `@` becomes its wide twin, dots before letters are put
//! in brackets and `://` is broken, as analysts write addresses that must not be clicked, and characters that format become
//! others that look alike.

use serde_json::{Value, json};
use watchfire_judge::tame;
use watchfire_signal::Field;
use watchfire_signal::write::Record;

/// Characters of a name or address.
const NAME: usize = 120;
/// Characters of a sentence. Escaped they are up to five times as many; a block takes 3,000.
const SENTENCE: usize = 500;
/// Steps that are shown.
const STEPS: usize = 3;

/// A message about an alert.
pub(super) fn message(record: &Record<'_>) -> String {
    let alert = record.alert;
    let name = alert.get(Field::RuleName).or_else(|| alert.get(Field::Message)).unwrap_or(record.category);
    let mut headline = format!(
        "*{}* · {} · {}",
        words(record.severity.name()),
        record.verdict.name().replace('_', " "),
        code(name)
    );
    if !record.asset.is_empty() {
        headline.push_str(&format!(" on {}", code(record.asset)));
    }
    let mut fields = vec![
        field("Category", &code(record.category)),
        field("Priority", &format!("{} of 100", record.priority.score())),
        field("Decided by", record.decider.name()),
    ];
    let shown = [("Source", Field::SourceIp), ("Destination", Field::DestinationIp), ("User", Field::User)];
    for (title, of) in shown {
        fields.extend(alert.get(of).map(|text| field(title, &code(text))));
    }
    if !record.techniques.is_empty() {
        fields.push(field("ATT&amp;CK", &code(&record.techniques.join(", "))));
    }
    let mut blocks = vec![section(&marked(&headline)), section(&plain(record.reason))];
    blocks.push(json!({ "type": "section", "fields": fields }));
    if !record.next_steps.is_empty() {
        let steps: Vec<String> = record
            .next_steps
            .iter()
            .take(STEPS)
            .enumerate()
            .map(|(index, step)| format!("{}. {}", index + 1, safe(step, SENTENCE / STEPS)))
            .collect();
        blocks.push(section(&json!({ "type": "plain_text", "emoji": false, "text": steps.join("\n") })));
    }
    let place = format!("alert {} · pattern {} · {}", code(record.id), code(record.pattern), record.time);
    blocks.push(json!({ "type": "context", "elements": [marked(&place)] }));
    let text = format!("{headline}\n{}", safe(record.reason, SENTENCE));
    json!({ "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false }).to_string()
}

fn section(text: &Value) -> Value {
    json!({ "type": "section", "text": text })
}

/// Text in Slack's markup, which was made safe, and in which Slack is to look for nothing else.
fn marked(text: &str) -> Value {
    json!({ "type": "mrkdwn", "verbatim": true, "text": text })
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "emoji": false, "text": safe(text, SENTENCE) })
}

fn field(title: &str, text: &str) -> Value {
    marked(&format!("*{title}*\n{text}"))
}

fn words(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A name or value, set apart.
fn code(text: &str) -> String {
    format!("`{}`", safe(text, NAME))
}

/// Anybody's text, as nothing but text: one line, at most `max` characters before they are escaped.
pub(super) fn safe(text: &str, max: usize) -> String {
    let tamed: Vec<char> = tame(text.trim(), max).chars().collect();
    let at = |index: usize| tamed.get(index).copied();
    let is_word = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    let mut safe = String::with_capacity(tamed.len() + 16);
    for (index, &character) in tamed.iter().enumerate() {
        let before = index.checked_sub(1).and_then(at);
        let after = at(index + 1);
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => safe.push('＠'),
            '`' => safe.push('\''),
            '*' => safe.push('∗'),
            '~' => safe.push('∼'),
            '_' if !(is_word(before) && is_word(after)) => safe.push('ˍ'),
            '#' => safe.push('＃'),
            // A link in Markdown.
            '(' if before == Some(']') => safe.push_str(" ("),
            // The scheme of an address, or the beginning of an emoji; not what stands in addresses of IPv6.
            ':' if after == Some('/') || !is_word(before) && before != Some(':') && is_word(after) => {
                safe.push_str("[:]");
            }
            '.' | '。' | '．' | '｡' if is_word(before) && after.is_some_and(char::is_alphabetic) => {
                safe.push_str("[.]");
            }
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn no_text_becomes_a_mention_a_link_or_a_format() {
        for (hostile, harmless) in [
            (
                "<!channel> pay & <https://evil.example|click>",
                "&lt;!channel&gt; pay &amp; &lt;https[:]//evil[.]example|click&gt;",
            ),
            ("<@U012AB3CD> @here @everyone", "&lt;＠U012AB3CD&gt; ＠here ＠everyone"),
            ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
            ("www.evil.example/x", "www[.]evil[.]example/x"),
            ("[safe](https://evil.example) ![x](y)", "[safe] (https[:]//evil[.]example) ![x] (y)"),
            ("`*bold*` _it_ ~gone~ :tada: #general", "'∗bold∗' ˍitˍ ∼gone∼ [:]tada: ＃general"),
            ("svc_backup on 10.0.0.1:443 at 12:30", "svc_backup on 10.0.0.1:443 at 12:30"),
            ("2001:db8:5ca::7a49 and ::1", "2001:db8:5ca::7a49 and ::1"),
            ("mailto:bob@corp.example", "mailto:bob＠corp[.]example"),
            ("two\nlines\u{202e}\u{200b}", "two·lines··"),
        ] {
            assert_eq!(safe(hostile, 200), harmless);
        }
        assert_eq!(safe("abcdef", 3), "abc…");
    }
}
