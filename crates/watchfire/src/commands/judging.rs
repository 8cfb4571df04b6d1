//! Judges inputs, asks services and a model about what was found, and judges once more with what they said.

use super::{asking, services};
use crate::config::Settings;
use crate::exit::{Problem, Status};
use crate::terminal::{self, ProgressMode};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use watchfire_engine::{
    AskProgress, Asked, Asker, EnrichProgress, Enriched, Enricher, Input, Output, Progress, ReputationCache,
    Summary, Triage, Wanted, triage,
};
use watchfire_flow::{Clock, SystemClock};
use watchfire_intel::Intel;
use watchfire_judge::{Asking, Ground, tame};
use watchfire_signal::read::Mapping;
use watchfire_store::Store;

/// How often alerts are judged and asked about in turn, at most; the next run asks what is left.
const ROUNDS: u32 = 10;

/// Who may be asked.
#[derive(Debug, Default)]
pub(super) struct Askable<'a> {
    /// A model of the settings, by its name.
    pub(super) llm: Option<&'a str>,
    /// Whether nobody outside is asked.
    pub(super) offline: bool,
    /// Whether it is only said what asking would take.
    pub(super) dry_run: bool,
}

/// What alerts are judged by.
pub(super) struct Materials {
    pub(super) ground: Ground,
    pub(super) mappings: Arc<[Mapping]>,
    pub(super) intel: Intel,
}

/// Everything that judging takes.
pub(super) struct Judging<'j> {
    settings: &'j Settings,
    store: &'j Store,
    ground: Ground,
    mappings: Arc<[Mapping]>,
    reputations: ReputationCache,
    enricher: Option<Enricher>,
    asker: Option<Asker>,
    dry_run: bool,
    mode: ProgressMode,
    jobs: usize,
    clock: Arc<dyn Clock>,
}

impl<'j> Judging<'j> {
    /// Makes ready who may be asked; nobody is asked yet.
    pub(super) fn new(
        settings: &'j Settings,
        store: &'j Store,
        materials: Materials,
        askable: &Askable<'_>,
        mode: ProgressMode,
        jobs: usize,
    ) -> Result<Self, Problem> {
        let Materials { ground, mappings, intel } = materials;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let seed = u64::try_from(clock.unix_millis()).unwrap_or(0);
        let enricher =
            if askable.offline { None } else { services::enricher(settings, seed, askable.dry_run)? };
        let asker = askable
            .llm
            .map(|name| asking::asker(settings, store, name, seed, askable.dry_run))
            .transpose()?;
        let mut reputations = ReputationCache::open(intel, store)?;
        // What was answered before holds also for a run that asks nobody, and so does what articles warned of.
        if !settings.intel.services.is_empty() || store.has_service_answers()? {
            reputations = reputations.with_services(store, clock.unix_millis())?;
        }
        Ok(Self {
            settings,
            store,
            ground,
            mappings,
            reputations,
            enricher,
            asker,
            dry_run: askable.dry_run,
            mode,
            jobs,
            clock,
        })
    }

    /// Judges the inputs, each time anew from its beginning; alerts are written the last time.
    pub(super) fn run(
        &self,
        inputs: Vec<Input>,
        output: Option<(Output, &mut (dyn Write + Send))>,
    ) -> Result<Summary, Problem> {
        if self.enricher.is_none() && self.asker.is_none() {
            if self.dry_run {
                terminal::note(
                    "there is nobody to ask: name a model with --llm, or services in the settings",
                );
            }
            return self.judge(&inputs, Asking::Nobody, None, output);
        }
        // What is asked about is judged again once the answers are here, and a pipe can be read only once.
        let copies = tempfile::tempdir().map_err(|error| {
            Problem::from_error(Status::Failed, &error, "is there a folder for temporary files? set TMPDIR")
        })?;
        let inputs = repeatable(inputs, copies.path())?;
        let Some(enricher) = &self.enricher else { return self.ask_model(&inputs, None, output) };
        let wanted = Wanted::new();
        let first = self.judge(&inputs, Asking::Nobody, Some(&wanted), None)?;
        let enriched = if self.dry_run {
            services::tell_forecast(&enricher.forecast(&self.reputations, &wanted));
            Enriched::default()
        } else {
            let progress = EnrichProgress::new();
            terminal::with_enrich_progress(self.mode, &progress, || {
                enricher.ask(self.store, &self.reputations, &wanted, &self.clock, &progress)
            })?
        };
        self.ask_model(&inputs, Some((first, enriched)), output)
    }

