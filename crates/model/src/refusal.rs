//! A refusal: what the system will not do, with a stable code that the API returns and the page explains.

use serde::{Deserialize, Serialize};

/// A typed "no". `code` is stable and documented; `message` is for people and names the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// Stable machine code in snake_case, such as `separation_of_duties`.
    pub code: std::borrow::Cow<'static, str>,
    /// One sentence for the person who is refused; never an identifier or a file's content.
    pub message: String,
}

impl Refusal {
    /// A refusal with a static code.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}
