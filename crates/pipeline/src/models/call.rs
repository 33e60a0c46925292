//! Calls to model servers: only to addresses that whoever runs the installation has named, without redirects, within a
//! time and a size.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use countersign_learning::detect::{self, Detector, Found, Picture};
use countersign_model::FaceModelConfig;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet};

use crate::blocking;

/// How long one call may take, connecting included, seconds.
const CALL_SECONDS: u64 = 30;
/// Largest answer, bytes.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The servers that may be given pixels. None unless somebody names them at the start of the program.
#[derive(Clone, Debug)]
pub struct ModelServers {
    allowed: BTreeSet<String>,
    timeout: Duration,
}

impl Default for ModelServers {
    fn default() -> Self {
        Self { allowed: BTreeSet::new(), timeout: Duration::from_secs(CALL_SECONDS) }
    }
}

impl ModelServers {
    /// Servers by their `HOST:PORT`, spelled as registrations spell them.
    pub fn new(addresses: impl IntoIterator<Item = String>) -> Self {
        let allowed = addresses.into_iter().map(|address| address.to_ascii_lowercase()).collect();
        Self { allowed, ..Self::default() }
    }

    /// The same with another limit on the time of one call.
    #[must_use]
    pub fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.allowed.iter().map(String::as_str)
    }

    /// Whether pixels may go there.
    pub fn allows(&self, address: &str) -> bool {
        self.allowed.contains(&address.to_ascii_lowercase())
    }

    /// The same with a limit on the time of one call that is no longer than this.
    pub(crate) fn within_at_most(&self, timeout: Duration) -> Self {
        Self { timeout: self.timeout.min(timeout), ..self.clone() }
    }

    /// One call to an address that was named; its answer has at most so many bytes. Redirects are not followed.
    pub(crate) async fn call(
        &self,
        address: &str,
        method: Method,
        path: String,
        body: Bytes,
        bytes_max: usize,
    ) -> Result<Bytes, CallFault> {
        if !self.allows(address) {
            return Err(CallFault::NotAllowed);
        }
        let call = exchange(address, method, path, body, bytes_max);
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer,
            Err(_) => Err(CallFault::Slow(self.timeout)),
        }
    }
}

/// Why a model could not look at a picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallFault {
    /// The address is not among those that may be called.
    #[error("the address is not among those that this server may call")]
    NotAllowed,
    /// Nobody answers there, or the connection broke.
    #[error("the model server does not answer")]
    Away,
    /// It took too long.
    #[error("the model server took longer than {0:?}")]
    Slow(Duration),
    /// It answered with another status than 200. Redirects are not followed.
    #[error("the model server answered with status {0}")]
    Status(u16),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not what the registration says.
    #[error(transparent)]
    Answer(detect::AnswerError),
}

impl CallFault {
    /// A stable code; it never changes once released.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed => "model-not-allowed",
            Self::Away => "model-away",
            Self::Slow(_) => "model-slow",
            Self::Status(_) => "model-refused",
            Self::TooLarge(_) => "model-answer-too-large",
            Self::Answer(detect::AnswerError::OtherModel) => "model-other",
            Self::Answer(_) => "model-answer-wrong",
        }
    }
}

/// A registered model behind its server.
#[derive(Clone, Debug)]
pub struct RemoteDetector {
    servers: ModelServers,
    config: FaceModelConfig,
}

impl RemoteDetector {
    /// A detector that calls only what is allowed.
    pub fn new(servers: &ModelServers, config: &FaceModelConfig) -> Self {
        Self { servers: servers.clone(), config: config.clone() }
    }

    /// Asks whether the model is ready. No pixel goes out.
    ///
    /// # Errors
    /// [`CallFault`].
    pub async fn ready(&self) -> Result<(), CallFault> {
        self.call(Method::GET, detect::ready_path(&self.config), Bytes::new()).await.map(drop)
    }

    async fn call(&self, method: Method, path: String, body: Bytes) -> Result<Bytes, CallFault> {
        self.servers.call(&self.config.address, method, path, body, ANSWER_BYTES_MAX).await
    }
}

impl Detector for RemoteDetector {
    type Fault = CallFault;

    async fn detect(&self, picture: &Picture) -> Result<Vec<Found>, CallFault> {
        // Before anything is spelled out: what may not be called costs nothing.
        if !self.servers.allows(&self.config.address) {
            return Err(CallFault::NotAllowed);
        }
        let (config, shown) = (self.config.clone(), picture.clone());
        let body = blocking(move || detect::request(&config, &shown)).await.map_err(|_| CallFault::Away)?;
        let answer = self.call(Method::POST, detect::infer_path(&self.config), body.into()).await?;
        detect::read(&self.config, picture, &answer).map_err(CallFault::Answer)
    }
}

/// One request on a connection of its own, which ends with it: also when nobody waits for the answer any more.
async fn exchange(
    address: &str,
    method: Method,
    path: String,
    body: Bytes,
    bytes_max: usize,
) -> Result<Bytes, CallFault> {
    let away = |_| CallFault::Away;
    let stream = TcpStream::connect(address).await.map_err(|_| CallFault::Away)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(away)?;
    let mut driven = JoinSet::new();
    driven.spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, address)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(Full::new(body))
        .map_err(|_| CallFault::Away)?;
    let response = sender.send_request(request).await.map_err(away)?;
    if response.status() != StatusCode::OK {
        return Err(CallFault::Status(response.status().as_u16()));
    }
    let body = Limited::new(response.into_body(), bytes_max).collect().await;
    let body = body.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            CallFault::TooLarge(bytes_max)
        } else {
            CallFault::Away
        }
    })?;
    Ok(body.to_bytes())
}
