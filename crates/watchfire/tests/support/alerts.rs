//! Bytes that a sensor could have written.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

/// A Suricata alert; each number gives another one.
pub fn alert(number: u64) -> String {
    alert_at(
        number,
        &format!(
            "2026-03-17T{:02}:{:02}:{:02}.000000+0000",
            number / 3600 % 24,
            number / 60 % 60,
            number % 60
        ),
    )
}

/// A Suricata alert with this text for its time.
pub fn alert_at(number: u64, time: &str) -> String {
    let time = serde_json::Value::from(time);
    alert_with(number, &format!(r#""timestamp":{time}"#))
}

/// A Suricata alert with this in the place of its time: `"key":value,"key":value`.
pub fn alert_with(number: u64, more: &str) -> String {
    format!(
        r#"{{{more},"flow_id":{number},"event_type":"alert","src_ip":"203.0.113.{}","src_port":{},"dest_ip":"10.20.1.{}","dest_port":80,"proto":"TCP","alert":{{"action":"allowed","gid":1,"signature_id":{},"rev":1,"signature":"ET SCAN Probe {}","category":"Attempted Information Leak","severity":2}}}}"#,
        number % 250,
        1024 + number % 60_000,
        number % 40,
        2_000_000 + number % 7,
        number % 7,
    )
}

/// Alerts of these numbers, one a line.
pub fn alerts(numbers: std::ops::Range<u64>) -> String {
    numbers.map(|number| alert(number) + "\n").collect()
}

/// A few sound alerts, then this, then a few more.
pub fn between(middle: impl AsRef<[u8]>) -> Vec<u8> {
    [alerts(0..SOUND / 2).as_bytes(), middle.as_ref(), b"\n", alerts(SOUND / 2..SOUND).as_bytes()].concat()
}

/// How many sound alerts [`between`] puts around something.
pub const SOUND: u64 = 6;

/// Compressed with gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}

/// So many mebibytes, each the same, compressed as far as gzip goes.
pub fn gzip_of(mebibyte: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..times {
        encoder.write_all(mebibyte).expect("memory can be written to");
    }
    encoder.finish().expect("memory can be written to")
}

/// A mebibyte of one byte.
pub fn mebibyte(byte: u8) -> Vec<u8> {
    vec![byte; 1 << 20]
}
