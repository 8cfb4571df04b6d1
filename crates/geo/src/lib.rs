//! Where a text speaks of: place names found in it, and which place on earth each of them means.
//!
//! Offline and without a model: a compact gazetteer made of [GeoNames](https://www.geonames.org/) (CC BY 4.0) is matched
//! against the text, weighed cues tell places from people and plain words, and all names of a text are resolved together.
//! A language model does the first step better where one is at hand; then [`Geoparser::resolve`] takes its names and does
//! the second.

pub mod corpus;
mod cue;
mod evaluate;
pub mod fold;
mod gazetteer;
pub mod nominatim;
mod observe;
pub mod pack;
mod parser;
mod place;
mod resolve;
mod spans;
mod token;
mod words;

pub use cue::Cue;
pub use evaluate::{Miss, MissKind, NEAR_KM, Recognition, Scores, evaluate};
pub use gazetteer::{Gazetteer, GazetteerError};
pub use parser::{Context, Geoparser, MAX_MENTIONS, Mention, Resolved, Weighed};
pub use place::{Place, PlaceId, PlaceKind, distance_km};
