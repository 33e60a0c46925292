//! Signing: the components that make a signature a person's own, and what a signature is held against.
//!
//! 21 CFR 11.200(a)(1): a signature that is not biometric takes two components, here the user name, typed, and the
//! password. The first signing of a continuous period takes both; later ones take the password, which only its owner
//! has. The period ends with the session, or after [`SIGNING_IDLE_SECONDS`] without a signature. Signing in is no
//! signing: whoever signed in has still to give both.

use countersign_ledger::{Entry, Hash};
use countersign_model::{Instant, Refusal, SessionId, SignatureMeaning};
use countersign_store::{Conn, Evidence, StoreError, events, reads::Signature, sessions, signing};
use serde::Serialize;

use crate::{Pipeline, PipelineError, Result, people::Caller};

/// For how long after a signature the next one of the same session takes the password alone, seconds.
pub const SIGNING_IDLE_SECONDS: i64 = 15 * 60;

/// Version of [`ACKNOWLEDGEMENT`]; another text is another version, which everybody is asked for again.
pub const ACKNOWLEDGEMENT_VERSION: u32 = 1;

/// What a person agrees to, once, before their first signature (21 CFR 11.10(j), 11.100(c)).
pub const ACKNOWLEDGEMENT: &str = "I understand that entering my user name and my password to sign is my signature. It \
    binds me as one written by my own hand would. I have told nobody my password and will tell nobody; I sign only what \
    I have looked at myself.";

/// What a person enters to sign.
#[derive(Clone, PartialEq, Eq)]
pub struct Components {
    /// User name; needed at the first signature of a period.
    pub login: Option<String>,
    /// Password.
    pub password: String,
}

impl From<&str> for Components {
    /// The password alone.
    fn from(password: &str) -> Self {
        Self { login: None, password: password.to_owned() }
    }
}

impl std::fmt::Debug for Components {
    /// A password is in no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Components").finish_non_exhaustive()
    }
}

/// What the caller's next signature takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningState {
    /// The user name is needed beside the password.
    pub needs_login: bool,
    /// When the caller agreed to the statement; absent while they have not, and cannot sign.
    pub acknowledged_at: Option<Instant>,
    /// Version of the statement.
    pub version: u32,
    /// The statement.
    pub statement: String,
}

impl Pipeline {
    /// What the caller's next signature takes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn signing_state(&self, caller: &Caller) -> Result<SigningState> {
        let mut conn = self.store.read().await?;
        let agreed = signing::acknowledgement(&mut conn, caller.user(), ACKNOWLEDGEMENT_VERSION).await?;
        let signed_at = match caller.session {
            Some(session) => sessions::signed_at(&mut conn, session).await?,
            None => None,
        };
        let now = self.store.clock().now();
        Ok(SigningState {
            needs_login: signed_at.is_none_or(|at| now >= at.plus_seconds(SIGNING_IDLE_SECONDS)),
            acknowledged_at: agreed.map(|agreed| agreed.at),
            version: ACKNOWLEDGEMENT_VERSION,
            statement: ACKNOWLEDGEMENT.to_owned(),
        })
    }

    /// Keeps that the caller agreed to the statement. Once is enough; another time changes nothing.
    ///
    /// # Errors
    /// `session_required` with an API token; `other_statement` when what was on the screen is not in force any more.
    pub async fn acknowledge_signing(&self, caller: &Caller, version: u32) -> Result<SigningState> {
        in_session(caller)?;
        if version != ACKNOWLEDGEMENT_VERSION {
            let message = "The statement has changed; read the one that is in force now.";
            return Err(PipelineError::refused("other_statement", message));
        }
        if self.signing_state(caller).await?.acknowledged_at.is_none() {
            let user = caller.user();
            let kept = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new("signing.acknowledged", "user", user.uuid());
                    let text = serde_json::json!({ "version": version, "statement": ACKNOWLEDGEMENT });
                    let event_id = tx.record(evidence.details(text))?;
                    let text = ACKNOWLEDGEMENT.to_owned();
                    let row =
                        signing::Acknowledgement { user_id: user, version, text, at: tx.now(), event_id };
                    Ok(signing::acknowledge(tx, row).await?)
                })
            });
            match kept.await {
                // Two windows of one person agreed at once: the other one was first.
                Err(PipelineError::Store(StoreError::Conflict { .. })) => {}
                other => other?,
            }
        }
        self.signing_state(caller).await
    }

    /// The one way to sign: checks the components, lets the act happen, and notes that something was signed. An act that
    /// is refused was no signature: the next attempt takes as many components as this one did.
    ///
    /// # Errors
    /// `session_required` with an API token; `acknowledgement_required`; `two_components_required`; `bad_credentials`
    /// (counted towards the lock), `locked`; `content_changed` where what is signed is not what it was; then what the act says.
    pub(crate) async fn signed<T>(
        &self,
        caller: &Caller,
        components: &Components,
        act: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let session = in_session(caller)?;
        let state = self.signing_state(caller).await?;
        if state.acknowledged_at.is_none() {
            let message = "Say first, once, that your electronic signature binds you.";
            return Err(PipelineError::refused("acknowledgement_required", message));
        }
        let login = components.login.as_deref().map(str::trim).filter(|login| !login.is_empty());
        if login.is_none() && state.needs_login {
            return Err(too_few());
        }
        self.verify_components(caller, login, &components.password).await?;
        let done = act.await.map_err(|error| match error {
            PipelineError::StaleRevision { current } => stale(current),
            other => other,
        })?;
        self.store.touch_signing(session).await?;
        Ok(done)
    }
}

