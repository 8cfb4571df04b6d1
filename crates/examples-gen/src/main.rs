//! Writes the examples, or a file for load tests.

use clap::Parser;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use watchfire_examples::{SEED, files, write_load};

/// Makes example data for Watchfire, the same bytes for the same seed.
#[derive(Debug, Parser)]
#[command(name = "watchfire-examples")]
struct Arguments {
    /// The folder to write to; files in it are replaced.
    out_dir: PathBuf,
    /// Another seed gives another day of the same company.
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    /// Write only load.ndjson, with this many records, days of them if need be.
    #[arg(long, value_name = "N")]
    alerts: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.alerts {
        Some(alerts) => load(&arguments.out_dir, arguments.seed, alerts),
        None => examples(&arguments.out_dir, arguments.seed),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err((path, error)) => {
            // Nothing is left to be done about a broken standard error.
            let _ = writeln!(
                io::stderr(),
                "error: can't write {}: {error}\nhint: pass a folder that you may write to",
                path.display()
            );
            ExitCode::FAILURE
        }
    }
}

type Failure = (PathBuf, io::Error);

fn examples(folder: &Path, seed: u64) -> Result<(), Failure> {
    for file in files(seed) {
        let path = folder.join(file.path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| (parent.to_owned(), error))?;
        fs::write(&path, file.text).map_err(|error| (path, error))?;
    }
    Ok(())
}

fn load(folder: &Path, seed: u64, alerts: u64) -> Result<(), Failure> {
    let path = folder.join("load.ndjson");
    let written = fs::create_dir_all(folder).and_then(|()| {
        let mut out = BufWriter::with_capacity(1 << 20, fs::File::create(&path)?);
        let written = write_load(seed, alerts, &mut out)?;
        out.flush()?;
        Ok(written)
    });
    match written {
        Ok(written) if written < alerts => {
            let _ =
                writeln!(io::stderr(), "warning: {written} records are all that the years since 1971 hold");
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) => Err((path, error)),
    }
}
