//! Which files there are, and whether they are still the same.
//!
//! A survey is taken before lists are read and compared with a later one: a list has changed when its size or
//! modification time has, and the set of lists when a file has come or gone. Content is not looked at, so a look is
//! cheap enough for every few seconds.

use crate::config::{ListConfig, ListProblem};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use watchfire_signal::{Reputation, Timestamp};

/// Most list files.
pub(crate) const MAX_LISTS: usize = 256;

/// Largest list file, in bytes.
pub(crate) const MAX_FILE: u64 = 512 * 1024 * 1024;

/// Levels of folders that are looked into, the configured one included.
const MAX_LEVELS: usize = 3;

/// Most things in a folder.
const MAX_IN_FOLDER: usize = 4096;

/// All files that the configuration leads to, as they were at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub(crate) files: Vec<Origin>,
    /// Configured paths that lead nowhere.
    pub(crate) unreadable: Vec<(Origin, ListProblem)>,
    /// What was left out of folders.
    pub(crate) problems: Vec<ListProblem>,
}

/// Where a list comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) file: Arc<Path>,
    /// The name to show: from the configuration, or the folder's and the file's.
    pub(crate) name: String,
    /// Whether the configuration names it.
    pub(crate) is_named: bool,
    /// The file's name without its extension in lower case; the folder's if the file is called `list`, as MISP does.
    pub(crate) slug: String,
    pub(crate) reputation: Option<Reputation>,
    pub(crate) modified: Option<Timestamp>,
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Survey {
    /// Looks at the disk.
    pub(crate) fn take(config: &[ListConfig]) -> Self {
        let mut survey = Self::default();
        for list in config {
            match fs::metadata(&list.path) {
                Ok(metadata) if metadata.is_dir() => survey.folder(list, &list.path, 1),
                Ok(metadata) => survey.file(list, list.path.clone(), &metadata),
                Err(error) => survey.unreadable(list, &list.path, format!("can't be read: {error}")),
            }
        }
        if survey.files.len() > MAX_LISTS {
            let left_out = survey.files.split_off(MAX_LISTS);
            if let Some(first) = left_out.first() {
                survey.problems.push(ListProblem {
                    path: first.file.to_path_buf(),
                    line: None,
                    reason: format!(
                        "this and {} more files are left out: {MAX_LISTS} lists are the most",
                        left_out.len() - 1
                    ),
                    hint: "join small lists into one file",
                });
            }
        }
        survey
    }

    fn folder(&mut self, list: &ListConfig, folder: &Path, level: usize) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(list, folder, format!("can't be read: {error}")),
        };
        // One more than the most, to know whether there are more.
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).take(MAX_IN_FOLDER + 1).collect();
        if paths.len() > MAX_IN_FOLDER {
            paths.truncate(MAX_IN_FOLDER);
            self.problems.push(ListProblem {
                path: folder.to_path_buf(),
                line: None,
                reason: format!("more than {MAX_IN_FOLDER} things in one folder; the rest is left out"),
                hint: "keep lists in a folder of their own",
            });
        }
        paths.sort();
        for path in paths {
            if !is_list_name(&path) {
                continue;
            }
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && level < MAX_LEVELS => {
                    self.folder(list, &path, level + 1);
                }
                Ok(metadata) if metadata.is_file() => self.file(list, path, &metadata),
                Ok(_) => {}
                Err(error) => self.unreadable(list, &path, format!("can't be read: {error}")),
            }
        }
    }

    fn file(&mut self, list: &ListConfig, path: PathBuf, metadata: &fs::Metadata) {
        let mut origin = Origin::new(list, &path);
        if !metadata.is_file() {
            return self.unreadable(list, &path, "is neither a file nor a folder".into());
        }
        origin.bytes = metadata.len();
        origin.changed = metadata.modified().ok();
        origin.modified = origin.changed.and_then(|changed| {
            let since = changed.duration_since(UNIX_EPOCH).ok()?;
            Timestamp::from_millis(i64::try_from(since.as_millis()).ok()?)
        });
        self.files.push(origin);
    }

    fn unreadable(&mut self, list: &ListConfig, path: &Path, reason: String) {
        let hint = "check the path and its permissions; until then this list answers `failed`";
        let problem = ListProblem { path: path.to_path_buf(), line: None, reason, hint };
        self.unreadable.push((Origin::new(list, path), problem));
    }
}