/// Why a signature over what is not in force any more was none: what its signer had before them is not what it would be
/// under.
pub(crate) fn stale(current: u64) -> PipelineError {
    let message = format!(
        "What you had before you has changed: version {current} is there now, and nothing was signed. Look at it again."
    );
    PipelineError::refused("content_changed", message)
}

/// What the event of a signed act keeps of the signature beside person and time: what it means, and the name as it was
/// printed then. Whoever is called otherwise later has signed under this one.
pub(crate) fn signed_details(meaning: SignatureMeaning, name: &str) -> serde_json::Value {
    serde_json::json!({ "meaning": meaning, "printed_name": name })
}

/// The same beside what else an event says.
pub(crate) fn add_signed(details: &mut serde_json::Value, meaning: SignatureMeaning, name: &str) {
    details["meaning"] = serde_json::json!(meaning);
    details["printed_name"] = name.into();
}

/// Why an act that has to be signed was refused without one.
pub(crate) fn unsigned(caller: &Caller) -> PipelineError {
    in_session(caller).err().unwrap_or_else(too_few)
}

fn too_few() -> PipelineError {
    let message = "This is signed: the first signature of a session takes your user name and your password.";
    PipelineError::refused("two_components_required", message)
}

/// A signature is a person's at a screen: a token may be anybody's who found it.
fn in_session(caller: &Caller) -> Result<SessionId> {
    let message = "An API token cannot sign. Sign in and do it in person.";
    caller.session.ok_or_else(|| Refusal::new("session_required", message).into())
}

/// Whether the evidence of a signature is of this signature: by this person, under this name, on this item, with this
/// meaning, over this content. Signatures of older installations have their name in the row alone. A row that was copied to another item or another person has no evidence that says so.
pub(crate) async fn is_bound(conn: &mut Conn, row: &Signature) -> Result<bool> {
    let Some(event) = events::by_id(conn, row.event_id).await? else { return Ok(false) };
    let Ok(entry) = Entry::decode(&event.entry) else { return Ok(false) };
    let details = event.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let is_named = details.is_none_or(|details: serde_json::Value| {
        details["printed_name"].as_str().is_none_or(|name| name == row.printed_name)
    });
    Ok(is_named
        && entry.object_kind == "signature"
        && entry.object_id == row.id.to_string()
        && entry.item == Some(row.item_id.to_string())
        && entry.actor == row.user_id.to_string()
        && entry.action == format!("signature.{}", row.meaning)
        && entry.content_hash == Hash::from_hex(&row.content_hash)
        && entry.at_us == row.at.micros())
}
