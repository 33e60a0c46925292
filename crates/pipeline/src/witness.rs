//! Witnesses: somebody outside is asked to cosign each checkpoint, and what they say is kept and shown.
//!
//! What a witness refuses as a rollback or a fork cannot be undone here: the state stays on the page, and in the log,
//! until that witness cosigns again.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use countersign_ledger::{
    CosignerKey,
    witness::{AddCheckpoint, SIZE_TYPE},
};
use countersign_model::{Instant, ProjectId};
use countersign_store::{Evidence, StoreError, checkpoints, checkpoints::Witness};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::{net::TcpStream, task::JoinHandle};

use crate::{Pipeline, Result, access::Action, people::Caller};

/// How long one question may take, connecting included.
const CALL: Duration = Duration::from_secs(10);
/// Largest answer, bytes: a few signature lines.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Most witnesses.
pub const WITNESSES_MAX: usize = 8;
/// Shortest time between two rounds of questions.
const ROUND: Duration = Duration::from_secs(1);
/// How long a round waits for a new checkpoint before it asks again: then the stamp is new at least.
const AGAIN: Duration = Duration::from_secs(checkpoints::SIGN_EVERY_SECONDS.unsigned_abs());

/// A witness as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAddress {
    /// `HOST:PORT`.
    host: String,
    /// Path before `/add-checkpoint`, without a slash at its end.
    prefix: String,
    /// The key that must have cosigned.
    pub key: CosignerKey,
}

impl WitnessAddress {
    /// Reads an address of the form `http://HOST:PORT[/PREFIX]`. Across a network that is not trusted a proxy on this
    /// machine adds TLS; cosignatures themselves cannot be forged on the way.
    ///
    /// # Errors
    /// A sentence saying what is wrong.
    pub fn parse(url: &str, key: CosignerKey) -> std::result::Result<Self, String> {
        let rest = url.strip_prefix("http://").ok_or("a witness is asked at http://HOST:PORT[/PREFIX]")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let port = host.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"?#@\"\\".contains(&b));
        if !matches!(port, Some(Ok(_))) || !is_plain(host) || !is_plain(path) {
            return Err("a witness is asked at http://HOST:PORT[/PREFIX]".to_owned());
        }
        let path = path.trim_end_matches('/');
        let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        Ok(Self { host: host.to_owned(), prefix, key })
    }

    fn url(&self) -> String {
        format!("http://{}{}", self.host, self.prefix)
    }
}

/// What the log's word is worth to somebody who does not trust whoever runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Integrity {
    /// Nobody outside has cosigned: the log vouches for itself.
    SelfAttested,
    /// A witness has cosigned.
    Witnessed,
    /// A witness knows another past than this log tells.
    Conflict,
}

/// A witness as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogWitness {
    /// Name of its key.
    pub name: String,
    /// Its key, one line.
    pub key: String,
    /// `new` (not asked yet), `ok`, `away`, `conflict`, or `refused` (it does not know this log, or its answer was none).
    pub state: String,
    /// Since when.
    pub since: Option<Instant>,
    /// Size of the newest checkpoint that it cosigned.
    pub cosigned_size: Option<u64>,
    /// When.
    pub cosigned_at: Option<Instant>,
    /// Size that it recorded, where that contradicts this log.
    pub conflict_size: Option<u64>,
}

/// The log and who vouches for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogStanding {
    /// Entries under the newest checkpoint.
    pub size: u64,
    /// Root, base64 as in the checkpoint.
    pub root: String,
    /// When the log last signed it.
    pub signed_at: Option<Instant>,
    /// What the log's word is worth.
    pub integrity: Integrity,
    /// The witnesses that this server asks.
    pub witnesses: Vec<LogWitness>,
}

/// Whether the evidence log is to be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvidenceLight {
    /// It is: no witness knows another past, and it can be written.
    pub holds: bool,
    /// What its word is worth.
    pub integrity: Integrity,
    /// It can be written; while it cannot, no picture is shown.
    pub is_running: bool,
    /// Since when nothing could be written to it; absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped_since: Option<Instant>,
}

/// What came of one question.
enum Said {
    /// Cosigned; the signature lines.
    Cosigned(AddCheckpoint, String),
    /// Another past: the size that the witness recorded.
    Conflict(Option<u64>),
    Away,
    Refused,
}

/// An answer over HTTP.
struct Answer {
    status: StatusCode,
    kind: String,
    body: Bytes,
}

impl Pipeline {
    /// Starts the background task that asks the witnesses after each checkpoint; it does nothing without any.
    pub fn spawn_witnessing(&self) -> JoinHandle<()> {
        let (mut sizes, inner) = (self.store.watch_size(), Arc::downgrade(&self.inner));
        let is_needed = !self.settings.witnesses.is_empty();
        tokio::spawn(async move {
            if !is_needed {
                return;
            }
            loop {
                let Some(inner) = inner.upgrade() else { return };
                if let Err(error) = (Pipeline { inner }).ask_witnesses().await {
                    tracing::error!(error = &error as &dyn std::error::Error, "witnesses could not be asked");
                }
                tokio::time::sleep(ROUND).await;
                // The end of the store ends this task by the upgrade above.
                let _ = tokio::time::timeout(AGAIN, sizes.changed()).await;
            }
        })
    }

