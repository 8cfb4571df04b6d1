//! `watchfire token new`, `list`, `revoke`

use crate::cli::{Common, ScopeName, TokenCommand};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal;
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;
use watchfire_server::{Scope, Scopes, Token};
use watchfire_signal::Timestamp;
use watchfire_store::{Store, TokenRow};

/// Longest name of a token, in bytes.
const MAX_NAME: usize = 100;

pub(super) fn run(common: &Common, command: &TokenCommand) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let store = Store::open(&loaded.settings.location(common.store.as_deref())?)?;
    let now = SystemClock::new().unix_millis();
    match command {
        TokenCommand::New { name, scope, per_minute } => new(&store, name, scope, *per_minute, now),
        TokenCommand::List { json } => list(&store, *json),
        TokenCommand::Revoke { name } => revoke(&store, name, now),
    }
}

fn new(
    store: &Store,
    name: &str,
    scopes: &[ScopeName],
    per_minute: Option<u32>,
    now: i64,
) -> Result<Status, Problem> {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(Problem::usage(
            format!("a token's name has between 1 and {MAX_NAME} bytes, and no control characters"),
            "it says in every entry who decided",
        ));
    }
    let scopes: Vec<Scope> = scopes
        .iter()
        .map(|scope| match scope {
            ScopeName::Read => Scope::Read,
            ScopeName::Write => Scope::Write,
            ScopeName::Admin => Scope::Admin,
        })
        .collect();
    let token = Token::new().map_err(|error| {
        Problem::new(Status::Failed, format!("the system has no randomness: {error}"), "try again")
    })?;
    store.put_token(&token.row(name, Scopes::of(&scopes), per_minute, now))?;
    terminal::write_out(format!("{}\n", token.text()).as_bytes())?;
    terminal::note(&format!(
        "this is shown once: keep it where {} can read it. From now on nobody is served without a token.",
        tame(name, MAX_NAME)
    ));
    Ok(Status::Done)
}

fn list(store: &Store, json: bool) -> Result<Status, Problem> {
    let tokens = store.tokens()?;
    let mut text = String::new();
    let at = |millis: i64| Timestamp::from_millis(millis).map_or_else(String::new, |time| time.to_string());
    for TokenRow { id, name, scopes, per_minute, created_at, revoked_at, .. } in &tokens {
        let scopes = Scopes::from_bits(*scopes).names();
        if json {
            let line = serde_json::json!({
                "id": id, "name": tame(name, MAX_NAME), "scopes": scopes, "per_minute": per_minute,
                "created_at": at(*created_at), "revoked_at": revoked_at.map(at),
            });
            text.push_str(&format!("{line}\n"));
            continue;
        }
        let rate = match per_minute {
            None => "as many requests as usual".to_owned(),
            Some(0) => "as many requests as it likes".to_owned(),
            Some(rate) => format!("{rate} requests a minute"),
        };
        let state = revoked_at.map_or_else(|| "holds".to_owned(), |time| format!("revoked {}", at(time)));
        text.push_str(&format!(
            "#{id}  {}  {}  {rate}  made {}  {state}\n",
            tame(name, MAX_NAME),
            scopes.join(","),
            at(*created_at),
        ));
    }
    if tokens.is_empty() && !json {
        text.push_str("No tokens. `watchfire token new NAME` makes one.\n");
    }
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

fn revoke(store: &Store, name: &str, now: i64) -> Result<Status, Problem> {
    let revoked = store.revoke_tokens(name, now)?;
    if revoked == 0 {
        return Err(Problem::usage(
            format!("no token of the name {} holds", tame(name, MAX_NAME)),
            "`watchfire token list` shows those that were made",
        ));
    }
    let tokens = if revoked == 1 { "1 token is" } else { "tokens are" };
    let count = if revoked == 1 { String::new() } else { format!("{revoked} ") };
    terminal::write_out(
        format!("{count}{tokens} revoked; a running service knows within 5 seconds.\n").as_bytes(),
    )?;
    Ok(Status::Done)
}
