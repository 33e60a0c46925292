//! People: signing in and out, passwords, tokens, accounts.

use countersign_model::{Instant, ProjectId, Refusal, Role, SessionId, UserId};
use countersign_store::{Actor, Evidence, StoreError, projects, sessions, signing, users};

pub use crate::accounts::{ApiToken, NewUser, User, UserDraft};
use crate::{
    Pipeline, Result, access::Principal, attempts::Why, error::PipelineError,
    organizations::OrganizationView, refused::Asking, secrets,
};

/// How long a session lasts, seconds.
pub const SESSION_SECONDS: i64 = 12 * 3600;
/// How long a session may be idle, seconds.
pub const SESSION_IDLE_SECONDS: i64 = 3600;
/// Wrong passwords in a row before the account is locked.
pub const FAILED_SIGN_INS_MAX: i64 = 5;
/// How long a locked account stays locked, seconds.
pub const LOCK_SECONDS: i64 = 15 * 60;
/// How often `last_seen` is written at most, seconds.
const SEEN_EVERY_SECONDS: i64 = 60;

/// What a request carries to say who it comes from.
#[derive(Clone)]
pub enum Credential {
    /// Session token from the cookie.
    Session(String),
    /// API token from the `Authorization` header.
    Token(String),
}

/// Longest name of a program that is kept, characters.
const AGENT_CHARS_MAX: usize = 200;

/// From where somebody signs in, as their connection says it of itself (21 CFR 11.10(h)). Kept among the details of the
/// evidence, where it is bound to the log and can be erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Client {
    /// Network address of the other end.
    pub address: Option<std::net::IpAddr>,
    /// For whom a proxy in front says that it asks.
    pub forwarded_for: Option<std::net::IpAddr>,
    /// The program's name of itself.
    pub agent: Option<String>,
}

impl Client {
    pub(crate) fn details(&self) -> Option<serde_json::Value> {
        let cut = |text: &String| text.chars().take(AGENT_CHARS_MAX).collect::<String>();
        let address = |address: std::net::IpAddr| address.to_string();
        let known = [
            ("address", self.address.map(address)),
            ("forwarded_for", self.forwarded_for.map(address)),
            ("agent", self.agent.as_ref().map(cut)),
        ];
        let known: serde_json::Map<_, _> =
            known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
        (!known.is_empty()).then(|| serde_json::json!({ "client": known }))
    }
}

/// A signed-in person and what they may do, as of this request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Identity and grants, for the policies.
    pub principal: Principal,
    /// Login name.
    pub login: String,
    /// Name as signatures print it.
    pub printed_name: String,
    /// Session; absent for API tokens.
    pub session: Option<SessionId>,
    /// What exposures are recorded under: the session, or the token.
    pub presence: SessionId,
    /// When the password was last entered in this session.
    pub verified_at: Option<Instant>,
    /// A one-time password must be changed before anything else.
    pub must_change_password: bool,
    /// What they are denied in the request that they ask by.
    pub(crate) asking: Asking,
    /// From where they ask, as far as that is known.
    pub client: Client,
    /// To whom they belong.
    pub organization: OrganizationView,
}

impl Caller {
    /// The account.
    pub const fn user(&self) -> UserId {
        self.principal.user
    }

    /// Who acts, for evidence.
    pub const fn actor(&self) -> Actor {
        match self.session {
            Some(session) => Actor::person(self.principal.user, session),
            None => Actor::token(self.principal.user),
        }
    }

    /// The roles granted on a project.
    pub fn roles(&self, project: ProjectId) -> Vec<Role> {
        self.principal.grants.iter().filter(|(p, _)| *p == project).map(|(_, role)| *role).collect()
    }
}

/// A sign of life that found no room is not worth a refusal: on a full disk people must still be able to look.
fn noted(touched: std::result::Result<(), StoreError>) -> Result<()> {
    match touched {
        Err(StoreError::DiskFull { .. }) => {
            tracing::warn!("no space left to note when somebody was last seen");
            Ok(())
        }
        other => Ok(other?),
    }
}

