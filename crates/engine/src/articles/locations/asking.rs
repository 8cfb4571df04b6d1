//! One batch: asked about, in halves where it must be, found on the map, and stored.

use super::super::Shared;
use super::super::intake::embedded_places;
use super::{Locator, PATIENCE};
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
    /// Nothing is stored; it is tried again later.
    Later,
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
        let texts = self.blocking(move |shared| shared.texts_of(&waiting)).await?;
        // What was tried too often is placed without asking.
        let (given_up, asked): (Vec<_>, Vec<_>) =
            texts.into_iter().zip(batch.iter()).partition(|(_, one)| Self::is_tried_out(one));
        let questions =
            asked.iter().map(|((id, title, text), _)| PlaceQuestion::new(id.0, title, text)).collect();
        let found = {
            let _turn = locator.turn.lock().await;
            let line = self.line(locator, breaker, progress)?;
            let found = tracing::Instrument::instrument(self.ask(locator, &line, questions, rng), span).await;
            line.gates.close(&self.store, &self.clock)?;
            found?
        };
        let Some(found) = found else {
            let failed: Vec<ArticleId> = asked.iter().map(|((id, ..), _)| *id).collect();
            self.blocking(move |shared| Ok(shared.store.articles().location_failed(&failed)?)).await?;
            return Ok(Outcome::Later);
        };
        let mut located: Vec<(ArticleId, Vec<PlaceRow>)> = Vec::with_capacity(asked.len());
        let mut embedded: Vec<(ArticleId, String, String)> =
            given_up.into_iter().map(|(text, _)| text).collect();
        let mut clock = locator.geocoder.begin();
        for (text, _) in asked {
            match found.get(&text.0.0) {
                Some(places) => located.push((text.0, clock.find(self, &places.places).await?)),
                None => embedded.push(text),
            }
        }
        let count = embedded.len();
        self.blocking(move |shared| {
            let embedded = embedded.iter().map(|(id, title, text)| (*id, title.as_str(), text.as_str()));
            located.extend(embedded_places(shared.extractor(), embedded)?);
            // Where an article is may be why it matters. It leaves the queue last.
            shared.score_located(&located)?;
            shared.store.articles().located(&located)?;
            shared.lists.changed();
            Ok(())
        })
        .await?;
        self.gave_up(count);
        Ok(Outcome::Placed)
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

    /// Asks about articles; what fails together is asked about in halves, then alone. `None` if the model can't be asked now.
    /// An article that is missing from the answer could not be placed by it.
    async fn ask(
        &self,
        locator: &Locator,
        line: &Line,
        questions: Vec<PlaceQuestion>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<HashMap<i64, Places>>, EngineError> {
        let mut found = HashMap::new();
        let size = locator.batch.size;
        let mut packs: Vec<PlacePack> = place_packs(questions, size, rng);
        packs.reverse();
        while let Some(pack) = packs.pop() {
            let prompt = place_prompt(&pack, &locator.asker.model, locator.asker.tier);
            let items = u32::try_from(pack.len()).unwrap_or(u32::MAX);
            let called = line.ask(&prompt, items, 0, rng).await;
            self.store.put_service_answer(None, &called.ledger)?;
            match called.outcome {
                Ok(completion) => {
                    let answers = read_places(&pack, &completion.text);
                    let mut again = Vec::new();
                    let mut asked: HashMap<i64, PlaceQuestion> = HashMap::new();
                    let is_alone = pack.len() == 1;
                    for question in pack.into_questions() {
                        asked.insert(question.id(), question);
                    }
                    for (id, answer) in answers {
                        match answer {
                            Ok(places) => drop(found.insert(id, places)),
                            Err(_) if is_alone => {}
                            Err(_) => again.extend(asked.remove(&id)),
                        }
                    }
                    // Fewer together may be understood.
                    let fewer = again.len().div_ceil(2).max(1);
                    packs.extend(place_packs(again, fewer, rng));
                }
                Err(failure) => match failure.advice() {
                    Advice::Split => {
                        if let Ok((first, second)) = pack.halves(rng) {
                            packs.extend([second, first]);
                        }
                    }
                    Advice::Retry(_) | Advice::Pause(..) | Advice::Stop => {
                        tracing::warn!(failure = %watchfire_judge::tame(&failure.to_string(), 300), "places can't be asked for now");
                        return Ok(None);
                    }
                },
            }
        }
        Ok(Some(found))
    }
}
