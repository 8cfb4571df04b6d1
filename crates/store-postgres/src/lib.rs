//! Users' measurements on PostgreSQL.
