//! The page, which is part of the program.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    etag: &'static str,
}

pub(crate) async fn page(headers: HeaderMap) -> Response {
    serve("index.html", &headers)
}

pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    if name == "index.html" { StatusCode::NOT_FOUND.into_response() } else { serve(&name, &headers) }
}

/// A browser asks each time whether what it has is still right: a new version of the program is a new page at once.
fn serve(name: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return crate::problem::Problem::new(
            StatusCode::NOT_FOUND,
            "there is no such file",
            "the page is at /",
        )
        .into_response();
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| known.contains(asset.etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        asset.bytes.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::ASSETS;

    #[test]
    fn the_page_is_small_and_asks_nobody_else() {
        let all: usize = ASSETS.iter().map(|asset| asset.bytes.len()).sum();
        assert!(all <= 300_000, "{all} bytes");
        for asset in ASSETS {
            let text = String::from_utf8_lossy(asset.bytes);
            let foreign = text.match_indices("://").any(|(at, _)| {
                let before = &text[..at];
                let link = before.ends_with("http") || before.ends_with("https");
                // Names of XML, and what a reader is shown, are no requests.
                let rest: String = text[at + 3..].chars().take(20).collect();
                link && !rest.starts_with("www.w3.org")
                    && !rest.starts_with("127.0.0.1")
                    && !rest.starts_with("attack.mitre.org")
                    && !rest.starts_with("www.geonames.org")
            });
            assert!(!foreign, "{} names another server", asset.name);
        }
    }
}
