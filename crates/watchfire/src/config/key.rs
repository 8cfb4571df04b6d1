//! Keys of services: never in the settings themselves.

use crate::exit::Problem;
use crate::terminal::path_name;
use std::path::Path;

/// The key that stands in the file, or else in the environment; empty where neither is named. `whose` is the table of the
/// settings that wants it.
pub(super) fn read_key(whose: &str, file: Option<&Path>, variable: Option<&str>) -> Result<String, Problem> {
    read_secret(whose, "key", file, variable)
}

/// The same for whatever else does not stand in the settings: `what` is what `what_file` and `what_env` name.
pub(super) fn read_secret(
    whose: &str,
    what: &str,
    file: Option<&Path>,
    variable: Option<&str>,
) -> Result<String, Problem> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problem::usage(
                format!("{whose} {what}_file: {}: {error}", path_name(path)),
                format!("a file with nothing but the {what}"),
            )
        })?;
        return Ok(text.trim().to_owned());
    }
    let Some(variable) = variable else { return Ok(String::new()) };
    match std::env::var(variable) {
        Ok(key) if !key.trim().is_empty() => Ok(key.trim().to_owned()),
        _ => Err(Problem::usage(
            format!("{whose} wants a {what}, and {variable} is not set"),
            format!("export {variable}=…, or name a file with {what}_file"),
        )),
    }
}
