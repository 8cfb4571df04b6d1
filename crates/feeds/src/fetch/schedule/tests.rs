//! What waits keep to.
