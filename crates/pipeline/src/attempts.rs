//! Attempts to sign in that no wrong password of an open account explains, and from where tokens are used: each is in the log,
//! and nobody can fill the disk with it.
//!
//! An attempt on an unknown or closed login, or on a locked account, is an event at once. What repeats it within
//! [`WINDOW_SECONDS`] is one at the tenth, the hundredth, the thousandth … with the count so far; what those did not tell comes
//! with the next attempt of anybody after the window. The text of an unknown login is kept nowhere: it may be a password that was typed into
//! the wrong field.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign_model::{Instant, TokenId, UserId};
use countersign_store::{Actor, Evidence, StoreError};
use serde_json::json;

use crate::{
    Pipeline, PipelineError, Result,
    people::{Caller, Client},
};

/// For how long repeats of an attempt are counted together, seconds.
pub const WINDOW_SECONDS: i64 = 15 * 60;
/// Accounts whose attempts are counted apart at once; those beyond are counted as one.
const ACCOUNTS_MAX: usize = 10_000;
/// Different clients of one token that are told within a UTC day.
pub const CLIENTS_MAX: usize = 20;
/// A UTC day, seconds.
const DAY_SECONDS: i64 = 86_400;

/// Why an attempt was refused before a password could count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Why {
    Unknown,
    Closed,
    Locked,
}

impl Why {
    const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_login",
            Self::Closed => "closed_account",
            Self::Locked => "locked",
        }
    }
}

/// What is counted together: an account, or none that is known, and why.
type Attempt = (Option<UserId>, Why);

struct Window {
    since: Instant,
    count: u64,
    told: u64,
}

/// Attempts of the windows that are open.
#[derive(Default)]
struct Windows(HashMap<Attempt, Window>);

/// An event that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    attempt: Attempt,
    since: Instant,
    count: u64,
}

impl Windows {
    /// Counts an attempt. What is to be told comes first of windows that are over.
    fn count(&mut self, (user, why): Attempt, now: Instant) -> Vec<Due> {
        let is_over =
            |window: &Window| now < window.since || now >= window.since.plus_seconds(WINDOW_SECONDS);
        let mut due = Vec::new();
        self.0.retain(|attempt, window| {
            if is_over(window) && window.count > window.told {
                due.push(Due { attempt: *attempt, since: window.since, count: window.count });
            }
            !is_over(window)
        });
        let is_room = self.0.len() < ACCOUNTS_MAX || self.0.contains_key(&(user, why));
        let attempt = (user.filter(|_| is_room), why);
        let window = self.0.entry(attempt).or_insert(Window { since: now, count: 0, told: 0 });
        window.count += 1;
        if is_power_of_ten(window.count) {
            window.told = window.count;
            due.push(Due { attempt, since: window.since, count: window.count });
        }
        due
    }
}

const fn is_power_of_ten(count: u64) -> bool {
    count == 10u64.pow(count.ilog10())
}

/// Clients that used a token on a day.
#[derive(Default)]
struct Clients {
    day: i64,
    /// What is kept of a client in evidence, which is cut to its length.
    seen: HashMap<TokenId, HashSet<String>>,
}

impl Clients {
    /// Whether the use is to be told, and whether it is the last of the day that is.
    fn take(&mut self, token: TokenId, client: &str, now: Instant) -> Option<bool> {
        let day = now.seconds().div_euclid(DAY_SECONDS);
        if self.day != day {
            *self = Self { day, seen: HashMap::new() };
        }
        let seen = self.seen.entry(token).or_default();
        let is_new = seen.len() <= CLIENTS_MAX && seen.insert(client.to_owned());
        is_new.then_some(seen.len() > CLIENTS_MAX)
    }

    /// What could not be told is new again.
    fn forget(&mut self, token: TokenId, client: &str) {
        if let Some(seen) = self.seen.get_mut(&token) {
            seen.remove(client);
        }
    }
}

/// What this process remembers of attempts and of clients.
#[derive(Default)]
pub(crate) struct Attempts {
    windows: Mutex<Windows>,
    clients: Mutex<Clients>,
}