    /// Asks every witness to cosign the newest checkpoint, and notes what they say.
    ///
    /// # Errors
    /// When the store fails; a witness that is away or refuses is no error.
    pub async fn ask_witnesses(&self) -> Result<()> {
        let known = checkpoints::witnesses(&mut *self.store.read().await?).await?;
        for witness in &self.settings.witnesses {
            let key = witness.key.to_string();
            let row = known.iter().find(|row| row.witness_key == key);
            let said = self.ask(witness, row.and_then(|row| row.cosigned_size)).await?;
            self.note_said(witness, row.cloned(), said).await?;
        }
        Ok(())
    }

    /// One witness, from the size that it is known to have cosigned, or from what it says itself.
    async fn ask(&self, witness: &WitnessAddress, cosigned: Option<u64>) -> Result<Said> {
        let (_, newest) = self.store.checkpoint(Vec::new()).await?;
        let size = newest.checkpoint.size;
        // A log shorter than what was cosigned is asked about all the same: the witness is to say so.
        let mut old = cosigned.filter(|cosigned| *cosigned <= size).unwrap_or(0);
        for _ in 0..2 {
            let request = match self.store.continuation(old).await {
                Err(StoreError::NotFound { .. }) => return Ok(Said::Conflict(Some(old))),
                other => other?,
            };
            let answer = tokio::time::timeout(CALL, exchange(witness, request.to_text())).await;
            let Ok(Some(answer)) = answer else { return Ok(Said::Away) };
            let recorded = recorded(&answer);
            match (answer.status.as_u16(), recorded) {
                (200, _) => {
                    let lines = String::from_utf8(answer.body.to_vec()).unwrap_or_default();
                    return Ok(Said::Cosigned(request, lines));
                }
                // It knows another size that this log may well have passed through: prove it from there.
                (409, Some(recorded)) if recorded != old && recorded <= size => old = recorded,
                (409, recorded) => return Ok(Said::Conflict(recorded.or(cosigned))),
                (422, _) => return Ok(Said::Conflict(Some(old))),
                (500..=599, _) => return Ok(Said::Away),
                _ => return Ok(Said::Refused),
            }
        }
        Ok(Said::Conflict(Some(old)))
    }

    async fn note_said(&self, witness: &WitnessAddress, row: Option<Witness>, said: Said) -> Result<()> {
        let now = self.store.clock().now();
        let before = row.as_ref().map(|row| row.state.clone());
        let mut row = row.unwrap_or_else(|| Witness {
            witness_key: witness.key.to_string(),
            name: witness.key.name().to_owned(),
            url: String::new(),
            state: "new".to_owned(),
            since: now,
            asked_at: now,
            cosigned_size: None,
            cosigned_at: None,
            conflict_size: None,
        });
        (row.url, row.asked_at) = (witness.url(), now);
        let state = match said {
            Said::Cosigned(request, lines) => {
                self.take_cosignature(witness, request, &lines, &mut row).await?
            }
            Said::Conflict(size) => {
                row.conflict_size = size;
                "conflict"
            }
            Said::Away => "away",
            Said::Refused => "refused",
        };
        let state = standing_after(&row.state, state);
        let is_news = before.as_deref() != Some(state);
        if is_news {
            (row.state, row.since) = (state.to_owned(), now);
        }
        let evidence = is_news.then(|| {
            let outcome = if state == "ok" { "ok" } else { "refused" };
            let details = serde_json::json!({ "witness": row.witness_key, "size": row.conflict_size });
            let evidence = Evidence { action: "witness.changed".into(), ..Evidence::default() };
            let evidence = Evidence { object_kind: "witness".into(), ..evidence };
            evidence.reason(state).outcome(outcome).details(details)
        });
        Ok(self.store.note_witness(row, evidence).await?)
    }

