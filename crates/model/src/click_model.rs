//! A registered model that segments by clicks: where it is served.

use crate::face_model::{is_path_word, is_server_address};

/// Most points of one question to such a model, those of the object and those beside it together.
pub const CLICKS_MAX: usize = 64;
/// Longest address, bytes.
const URL_BYTES_MAX: usize = 400;
/// How every address begins: the connection is plain HTTP.
const SCHEME: &str = "http://";

/// Why a text is no address of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be http://HOST:PORT/PATH, the path of letters, digits, dots, dashes and underlines")]
pub struct ClickModelError;

/// The address of a model, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClickUrl {
    /// `HOST:PORT`, as whoever runs the installation names the servers that may be called.
    pub address: String,
    /// The path with its first slash.
    pub path: String,
}

impl ClickUrl {
    /// Takes an address apart. It has a port and a plain path: no user, no query and no fragment.
    ///
    /// # Errors
    /// [`ClickModelError`].
    pub fn parse(text: &str) -> Result<Self, ClickModelError> {
        let rest =
            text.strip_prefix(SCHEME).filter(|_| text.len() <= URL_BYTES_MAX).ok_or(ClickModelError)?;
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let words = path.strip_suffix('/').unwrap_or(path);
        let plain = words.is_empty() || words.split('/').all(is_path_word);
        if !is_server_address(address) || !plain {
            return Err(ClickModelError);
        }
        Ok(Self { address: address.to_owned(), path: format!("/{path}") })
    }
}

/// Whether a text can be the version of a model.
pub fn is_click_version(text: &str) -> bool {
    is_path_word(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        for (text, address, path) in [
            ("http://127.0.0.1:8000", "127.0.0.1:8000", "/"),
            ("http://models:8000/", "models:8000", "/"),
            ("http://models:8000/v1/segment", "models:8000", "/v1/segment"),
            ("http://[::1]:8000/segment/", "[::1]:8000", "/segment/"),
        ] {
            let url = ClickUrl::parse(text).unwrap();
            assert_eq!((url.address.as_str(), url.path.as_str()), (address, path));
        }
    }

    #[test]
    fn what_leads_elsewhere_is_no_address() {
        let long = format!("http://models:8000/{}", "a/".repeat(200));
        for text in [
            "",
            "models:8000/segment",
            "https://models:8000/segment",
            "ftp://models:8000/",
            "http://models/segment",
            "http://models:0/",
            "http://models:99999/",
            "http://:8000/",
            "http://name@models:8000/",
            "http://models:8000/../segment",
            "http://models:8000//segment",
            "http://models:8000/segment?x=1",
            "http://models:8000/segment#x",
            "http://models:8000/a b",
            "http://models:8000/a\r\nHost: x",
            long.as_str(),
        ] {
            assert_eq!(ClickUrl::parse(text), Err(ClickModelError), "{text}");
        }
    }
}
