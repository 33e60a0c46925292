//! Who acts.

use countersign_model::{SessionId, UserId};

/// What kind of actor stands behind a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person in a session.
    Person,
    /// A person's API token.
    Token,
    /// A person at the command line of the machine.
    Console,
    /// A model that drafts.
    Model,
    /// The program itself: lease expiry, jobs, first start.
    System,
}

impl ActorKind {
    /// The word as evidence and database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Token => "token",
            Self::Console => "console",
            Self::Model => "model",
            Self::System => "system",
        }
    }
}

/// Who acts in a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind.
    pub kind: ActorKind,
    /// The account, for persons and their tokens.
    pub user: Option<UserId>,
    /// The session, for persons.
    pub session: Option<SessionId>,
}

impl Actor {
    /// A person in a session.
    pub const fn person(user: UserId, session: SessionId) -> Self {
        Self { kind: ActorKind::Person, user: Some(user), session: Some(session) }
    }
    /// A person's API token.
    pub const fn token(user: UserId) -> Self {
        Self { kind: ActorKind::Token, user: Some(user), session: None }
    }
    /// The command line of the machine.
    pub const fn console() -> Self {
        Self { kind: ActorKind::Console, user: None, session: None }
    }
    /// A model.
    pub const fn model() -> Self {
        Self { kind: ActorKind::Model, user: None, session: None }
    }
    /// The program itself.
    pub const fn system() -> Self {
        Self { kind: ActorKind::System, user: None, session: None }
    }

    /// Who it was, as the log names them: the account's id, or the kind of actor.
    pub(crate) fn pseudonym(self) -> String {
        self.user.map_or_else(|| self.kind.as_str().to_owned(), |user| user.to_string())
    }
}
