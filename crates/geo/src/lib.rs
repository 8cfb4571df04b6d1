//! Where a text speaks of: place names found in it, and which place on earth each of them means.

pub mod fold;
mod gazetteer;
pub mod pack;
mod place;

pub use gazetteer::{Gazetteer, GazetteerError};
pub use place::{Place, PlaceId, PlaceKind, distance_km};
