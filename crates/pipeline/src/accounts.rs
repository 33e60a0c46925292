//! Accounts: made, renamed, closed; API tokens.

use countersign_model::{Instant, OrganizationId, Role, TokenId, UserId};
use countersign_store::{Actor, Evidence, Json, sessions, users};
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    organizations::{OrganizationView, not_for_vendors},
    people::Caller,
    rework::free_abandoned,
    secrets,
};

/// For how many days an API token works unless said otherwise.
pub const TOKEN_DAYS_DEFAULT: u32 = 90;
/// For how many days an API token may work at most.
pub const TOKEN_DAYS_MAX: u32 = 365;
const DAY_SECONDS: i64 = 86_400;
/// Longest login or printed name, characters.
const NAME_CHARS_MAX: usize = 100;

/// An account as people see it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// Account.
    pub id: UserId,
    /// Login name.
    pub login: String,
    /// Name as signatures print it.
    pub printed_name: String,
    /// Open for signing in.
    pub active: bool,
    /// Roles on the installation.
    pub system_roles: Vec<Role>,
    /// When it was made.
    pub created_at: Instant,
    /// To whom they belong.
    pub organization: OrganizationId,
}

impl From<users::User> for User {
    fn from(record: users::User) -> Self {
        Self {
            id: record.id,
            login: record.login,
            printed_name: record.printed_name,
            active: record.active,
            system_roles: record.system_roles.0,
            created_at: record.created_at,
            organization: record.organization_id,
        }
    }
}

/// An API token as its owner sees it; the secret is shown once, when it is made.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiToken {
    /// Token.
    pub id: TokenId,
    /// What its owner called it.
    pub name: String,
    /// The secret, only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last used.
    pub last_used_at: Option<Instant>,
    /// From when on it is as good as unknown.
    pub expires_at: Instant,
}

/// A new account with its one-time password.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewUser {
    /// The account.
    pub user: User,
    /// Shown once; must be changed at the first sign-in. Absent when a password was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_time_password: Option<String>,
}

/// What a new account is made with.
#[derive(Clone, Debug)]
pub struct UserDraft {
    /// Login name.
    pub login: String,
    /// Name as signatures print it.
    pub printed_name: String,
    /// Password; a one-time password is made if absent.
    pub password: Option<String>,
    /// Roles on the installation.
    pub system_roles: Vec<Role>,
}

