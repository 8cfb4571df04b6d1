//! Both ends of a call that asks for places, for whoever sends it.

use super::{NoPlaces, PlacePack, Places, place_prompt, read_places};
use crate::{Failure, Provider, Tier, Usage};
use watchfire_http::{Request, Response};

/// A call that is ready to be sent.
#[derive(Debug, Clone)]
pub struct PlaceCall {
    /// What to send.
    pub request: Request,
    /// What it will use at most, as far as can be told before: input from above, output as it is bounded.
    pub estimate: Usage,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacesHeard {
    /// Each article's id and its places, or why there are none to be believed, in the pack's order.
    pub answers: Vec<(i64, Result<Places, NoPlaces>)>,
    /// What the call used.
    pub usage: Usage,
    /// The model that answered, as the provider says.
    pub model: String,
    /// The tier that was billed.
    pub tier: Tier,
}

/// The call that asks this provider for the places of these articles.
pub fn ask_for_places(provider: &dyn Provider, model: &str, tier: Tier, pack: &PlacePack) -> PlaceCall {
    let prompt = place_prompt(pack, model, tier);
    PlaceCall { request: provider.request(&prompt), estimate: prompt.estimate() }
}

/// What the provider answered. A [`Failure`] is about the whole call: [`Failure::advice`] says whether to wait or to ask
/// in halves ([`PlacePack::halves`]), and [`Failure::usage`] what is billed all the same.
pub fn hear_places(
    provider: &dyn Provider,
    pack: &PlacePack,
    response: &Response,
) -> Result<PlacesHeard, Failure> {
    let completion = provider.read(response)?;
    Ok(PlacesHeard {
        answers: read_places(pack, &completion.text),
        usage: completion.usage,
        model: completion.model,
        tier: completion.tier,
    })
}

#[cfg(test)]
mod tests;