    /// Asks the model, if there is one, and judges for the last time. `before` is what came of services.
    fn ask_model(
        &self,
        inputs: &[Input],
        before: Option<(Summary, Enriched)>,
        output: Option<(Output, &mut (dyn Write + Send))>,
    ) -> Result<Summary, Problem> {
        let enriched = |summary: Summary| match before {
            Some((first, enriched)) => summary.after_enriching(&first, enriched),
            None => summary,
        };
        let Some(asker) = &self.asker else {
            return Ok(enriched(self.judge(inputs, Asking::Nobody, None, output)?));
        };
        let mark = asker.mark();
        let first = enriched(self.judge(inputs, Asking::Model(Arc::clone(&mark)), None, None)?);
        let asked = if self.dry_run {
            asking::tell_quote(asker, &asker.quote(self.store)?, first.judged);
            Asked::default()
        } else {
            self.ask_in_rounds(asker, inputs, &mark)?
        };
        if asked.in_batches > 0 && self.mode != ProgressMode::Silent {
            terminal::note(&format!(
                "{} questions are with the provider, in batches: run the same command again for their answers \
                 (`watchfire batches list` shows what is on its way)",
                terminal::grouped(asked.in_batches)
            ));
        }
        Ok(self.judge(inputs, Asking::Asked(mark), None, output)?.after_asking(&first, asked))
    }

    /// Asks what is open. Until they were asked, models were taken to confirm what they said before; where an answer
    /// contradicts that, other alerts become worth asking about, and these are asked about in the next round.
    fn ask_in_rounds(&self, asker: &Asker, inputs: &[Input], mark: &Arc<str>) -> Result<Asked, Problem> {
        let mut all = Asked::default();
        for _ in 0..ROUNDS {
            let progress = Arc::new(AskProgress::new());
            let asked = terminal::with_ask_progress(self.mode, &asker.model, &progress, || {
                if all.questions == 0 {
                    asker.ask(self.store, &self.clock, &progress)
                } else {
                    asker.ask_more(self.store, &self.clock, &progress, &all)
                }
            })?;
            let is_over = asked.answered == 0 || asked.in_batches > 0 || !asked.stopped.is_empty();
            all = all.and(asked);
            if is_over {
                break;
            }
            self.judge(inputs, Asking::Model(Arc::clone(mark)), None, None)?;
            if self.store.question_count()? <= all.open {
                break;
            }
        }
        Ok(all)
    }

    fn judge(
        &self,
        inputs: &[Input],
        asking: Asking,
        wanted: Option<&Wanted>,
        output: Option<(Output, &mut (dyn Write + Send))>,
    ) -> Result<Summary, Problem> {
        let progress = Progress::new();
        let history = Settings::history(self.store)?;
        let learned = self.settings.learning.learned(self.store)?;
        let output = output.map(|(output, writer)| (output, writer as &mut (dyn Write + Send)));
        let outcome = terminal::with_progress(self.mode, &progress, &self.reputations, || {
            triage(Triage {
                inputs: inputs.to_vec(),
                jobs: self.jobs,
                limits: self.settings.limits(),
                mappings: Arc::clone(&self.mappings),
                ground: self.ground.clone(),
                asking,
                history,
                reuse: self.settings.reuse.policy(),
                learned,
                reputations: &self.reputations,
                wanted,
                store: self.store,
                keep_raw: self.settings.store.keep_raw,
                output,
                clock: &*self.clock,
                progress: &progress,
            })
        });
        Ok(outcome?)
    }
}

/// The inputs, with copies of those that can be read only once.
fn repeatable(inputs: Vec<Input>, folder: &Path) -> Result<Vec<Input>, Problem> {
    let copied = inputs.into_iter().enumerate().map(|(index, input)| {
        let name = input.name();
        input.repeatable(&PathBuf::from(folder).join(index.to_string())).map_err(|error| {
            Problem::new(
                Status::Failed,
                format!("{}: {error}", tame(&name, 300)),
                "is there room for a copy? set TMPDIR",
            )
        })
    });
    copied.collect()
}
