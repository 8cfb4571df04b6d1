//! One batch: asked about, in halves where it must be, found on the map, and stored.

use super::super::Shared;
use super::super::intake::embedded_places;
use super::{ATTEMPTS, Locator, PATIENCE};
use crate::asking::{AskProgress, Line};
use crate::error::EngineError;
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::sync::Arc;
use watchfire_flow::{Batch, Breaker};
use watchfire_llm::{Advice, PlacePack, PlaceQuestion, Places, place_packs, place_prompt, read_places};
use watchfire_store::articles::{ArticleId, PlaceRow, WaitingLocation};

/// What became of a batch.
pub(super) enum Outcome {
    /// All of it is placed and stored.
    Placed,
    /// Some of it changed while it was asked about, and is to be asked about as it is now.
    Changed,
    /// The model can't be asked now. What it said before that is stored; the rest is tried again later.
    Later,
}

/// What a model said.
struct Said {
    /// Places, by article. Who is missing could not be placed by it.
    found: HashMap<i64, Places>,
    /// Why it could not be asked to the end.
    stopped: Option<Stopped>,
}

/// Why a model could not be asked to the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    /// It was not called, or says that it is too much now. That is no fault of the articles.
    NotNow,
    /// It was called and failed.
    Failed,
}

/// An article on its way to its places.
struct Asked {
    id: ArticleId,
    attempts: u32,
    title: String,
    text: String,
}

