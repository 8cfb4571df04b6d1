//! Asking a model which places articles are about.
//!
//! One question a call would be slow and dear: the instructions are longer than most articles. So articles share a request
//! ([`PlacePack`]), each under an id that nobody outside can guess. What an article says is its author's, who may be
//! anybody: it is bounded ([`PlaceQuestion`]), it goes into the prompt as strings of JSON and nowhere near the
//! instructions ([`place_prompt`]), and of the answer only that counts which the article itself bears out
//! ([`read_places`]): a place whose name does not stand in the article is dropped. So text that talks the model into
//! something can at most add a name that it says itself.
//!
//! Coordinates are not asked for: models make them up. Where a name lies is for a gazetteer to say; the country and the
//! region that the model gives are hints to choose among places of one name.
//!
//! The providers' own modules turn the prompt into requests, as they do for alerts; [`ask_for_places`] and
//! [`hear_places`] are both ends of a call for those who send it themselves.

mod answer;
mod call;
mod occurrence;
mod pack;
mod prompt;
mod question;

pub use answer::{MAX_PLACES, NoPlaces, Place, Places, Role, read_places};
pub use call::{PlaceCall, PlacesHeard, ask_for_places, hear_places};
pub use pack::{MAX_ARTICLES, PlacePack, place_packs};
pub use prompt::{place_prompt, place_prompt_hash};
pub use question::{MAX_ARTICLE, PlaceQuestion};