impl Pipeline {
    /// The person behind a credential, or `None` when it is unknown, ended or expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn authenticate(&self, credential: &Credential) -> Result<Option<Caller>> {
        self.recognise(credential, true).await
    }

    /// The same without counting as a sign of life: an open stream of live events must not keep a session from
    /// running out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn identify(&self, credential: &Credential) -> Result<Option<Caller>> {
        self.recognise(credential, false).await
    }

    async fn recognise(&self, credential: &Credential, is_sign_of_life: bool) -> Result<Option<Caller>> {
        let now = self.store.clock().now();
        let mut conn = self.store.read().await?;
        match credential {
            Credential::Session(secret) => {
                let Some(session) = sessions::by_hash(&mut conn, &secrets::token_hash(secret)).await? else {
                    return Ok(None);
                };
                let idle = now > session.last_seen_at.plus_seconds(SESSION_IDLE_SECONDS);
                if session.ended_at.is_some() || now >= session.expires_at || idle {
                    return Ok(None);
                }
                let caller = caller(&mut conn, session.user_id, Some(&session), session.id, now).await?;
                drop(conn);
                if is_sign_of_life && now > session.last_seen_at.plus_seconds(SEEN_EVERY_SECONDS) {
                    noted(self.store.touch_session(session.id).await)?;
                }
                Ok(caller)
            }
            Credential::Token(secret) => {
                let Some(token) = sessions::token_by_hash(&mut conn, &secrets::token_hash(secret)).await?
                else {
                    return Ok(None);
                };
                if token.ended_at.is_some() || now >= crate::accounts::expiry(&token) {
                    return Ok(None);
                }
                // Exposures through a token are recorded under the token's own id.
                let caller = caller(&mut conn, token.user_id, None, SessionId(token.id.uuid()), now).await?;
                drop(conn);
                let seen_lately = |used: Instant| now <= used.plus_seconds(SEEN_EVERY_SECONDS);
                if is_sign_of_life && !token.last_used_at.is_some_and(seen_lately) {
                    noted(self.store.touch_token(token.id).await)?;
                }
                Ok(caller)
            }
        }
    }

    /// Signs in from the machine itself.
    ///
    /// # Errors
    /// As [`Pipeline::sign_in_from`].
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<(String, Caller)> {
        self.sign_in_from(login, password, &Client::default()).await
    }

    /// Signs in: the session's secret for the cookie, and the person.
    ///
    /// # Errors
    /// `bad_credentials` whether the login or the password is wrong; `locked` after too many wrong passwords.
    pub async fn sign_in_from(
        &self,
        login: &str,
        password: &str,
        client: &Client,
    ) -> Result<(String, Caller)> {
        let now = self.store.clock().now();
        let user = users::by_login(&mut *self.store.read().await?, login).await?;
        let hash = user.as_ref().map_or_else(|| self.decoy_hash.clone(), |user| user.password_hash.clone());
        let fits = self.check_password(password, hash).await?;
        let known = user.as_ref().map(|user| user.id);
        let Some(user) = user.filter(|user| user.active) else {
            let why = if known.is_some() { Why::Closed } else { Why::Unknown };
            self.note_attempt(known, why, client).await?;
            return Err(bad_credentials());
        };
        if user.locked_until.is_some_and(|until| now < until) {
            self.note_attempt(known, Why::Locked, client).await?;
            return Err(locked());
        }
        if !fits {
            return Err(self.note_failure(user.id, "sign_in", client).await?);
        }
        let client = client.clone();
        let (secret, stored) = secrets::token(&mut *self.rng());
        let session = self
            .store
            .write::<_, PipelineError, _>(Actor { user: Some(user.id), ..Actor::system() }, move |tx| {
                Box::pin(async move {
                    let session = sessions::Session {
                        id: tx.fresh(),
                        user_id: user.id,
                        token_hash: stored,
                        created_at: tx.now(),
                        last_seen_at: tx.now(),
                        expires_at: tx.now().plus_seconds(SESSION_SECONDS),
                        ended_at: None,
                        verified_at: Some(tx.now()),
                        signed_at: None,
                    };
                    users::set_failures(tx, user.id, 0, None).await?;
                    let started = Evidence::new("session.started", "session", session.id.uuid());
                    tx.record(match client.details() {
                        Some(details) => started.details(details),
                        None => started,
                    })?;
                    sessions::insert(tx, session.clone()).await?;
                    Ok(session)
                })
            })
            .await?;
        let mut conn = self.store.read().await?;
        let caller = caller(&mut conn, session.user_id, Some(&session), session.id, now).await?;
        Ok((secret, caller.ok_or(PipelineError::NotFound)?))
    }

    /// Counts a wrong password, at signing in or at `signing`. Too many lock the account, leave evidence, and open an
    /// alert for those who answer for the person.
    async fn note_failure(&self, id: UserId, place: &'static str, client: &Client) -> Result<PipelineError> {
        let mut details = client.details().unwrap_or_else(|| serde_json::json!({}));
        details["place"] = place.into();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    // Counted where it is written: many wrong ones at once are many.
                    let lock = i64::from(users::count_failure(tx, id).await?) >= FAILED_SIGN_INS_MAX;
                    if lock {
                        let until = tx.now().plus_seconds(LOCK_SECONDS);
                        users::set_failures(tx, id, 0, Some(until)).await?;
                        signing::raise(tx, id, place).await?;
                    }
                    let action = match (lock, place) {
                        (true, _) => "user.locked",
                        (false, "signing") => "signing.refused",
                        (false, _) => "session.refused",
                    };
                    let evidence = Evidence::new(action, "user", id.uuid()).outcome("refused");
                    tx.record(evidence.reason("bad_credentials").details(details))?;
                    Ok(())
                })
            })
            .await?;
        Ok(bad_credentials())
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let Some(session) = caller.session else { return Ok(()) };
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    sessions::end(tx, session).await?;
                    tx.record(Evidence::new("session.ended", "session", session.uuid()))?;
                    Ok(())
                })
            })
            .await
    }

    /// The password again, for what is no signature. Wrong ones count towards the lock.
    ///
    /// # Errors
    /// `bad_credentials`, `locked`.
    pub async fn verify_password(&self, caller: &Caller, password: &str) -> Result<()> {
        self.verify_components(caller, None, password).await
    }

    /// User name, where it is given, and password of the caller. A wrong pair counts towards the lock.
    ///
    /// # Errors
    /// `bad_credentials`, `locked`.
    pub(crate) async fn verify_components(
        &self,
        caller: &Caller,
        login: Option<&str>,
        password: &str,
    ) -> Result<()> {
        let now = self.store.clock().now();
        let user = users::by_id(&mut *self.store.read().await?, caller.user()).await?;
        let user = user.ok_or(PipelineError::NotFound)?;
        if user.locked_until.is_some_and(|until| now < until) {
            return Err(locked());
        }
        // Asked for in any case: how long it takes must not tell which of the two is wrong.
        let fits = self.check_password(password, user.password_hash.clone()).await?;
        if !fits || login.is_some_and(|login| login != user.login) {
            return Err(self.note_failure(user.id, "signing", &caller.client).await?);
        }
        let session = caller.session;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    // Locked by others who were guessing meanwhile.
                    let found = users::by_id(tx, user.id).await?.and_then(|user| user.locked_until);
                    if found.is_some_and(|until| tx.now() < until) {
                        return Err(locked());
                    }
                    if let Some(session) = session {
                        sessions::set_verified(tx, session).await?;
                    }
                    users::set_failures(tx, user.id, 0, None).await?;
                    tx.record(Evidence::new("password.verified", "user", user.id.uuid()))?;
                    Ok(())
                })
            })
            .await
    }

    /// Chooses a new password; every other session of the person ends.
    ///
    /// # Errors
    /// `bad_credentials`, `weak_password`.
    pub async fn change_password(&self, caller: &Caller, current: &str, new: &str) -> Result<()> {
        secrets::check_choice(new)?;
        if new == current {
            return Err(PipelineError::refused(
                "weak_password",
                "the new password must differ from the current one",
            ));
        }
        self.verify_password(caller, current).await?;
        let hash = self.hash_password(new).await?;
        let (user, session) = (caller.user(), caller.session);
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    users::set_password(tx, user, &hash, false).await?;
                    sessions::end_all(tx, user, session).await?;
                    tx.record(Evidence::new("password.changed", "user", user.uuid()))?;
                    Ok(())
                })
            })
            .await
    }
}

