//! The statements, and what makes each of them one.
//!
//! Names are `bytea`: PostgreSQL's `text` has no NUL, and orders by a collation, while names are compared by their bytes.
//!
//! The write is one upsert. For each row, in the order of the arrays:
//!
//! 1. A user of whom the writer knew something has to be there. The row is locked as it is looked for, so nobody takes it away
//!    before the next step: that would bring a removed user back.
//! 2. Where there is no row, it is inserted. Where there is one, also one that another instance inserted a moment
//!    ago, it is replaced if its version is the one that was worked from. The same write again finds its own version
//!    and value, and is answered as the first was.
//!
//! Rows are locked in the order of their names, since the caller sorts the arrays: so two instances that write the same users
//! wait for one another and never in a circle. This needs `READ COMMITTED`, where the upsert sees the latest version; with
//! more isolation, two writers would fail with serialization errors instead of a conflict.

/// The texts for one schema.
#[derive(Debug)]
pub(crate) struct Statements {
    /// `$1` names; gives name, version and value of those that are there.
    pub load: String,
    /// `$1` names in ascending order, `$2` versions that they are to have, `$3` values; gives name and version of those done.
    pub save: String,
    /// `$1` the name before the first one, `$2` how many; gives names.
    pub list: String,
    /// `$1` name; gives a row if there was one.
    pub remove: String,
}

impl Statements {
    /// For a schema's name that needs no quoting.
    pub fn of(schema: &str) -> Self {
        let table = format!("{schema}.measured_users");
        Self {
            load: format!("SELECT m.name, m.version, m.value FROM {table} m WHERE m.name = ANY ($1)"),
            save: format!(
                "INSERT INTO {table} AS m (name, version, value)
                 SELECT w.name, w.version, w.value FROM unnest($1, $2, $3) AS w (name, version, value)
                 WHERE w.version = 1
                     OR EXISTS (SELECT 1 FROM {table} k WHERE k.name = w.name FOR NO KEY UPDATE)
                 ON CONFLICT (name) DO UPDATE SET version = excluded.version, value = excluded.value
                 WHERE m.version = excluded.version - 1
                     OR (m.version = excluded.version AND m.value = excluded.value)
                 RETURNING m.name, m.version"
            ),
            list: format!("SELECT name FROM {table} WHERE name > $1 ORDER BY name LIMIT $2"),
            remove: format!("DELETE FROM {table} WHERE name = $1 RETURNING version"),
        }
    }
}
