//! The stand-in services as a program, for demos and for trying things by hand.

use clap::Parser;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use watchfire_standin::{Config, Provider, Quota, Standin, duration};

/// Speaks the wire formats of Gemini, OpenAI, Moonshot, Anthropic, AbuseIPDB, VirusTotal, OTX, GreyNoise, URLhaus,
/// ThreatFox and Nominatim, and enforces their limits by arrival.
#[derive(Debug, Parser)]
#[command(name = "watchfire-standin", version)]
struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8089")]
    listen: String,
    /// A TOML file with everything that can be set
    #[arg(long)]
    config: Option<PathBuf>,
    /// Requests in any window, for all providers (15/6s) or for one (gemini=15/6s)
    #[arg(long)]
    limit: Vec<String>,
    /// Tokens in any window, likewise
    #[arg(long)]
    tokens: Vec<String>,
    /// How long an answer takes: 200ms or 200ms..1s
    #[arg(long)]
    latency: Option<String>,
    /// Where all chance comes from
    #[arg(long)]
    seed: Option<u64>,
    /// The key that every provider accepts
    #[arg(long)]
    key: Option<String>,
    /// Take any model; those without a price are free
    #[arg(long)]
    any_model: bool,
    /// Follow instructions that stand in the alerts or articles
    #[arg(long)]
    obey_injections: bool,
    /// Answer this share of alerts and articles in other words than usual; asked again, they are drawn anew
    #[arg(long, value_name = "SHARE")]
    fickle: Option<f64>,
}

fn main() -> ExitCode {
    let told = |text: &str| {
        // A closed standard error is no reason to stop.
        let _ = writeln!(std::io::stderr(), "{text}");
    };
    let arguments = Arguments::parse();
    let config = match config(&arguments) {
        Ok(config) => config,
        Err(message) => {
            told(&format!("error: {message}"));
            return ExitCode::from(2);
        }
    };
    let key = config.key.clone();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            told(&format!("error: no runtime: {error}"));
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(async {
        let running = match Standin::listen(&arguments.listen, config).await {
            Ok(running) => running,
            Err(error) => {
                told(&format!("error: {error}"));
                return ExitCode::FAILURE;
            }
        };
        let url = &running.base_url;
        told(&format!(
            "standing in at {url} (Moonshot at {url}/moonshot), key {key:?}; tally at {url}/__standin/tally"
        ));
        if tokio::signal::ctrl_c().await.is_err() {
            // Without signals, it runs until it is killed.
            std::future::pending::<()>().await;
        }
        let tally = serde_json::to_string_pretty(&running.tally()).unwrap_or_default();
        running.stop().await;
        let _ = writeln!(std::io::stdout(), "{tally}");
        ExitCode::SUCCESS
    })
}

fn config(arguments: &Arguments) -> Result<Config, String> {
    let mut config = match &arguments.config {
        None => Config::default(),
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    let (all, some) = quotas(&arguments.limit)?;
    config.default_limits.requests = all.or(config.default_limits.requests);
    for (provider, quota) in some {
        let default = config.default_limits.clone();
        config.limits.entry(provider).or_insert(default).requests = Some(quota);
    }
    let (all, some) = quotas(&arguments.tokens)?;
    config.default_limits.tokens = all.or(config.default_limits.tokens);
    for (provider, quota) in some {
        let default = config.default_limits.clone();
        config.limits.entry(provider).or_insert(default).tokens = Some(quota);
    }
    if let Some(latency) = &arguments.latency {
        let (least, most) = latency.split_once("..").unwrap_or((latency, latency));
        let read = |text| duration(text).map_err(|error| error.to_string());
        let bounds = [milliseconds(read(least)?), milliseconds(read(most)?)];
        config.behaviour.latency_ms = bounds;
        for behaviour in config.behaviours.values_mut() {
            behaviour.latency_ms = bounds;
        }
    }
    config.seed = arguments.seed.unwrap_or(config.seed);
    config.any_model |= arguments.any_model;
    config.behaviour.obey_injections |= arguments.obey_injections;
    config.behaviour.fickle = arguments.fickle.unwrap_or(config.behaviour.fickle);
    if let Some(key) = &arguments.key {
        config.key.clone_from(key);
    }
    Ok(config)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One quota for all, and some for one each.
fn quotas(texts: &[String]) -> Result<(Option<Quota>, BTreeMap<Provider, Quota>), String> {
    let (mut all, mut some) = (None, BTreeMap::new());
    for text in texts {
        let read = |text: &str| text.parse::<Quota>().map_err(|error| error.to_string());
        match text.split_once('=') {
            None => all = Some(read(text)?),
            Some((name, quota)) => {
                let unknown = || {
                    format!(
                        "there is no provider {name:?}\nhint: one of {}",
                        Provider::ALL.map(Provider::name).join(", ")
                    )
                };
                some.insert(Provider::named(name).ok_or_else(unknown)?, read(quota)?);
            }
        }
    }
    Ok((all, some))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, config};
    use clap::Parser;
    use watchfire_standin::Provider;

    fn read(line: &str) -> Result<watchfire_standin::Config, String> {
        config(&Arguments::try_parse_from(line.split(' ')).unwrap())
    }

    #[test]
    fn the_command_line_says_what_the_readme_shows() {
        let line = "watchfire-standin --listen 127.0.0.1:8089 --limit 15/6s --limit openai=3/1s --latency 200ms..1s --seed 1 --fickle 0.1";
        let config = read(line).unwrap();
        assert_eq!((config.seed, config.behaviour.fickle), (1, 0.1));
        assert_eq!(config.behaviour.latency_ms, [200, 1000]);
        assert_eq!(config.default_limits.requests.unwrap().amount, 15);
        assert_eq!(config.limits[&Provider::OpenAi].requests.unwrap().amount, 3);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(read("x --limit nobody=1/1s").unwrap_err().contains("hint: one of gemini, "));
        assert!(read("x --limit 15").unwrap_err().contains("hint:"));
    }
}