async fn caller(
    conn: &mut countersign_store::Conn,
    user: UserId,
    session: Option<&sessions::Session>,
    presence: SessionId,
    now: Instant,
) -> Result<Option<Caller>> {
    let Some(user) = users::by_id(conn, user).await?.filter(|user| user.active) else {
        return Ok(None);
    };
    let grants = projects::grants_of(conn, user.id).await?;
    let organization = users::organization(conn, user.organization_id).await?;
    let organization = OrganizationView::of(organization.ok_or(PipelineError::NotFound)?, now);
    // A token takes data away in bulk: nobody has one who is not own staff.
    if session.is_none() && organization.is_vendor() {
        return Ok(None);
    }
    Ok(Some(Caller {
        principal: Principal {
            user: user.id,
            active: user.active,
            system_roles: user.system_roles.0,
            grants: grants.into_iter().map(|grant| (grant.project_id, grant.role)).collect(),
            belongs: organization.belonging(),
        },
        login: user.login,
        printed_name: user.printed_name,
        session: session.map(|session| session.id),
        presence,
        verified_at: session.and_then(|session| session.verified_at),
        must_change_password: user.must_change,
        asking: Asking::default(),
        client: Client::default(),
        organization,
    }))
}

fn locked() -> PipelineError {
    Refusal::new("locked", "Too many wrong passwords; wait 15 minutes.").into()
}

fn bad_credentials() -> PipelineError {
    Refusal::new("bad_credentials", "Login or password is wrong.").into()
}
