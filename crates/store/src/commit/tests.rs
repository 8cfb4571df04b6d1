use crate::{AlertRow, AlertRows, ChunkRow, Commit, DeadRow, Location, PatternRow, SourceId, Store};

/// A chunk of records with these texts, from this place on; every text but `dead` is an alert.
fn chunk(first_ordinal: u64, texts: &[&str]) -> Commit {
    let mut alerts = AlertRows::default();
    let mut dead = Vec::new();
    for (ordinal, text) in (first_ordinal..).zip(texts) {
        if *text == "dead" {
            dead.push(DeadRow {
                ordinal,
                line: 9,
                reason: "broken".to_owned(),
                hint: "mend it".to_owned(),
                raw: "{".to_owned(),
                whole: true,
            });
            continue;
        }
        alerts.push(&AlertRow {
            ordinal,
            time: 1000 + ordinal as i64,
            pattern: 1,
            decision: 2,
            severity: 3,
            priority: 40,
            source: Some(text),
            destination: None,
            user: Some(""),
        });
    }
    let hash = |text: &&str| {
        text.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)))
    };
    Commit {
        chunk: Some(ChunkRow {
            first_ordinal,
            hashes: texts.iter().map(hash).collect(),
            decided: [0; 16],
            raw: Vec::new(),
        }),
        alerts,
        patterns: vec![PatternRow {
            id: 1,
            key: [1; 16],
            description: "{}".into(),
            first_seen: 1000,
            last_seen: 2000,
            priority: 40,
            decision: 2,
        }],
        dead,
        ..Commit::default()
    }
}

fn open() -> (Store, SourceId) {
    let store = Store::open(&Location::Memory).unwrap();
    let source = store.source(b"head", "f", 0).unwrap();
    (store, source)
}

/// What the store says: the alerts' texts in order, the count of the pattern, the dead letters.
fn told(store: &Store) -> (String, i64, i64) {
    let connection = store.reader();
    let texts = connection
        .prepare("SELECT src FROM alerts ORDER BY ordinal")
        .unwrap()
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    (
        texts.concat(),
        one("SELECT coalesce(sum(alerts), 0) FROM patterns"),
        one("SELECT count(*) FROM dead_letters"),
    )
}

/// No record stands in two stretches, and none between them is missing.
fn is_seamless(store: &Store) -> bool {
    let connection = store.reader();
    let mut statement =
        connection.prepare("SELECT first_ordinal, records, length(hashes) FROM intake ORDER BY 1").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let mut next = 0;
    for row in rows {
        let (first, records, bytes): (i64, i64, i64) = row.unwrap();
        if first != next || bytes != 8 * records {
            return false;
        }
        next = first + records;
    }
    true
}

#[test]
fn writing_a_chunk_twice_changes_nothing() {
    let (store, source) = open();
    for _ in 0..2 {
        store.commit(source, &[chunk(0, &["a", "b", "dead"]), chunk(3, &["c"])], 0).unwrap();
        assert_eq!(told(&store), ("abc".to_owned(), 3, 1));
    }
    assert!(store.is_stored(source, &chunk(3, &["c"]).chunk.unwrap()).unwrap());
    assert!(!store.is_stored(source, &chunk(3, &["d"]).chunk.unwrap()).unwrap());
    assert!(!store.is_stored(source, &chunk(4, &["c"]).chunk.unwrap()).unwrap());
}

#[test]
fn how_the_reading_is_cut_makes_no_difference() {
    let texts = ["a", "b", "c", "d", "e", "f", "g"];
    let cuts: [&[usize]; 5] = [&[0, 7], &[0, 2, 7], &[0, 1, 2, 3, 7], &[0, 3, 4, 7], &[0, 5, 7]];
    for before in cuts {
        for after in cuts {
            let (store, source) = open();
            for cut in [before, after] {
                let chunks: Vec<&[&str]> = cut.windows(2).map(|ends| &texts[ends[0]..ends[1]]).collect();
                read(&store, source, &chunks);
            }
            assert_eq!(told(&store), ("abcdefg".to_owned(), 7, 0), "{before:?} {after:?}");
            assert!(is_seamless(&store), "{before:?} {after:?}");
        }
    }
}

/// Reads a source as a run does: what is stored already is not written; an edited source is trimmed at its end.
fn read(store: &Store, source: SourceId, chunks: &[&[&str]]) {
    let (mut next, mut edited) = (0, false);
    for texts in chunks {
        let commit = chunk(next, texts);
        next += texts.len() as u64;
        if !store.is_stored(source, commit.chunk.as_ref().unwrap()).unwrap() {
            edited |= store.commit(source, &[commit], 0).unwrap();
        }
    }
    if edited {
        store.trim(source, next).unwrap();
    }
}

#[test]
fn an_edited_source_says_what_it_says_now() {
    let (store, source) = open();
    read(&store, source, &[&["a", "b", "c"], &["d", "dead", "f"], &["g", "h"]]);
    // In place, before chunks that stay as they were.
    read(&store, source, &[&["a", "b", "c"], &["d", "x", "f"], &["g", "h"]]);
    assert_eq!(told(&store), ("abcdxfgh".to_owned(), 8, 0));
    // Shorter than before.
    read(&store, source, &[&["a", "b", "c"], &["d", "y"]]);
    assert_eq!(told(&store), ("abcdy".to_owned(), 5, 0));
    assert!(is_seamless(&store));
    // Shorter lines: more records in a chunk than before.
    read(&store, source, &[&["a", "z", "u", "v", "w", "x"], &["s"]]);
    assert_eq!(told(&store), ("azuvwxs".to_owned(), 7, 0));
    assert!(is_seamless(&store));
}

#[test]
fn a_source_that_ends_sooner_takes_nothing_back() {
    let (store, source) = open();
    store.commit(source, &[chunk(0, &["a", "b", "c"]), chunk(3, &["d"])], 0).unwrap();
    store.commit(source, &[chunk(0, &["a", "b"])], 0).unwrap();
    assert_eq!(told(&store), ("abcd".to_owned(), 4, 0));
}

#[test]
fn a_source_that_has_grown_adds_only_what_is_new() {
    let (store, source) = open();
    store.commit(source, &[chunk(0, &["a", "b", "dead"])], 0).unwrap();
    store.commit(source, &[chunk(0, &["a", "b", "c", "d"])], 0).unwrap();
    assert_eq!(told(&store), ("abcd".to_owned(), 4, 0));
    assert!(is_seamless(&store));
}

#[test]
fn packed_alerts_keep_their_cells() {
    let packed = chunk(0, &["x", "y"]).alerts;
    let cells: Vec<_> = packed.iter().map(|row| (row.source, row.destination, row.user)).collect();
    assert_eq!(cells, [(Some("x"), None, Some("")), (Some("y"), None, Some(""))]);
}