fn open<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pipeline {
    /// Counts an attempt to sign in that was refused before a password could count, and tells what is due.
    pub(crate) async fn note_attempt(&self, user: Option<UserId>, why: Why, client: &Client) -> Result<()> {
        let due = open(&self.attempts.windows).count((user, why), self.store.clock().now());
        if due.is_empty() {
            return Ok(());
        }
        let mut details = client.details().unwrap_or_else(|| json!({}));
        details["place"] = "sign_in".into();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    for Due { attempt: (user, why), since, count } in due {
                        let mut details = details.clone();
                        if count > 1 {
                            details["count"] = count.into();
                            details["since"] = since.to_string().into();
                        }
                        let evidence = Evidence {
                            action: "session.refused".to_owned(),
                            object_kind: if user.is_some() { "user" } else { "login" }.to_owned(),
                            object_id: user.map(|user| user.uuid()),
                            ..Evidence::default()
                        };
                        tx.record(evidence.outcome("refused").reason(why.code()).details(details))?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// From where a token is used: an event for each client that uses it on a day, the client among its details. Beyond
    /// [`CLIENTS_MAX`] there is one more that says so, and no other that day.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_client(&self, caller: &Caller, client: &Client) -> Result<()> {
        if caller.session.is_some() {
            return Ok(());
        }
        let token = TokenId(caller.presence.uuid());
        let details = client.details();
        let text = details.as_ref().map(ToString::to_string).unwrap_or_default();
        let told = open(&self.attempts.clients).take(token, &text, self.store.clock().now());
        let Some(is_last) = told else { return Ok(()) };
        let mut evidence = Evidence::new("token.used", "token", token.uuid());
        if is_last {
            evidence = evidence.reason("many_clients");
        }
        if let Some(details) = details {
            evidence = evidence.details(details);
        }
        let kept = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move { Ok(tx.record(evidence).map(drop)?) })
        });
        let kept = kept.await;
        if kept.is_err() {
            open(&self.attempts.clients).forget(token, &text);
        }
        match kept {
            // On a full disk people must still be able to look; it is told once there is room.
            Err(PipelineError::Store(StoreError::DiskFull { .. })) => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant(1_790_000_000_000_000).plus_seconds(seconds)
    }

    #[test]
    fn a_flood_is_counted_and_told_in_few_events() {
        let (mut windows, user) = (Windows::default(), UserId(uuid::Uuid::from_u128(7)));
        let mut told = Vec::new();
        for _ in 0..2_345 {
            told.extend(windows.count((None, Why::Unknown), at(1)).into_iter().map(|due| due.count));
        }
        assert_eq!(told, [1, 10, 100, 1_000]);
        let other = windows.count((Some(user), Why::Locked), at(WINDOW_SECONDS));
        let of = |attempt, since, count| Due { attempt, since: at(since), count };
        assert_eq!(other, [of((Some(user), Why::Locked), WINDOW_SECONDS, 1)], "the window is not over yet");
        let after = windows.count((None, Why::Unknown), at(WINDOW_SECONDS + 1));
        let rest = of((None, Why::Unknown), 1, 2_345);
        assert_eq!(after, [rest, of((None, Why::Unknown), WINDOW_SECONDS + 1, 1)]);
    }

    #[test]
    fn many_accounts_are_counted_as_one_beyond_a_bound() {
        let mut windows = Windows::default();
        for number in 0..ACCOUNTS_MAX as u128 + 50 {
            windows.count((Some(UserId(uuid::Uuid::from_u128(number))), Why::Closed), at(0));
        }
        assert_eq!(windows.0.len(), ACCOUNTS_MAX + 1);
    }

    #[test]
    fn each_client_of_a_token_is_told_once_a_day_up_to_a_bound() {
        let (mut clients, token) = (Clients::default(), TokenId(uuid::Uuid::from_u128(1)));
        let client = |number: usize| format!("agent {number}");
        assert_eq!(clients.take(token, &client(0), at(0)), Some(false));
        assert_eq!(clients.take(token, &client(0), at(1)), None);
        let told: Vec<_> =
            (1..100).filter_map(|number| clients.take(token, &client(number), at(2))).collect();
        assert_eq!((told.len(), told.iter().filter(|last| **last).count()), (CLIENTS_MAX, 1));
        assert_eq!(clients.take(token, &client(0), at(DAY_SECONDS)), Some(false), "another day");
    }
}
