//! Passwords and tokens: made, hashed, checked. Nothing here is ever logged.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::Salt,
};
use countersign_model::Refusal;
use rand::Rng;
use sha2::{Digest, Sha256};

/// Shortest password that a person may choose, characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password accepted, bytes (a longer one would only burn time in the hash).
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Memory of one Argon2id evaluation, KiB; OWASP's second recommended setting (19 MiB, 2 passes, 1 lane).
const ARGON2_MEMORY_KIB: u32 = 19 * 1024;
/// Passes of one Argon2id evaluation.
const ARGON2_PASSES: u32 = 2;
/// Prefix by which a token is known as one of ours in a leaked file.
const TOKEN_PREFIX: &str = "cs_";
/// Letters of one-time passwords: no look-alikes.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Threads that hash passwords, and so how many evaluations take their memory at once.
const HASHING_THREADS: usize = 2;

type Hashing = Box<dyn FnOnce() + Send>;

/// Where passwords are hashed: threads of their own, because one evaluation takes 19 MiB. On whatever thread is free
/// each thread would keep that much, and many sign-ins at once would take it many times.
pub(crate) struct Passwords(mpsc::Sender<Hashing>);

impl Passwords {
    /// Starts the threads; they end with this value.
    ///
    /// # Errors
    /// A refusal with code `internal` if the system has no thread to give.
    pub fn start() -> Result<Self, Refusal> {
        let (sender, receiver) = mpsc::channel::<Hashing>();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..HASHING_THREADS {
            let receiver = Arc::clone(&receiver);
            let serve = move || {
                loop {
                    // The lock is held while waiting, not while hashing.
                    let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(hashing) = next else { return };
                    // Whoever asked learns of a panic by the missing answer.
                    let _ = std::panic::catch_unwind(AssertUnwindSafe(hashing));
                }
            };
            let thread = std::thread::Builder::new().name("passwords".to_owned()).spawn(serve);
            thread.map_err(|_| Refusal::new("internal", "no thread for passwords"))?;
        }
        Ok(Self(sender))
    }

    /// Runs work on one of the threads; `None` if it failed.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let hashing: Hashing = Box::new(move || {
            // A caller that went away no longer wants its answer.
            let _ = reply.send(work());
        });
        self.0.send(hashing).ok()?;
        answer.await.ok()
    }
}

fn argon2() -> Result<Argon2<'static>, Refusal> {
    let params = Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, 1, None)
        .map_err(|_| Refusal::new("internal", "password parameters"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Checks that a password may be chosen.
///
/// # Errors
/// `weak_password` with the rule that it breaks.
pub fn check_choice(password: &str) -> Result<(), Refusal> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Refusal::new("weak_password", format!("use at least {PASSWORD_CHARS_MIN} characters")));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Refusal::new("weak_password", format!("use at most {PASSWORD_BYTES_MAX} bytes")));
    }
    let first = password.chars().next();
    if password.chars().all(|c| Some(c) == first) {
        return Err(Refusal::new("weak_password", "one repeated character is no password"));
    }
    Ok(())
}

/// Argon2id hash in PHC form.
///
/// # Errors
/// A refusal with code `internal` if the hash cannot be made.
pub fn hash(password: &str, salt: &[u8; 16]) -> Result<String, Refusal> {
    let fault = |_| Refusal::new("internal", "the password cannot be hashed");
    let salt = Salt::new(salt).map_err(|_| Refusal::new("internal", "salt"))?;
    argon2()?
        .hash_password_with_salt(password.as_bytes(), salt.as_ref())
        .map(|h| h.to_string())
        .map_err(fault)
}

/// Whether the password fits the PHC hash. Costs the same whether or not the hash can be read.
pub fn verify(password: &str, phc: &str) -> bool {
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let (Ok(argon2), Ok(parsed)) = (argon2(), PasswordHash::new(phc)) else {
        return false;
    };
    argon2.verify_password(password.as_bytes(), &parsed).is_ok()
}

/// A one-time password: four groups of four letters, 80 bits.
pub fn one_time_password(rng: &mut dyn Rng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    let letters: Vec<char> = bytes.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A fresh token with 256 bits, and the hash that is stored in its place.
pub fn token(rng: &mut dyn Rng) -> (String, Vec<u8>) {
    let mut bytes = [0_u8; 32];
    rng.fill_bytes(&mut bytes);
    let text = format!("{TOKEN_PREFIX}{}", hex::encode(bytes));
    let stored = token_hash(&text);
    (text, stored)
}

/// What is stored of a token: SHA-256, enough for 256 random bits.
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_password_verifies_and_another_does_not() {
        let phc = hash("correct horse battery", &[7; 16]).unwrap();
        assert!(phc.starts_with("$argon2id$"));
        assert!(verify("correct horse battery", &phc));
        assert!(!verify("correct horse batterx", &phc));
        assert!(!verify("correct horse battery", "not a hash"));
    }

    #[tokio::test]
    async fn hashing_goes_on_after_a_panic_and_many_wait_for_few_threads() {
        let passwords = Passwords::start().unwrap();
        for _ in 0..2 * HASHING_THREADS {
            assert_eq!(passwords.run(|| -> u8 { panic!("on purpose") }).await, None);
        }
        let running = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let all = (0..20).map(|number| {
            let running = Arc::clone(&running);
            passwords.run(move || {
                let at_once = running.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                std::thread::yield_now();
                running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                (number, at_once)
            })
        });
        let done = futures::future::join_all(all).await;
        for (number, answer) in done.into_iter().enumerate() {
            let (asked, at_once) = answer.unwrap();
            assert_eq!(asked, number);
            assert!(at_once <= HASHING_THREADS);
        }
    }

    #[test]
    fn weak_choices_are_refused() {
        for weak in ["short", "aaaaaaaaaaaaaaaa", &"x".repeat(300)] {
            assert_eq!(check_choice(weak).unwrap_err().code, "weak_password");
        }
        assert!(check_choice("four words will do").is_ok());
    }

    #[test]
    fn one_time_passwords_and_tokens_do_not_repeat() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(2);
        assert_ne!(one_time_password(&mut rng), one_time_password(&mut rng));
        let (a, a_hash) = token(&mut rng);
        let (b, _) = token(&mut rng);
        assert_ne!(a, b);
        assert_eq!(token_hash(&a), a_hash);
        assert_eq!(a_hash.len(), 32);
    }
}
