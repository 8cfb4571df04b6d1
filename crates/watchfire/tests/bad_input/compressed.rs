//! Compressed files: cut off, damaged, or made to burst.

use crate::support::Workbench;
use crate::support::alerts::{alerts, gzip, gzip_of, mebibyte};
use std::io::Read;
use std::time::Duration;

/// In a build without optimisation, on a machine with other things to do.
const LONGEST: Duration = Duration::from_mins(2);
const MEMORY_BOUND_KIB: u64 = 300 << 10;

/// How many whole lines can still be unpacked.
fn lines_left(packed: &[u8]) -> u64 {
    let mut text = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(packed);
    let mut part = [0; 512];
    while let Ok(count @ 1..) = decoder.read(&mut part) {
        text.extend_from_slice(&part[..count]);
    }
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[test]
fn what_a_truncated_gzip_still_holds_is_judged() {
    let bench = Workbench::new();
    let packed = gzip(alerts(0..4000).as_bytes());
    let cut = &packed[..packed.len() / 2];
    let left = lines_left(cut);
    assert!(left > 1000, "{left}");
    let file = bench.file("eve.json.gz", cut);
    let run = bench.triage(&[&file]);
    run.ends_with(3);
    run.finished.says(&["eve.json.gz", "ends early"]);
    // The line at the cut is either told by its own dead letter or by the file's message.
    assert_eq!(run.count("judged"), left);
    assert!(run.count("dead") <= 1);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), left as i64);

    // Fetched again, it is the same file, and no trace of the cut stays.
    std::fs::write(&file, &packed).unwrap();
    bench.triage(&[&file]).ends_with(0).came_to(4000, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 4000);
    assert!(bench.dead_letters().is_empty());
    assert_eq!(bench.count("SELECT count(*) FROM sources"), 1);
}

#[test]
fn a_gzip_cut_within_its_header_is_told() {
    let bench = Workbench::new();
    let packed = gzip(alerts(0..10).as_bytes());
    let (cut, sound) = (bench.file("cut.gz", &packed[..7]), bench.file("sound.json", alerts(0..10)));
    let run = bench.triage(&[&cut, &sound]);
    run.is_balanced().came_to(10, 0, 0);
    run.finished.is_no_panic().says(&["cut.gz", "ends early"]);
    assert_ne!(run.finished.status.code(), Some(0));
}

#[test]
fn a_damaged_gzip_is_judged_up_to_the_damage() {
    let bench = Workbench::new();
    let mut packed = gzip(alerts(0..4000).as_bytes());
    let middle = packed.len() / 2;
    packed[middle..middle + 64].fill(0xff);
    let file = bench.file("eve.json.gz", &packed);
    let run = bench.triage(&[&file]);
    run.ends_with(3);
    run.finished.says(&["eve.json.gz", "gzip -t"]);
    assert!(run.count("judged") > 500, "{}", run.count("judged"));
}

#[test]
fn rubbish_behind_a_gzip_costs_nothing_of_it() {
    let bench = Workbench::new();
    let file =
        bench.file("eve.json.gz", [&gzip(alerts(0..500).as_bytes())[..], b"\0\0\0\0 rubbish"].concat());
    let run = bench.triage(&[&file]);
    run.is_balanced().came_to(500, 0, 0);
    run.finished.is_no_panic();
    assert!([Some(0), Some(3)].contains(&run.finished.status.code()), "{}", run.finished.told());
}

#[test]
fn what_a_truncated_zstd_still_holds_is_judged() {
    let bench = Workbench::new();
    let packed = zstd::encode_all(alerts(0..20_000).as_bytes(), 1).unwrap();
    let file = bench.file("eve.json.zst", &packed[..packed.len() / 2]);
    let run = bench.triage(&[&file]);
    run.ends_with(3);
    run.finished.says(&["eve.json.zst", "ends early"]);
    assert!(run.count("judged") > 1000, "{}", run.count("judged"));
}

#[test]
fn a_bomb_of_blank_lines_is_cut_off() {
    let bench = Workbench::new();
    let file = bench.file("bomb.gz", gzip_of(&mebibyte(b'\n'), 320));
    let run = bench.triage(&[&file]);
    run.finished.says(&["bomb.gz", "times its size", "1000", "max_ratio"]);
    run.ends_with(3).came_to(0, 0, 0);
    assert!(run.finished.elapsed < LONGEST, "{:?}", run.finished.elapsed);
    assert!(run.finished.peak_kib.is_none_or(|peak| peak < MEMORY_BOUND_KIB), "{:?}", run.finished.peak_kib);
}

#[test]
fn a_bomb_of_one_endless_line_is_cut_off() {
    let bench = Workbench::new();
    let file = bench.file("bomb.gz", gzip_of(&mebibyte(b'x'), 320));
    let run = bench.triage(&[&file]);
    run.finished.says(&["bomb.gz", "times its size", "1000", "max_ratio"]);
    // Opened, read and cut off, like the bomb above; what was read of it is one record that is too long.
    run.ends_with(3).came_to(0, 0, 1);
    assert!(run.finished.elapsed < LONGEST, "{:?}", run.finished.elapsed);
    assert!(run.finished.peak_kib.is_none_or(|peak| peak < MEMORY_BOUND_KIB), "{:?}", run.finished.peak_kib);
}

#[test]
fn a_bomb_of_open_braces_is_cut_off() {
    let bench = Workbench::new();
    let mut packed = gzip(b"{\n");
    packed.extend(gzip_of(&mebibyte(b'{'), 320));
    let file = bench.file("bomb.gz", packed);
    let run = bench.triage(&[&file]);
    run.finished.says(&["bomb.gz", "max_ratio"]);
    run.is_balanced();
    assert!(run.finished.elapsed < LONGEST, "{:?}", run.finished.elapsed);
    assert!(run.finished.peak_kib.is_none_or(|peak| peak < MEMORY_BOUND_KIB), "{:?}", run.finished.peak_kib);
}

#[test]
fn alerts_before_a_bomb_and_files_after_it_are_judged() {
    let bench = Workbench::new();
    let mut packed = gzip(alerts(0..100).as_bytes());
    packed.extend(gzip_of(&mebibyte(b' '), 320));
    let bomb = bench.file("bomb.gz", packed);
    let sound = bench.file("sound.json", alerts(100..150));
    let run = bench.triage(&[&bomb, &sound]);
    run.ends_with(3);
    assert_eq!(run.count("judged"), 150);
    run.finished.says(&["bomb.gz", "times its size", "max_ratio"]);
}

#[test]
fn the_bound_can_be_raised() {
    let bench = Workbench::new();
    // Long lines of nothing, which are quicker to pass over than short ones.
    let mut line = mebibyte(b' ');
    line[0] = b'\n';
    let mut packed = gzip(alerts(0..10).as_bytes());
    packed.extend(gzip_of(&line, 300));
    let file = bench.file("quiet-night.gz", packed);
    bench.file("watchfire.toml", "[input]\nmax_ratio = 2000\n");
    bench.triage(&[&file]).ends_with(0).came_to(10, 0, 0);
}
