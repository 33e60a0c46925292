//! The key file: 64 hexadecimal digits that nobody but their owner can read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use countersign_deid::Keys;

use crate::fault::{Fault, Outcome};

/// Length of a key, bytes.
const KEY_BYTES: usize = 32;
/// Most bytes that are read of a key file: the digits and line ends.
const FILE_BYTES_MAX: u64 = 256;
/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;
/// Permission bits of what only its owner may see.
pub const PRIVATE: u32 = 0o600;

/// Makes a key file.
pub fn make(path: &Path) -> Outcome<()> {
    let key: [u8; KEY_BYTES] = countersign_store::random()?;
    let made = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path);
    let mut file = made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Fault::new("key_exists", "There is a file already; a key is never replaced.").at(path.display())
        }
        _ => Fault::file(path, &error),
    })?;
    let written = writeln!(file, "{}", hex::encode(key)).and_then(|()| file.sync_all());
    written.map_err(|error| Fault::file(path, &error))
}

/// Reads a key file.
pub fn read(path: &Path) -> Outcome<Keys> {
    let fault = |error: io::Error| Fault::file(path, &error);
    let file = File::open(path).map_err(fault)?;
    let mode = file.metadata().map_err(fault)?.permissions().mode();
    if mode & OTHERS != 0 {
        let message = format!(
            "Others can read or change the key (mode {:03o}): `chmod 600` it, and think about who may have it.",
            mode & 0o777
        );
        return Err(Fault::new("key_not_private", message).at(path.display()));
    }
    let mut text = String::new();
    let malformed =
        || Fault::new("bad_key", "A key is 64 hexadecimal digits; --new-key makes one.").at(path.display());
    let read = file.take(FILE_BYTES_MAX).read_to_string(&mut text);
    read.map_err(
        |error| if error.kind() == io::ErrorKind::InvalidData { malformed() } else { fault(error) },
    )?;
    let mut project_key = [0; KEY_BYTES];
    hex::decode_to_slice(text.trim_ascii(), &mut project_key).map_err(|_| malformed())?;
    Ok(Keys { project_key })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE);
        let keys = read(&path).unwrap();
        assert_eq!(hex::encode(keys.project_key), fs::read_to_string(&path).unwrap().trim());
        assert_eq!(make(&path).unwrap_err().code, "key_exists");
        assert_eq!(keys, read(&path).unwrap());
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        make(&path).unwrap();
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path).unwrap_err().code, "key_not_private", "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(PRIVATE)).unwrap();
        for text in ["", "12", &"g".repeat(64), &"0".repeat(66)] {
            fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap_err().code, "bad_key", "{text}");
        }
        fs::write(&path, b"\xff\xfe").unwrap();
        assert_eq!(read(&path).unwrap_err().code, "bad_key");
    }
}