impl Shared {
    /// Finds the places of a batch's articles. Dropping the future loses the call that is on its way and no article.
    pub(super) async fn place_batch(
        self: &Arc<Self>,
        locator: &Locator,
        breaker: &Breaker,
        progress: &Arc<AskProgress>,
        batch: &Batch<WaitingLocation>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Outcome, EngineError> {
        let waiting: Vec<WaitingLocation> = batch.iter().copied().collect();
        let span = tracing::debug_span!("places", articles = waiting.len());
        let waiting = self.blocking(move |shared| shared.still_waiting(&waiting)).await?;
        if waiting.is_empty() {
            return Ok(Outcome::Placed);
        }
        // What was tried too often is placed without asking.
        let (mut embedded, asked): (Vec<Asked>, Vec<Asked>) =
            waiting.into_iter().partition(|one| one.attempts >= ATTEMPTS);
        let questions = asked.iter().map(|one| PlaceQuestion::new(one.id.0, &one.title, &one.text)).collect();
        let said = {
            let _turn = locator.turn.lock().await;
            let line = self.line(locator, breaker, progress)?;
            let said = tracing::Instrument::instrument(self.ask(locator, &line, questions, rng), span).await;
            line.gates.close(&self.store, &self.clock)?;
            said?
        };
        let mut located: Vec<(Asked, Vec<PlaceRow>)> = Vec::with_capacity(asked.len());
        let mut failed: Vec<ArticleId> = Vec::new();
        let mut clock = locator.geocoder.begin();
        for one in asked {
            match said.found.get(&one.id.0) {
                Some(places) => {
                    let places = clock.find(self, &places.places).await?;
                    located.push((one, places));
                }
                None if said.stopped.is_some() => failed.push(one.id),
                None => embedded.push(one),
            }
        }
        let stopped = said.stopped;
        let (changed, given_up) = self
            .blocking(move |shared| {
                if stopped == Some(Stopped::Failed) {
                    shared.store.articles().location_failed(&failed)?;
                }
                shared.store_places(located, embedded)
            })
            .await?;
        self.gave_up(given_up);
        Ok(match stopped {
            Some(_) => Outcome::Later,
            None if changed => Outcome::Changed,
            None => Outcome::Placed,
        })
    }

    /// What of these waits still, as the store has it now: how often it was tried, and what it says. Those that are gone
    /// are left out.
    fn still_waiting(&self, batch: &[WaitingLocation]) -> Result<Vec<Asked>, EngineError> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(Vec::new()) };
        // A batch is a stretch of the queue, in order.
        let limit = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let rows = self.store.articles().waiting_locations(first.number - 1, limit)?;
        let mut waiting = Vec::with_capacity(rows.len());
        for row in rows.into_iter().take_while(|row| row.number <= last.number) {
            let Some((title, text)) = self.text_of(row.article)? else { continue };
            waiting.push(Asked { id: row.article, attempts: row.attempts, title, text });
        }
        Ok(waiting)
    }

    /// Stores the places that were found, and finds those of the others in the gazetteer. What changed meanwhile is left
    /// waiting: its places would be those of what it said before. Says whether there is such, and how many the gazetteer
    /// placed.
    fn store_places(
        &self,
        located: Vec<(Asked, Vec<PlaceRow>)>,
        mut embedded: Vec<Asked>,
    ) -> Result<(bool, usize), EngineError> {
        let count = located.len() + embedded.len();
        let mut rows = Vec::with_capacity(located.len());
        for (one, places) in located {
            if self.says_the_same(&one)? {
                rows.push((one.id, places));
            }
        }
        let mut same = Vec::with_capacity(embedded.len());
        for one in embedded.drain(..) {
            if self.says_the_same(&one)? {
                same.push(one);
            }
        }
        let texts = same.iter().map(|one| (one.id, one.title.as_str(), one.text.as_str()));
        rows.extend(embedded_places(self.extractor(), texts)?);
        if !rows.is_empty() {
            // Where an article is may be why it matters. It leaves the queue last.
            self.score_located(&rows)?;
            self.store.articles().located(&rows)?;
            self.lists.changed();
        }
        Ok((rows.len() < count, same.len()))
    }

    fn says_the_same(&self, one: &Asked) -> Result<bool, EngineError> {
        let now = self.text_of(one.id)?;
        // What is gone is passed over by whoever stores.
        Ok(now.is_none_or(|(title, text)| title == one.title && text == one.text))
    }

    fn line(
        &self,
        locator: &Locator,
        breaker: &Breaker,
        progress: &Arc<AskProgress>,
    ) -> Result<Line, EngineError> {
        let gates = self.gates_for(&locator.asker, breaker)?;
        let mut line = locator.asker.line_through(gates, &self.store, &self.clock, progress, 0)?;
        line.patience = PATIENCE;
        Ok(line)
    }

    /// Asks about articles; what fails together is asked about in halves, then alone.
    async fn ask(
        &self,
        locator: &Locator,
        line: &Line,
        questions: Vec<PlaceQuestion>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Said, EngineError> {
        let mut found = HashMap::new();
        let size = locator.batch.size;
        let mut packs: Vec<PlacePack> = place_packs(questions, size, rng);
        packs.reverse();
        while let Some(pack) = packs.pop() {
            let prompt = place_prompt(&pack, &locator.asker.model, locator.asker.tier);
            let items = u32::try_from(pack.len()).unwrap_or(u32::MAX);
            let called = line.ask(&prompt, items, 0, rng).await;
            self.store.put_service_answers(&[], &called.ledger)?;
            match called.outcome {
                Ok(completion) => {
                    let answers = read_places(&pack, &completion.text);
                    let mut again = Vec::new();
                    let is_alone = pack.len() == 1;
                    let mut asked: HashMap<i64, PlaceQuestion> =
                        pack.into_questions().into_iter().map(|question| (question.id(), question)).collect();
                    for (id, answer) in answers {
                        match answer {
                            Ok(places) => drop(found.insert(id, places)),
                            Err(_) if is_alone => {}
                            Err(_) => again.extend(asked.remove(&id)),
                        }
                    }
                    // Fewer together may be understood.
                    let fewer = again.len().div_ceil(2).max(1);
                    packs.extend(place_packs(again, fewer, rng).into_iter().rev());
                }
                Err(failure) => {
                    let stopped = match failure.advice() {
                        Advice::Split => {
                            if let Ok((first, second)) = pack.halves(rng) {
                                packs.extend([second, first]);
                            }
                            continue;
                        }
                        Advice::Retry(_) | Advice::Stop if called.tries.calls > 0 => Stopped::Failed,
                        Advice::Retry(_) | Advice::Stop | Advice::Pause(..) => Stopped::NotNow,
                    };
                    tracing::warn!(failure = %watchfire_judge::tame(&failure.to_string(), 300), "places can't be asked for now");
                    return Ok(Said { found, stopped: Some(stopped) });
                }
            }
        }
        Ok(Said { found, stopped: None })
    }
}
