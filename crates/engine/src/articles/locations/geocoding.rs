//! Names on the map: from the built-in gazetteer, or from a service that speaks as Nominatim does, within a total time.
//!
//! A service is asked for each name once, ever: answers are kept. It allows one request a second, so a batch's time buys so
//! many names; the gazetteer finds the rest, and what the service does not know or does not answer.

use super::super::Shared;
use crate::error::EngineError;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use watchfire_flow::{Ask, Budget};
use watchfire_geo::nominatim::{NominatimQuery, NominatimRetry, nominatim_url, read_nominatim};
use watchfire_geo::{Context, Gazetteer, Geoparser};
use watchfire_http::{Http, Request};
use watchfire_llm::Place;
use watchfire_store::articles::PlaceRow;

/// What finds names on the map.
pub struct Geocoder {
    /// How long a batch may take in all.
    pub total: Duration,
    /// A service; the gazetteer alone, if there is none.
    pub service: Option<GeocodingService>,
}

/// A service that speaks as Nominatim does.
pub struct GeocodingService {
    /// How it is reached.
    pub http: Arc<dyn Http>,
    /// Where it is.
    pub url: String,
    /// Who asks: its policy wants to know.
    pub user_agent: String,
    /// How often it may be asked.
    pub budget: Budget,
    /// Why it is not asked any more.
    pub stopped: Mutex<Option<String>>,
}

/// What a service said of a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    name: String,
    latitude: f64,
    longitude: f64,
    country: String,
}

impl Geocoder {
    /// Begins a batch: its time runs from now.
    pub(super) fn begin(&self) -> Geocoding<'_> {
        Geocoding { geocoder: self, until: Instant::now() + self.total }
    }
}

/// The geocoding of one batch.
pub(super) struct Geocoding<'g> {
    geocoder: &'g Geocoder,
    until: Instant,
}

impl Geocoding<'_> {
    /// Where the places of one article are; what nobody knows is left out.
    pub(super) async fn find(
        &mut self,
        shared: &Arc<Shared>,
        places: &[Place],
    ) -> Result<Vec<PlaceRow>, EngineError> {
        let mut rows = Vec::with_capacity(places.len());
        let mut left = Vec::new();
        for place in places {
            match self.ask(shared, place).await? {
                Some(row) => push(&mut rows, row),
                None => left.push(place.clone()),
            }
        }
        if !left.is_empty() {
            let found = shared.blocking(move |_| embedded(&left)).await?;
            for row in found {
                push(&mut rows, row);
            }
        }
        Ok(rows)
    }

    /// What the service says, now or before. `None` if it does not know, is not there, or has no time left.
    async fn ask(&self, shared: &Arc<Shared>, place: &Place) -> Result<Option<PlaceRow>, EngineError> {
        let Some(service) = &self.geocoder.service else { return Ok(None) };
        let name = match &place.admin {
            Some(admin) => format!("{}, {admin}", place.name),
            None => place.name.clone(),
        };
        let countries: Vec<&str> = place.country.as_deref().into_iter().collect();
        let query = NominatimQuery { name: &name, countries: &countries, language: Some("en"), limit: 1 };
        let Ok(url) = nominatim_url(&service.url, &query) else { return Ok(None) };
        if let Some((kept, _)) = shared.store.articles().geocoder_answer(&url)? {
            let kept: Option<Kept> = serde_json::from_str(&kept).ok().flatten();
            return Ok(kept.map(row));
        }
        let is_stopped = service.stopped.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_stopped || Instant::now() >= self.until {
            return Ok(None);
        }
        let Ok(slot) = service.budget.acquire(Ask { deadline: Some(self.until), ..Ask::default() }).await
        else {
            return Ok(None);
        };
        let request = Request::get(&url).header("user-agent", &service.user_agent);
        let left = self.until.saturating_duration_since(Instant::now());
        let sent = timeout_at(self.until, service.http.send(request.timeout(left))).await;
        let Ok(Ok(response)) = sent else {
            // It may have arrived: the slot comes back when the longest flight is over.
            drop(slot);
            return Ok(None);
        };
        slot.settle(watchfire_flow::Spent::default());
        let kept = match read_nominatim(response.status, &response.body) {
            Ok(candidates) => candidates.into_iter().next().map(|found| Kept {
                name: found.name,
                latitude: found.latitude,
                longitude: found.longitude,
                country: found.country.unwrap_or_default(),
            }),
            Err(error) => {
                match error.retry() {
                    NominatimRetry::Never => {}
                    NominatimRetry::After(wait) => service.budget.pause(wait),
                    NominatimRetry::Stop => {
                        tracing::error!(%error, "the geocoder is not asked any more");
                        let mut stopped = service.stopped.lock().unwrap_or_else(PoisonError::into_inner);
                        stopped.get_or_insert(error.to_string());
                    }
                }
                return Ok(None);
            }
        };
        let answer = serde_json::to_string(&kept).unwrap_or_else(|_| "null".to_owned());
        let now = shared.clock.unix_millis();
        shared.store.articles().put_geocoder_answers(&[(url, answer)], now)?;
        Ok(kept.map(row))
    }
}

fn row(kept: Kept) -> PlaceRow {
    PlaceRow {
        place: number(kept.latitude, kept.longitude),
        name: kept.name,
        latitude: kept.latitude,
        longitude: kept.longitude,
        country: kept.country,
    }
}

/// A number for a place that the gazetteer has none for: below 0, the same for the same hundred metres.
fn number(latitude: f64, longitude: f64) -> i64 {
    let (north, east) = (((latitude + 90.0) * 1000.0) as i64, ((longitude + 180.0) * 1000.0) as i64);
    -1 - (north * 1_000_000 + east)
}

fn push(rows: &mut Vec<PlaceRow>, row: PlaceRow) {
    if !rows.iter().any(|known| known.place == row.place) {
        rows.push(row);
    }
}

/// Where the gazetteer has them; the names of an article explain each other.
fn embedded(places: &[Place]) -> Result<Vec<PlaceRow>, EngineError> {
    let gazetteer = Gazetteer::embedded().map_err(|_| EngineError::Corrupt("gazetteer"))?;
    let parser = Geoparser::new(gazetteer);
    let names: Vec<String> = places
        .iter()
        .map(|place| match &place.admin {
            Some(admin) => format!("{}, {admin}", place.name),
            None => place.name.clone(),
        })
        .collect();
    let resolved = parser.resolve(&names, &Context::default());
    let mut rows = Vec::new();
    for (place, resolved) in places.iter().zip(resolved) {
        let in_country = |found: &watchfire_geo::Place| {
            place.country.as_deref().is_none_or(|code| found.country.as_deref() == Some(code))
        };
        let best = resolved.map(|resolved| resolved.place).filter(in_country).or_else(|| {
            // The model says which country; the largest of the name in it.
            let named = gazetteer.places_named(&place.name);
            named.into_iter().filter(in_country).max_by_key(|found| found.population)
        });
        let Some(found) = best else { continue };
        rows.push(PlaceRow {
            place: i64::from(found.id.number()),
            name: found.name,
            latitude: found.latitude,
            longitude: found.longitude,
            country: found.country.unwrap_or_default(),
        });
    }
    Ok(rows)
}
