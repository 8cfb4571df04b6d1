//! Makes `data/gazetteer.bin` out of GeoNames' tables and the hand-written lists in `data/sources`.
//!
//! `cargo run --release -p watchfire-geo --example compact -- FOLDER OUT`, FOLDER holding `cities1000.csv.gz`,
//! `cities15000.json.gz` and `countries.json`. The same tables give the same bytes. See `data/README.md`.

mod cities;
mod lists;
mod middle;

use std::error::Error;
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("usage: compact FOLDER OUT".into());
    };
    let source = cities::source(Path::new(&folder))?;
    let packed = watchfire_geo::pack::pack(&source)?;
    std::fs::write(&out, &packed)?;
    let gazetteer = watchfire_geo::Gazetteer::load(&packed)?;
    writeln!(
        std::io::stderr(),
        "{} places, {} other names, {} bytes packed, {} bytes loaded",
        gazetteer.len(),
        source.names.len(),
        packed.len(),
        gazetteer.heap_bytes()
    )?;
    Ok(())
}
