//! What a check over Redis costs.
fn main() {}