impl Pipeline {
    /// The caller's API tokens.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<ApiToken>> {
        let found = sessions::tokens_of(&mut *self.store.read().await?, caller.user()).await?;
        Ok(found.into_iter().map(ApiToken::from).collect())
    }

    /// Makes an API token that works for some days, [`TOKEN_DAYS_DEFAULT`] if not said; its secret is in this answer only.
    ///
    /// # Errors
    /// `bad_name`, `bad_days`; `not_for_vendors`.
    pub async fn make_token(&self, caller: &Caller, name: &str, days: Option<u32>) -> Result<ApiToken> {
        if caller.organization.is_vendor() {
            return Err(not_for_vendors());
        }
        let name = checked_name("name", name)?;
        let days = days.unwrap_or(TOKEN_DAYS_DEFAULT);
        if !(1..=TOKEN_DAYS_MAX).contains(&days) {
            return Err(PipelineError::bad("bad_days", "days", format!("1 to {TOKEN_DAYS_MAX}")));
        }
        let (secret, stored) = secrets::token(&mut *self.rng());
        let user = caller.user();
        let token = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let token = sessions::Token {
                        id: tx.fresh(),
                        user_id: user,
                        name,
                        token_hash: stored,
                        created_at: tx.now(),
                        last_used_at: None,
                        ended_at: None,
                        expires_at: Some(tx.now().plus_seconds(i64::from(days) * DAY_SECONDS)),
                    };
                    sessions::insert_token(tx, token.clone()).await?;
                    let details = serde_json::json!({ "days": days });
                    tx.record(Evidence::new("token.made", "token", token.id.uuid()).details(details))?;
                    Ok(token)
                })
            })
            .await?;
        Ok(ApiToken { token: Some(secret), ..token.into() })
    }

    /// Ends one of the caller's tokens.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn end_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        let user = caller.user();
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    if !sessions::end_token(tx, user, token).await? {
                        return Err(PipelineError::NotFound);
                    }
                    tx.record(Evidence::new("token.ended", "token", token.uuid()))?;
                    Ok(())
                })
            })
            .await
    }

    /// Every account.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] unless the caller may manage users.
    pub async fn users(&self, caller: &Caller) -> Result<Vec<User>> {
        // Project owners need the list to grant roles.
        let owns_project = caller.principal.grants.iter().any(|(_, role)| *role == Role::Owner);
        if !owns_project || caller.organization.is_vendor() {
            self.require(caller, Action::ManageUsers, &Resource::Installation)?;
        }
        Ok(users::list(&mut *self.store.read().await?).await?.into_iter().map(User::from).collect())
    }

    /// Makes an account; of own staff unless an organization is named.
    ///
    /// # Errors
    /// `bad_name`, `weak_password`, `login_taken`, `no_such_organization`; `not_for_vendors` for roles on the installation.
    pub async fn make_user(
        &self,
        caller: &Caller,
        draft: UserDraft,
        organization: Option<OrganizationId>,
    ) -> Result<NewUser> {
        self.require(caller, Action::ManageUsers, &Resource::Installation)?;
        self.make_member(caller.actor(), draft, organization).await
    }

    /// Makes an account on behalf of the program itself (first start, demo data).
    ///
    /// # Errors
    /// `bad_name`, `weak_password`, `login_taken`.
    pub async fn make_user_as(&self, actor: Actor, draft: UserDraft) -> Result<NewUser> {
        self.make_member(actor, draft, None).await
    }

    async fn make_member(
        &self,
        actor: Actor,
        draft: UserDraft,
        organization: Option<OrganizationId>,
    ) -> Result<NewUser> {
        let login = checked_name("login", &draft.login)?;
        let printed_name = checked_name("printed_name", &draft.printed_name)?;
        let one_time = draft.password.is_none().then(|| secrets::one_time_password(&mut *self.rng()));
        let password = draft.password.or_else(|| one_time.clone()).unwrap_or_default();
        secrets::check_choice(&password)?;
        let hash = self.hash_password(&password).await?;
        let (roles, must_change) = (draft.system_roles, one_time.is_some());
        let user = self
            .store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    if users::by_login(tx, &login).await?.is_some() {
                        return Err(PipelineError::refused("login_taken", "This login name is in use."));
                    }
                    let organization = match organization {
                        Some(id) => users::organization(tx, id).await?.ok_or_else(no_such_organization)?,
                        None => users::ensure_organization(tx, "Own staff", "own").await?,
                    };
                    if !roles.is_empty() && OrganizationView::of(organization.clone(), tx.now()).is_vendor() {
                        return Err(not_for_vendors());
                    }
                    let user = users::User {
                        id: tx.fresh(),
                        organization_id: organization.id,
                        login,
                        printed_name,
                        password_hash: hash,
                        active: true,
                        must_change,
                        failed_count: 0,
                        locked_until: None,
                        system_roles: Json(roles),
                        created_at: tx.now(),
                    };
                    users::insert(tx, user.clone()).await?;
                    tx.record(named("user.made", user.id, &user.printed_name))?;
                    Ok(user)
                })
            })
            .await?;
        Ok(NewUser { user: user.into(), one_time_password: one_time })
    }

    /// Opens or closes an account, or corrects its printed name. Closing ends sessions and tokens at once.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `last_owner` when nobody would be left to run the installation.
    pub async fn change_user(
        &self,
        caller: &Caller,
        id: UserId,
        active: Option<bool>,
        printed_name: Option<String>,
    ) -> Result<User> {
        self.require(caller, Action::ManageUsers, &Resource::Installation)?;
        let printed_name = printed_name.map(|name| checked_name("printed_name", &name)).transpose()?;
        let pipeline = self.clone();
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let user = users::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    if active == Some(false) && user.system_roles.0.contains(&Role::Owner) {
                        let all = users::list(tx).await?;
                        let owners =
                            all.iter().filter(|u| u.active && u.system_roles.0.contains(&Role::Owner));
                        if owners.count() <= 1 {
                            return Err(PipelineError::refused(
                                "last_owner",
                                "Somebody must run the installation.",
                            ));
                        }
                    }
                    if let Some(active) = active {
                        users::set_active(tx, id, active).await?;
                        if !active {
                            sessions::end_all(tx, id, None).await?;
                            sessions::end_all_tokens(tx, id).await?;
                        }
                        let action = if active { "user.opened" } else { "user.closed" };
                        tx.record(Evidence::new(action, "user", id.uuid()))?;
                        if !active {
                            free_abandoned(tx, &pipeline, id, None).await?;
                        }
                    }
                    if let Some(name) = &printed_name {
                        users::set_printed_name(tx, id, name).await?;
                        tx.record(named("user.renamed", id, name))?;
                    }
                    Ok(users::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?.into())
                })
            })
            .await
    }

    /// Makes the owner account on the very first start; `None` on later ones.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn first_start(&self) -> Result<Option<NewUser>> {
        if users::count(&mut *self.store.read().await?).await? > 0 {
            return Ok(None);
        }
        let draft = UserDraft {
            login: "owner".into(),
            printed_name: "Owner".into(),
            password: None,
            system_roles: vec![Role::Owner],
        };
        self.make_user_as(Actor::system(), draft).await.map(Some)
    }
}

impl From<sessions::Token> for ApiToken {
    fn from(token: sessions::Token) -> Self {
        Self {
            id: token.id,
            expires_at: expiry(&token),
            name: token.name,
            token: None,
            created_at: token.created_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// When a token ends by itself.
pub(crate) fn expiry(token: &sessions::Token) -> Instant {
    let days = i64::from(TOKEN_DAYS_DEFAULT);
    token.expires_at.unwrap_or_else(|| token.created_at.plus_seconds(days * DAY_SECONDS))
}

fn no_such_organization() -> PipelineError {
    PipelineError::bad("no_such_organization", "organization", "there is no such organization")
}

/// Evidence that an account has this printed name from now on: the log commits to it, so that a copy can show whose name
/// stands beside an act.
fn named(action: &str, user: UserId, printed_name: &str) -> Evidence {
    let details = serde_json::json!({ "printed_name": printed_name });
    Evidence::new(action, "user", user.uuid()).details(details)
}

/// A trimmed, printable name of acceptable length.
pub(crate) fn checked_name(place: &'static str, name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(PipelineError::bad(
            "bad_name",
            place,
            format!("use 1 to {NAME_CHARS_MAX} printable characters"),
        ));
    }
    Ok(name.to_owned())
}