impl Origin {
    fn new(list: &ListConfig, path: &Path) -> Self {
        let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let stem = text(path.file_stem());
        let within = path.strip_prefix(&list.path).ok().filter(|within| !within.as_os_str().is_empty());
        let name = match (within, &list.name) {
            (None, Some(name)) => name.clone(),
            (None, None) => stem.clone(),
            (Some(within), name) => {
                let folder = name.clone().unwrap_or_else(|| text(list.path.file_name()));
                format!("{folder}/{}", within.with_extension("").display())
            }
        };
        let slug = if stem == "list" { text(path.parent().and_then(Path::file_name)) } else { stem };
        Self {
            file: path.into(),
            name,
            is_named: list.name.is_some(),
            slug: slug.to_lowercase(),
            reputation: list.reputation,
            modified: None,
            bytes: 0,
            changed: None,
        }
    }

    /// Reads the file, up to the bound.
    pub(crate) fn read(&self) -> Result<Vec<u8>, ListProblem> {
        let problem = |reason, hint| ListProblem { path: self.file.to_path_buf(), line: None, reason, hint };
        let too_large = || {
            let reason = format!("larger than {} MiB", MAX_FILE / (1024 * 1024));
            problem(reason, "split the file")
        };
        if self.bytes > MAX_FILE {
            return Err(too_large());
        }
        let mut content = Vec::with_capacity(self.bytes as usize);
        // The file may have grown since it was looked at.
        File::open(&self.file)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut content))
            .map_err(|error| problem(format!("can't be read: {error}"), "check the file's permissions"))?;
        if content.len() as u64 > MAX_FILE { Err(too_large()) } else { Ok(content) }
    }

    /// The origin of a file that is not on disk.
    #[cfg(test)]
    pub(crate) fn of_test(file: &str) -> Self {
        let mut origin =
            Self::new(&ListConfig { path: file.into(), reputation: None, name: None }, Path::new(file));
        origin.modified = Timestamp::from_millis(1_700_000_000_000);
        origin
    }
}

/// Whether a file or folder with this name in a list folder can be a list.
fn is_list_name(path: &Path) -> bool {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().to_lowercase()) else { return false };
    let is_to_be_read =
        ["license", "licence", "readme", "copying", "notice"].iter().any(|word| name.starts_with(word));
    !name.starts_with('.')
        && !is_to_be_read
        && path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("md"))
}

#[cfg(test)]
mod tests {
    use super::Survey;
    use crate::config::ListConfig;
    use std::fs;
    use std::path::Path;

    fn config(path: &Path) -> ListConfig {
        ListConfig { path: path.to_path_buf(), reputation: None, name: None }
    }

    #[test]
    fn a_folder_is_searched_three_levels_deep_for_what_can_be_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lists");
        fs::create_dir_all(root.join("a/b/c")).unwrap();
        for file in [
            "x.txt",
            "LICENSE",
            "README",
            "notes.md",
            ".hidden",
            "a/list.json",
            "a/b/y.txt",
            "a/b/c/too-deep.txt",
        ] {
            fs::write(root.join(file), "").unwrap();
        }
        let survey = Survey::take(&[config(&root)]);
        let found: Vec<_> =
            survey.files.iter().map(|origin| (origin.name.as_str(), origin.slug.as_str())).collect();
        assert_eq!(found, [("lists/a/b/y", "y"), ("lists/a/list", "a"), ("lists/x", "x")]);
        assert!(survey.unreadable.is_empty() && survey.problems.is_empty());
    }

    #[test]
    fn a_configured_name_replaces_the_folder_or_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.txt"), "").unwrap();
        let named = |path: &Path| {
            let survey = Survey::take(&[ListConfig { name: Some("ours".into()), ..config(path) }]);
            survey.files[0].name.clone()
        };
        assert_eq!(named(folder.path()), "ours/x");
        assert_eq!(named(&folder.path().join("x.txt")), "ours");
    }

    #[test]
    fn more_lists_than_fit_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..260 {
            fs::write(folder.path().join(format!("{number:03}.txt")), "").unwrap();
        }
        let survey = Survey::take(&[config(folder.path())]);
        assert_eq!(survey.files.len(), 256);
        assert!(survey.problems[0].reason.starts_with("this and 3 more"), "{}", survey.problems[0].reason);
        assert!(survey.problems[0].path.ends_with("256.txt"));
    }

    #[test]
    fn a_file_beyond_the_bound_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.txt");
        fs::File::create(&file).unwrap().set_len(super::MAX_FILE + 1).unwrap();
        let problem = Survey::take(&[config(&file)]).files[0].read().unwrap_err();
        assert_eq!(problem.reason, "larger than 512 MiB");
    }

    #[test]
    fn a_path_that_leads_nowhere_is_a_problem_not_an_error() {
        let survey = Survey::take(&[config(Path::new("/no/such/list.txt"))]);
        assert!(survey.unreadable[0].1.reason.starts_with("can't be read"));
    }
}
