//! Files in: from folders, single files and zip archives, each with limits, each fault naming its place.

use std::{
    fs::File,
    io::Read,
    path::{Component, Path, PathBuf},
};

/// Largest single file, bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 30;
/// Most entries in one zip archive.
pub const ZIP_ENTRIES_MAX: usize = 200_000;
/// Largest total that one zip archive may inflate to, bytes.
pub const ZIP_TOTAL_BYTES_MAX: u64 = 64 << 30;
/// Largest ratio of inflated to packed size of one entry of more than [`ZIP_RATIO_FREE_BYTES`].
pub const ZIP_RATIO_MAX: u64 = 200;
/// Entries up to this size may have any ratio (a blank image packs well), bytes.
pub const ZIP_RATIO_FREE_BYTES: u64 = 1 << 20;
/// Deepest folder in an archive or below a given folder.
pub const DEPTH_MAX: usize = 32;
/// Longest relative name, bytes.
pub const NAME_BYTES_MAX: usize = 1024;

/// A file that was not taken, for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileRefusal {
    /// The name that the sender gave.
    pub name: String,
    /// Stable code.
    pub code: String,
    /// One sentence with the tag or field.
    pub message: String,
    /// Byte offset in the file, where one is known.
    pub offset: Option<u64>,
}

impl FileRefusal {
    /// A refusal of the named file.
    pub fn new(name: &str, code: &str, message: impl Into<String>, offset: Option<u64>) -> Self {
        Self { name: name.to_owned(), code: code.to_owned(), message: message.into(), offset }
    }
}

/// A file that is on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file on disk.
    Disk(PathBuf),
    /// Entry number of a zip archive on disk.
    Zip {
        /// The archive.
        archive: PathBuf,
        /// Entry index.
        index: usize,
    },
}

/// A file with the relative name that grouping goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Relative name with `/`.
    pub name: String,
    /// Where its bytes are.
    pub source: Source,
    /// Size in bytes, as declared.
    pub bytes: u64,
}

/// Lists what lies behind the given paths: files, folders (recursively, in name order) and zip archives.
/// What cannot be taken comes back as refusals; the rest goes on.
pub fn list(paths: &[PathBuf]) -> (Vec<Incoming>, Vec<FileRefusal>) {
    let (mut files, mut refusals) = (Vec::new(), Vec::new());
    for path in paths {
        let label = path.file_name().map_or_else(|| ".".into(), |n| n.to_string_lossy().into_owned());
        walk(path, &label, 0, &mut files, &mut refusals);
    }
    (files, refusals)
}

fn walk(path: &Path, name: &str, depth: usize, files: &mut Vec<Incoming>, refusals: &mut Vec<FileRefusal>) {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            return refusals.push(FileRefusal::new(name, "unreadable", error.kind().to_string(), None));
        }
    };
    if metadata.is_symlink() && depth > 0 {
        return refusals.push(FileRefusal::new(
            name,
            "symbolic_link",
            "links inside a folder are not followed",
            None,
        ));
    }
    if path.is_dir() {
        if depth >= DEPTH_MAX {
            return refusals.push(FileRefusal::new(
                name,
                "too_deep",
                format!("more than {DEPTH_MAX} folders deep"),
                None,
            ));
        }
        let mut children: Vec<_> = match std::fs::read_dir(path) {
            Ok(entries) => entries.filter_map(|e| e.ok().map(|e| e.path())).collect(),
            Err(error) => {
                return refusals.push(FileRefusal::new(name, "unreadable", error.kind().to_string(), None));
            }
        };
        children.sort();
        for child in children {
            let leaf = child.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            walk(&child, &format!("{name}/{leaf}"), depth + 1, files, refusals);
        }
    } else if is_zip(path) {
        list_zip(path, name, files, refusals);
    } else if metadata.len() > FILE_BYTES_MAX {
        refusals.push(FileRefusal::new(name, "too_large", format!("more than {FILE_BYTES_MAX} bytes"), None));
    } else {
        files.push(Incoming {
            name: name.to_owned(),
            source: Source::Disk(path.to_owned()),
            bytes: path.metadata().map_or(0, |m| m.len()),
        });
    }
}

fn is_zip(path: &Path) -> bool {
    let mut magic = [0_u8; 4];
    File::open(path).and_then(|mut f| f.read_exact(&mut magic)).is_ok()
        && (magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06")
}

fn list_zip(path: &Path, name: &str, files: &mut Vec<Incoming>, refusals: &mut Vec<FileRefusal>) {
    let archive = File::open(path)
        .map_err(|e| e.to_string())
        .and_then(|f| zip::ZipArchive::new(f).map_err(|e| e.to_string()));
    let mut archive = match archive {
        Ok(archive) => archive,
        Err(message) => return refusals.push(FileRefusal::new(name, "bad_zip", message, None)),
    };
    if archive.len() > ZIP_ENTRIES_MAX {
        let message = format!("{} entries, at most {ZIP_ENTRIES_MAX}", archive.len());
        return refusals.push(FileRefusal::new(name, "zip_too_many_entries", message, None));
    }
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let entry = match archive.by_index_raw(index) {
            Ok(entry) => entry,
            Err(error) => {
                refusals.push(FileRefusal::new(
                    &format!("{name}#{index}"),
                    "bad_zip",
                    error.to_string(),
                    None,
                ));
                continue;
            }
        };
        let shown = format!("{name}/{}", entry.name());
        match check_entry(entry.name(), entry.is_dir(), entry.size(), entry.compressed_size(), &mut total) {
            Ok(Some(clean)) => files.push(Incoming {
                name: clean,
                source: Source::Zip { archive: path.to_owned(), index },
                bytes: entry.size(),
            }),
            Ok(None) => {}
            Err((code, message)) => {
                refusals.push(FileRefusal::new(&shown, code, message, Some(entry.header_start())));
                if code == "zip_too_large" {
                    return;
                }
            }
        }
    }
}

