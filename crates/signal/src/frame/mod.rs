//! Cuts bytes into records.
