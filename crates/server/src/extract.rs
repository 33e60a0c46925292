//! What handlers take from a request, each with a refusal that names the place.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Largest JSON body, bytes; routes that take more say so themselves.
pub const JSON_BYTES_MAX: usize = 8 << 20;
/// Largest body of an import of image tasks, bytes.
pub const IMPORT_BYTES_MAX: usize = 64 << 20;

/// Ids and numbers of the path. One that cannot be read names nothing, so the answer is that of an unknown id.
pub struct Ids<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|path| Self(path.0)).map_err(|_| Problem::not_found())
    }
}

/// The query part of the address.
pub struct Search<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Search<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|query| Self(query.0))
            .map_err(|error| Problem::bad("bad_query", "query", error.body_text()))
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| unread(&error))?;
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn unread(error: &BytesRejection) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large("body", "The body is larger than this route takes.")
    } else {
        Problem {
            place: Some("body".into()),
            ..Problem::new(StatusCode::BAD_REQUEST, "unreadable_body", "The body broke off.")
        }
    }
}

/// Reads JSON; a fault names field, line and column.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let bad = |path: &str, error: &serde_json::Error| {
        let at = format!("line {} column {}", error.line(), error.column());
        let place = if matches!(path, "" | "." | "?") { at } else { format!("{path} ({at})") };
        Problem::bad("bad_json", place, error.to_string())
    };
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| bad(&error.path().to_string(), error.inner()))?;
    reader.end().map_err(|error| bad("", &error))?;
    Ok(value)
}

/// The revision that a change was made against, from `If-Match: "<revision>"`.
pub struct IfMatch(pub u64);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(tag) = parts.headers.get(header::IF_MATCH) else {
            return Err(Problem {
                place: Some("If-Match".into()),
                ..Problem::new(
                    StatusCode::PRECONDITION_REQUIRED,
                    "precondition_required",
                    "Send the revision that the change was made against as If-Match.",
                )
            });
        };
        let number = tag.to_str().ok().and_then(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'));
        let revision =
            number.filter(|text| text.bytes().all(|b| b.is_ascii_digit())).and_then(|text| text.parse().ok());
        revision
            .map(Self)
            .ok_or_else(|| Problem::bad("bad_revision", "If-Match", "is not a revision in quotes"))
    }
}

/// The entity tag of a revision.
pub fn etag(revision: u64) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{revision}\""))]
}

/// Whether the client holds what this tag names.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nested {
        #[expect(dead_code, reason = "only its type matters")]
        fences: Vec<u64>,
    }

    #[test]
    fn a_fault_in_json_names_field_line_and_column() {
        let place = |text: &str| parse::<Nested>(text.as_bytes()).unwrap_err().place.unwrap().into_string();
        assert_eq!(place("{\"fences\":\n[1,\"x\"]}"), "fences[1] (line 2 column 6)");
        assert!(place("{\"other\":1}").starts_with("other (line 1"));
        assert!(place("{\"fences\":[]} trailing").starts_with("line 1"));
        assert!(place("{").starts_with("line 1"));
    }

    #[tokio::test]
    async fn a_revision_is_asked_for_and_read() {
        let read = |tag: Option<&'static str>| async move {
            let mut request = Request::new(());
            if let Some(tag) = tag {
                request.headers_mut().insert(header::IF_MATCH, HeaderValue::from_static(tag));
            }
            let (mut parts, ()) = request.into_parts();
            IfMatch::from_request_parts(&mut parts, &()).await.map(|m| m.0).map_err(|p| p.code.into_string())
        };
        assert_eq!(read(Some("\"7\"")).await, Ok(7));
        assert_eq!(read(None).await, Err("precondition_required".into()));
        for bad in ["7", "W/\"7\"", "\"-1\"", "\"+1\"", "*", "\"\"", "\"99999999999999999999\""] {
            assert_eq!(read(Some(bad)).await, Err("bad_revision".into()), "{bad}");
        }
    }

    #[test]
    fn a_known_tag_is_recognised_in_a_list() {
        let mut headers = HeaderMap::new();
        assert!(!is_known(&headers, "\"a\""));
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"b\", W/\"a\""));
        assert!(is_known(&headers, "\"a\""));
        assert!(!is_known(&headers, "\"c\""));
    }
}
