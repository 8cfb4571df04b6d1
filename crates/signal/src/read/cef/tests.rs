use super::time;
use crate::read::Item;
use crate::read::testing::{alert, items};
use crate::{Field, Severity, Timestamp};
use proptest::prelude::*;

#[test]
fn a_line_in_syslog_is_read_with_its_essentials() {
    insta::assert_debug_snapshot!(alert(include_str!("../samples/cef-syslog.txt").trim()));
}

#[test]
fn escapes_are_undone_in_header_and_extension() {
    let line = r"CEF:0|Acme \| Sons|Wall\\Guard|1|10|a \= b|Low|msg=x\=y\\z\nnext\rend C:\tmp act=stop\|it";
    let alert = alert(line);
    assert_eq!(alert.groups.as_slice(), ["Acme | Sons", r"Wall\Guard"]);
    assert_eq!(alert.get(Field::RuleName), Some("a = b"));
    assert_eq!(alert.get(Field::Message), Some("x=y\\z\nnext\rend C:\\tmp"));
    assert_eq!(alert.get(Field::EventAction), Some("stop|it"));
}

#[test]
fn a_value_runs_until_the_next_key() {
    let line = "CEF:0|v|p|1|10|n|5|msg=login of alice failed  request=https://shop.example/?a=1&b=2 \
        requestClientApplication=Mozilla/5.0 (X11; rv:9) cs1Label=why cs1=no idea src=192.0.2.1 =odd";
    let alert = alert(line);
    assert_eq!(alert.get(Field::Message), Some("login of alice failed"));
    assert_eq!(alert.get(Field::Url), Some("https://shop.example/?a=1&b=2"));
    assert_eq!(alert.get(Field::UserAgent), Some("Mozilla/5.0 (X11; rv:9)"));
    // Whatever no key follows belongs to the last value, which is then no address any more.
    assert_eq!(alert.get(Field::SourceDomain), Some("192.0.2.1 =odd"));
}

#[test]
fn severities_are_numbers_or_words() {
    let of = |text: &str| alert(&format!("CEF:0|v|p|1|10|n|{text}|")).severity;
    for (text, severity) in [
        ("0", Severity::Low),
        ("3", Severity::Low),
        ("4", Severity::Medium),
        ("7", Severity::High),
        ("10", Severity::Critical),
        ("11", Severity::Unknown),
        ("Very-High", Severity::Critical),
        ("Unknown", Severity::Unknown),
        ("", Severity::Unknown),
    ] {
        assert_eq!(of(text), severity, "{text}");
    }
}

