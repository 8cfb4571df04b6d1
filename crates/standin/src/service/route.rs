//! Which provider a call is for, and what it wants there. The paths are the providers' own and don't collide; only
//! Moonshot shares OpenAI's, and is told apart by `/moonshot` before it.

use crate::exchange::Call;
use crate::provider::Provider;
use axum::http::Method;

/// What a call wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// An answer from a model; Gemini names it in the path.
    Ask {
        model: String,
    },
    /// A reputation, or where a name lies.
    Lookup,
    BatchCreate {
        model: String,
    },
    BatchList,
    BatchGet {
        id: String,
    },
    BatchCancel {
        id: String,
    },
    BatchResults {
        id: String,
    },
    FileUpload,
    FileContent {
        id: String,
    },
}

/// The provider and the route; `None` if nobody has such a path.
pub(super) fn find(call: &Call) -> Option<(Provider, Route)> {
    let post = call.method == Method::POST;
    let get = call.method == Method::GET;
    let (path, openai) = match call.path.strip_prefix("/moonshot") {
        Some(path) => (path, Provider::Moonshot),
        None => (call.path.as_str(), Provider::OpenAi),
    };
    let parts: Vec<&str> = path.trim_matches('/').split('/').take(8).collect();
    let id = |id: &str| id.to_owned();
    Some(match parts.as_slice() {
        ["v1beta", "models", action] if post => {
            let (model, method) = action.rsplit_once(':')?;
            let model = model.to_owned();
            match method {
                "generateContent" => (Provider::Gemini, Route::Ask { model }),
                "batchGenerateContent" => (Provider::Gemini, Route::BatchCreate { model }),
                _ => return None,
            }
        }
        ["v1beta", "batches"] if get => (Provider::Gemini, Route::BatchList),
        ["v1beta", "batches", name] if get => (Provider::Gemini, Route::BatchGet { id: id(name) }),
        ["v1beta", "batches", name] if post => {
            (Provider::Gemini, Route::BatchCancel { id: id(name.strip_suffix(":cancel")?) })
        }
        ["v1", "chat", "completions"] if post => (openai, Route::Ask { model: String::new() }),
        ["v1", "files"] if post => (openai, Route::FileUpload),
        ["v1", "files", name, "content"] if get => (openai, Route::FileContent { id: id(name) }),
        ["v1", "batches"] if post => (openai, Route::BatchCreate { model: String::new() }),
        ["v1", "batches"] if get => (openai, Route::BatchList),
        ["v1", "batches", name] if get => (openai, Route::BatchGet { id: id(name) }),
        ["v1", "batches", name, "cancel"] if post => (openai, Route::BatchCancel { id: id(name) }),
        ["v1", "messages"] if post => (Provider::Anthropic, Route::Ask { model: String::new() }),
        ["v1", "messages", "batches"] if post => {
            (Provider::Anthropic, Route::BatchCreate { model: String::new() })
        }
        ["v1", "messages", "batches"] if get => (Provider::Anthropic, Route::BatchList),
        ["v1", "messages", "batches", name] if get => (Provider::Anthropic, Route::BatchGet { id: id(name) }),
        ["v1", "messages", "batches", name, "cancel"] if post => {
            (Provider::Anthropic, Route::BatchCancel { id: id(name) })
        }
        ["v1", "messages", "batches", name, "results"] if get => {
            (Provider::Anthropic, Route::BatchResults { id: id(name) })
        }
        ["api", "v2", "check"] if get => (Provider::AbuseIpDb, Route::Lookup),
        ["api", "v3", "ip_addresses" | "domains" | "files" | "urls", _] if get => {
            (Provider::VirusTotal, Route::Lookup)
        }
        ["api", "v1", "indicators", _, .., "general"] if get && parts.len() >= 6 => {
            (Provider::Otx, Route::Lookup)
        }
        ["v3", "community", _] if get => (Provider::GreyNoise, Route::Lookup),
        ["v1", "host" | "url" | "payload"] => (Provider::UrlHaus, Route::Lookup),
        ["api", "v1"] => (Provider::ThreatFox, Route::Lookup),
        ["search"] if get => (Provider::Nominatim, Route::Lookup),
        _ => return None,
    })
}
