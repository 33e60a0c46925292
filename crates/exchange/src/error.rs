//! What can go wrong on the way in or out.

/// Why something could not be written or read, naming the place.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Reading or writing failed.
    #[error("reading or writing failed: {0}")]
    Io(#[from] std::io::Error),
    /// Not JSON, or not of the expected shape; the message names line and column.
    #[error("{place}: {source}")]
    Json {
        /// File part or line.
        place: String,
        /// What serde found.
        source: serde_json::Error,
    },
    /// Longer than the limit.
    #[error("{place} is longer than {limit} bytes")]
    TooLong {
        /// What is too long.
        place: String,
        /// The limit, bytes.
        limit: u64,
    },
    /// A value that the format or we cannot take.
    #[error("{place}: {message}")]
    Invalid {
        /// Path inside the document, such as `annotations[3].bbox`.
        place: String,
        /// What is wrong there.
        message: String,
    },
    /// A shape that the format has no place for.
    #[error("the format has no place for the shape {shape}")]
    Unsupported {
        /// The shape.
        shape: countersign_model::ShapeKind,
    },
}

impl ExchangeError {
    pub(crate) fn invalid(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { place: place.into(), message: message.into() }
    }

    pub(crate) fn json(place: impl Into<String>, source: serde_json::Error) -> Self {
        Self::Json { place: place.into(), source }
    }
}
