use super::{CsvReader, MOST_LINE_BYTES, NdjsonReader, ReadError};
use crate::Measurement;
use proptest::prelude::*;

type Read = Result<Measurement, ReadError>;

fn ndjson(text: &str) -> Vec<Read> {
    NdjsonReader::new(text.as_bytes()).collect()
}

fn csv(text: &str) -> Vec<Read> {
    CsvReader::new(text.as_bytes()).collect()
}

fn told(read: &Read) -> String {
    match read {
        Ok(found) => {
            format!(
                "{} {} {} {} {:?} {:?}",
                found.user, found.metric, found.time, found.value, found.unit, found.id
            )
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn json_and_csv_say_the_same() {
    let json = r#"{"user":"anna","metric":"cpu","time":"2026-01-01T00:00:00Z","value":1.5,"unit":"%","id":"1"}

{"time":1767225600,"value":"2","metric":"a, b","user":"ann\u0061","ignored":[1]}
{"user":"anna","metric":"cpu","time":"2026-01-01T00:00:00Z","value":null}"#;
    let csv_text = "VALUE,user,metric,time,unit,id,ignored\n1.5,anna,cpu,2026-01-01T00:00:00Z,%,1,\n\n\
        2,anna,\"a, b\",1767225600\nnan,anna,cpu,2026-01-01T00:00:00Z,,,\n";
    let (json, csv) = (ndjson(json), csv(csv_text));
    let told_all = |all: &[Read]| all.iter().map(told).collect::<Vec<_>>();
    assert_eq!(told_all(&json), told_all(&csv));
    assert_eq!(told(&json[1]), "anna a, b 2026-01-01T00:00:00.000Z 2 None None");
    assert!(json[2].as_ref().unwrap().value.is_nan());
}

#[test]
fn a_wrong_line_is_told_with_its_number_and_is_nobody_elses() {
    let good = r#"{"user":"u","metric":"m","time":0,"value":1}"#;
    let long = format!("{{\"user\":\"{}\"", "u".repeat(2 * MOST_LINE_BYTES));
    let text = format!(
        "{good}\n{{\n{good}\n{long}\n{good}\n{{\"user\":\"u\",\"metric\":\"m\",\"time\":\"x\",\"value\":1}}"
    );
    let read = ndjson(&text);
    let lines: Vec<u64> =
        read.iter().filter_map(|read| read.as_ref().err()).map(|error| error.line).collect();
    assert_eq!((read.len(), lines), (6, vec![2, 4, 6]));
    assert_eq!(told(&read[5]), "line 6: `time` is no time: `x`");

    let text = "user,metric,time,value\n\"u\nv\",m,0,1\nu,m,0,many\r\n\nu,m\nu,m,0,2\n";
    let read = csv(text);
    assert_eq!(told(&read[1]), "line 4: `value` is no number: `many`");
    assert_eq!(told(&read[2]), "line 6: there is no column for `value`");
    assert!(read[0].is_ok() && read[3].is_ok());
    assert!(
        told(&csv("user,metric,time\nu,m,0\n")[0]).starts_with("line 1: the header has no column `value`")
    );
}

#[test]
fn a_csv_record_without_an_end_is_bounded() {
    let text = format!("user,metric,time,value\n\"{}", "u,\n".repeat(MOST_LINE_BYTES));
    let read = csv(&text);
    assert_eq!((read.len(), read[0].is_err()), (1, true));
}

proptest! {
    #[test]
    fn no_bytes_break_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        prop_assert!(NdjsonReader::new(bytes.as_slice()).count() <= lines);
        let mut with_header = b"user,metric,time,value\n".to_vec();
        with_header.extend_from_slice(&bytes);
        prop_assert!(CsvReader::new(with_header.as_slice()).count() <= 300);
    }
}