#[test]
fn times_are_read_in_every_form_that_names_a_year() {
    let of = |text: &str| time(text).map(|time| time.to_string());
    let expected = Some("2024-05-01T10:00:00.000Z".to_owned());
    for text in [
        "1714557600000",
        "2024-05-01T12:00:00+02:00",
        "2024-05-01 10:00:00",
        "May 01 2024 10:00:00",
        "May 1 2024 10:00:00.000 UTC",
        "May 01 2024 12:00:00 GMT+02:00",
        "May 01 2024 12:00:00.000 +0200",
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
    for text in ["May 01 10:00:00", "May 01 2024 10:00:00 IST", "yesterday", ""] {
        assert_eq!(of(text), None, "{text}");
    }
}

#[test]
fn the_time_of_the_event_is_the_best_that_there_is() {
    let of = |line: &str| alert(line).time.map(Timestamp::as_millis);
    assert_eq!(
        of("CEF:0|v|p|1|10|n|5|start=1714557600000 end=1714557601000 rt=May 01 10:00:00"),
        Some(1_714_557_601_000)
    );
    assert_eq!(of("<134>1 2024-05-01T10:00:00Z fw-1 cef - - - CEF:0|v|p|1|10|n|5|"), Some(1_714_557_600_000));
    assert_eq!(of("<134>May  1 10:00:00 fw-1 CEF:0|v|p|1|10|n|5|"), None);
}

#[test]
fn the_machine_is_the_devices_or_the_syslog_headers() {
    let of = |line: &str| alert(line).get(Field::Host).map(str::to_owned);
    for header in [
        "<134>1 2024-05-01T10:00:00Z fw-1 cef - - -",
        "<134>1 - fw-1 cef - - -",
        "<134>May  1 10:00:00 fw-1",
        "May 01 2024 10:00:00 fw-1",
        "2024-05-01T10:00:00+02:00 fw-1",
    ] {
        assert_eq!(of(&format!("{header} CEF:0|v|p|1|10|n|5|")).as_deref(), Some("fw-1"), "{header}");
        assert_eq!(of(&format!("{header} CEF:0|v|p|1|10|n|5|dvc=192.0.2.1")).as_deref(), Some("192.0.2.1"));
        let both = format!("{header} CEF:0|v|p|1|10|n|5|dvc=192.0.2.1 dvchost=edge");
        assert_eq!(of(&both).as_deref(), Some("edge"));
    }
    assert_eq!(of("CEF:0|v|p|1|10|n|5|"), None);
    assert_eq!(of("odd words CEF:0|v|p|1|10|n|5|"), None);
}

#[test]
fn missing_parts_leave_an_alert_with_the_rest() {
    let bare = alert("CEF: 0|||||name|");
    assert_eq!(bare.get(Field::RuleName), Some("name"));
    assert_eq!(bare.time, None);
    let without_end = alert("CEF:1.2|v|p|1|10|n|8");
    assert_eq!(without_end.severity, Severity::High);
    assert_eq!(alert("CEF:0|v|p|1|10|n|5|duser=bob").get(Field::User), Some("bob"));
    assert_eq!(alert("CEF:0|v|p|1|10|n|5|cnt=many src=").count, None);
}

#[test]
fn a_name_that_is_only_the_logs_type_gives_way_to_what_happened() {
    let of = |line: &str| alert(line).get(Field::RuleName).map(str::to_owned);
    assert_eq!(
        of("CEF:0|v|PAN-OS|1|vulnerability|THREAT|4|cat=SSH Brute Force(40015)").as_deref(),
        Some("SSH Brute Force(40015)")
    );
    assert_eq!(
        of("CEF:0|v|PAN-OS|1|SSH Brute Force(40015)|THREAT|4|src=192.0.2.1").as_deref(),
        Some("SSH Brute Force(40015)")
    );
    assert_eq!(of("CEF:0|v|p|1||TRAFFIC|4|").as_deref(), Some("TRAFFIC"));
    assert_eq!(of("CEF:0|v|p|1|10|SQL injection|4|cat=web").as_deref(), Some("SQL injection"));
}

#[test]
fn a_malformed_header_is_broken_and_says_how() {
    for line in ["CEF:0|v|p|1|10|name", "CEF:", "CEF:zero|v|p|1|10|n|5|", r"CEF:0|v|p\|1|10|n|5"] {
        let items = items(line);
        let [Item::Broken(broken)] = &items[..] else { panic!("{line}: {items:#?}") };
        assert!(broken.reason.contains("CEF header"), "{broken:?}");
        assert!(broken.hint.contains("vendor|product"));
    }
}

#[test]
fn what_only_mentions_cef_is_not_cef() {
    let json = r#"<14>host app: {"note":"CEF:0|v"}"#;
    assert!(matches!(&items(json)[..], [Item::Aside(_)]));
    assert!(
        matches!(&items("LEEF:2.0|v|p|1|x")[..], [Item::Broken(broken)] if broken.reason.contains("neither"))
    );
    assert!(matches!(&items("noCEF:0|a|b")[..], [Item::Broken(broken)] if broken.reason.contains("neither")));
}

#[test]
fn what_comes_again_does_not_replace_what_is_there() {
    let alert = alert("CEF:0|v|p|1|10|n|5|suser=alice msg=from suser=root src=x rt=1714557600000 rt=0");
    assert_eq!(alert.get(Field::User), Some("alice"));
    assert_eq!(alert.time.map(Timestamp::as_millis), Some(1_714_557_600_000));
}

proptest! {
    #[test]
    fn no_line_can_make_it_panic(head in ".{0,40}", extension in r"[a-z|=\\ é\n]{0,80}", any in ".*") {
        let lines = [
            format!("CEF:0|v|p|1|10|n|5|{extension}"),
            format!("{head} CEF:0|{extension}|{any}"),
            format!("CEF:{any}"),
            format!("CEF:0|v|p|1|10|n|5|rt={any} src={head}"),
        ];
        for line in &lines {
            items(line);
        }
    }
}
