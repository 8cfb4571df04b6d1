//! The service's promises, on a store in memory.