    /// Verifies and keeps a cosignature; the state that follows.
    async fn take_cosignature(
        &self,
        witness: &WitnessAddress,
        request: AddCheckpoint,
        lines: &str,
        row: &mut Witness,
    ) -> Result<&'static str> {
        match self.store.cosign(request.checkpoint, lines, witness.key.clone()).await {
            Ok((size, said)) => {
                row.cosigned_size = Some(size);
                row.cosigned_at = Some(Instant(0).plus_seconds(said.at_seconds));
                row.conflict_size = None;
                Ok("ok")
            }
            // An answer that does not verify is no cosignature, whoever sent it.
            Err(StoreError::Log { message }) => {
                tracing::warn!(witness = witness.key.name(), %message, "a cosignature was not taken");
                Ok("refused")
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The log's newest checkpoint and who vouches for it.
    ///
    /// # Errors
    /// [`crate::PipelineError::NotFound`] without the right to read the log.
    pub async fn log_standing(&self, caller: &Caller) -> Result<LogStanding> {
        self.require_log(caller).await?;
        let (witnesses, integrity) = self.vouching().await?;
        let (_, newest) = self.store.checkpoint(self.witness_keys()).await?;
        Ok(LogStanding {
            size: newest.checkpoint.size,
            root: newest.checkpoint.root.to_base64(),
            signed_at: newest.signed_at_seconds.map(|seconds| Instant(0).plus_seconds(seconds)),
            integrity,
            witnesses,
        })
    }

    /// Whether the log is to be relied on: for those who answer for a project's evidence, without sizes, which tell how much
    /// others do.
    ///
    /// # Errors
    /// [`crate::PipelineError::NotFound`] for who does not answer for the project's evidence.
    pub async fn evidence_light(&self, caller: &Caller, project: ProjectId) -> Result<EvidenceLight> {
        self.require_on(caller, Action::ViewBreach, project)?;
        let (_, integrity) = self.vouching().await?;
        let stopped_since = self.store.log_stopped_since();
        let is_running = stopped_since.is_none();
        let holds = is_running && integrity != Integrity::Conflict;
        Ok(EvidenceLight { holds, integrity, is_running, stopped_since })
    }

    async fn vouching(&self) -> Result<(Vec<LogWitness>, Integrity)> {
        let rows = checkpoints::witnesses(&mut *self.store.read().await?).await?;
        let witnesses: Vec<_> = self.settings.witnesses.iter().map(|w| view(w, &rows)).collect();
        let integrity = if witnesses.iter().any(|w| w.state == "conflict") {
            Integrity::Conflict
        } else if witnesses.iter().any(|w| w.cosigned_size.is_some()) {
            Integrity::Witnessed
        } else {
            Integrity::SelfAttested
        };
        Ok((witnesses, integrity))
    }

    /// The keys of the witnesses that this server asks.
    pub fn witness_keys(&self) -> Vec<CosignerKey> {
        self.settings.witnesses.iter().map(|witness| witness.key.clone()).collect()
    }
}

fn view(witness: &WitnessAddress, rows: &[Witness]) -> LogWitness {
    let key = witness.key.to_string();
    let row = rows.iter().find(|row| row.witness_key == key);
    LogWitness {
        name: witness.key.name().to_owned(),
        state: row.map_or_else(|| "new".to_owned(), |row| row.state.clone()),
        since: row.map(|row| row.since),
        cosigned_size: row.and_then(|row| row.cosigned_size),
        cosigned_at: row.and_then(|row| row.cosigned_at),
        conflict_size: row.and_then(|row| row.conflict_size),
        key,
    }
}

/// The size that a conflict names.
fn recorded(answer: &Answer) -> Option<u64> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    let is_size = answer.status == StatusCode::CONFLICT && answer.kind == SIZE_TYPE;
    text.strip_suffix('\n').filter(|_| is_size)?.parse().ok()
}

/// One request on a connection of its own; `None` when nobody answers, or with more than an answer may hold.
async fn exchange(witness: &WitnessAddress, body: String) -> Option<Answer> {
    let stream = TcpStream::connect(&witness.host).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let driven = tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/add-checkpoint", witness.prefix))
        .header(header::HOST, &witness.host)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Full::new(Bytes::from(body)));
    let answer = async {
        let response = sender.send_request(request.ok()?).await.ok()?;
        let status = response.status();
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await.ok()?.to_bytes();
        Some(Answer { status, kind, body })
    };
    let answer = answer.await;
    driven.abort();
    answer
}

/// A conflict is over when that witness cosigns again: being away, or any other answer, takes nothing back.
fn standing_after(before: &str, said: &'static str) -> &'static str {
    if before == "conflict" && said != "ok" { "conflict" } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cosignature_ends_a_conflict() {
        for said in ["away", "refused", "conflict"] {
            assert_eq!(standing_after("conflict", said), "conflict", "{said}");
            assert_eq!(standing_after("ok", said), said);
        }
        assert_eq!(standing_after("conflict", "ok"), "ok");
    }

    #[test]
    fn addresses_are_plain_http() {
        let key =
            CosignerKey::parse("witness.example/w+47d34ce4+BMqTrBcFGHBx1nuDx/8O/oEI6OxFMFdddyaHkzPb2r58");
        let key = key.unwrap();
        for (url, host, prefix) in [
            ("http://127.0.0.1:9", "127.0.0.1:9", ""),
            ("http://w.example:80/", "w.example:80", ""),
            ("http://w.example:80/a/b/", "w.example:80", "/a/b"),
        ] {
            let read = WitnessAddress::parse(url, key.clone()).unwrap();
            assert_eq!((read.host.as_str(), read.prefix.as_str()), (host, prefix), "{url}");
        }
        for bad in
            ["https://w.example:443", "w.example:80", "http://w.example", "http://a b:1", "http://a:1/?x"]
        {
            assert!(WitnessAddress::parse(bad, key.clone()).is_err(), "{bad}");
        }
    }
}
