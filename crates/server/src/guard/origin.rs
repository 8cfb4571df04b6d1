//! Whether a browser talks to us on behalf of our own page.

use crate::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};

/// Refuses what a page of another site sends through somebody's browser. Where no token is needed (`is_open`), also what
/// calls us by another name than this machine's: a name of the attacker's may lead here, and then origins agree.
pub(super) fn check(request: &Request, is_open: bool) -> Result<(), Problem> {
    let headers = request.headers();
    let host = text(headers, header::HOST.as_str()).unwrap_or_default();
    if is_open && !is_this_machine(host) {
        return Err(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "without tokens, only this machine's own names are served",
            "use http://127.0.0.1 or http://localhost, or make a token: watchfire token new NAME",
        ));
    }
    if request.method().is_safe() {
        return Ok(());
    }
    let foreign = match (text(headers, "sec-fetch-site"), text(headers, header::ORIGIN.as_str())) {
        (Some("same-origin" | "none"), None) => false,
        (Some("same-origin" | "none") | None, Some(origin)) => {
            origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(host))
        }
        (None, None) => false,
        (Some(_), _) => true,
    };
    if foreign {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "another site's page can't change anything here",
            "send it from the page itself, or from a program that sends no Origin",
        ));
    }
    Ok(())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::check;
    use axum::body::Body;
    use axum::extract::Request;

    fn request(method: &str, headers: &[(&str, &str)]) -> Request {
        let mut request = Request::builder().method(method).uri("/api/v1/alerts");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn another_sites_page_changes_nothing() {
        let own = ("host", "127.0.0.1:8750");
        let foreign =
            [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")];
        for header in foreign {
            assert!(check(&request("POST", &[own, header]), true).is_err(), "{header:?}");
            assert!(
                check(&request("GET", &[own, header]), true).is_ok(),
                "reading is the browser's to refuse"
            );
        }
        assert!(check(&request("POST", &[own, ("origin", "http://127.0.0.1:8750")]), true).is_ok());
        assert!(check(&request("POST", &[own]), true).is_ok(), "programs send no origin");
        let same_site = [own, ("origin", "http://127.0.0.1:8750"), ("sec-fetch-site", "same-site")];
        assert!(check(&request("POST", &same_site), true).is_err());
    }

    #[test]
    fn a_name_that_leads_here_is_not_ours() {
        for host in ["evil.example", "evil.example:8750", "127.0.0.1.evil.example", "10.0.0.1:8750", ""] {
            assert!(check(&request("GET", &[("host", host)]), true).is_err(), "{host}");
            assert!(check(&request("GET", &[("host", host)]), false).is_ok(), "with tokens any name will do");
        }
        for host in ["localhost:1", "LOCALHOST", "127.0.0.1", "[::1]:8750", "127.8.9.1:2"] {
            assert!(check(&request("GET", &[("host", host)]), true).is_ok(), "{host}");
        }
    }
}
