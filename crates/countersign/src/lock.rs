//! Locks between the processes that use one data directory. They end with their process, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    net::SocketAddr,
    path::Path,
    thread,
    time::Duration,
};

use crate::fault::{Fault, Outcome};

/// Held by the one server of a data directory; holds its address.
const SERVE_LOCK: &str = "lock";
/// Shared by everybody who runs jobs.
const WORKER_LOCK: &str = "worker.lock";
/// Tries and pause, because others look at the lock by taking it for a moment.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);
/// Longest text in the lock file, bytes.
const ADDRESS_BYTES_MAX: u64 = 200;

/// The right to serve a data directory.
pub struct ServeLock {
    file: File,
}

impl ServeLock {
    /// Takes it.
    pub fn take(data: &Path) -> Outcome<Self> {
        let file = open(data, SERVE_LOCK)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(Fault::file(&data.join(SERVE_LOCK), &error)),
            }
        }
        let known = address(&file);
        let by = known.map_or_else(|| "another server".to_owned(), |at| format!("the server at http://{at}"));
        Err(Fault::new("already_served", format!("This data directory is in use by {by}."))
            .at(data.display()))
    }

    /// Writes down where the server listens, for those who find the lock taken.
    pub fn announce(&mut self, address: SocketAddr) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        write!(self.file, "{address}")
    }

    /// Whether a server runs on this data directory.
    pub fn is_taken(data: &Path) -> bool {
        File::open(data.join(SERVE_LOCK))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

fn address(mut file: &File) -> Option<SocketAddr> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(ADDRESS_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

/// Held while a process runs jobs.
pub struct WorkerLock {
    _file: File,
    /// Nobody else ran jobs when it was taken: whatever is leased, its worker is gone.
    pub was_alone: bool,
}

impl WorkerLock {
    /// Joins those who run jobs.
    pub fn join(data: &Path) -> Outcome<Self> {
        let file = open(data, WORKER_LOCK)?;
        let place = |error: std::io::Error| Fault::file(&data.join(WORKER_LOCK), &error);
        let was_alone = match file.try_lock() {
            Ok(()) => {
                file.unlock().map_err(place)?;
                true
            }
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(place(error)),
        };
        file.lock_shared().map_err(place)?;
        Ok(Self { _file: file, was_alone })
    }
}

fn open(data: &Path, name: &str) -> Outcome<File> {
    let path = data.join(name);
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
    file.map_err(|error| Fault::file(&path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_and_many_workers() {
        let data = tempfile::tempdir().unwrap();
        assert!(!ServeLock::is_taken(data.path()));
        let mut first = ServeLock::take(data.path()).unwrap();
        first.announce("127.0.0.1:80".parse().unwrap()).unwrap();
        assert!(ServeLock::is_taken(data.path()));
        let refused = ServeLock::take(data.path()).err().unwrap();
        assert_eq!(refused.code, "already_served");
        assert!(refused.message.contains("http://127.0.0.1:80"), "{}", refused.message);
        drop(first);
        assert!(!ServeLock::is_taken(data.path()));

        let one = WorkerLock::join(data.path()).unwrap();
        assert!(one.was_alone);
        assert!(!WorkerLock::join(data.path()).unwrap().was_alone);
        drop(one);
        assert!(WorkerLock::join(data.path()).unwrap().was_alone);
    }
}
