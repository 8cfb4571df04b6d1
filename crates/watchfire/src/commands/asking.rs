//! From `[llm.NAME]` in the settings to a model that can be asked.

use crate::config::{LimitSettings, LlmSettings, ProviderKind, Settings, TierSettings};
use crate::exit::{Problem, Status};
use crate::terminal::{self, grouped, path_name};
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::{ASKER_PREFIX, Asker, Quote};
use watchfire_flow::{Backoff, BreakerSettings, BudgetConfig, Quota};
use watchfire_http::{Client, Pool};
use watchfire_judge::Network;
use watchfire_llm::{Anthropic, Dialect, Gemini, OpenAi, PackConfig, PriceTable, Provider, Pseudonyms, Tier};
use watchfire_store::Store;

/// The model of that name, ready to be asked. For a `dry_run` no key is needed.
pub(super) fn asker(
    settings: &Settings,
    store: &Store,
    name: &str,
    seed: u64,
    dry_run: bool,
) -> Result<Asker, Problem> {
    asker_with(settings, &store.secret("pseudonyms")?, name, seed, dry_run)
}

/// The same, with names replaced by this secret.
pub(super) fn asker_with(
    settings: &Settings,
    secret: &[u8; 32],
    name: &str,
    seed: u64,
    dry_run: bool,
) -> Result<Asker, Problem> {
    let network = Network::new(settings.network.internal.clone());
    let Some(llm) = settings.llm.get(name) else {
        let known: Vec<&str> = settings.llm.keys().map(String::as_str).collect();
        let hint = if known.is_empty() {
            "the settings name no model: add an [llm.NAME], see docs/llm.md".to_owned()
        } else {
            format!("the settings name: {}", known.join(", "))
        };
        return Err(Problem::usage(format!("there is no model {name:?} in the settings"), hint));
    };
    let key = if dry_run { String::new() } else { llm.key(name)? };
    let base_url = llm.base_url();
    let provider: Arc<dyn Provider> = match llm.provider {
        ProviderKind::Gemini => Arc::new(Gemini::new(base_url, key)),
        ProviderKind::OpenAi => Arc::new(OpenAi::new(base_url, key, Dialect::OpenAi)),
        ProviderKind::Moonshot => Arc::new(OpenAi::new(base_url, key, Dialect::Moonshot)),
        ProviderKind::Ollama => Arc::new(OpenAi::new(base_url, key, Dialect::Ollama)),
        ProviderKind::Anthropic => Arc::new(Anthropic::new(base_url, key, Anthropic::VERSION)),
    };
    let client = Client::new(&Pool::default()).map_err(|error| {
        Problem::from_error(Status::Failed, &error, "are the system's certificates in place?")
    })?;
    let timeout = Duration::from_secs_f64(llm.timeout_s);
    Ok(Asker {
        name: format!("{ASKER_PREFIX}{name}"),
        provider,
        http: Arc::new(client),
        model: llm.model.clone(),
        tier: match llm.tier {
            TierSettings::Standard => Tier::Standard,
            TierSettings::Flex => Tier::Flex,
            TierSettings::Batch => Tier::Batch,
        },
        limits: limits(llm, timeout),
        shared: None,
        pack: PackConfig { size: usize::from(llm.alerts_per_call), ..PackConfig::default() },
        concurrency: usize::from(llm.concurrency),
        timeout,
        patience: Duration::from_hours(24),
        batch_wait: Duration::from_secs_f64(llm.batch_wait_s),
        max_nano_usd: llm.max_usd_per_run.map(|usd| (usd * 1e9) as i64),
        max_nano_usd_per_day: llm.max_usd_per_day.map(|usd| (usd * 1e9) as i64),
        privacy: Some(Arc::new(Pseudonyms::new(secret, settings.privacy.clone(), move |address| {
            network.is_internal(address)
        }))),
        prices: Arc::new(prices(llm)?),
        breaker: BreakerSettings::default(),
        backoff: Backoff::default(),
        seed,
    })
}

fn limits(llm: &LlmSettings, timeout: Duration) -> BudgetConfig {
    let mut quotas: Vec<Quota> = llm.limits.iter().map(LimitSettings::quota).collect();
    quotas.push(Quota::Concurrency(u64::from(llm.concurrency)));
    // A call that we gave up on may arrive a little after that.
    BudgetConfig { quotas, longest_flight: timeout + Duration::from_secs(5), ..BudgetConfig::default() }
}

fn prices(llm: &LlmSettings) -> Result<PriceTable, Problem> {
    let Some(path) = &llm.prices else { return Ok(PriceTable::shipped()) };
    let text = std::fs::read_to_string(path).map_err(|error| {
        Problem::usage(format!("{}: {error}", path_name(path)), "prices names a TOML file")
    })?;
    PriceTable::with(Some(&text)).map_err(|error| {
        Problem::usage(
            format!("{}: {}", path_name(path), error.to_string().trim_end()),
            "tables of prices are described in docs/llm.md",
        )
    })
}

/// Says what asking would cost.
pub(super) fn tell_quote(asker: &Asker, quote: &Quote, judged: u64) {
    let cost = |questions: u64| -> String {
        match quote.nano_usd {
            Some(nano) if quote.questions > 0 => {
                format!("${:.4}", nano as f64 / 1e9 * questions as f64 / quote.questions as f64)
            }
            Some(_) => "$0".to_owned(),
            None => "no known price".to_owned(),
        }
    };
    terminal::write_err(&format!(
        "\n{}: {} questions would take {} calls, about {} tokens of input and at most {} of output.\n  \
         worst     {} (each of the {} alerts is asked about)\n  \
         expected  {} at most (these questions)\n  \
         best      $0 (everything is known by the next run)\nNothing was asked (--dry-run).\n",
        asker.model,
        grouped(quote.questions),
        grouped(quote.calls),
        grouped(quote.input_tokens),
        grouped(quote.output_tokens),
        cost(judged),
        grouped(judged),
        cost(quote.questions),
    ));
}
