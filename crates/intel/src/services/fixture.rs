//! Answers for tests.

use super::{Finding, Service, ServiceError};
use watchfire_http::Response;
use watchfire_signal::{IndicatorKind, Reputation};

/// An answer of these bytes.
pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.to_vec().into() }
}

/// What the service makes of these bytes.
pub(super) fn read(
    service: &dyn Service,
    (kind, value): (IndicatorKind, &str),
    status: u16,
    body: &[u8],
) -> Result<(Reputation, String), ServiceError> {
    let Finding { reputation, evidence, .. } = service.read(kind, value, &response(status, &[], body))?;
    Ok((reputation, evidence.unwrap_or_default()))
}

/// What is no answer of any service, with every status that could carry it; none may make a finding of it.
pub(super) fn survives_garbage(service: &dyn Service, (kind, value): (IndicatorKind, &str)) {
    const GARBAGE: &[&[u8]] = &[
        include_bytes!("../../tests/fixtures/services/garbage.html"),
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"\"ok\"",
        b"{\"data\": null}",
        b"{\"data\": 7, \"query_status\": 7, \"error\": []}",
        b"\xff\xfe\x00",
    ];
    let deep = "[".repeat(100_000);
    for status in [200, 204, 302, 404, 418, 500, 503] {
        for body in GARBAGE.iter().copied().chain([deep.as_bytes()]) {
            let read = service.read(kind, value, &response(status, &[], body));
            let shown = String::from_utf8_lossy(body.get(..40).unwrap_or(body));
            assert!(read.is_err(), "{status} {shown:?}: {read:?}");
        }
    }
    let limited = service.read(kind, value, &response(429, &[("retry-after", "9")], GARBAGE[0]));
    assert_eq!(limited.map_err(|error| error.reputation()).err(), Some(Reputation::Limited));
}
