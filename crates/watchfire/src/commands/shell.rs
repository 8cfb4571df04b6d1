//! `watchfire completions`, `watchfire man`

use crate::cli::Arguments;
use crate::exit::{Problem, Status};
use crate::terminal;
use clap::CommandFactory;
use std::path::Path;

pub(super) fn completions(shell: clap_complete::Shell) -> Result<Status, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "watchfire", &mut script);
    terminal::write_out(&script)?;
    Ok(Status::Done)
}

pub(super) fn man(folder: Option<&Path>) -> Result<Status, Problem> {
    let command = Arguments::command();
    let failed = |error: std::io::Error| {
        Problem::from_error(Status::Failed, &error, "name a folder that exists and can be written to")
    };
    match folder {
        Some(folder) => clap_mangen::generate_to(command, folder).map_err(failed)?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map_err(failed)?;
            terminal::write_out(&page)?;
        }
    }
    Ok(Status::Done)
}