/// The safe relative name of a zip entry, `None` for folders.
fn check_entry(
    name: &str,
    is_dir: bool,
    size: u64,
    packed: u64,
    total: &mut u64,
) -> Result<Option<String>, (&'static str, String)> {
    let name = name.replace('\\', "/");
    if name.len() > NAME_BYTES_MAX {
        return Err(("name_too_long", format!("more than {NAME_BYTES_MAX} bytes")));
    }
    let path = Path::new(&name);
    let plain = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if !plain || name.contains('\0') || name.contains(':') {
        return Err(("path_traversal", "the name leaves its folder".into()));
    }
    if path.components().count() > DEPTH_MAX {
        return Err(("too_deep", format!("more than {DEPTH_MAX} folders deep")));
    }
    if is_dir {
        return Ok(None);
    }
    if size > FILE_BYTES_MAX {
        return Err(("too_large", format!("declares {size} bytes, at most {FILE_BYTES_MAX}")));
    }
    if size > ZIP_RATIO_FREE_BYTES && size / packed.max(1) > ZIP_RATIO_MAX {
        return Err((
            "zip_bomb",
            format!("inflates {} times, at most {ZIP_RATIO_MAX}", size / packed.max(1)),
        ));
    }
    *total = total.saturating_add(size);
    if *total > ZIP_TOTAL_BYTES_MAX {
        return Err(("zip_too_large", format!("inflates to more than {ZIP_TOTAL_BYTES_MAX} bytes")));
    }
    Ok(Some(name))
}

/// Reads the bytes of incoming files; keeps the archive that it reads from open, because opening one means reading
/// its whole directory.
#[derive(Default)]
pub struct Loader {
    open: Option<(PathBuf, zip::ZipArchive<File>)>,
}

impl Loader {
    /// The bytes of one file. Never more than [`FILE_BYTES_MAX`] nor than it declared, whatever it inflates to.
    ///
    /// # Errors
    /// [`FileRefusal`] naming the file.
    pub fn load(&mut self, file: &Incoming) -> Result<Vec<u8>, FileRefusal> {
        let loaded = match &file.source {
            Source::Disk(path) => File::open(path)
                .map_err(|e| ("unreadable", e.kind().to_string()))
                .and_then(|mut reader| capped(&mut reader, FILE_BYTES_MAX)),
            Source::Zip { archive, index } => self.load_entry(archive, *index, file.bytes),
        };
        loaded.map_err(|(code, message)| FileRefusal::new(&file.name, code, message, None))
    }

    fn load_entry(
        &mut self,
        path: &Path,
        index: usize,
        declared: u64,
    ) -> Result<Vec<u8>, (&'static str, String)> {
        if self.open.as_ref().is_none_or(|(open, _)| open != path) {
            let file = File::open(path).map_err(|e| ("unreadable", e.kind().to_string()))?;
            let archive = zip::ZipArchive::new(file).map_err(|e| ("bad_zip", e.to_string()))?;
            self.open = Some((path.to_owned(), archive));
        }
        let Some((_, archive)) = self.open.as_mut() else {
            return Err(("bad_zip", "the archive is not open".into()));
        };
        let mut entry = archive.by_index(index).map_err(|e| ("bad_zip", e.to_string()))?;
        capped(&mut entry, declared.min(FILE_BYTES_MAX))
    }
}

fn capped(reader: &mut impl Read, bytes_max: u64) -> Result<Vec<u8>, (&'static str, String)> {
    let mut bytes = Vec::new();
    reader.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|e| ("unreadable", e.to_string()))?;
    if bytes.len() as u64 > bytes_max {
        return Err(("too_large", format!("more than the {bytes_max} bytes that it may have")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn zip_with(entries: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = zip::ZipWriter::new(file.as_file_mut());
        let deflated =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        for (name, bytes) in entries {
            zip.start_file(*name, deflated).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        file
    }

    #[test]
    fn takes_the_good_entries_and_names_the_bad_ones() {
        let bomb = vec![0_u8; 8 << 20];
        let file =
            zip_with(&[("a/one.txt", b"1"), ("../evil.txt", b"2"), ("/abs.txt", b"3"), ("bomb.bin", &bomb)]);
        let (files, refusals) = list(&[file.path().to_owned()]);
        assert_eq!(files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["a/one.txt"]);
        assert_eq!(Loader::default().load(&files[0]).unwrap(), b"1");
        let codes: Vec<_> = refusals.iter().map(|r| r.code.as_str()).collect();
        assert_eq!(codes, ["path_traversal", "path_traversal", "zip_bomb"]);
        assert!(refusals.iter().all(|r| r.offset.is_some()));
    }

    #[test]
    fn walks_folders_in_name_order_and_does_not_follow_links() {
        let folder = tempfile::tempdir().unwrap();
        let sub = folder.path().join("sub");
        std::fs::create_dir(&sub).unwrap();
        std::fs::write(sub.join("b"), b"b").unwrap();
        std::fs::write(sub.join("a"), b"a").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", sub.join("link")).unwrap();
        let (files, refusals) = list(std::slice::from_ref(&sub));
        assert_eq!(files.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["sub/a", "sub/b"]);
        assert_eq!(refusals[0].code, "symbolic_link");
        let (_, missing) = list(&[folder.path().join("nowhere")]);
        assert_eq!(missing[0].code, "unreadable");
    }
}
