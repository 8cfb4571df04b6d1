//! What the user writes about lists, and what the user is told about them.

use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::PathBuf;
use watchfire_signal::Reputation;

/// A list file, or a folder of list files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListConfig {
    /// The file or folder. In a folder every file counts, three levels deep, except hidden ones, licences, and what
    /// is there to be read (`README*`, `*.md`).
    pub path: PathBuf,
    /// What to make of an entry, instead of what the list's format and name suggest: `info`, `safe`, `suspicious` or
    /// `malicious`.
    #[serde(default, deserialize_with = "stated_reputation")]
    pub reputation: Option<Reputation>,
    /// The name to show, instead of the file's or the folder's.
    #[serde(default)]
    pub name: Option<String>,
}

fn stated_reputation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reputation>, D::Error> {
    let name = String::deserialize(deserializer)?;
    match Reputation::from_name(&name) {
        Some(
            stated @ (Reputation::Info | Reputation::Safe | Reputation::Suspicious | Reputation::Malicious),
        ) => Ok(Some(stated)),
        _ => Err(serde::de::Error::invalid_value(
            serde::de::Unexpected::Str(&name),
            &"info, safe, suspicious or malicious",
        )),
    }
}

/// Something in a list that was left out, and why. Everything else in the list counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListProblem {
    /// The file or folder.
    pub path: PathBuf,
    /// The line, counted from 1, if one is to blame.
    pub line: Option<u64>,
    /// What is wrong. Text of the file is quoted escaped and shortened.
    pub reason: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl fmt::Display for ListProblem {
    /// `path:line: reason`, then a line `hint: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}\nhint: {}", self.reason, self.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::{ListConfig, ListProblem};
    use watchfire_signal::Reputation;

    #[test]
    fn a_list_is_configured_by_its_path_alone_or_in_full() {
        let list: ListConfig = toml::from_str("path = 'lists'").unwrap();
        assert_eq!((list.reputation, list.name), (None, None));
        let list: ListConfig =
            toml::from_str("path = 'a.txt'\nreputation = 'suspicious'\nname = 'ours'").unwrap();
        assert_eq!(list.reputation, Some(Reputation::Suspicious));
        assert_eq!(list.name.as_deref(), Some("ours"));
    }

    #[test]
    fn a_mistake_in_the_configuration_is_named() {
        let error =
            toml::from_str::<ListConfig>("path = 'a'\nreputation = 'unknown'").unwrap_err().to_string();
        assert!(error.contains("expected info, safe, suspicious or malicious"), "{error}");
        let error = toml::from_str::<ListConfig>("path = 'a'\nrep = 'safe'").unwrap_err().to_string();
        assert!(error.contains("unknown field `rep`"), "{error}");
    }

    #[test]
    fn a_problem_says_where_and_what_to_do() {
        let problem = ListProblem {
            path: "lists/a.txt".into(),
            line: Some(3),
            reason: "\"??\" is no indicator".into(),
            hint: "put a # before comments",
        };
        assert_eq!(
            problem.to_string(),
            "lists/a.txt:3: \"??\" is no indicator\nhint: put a # before comments"
        );
    }
}
