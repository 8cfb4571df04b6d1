//! Where a text speaks of: place names found in it, and which place on earth each of them means.

pub mod nominatim;
