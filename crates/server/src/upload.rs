//! An upload on its way to disk: never in memory, within limits, with names that stay inside their folder.

use std::{
    io,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use countersign_pipeline::intake::archive::{
    DEPTH_MAX, FILE_BYTES_MAX, FileRefusal, NAME_BYTES_MAX, ZIP_ENTRIES_MAX, ZIP_TOTAL_BYTES_MAX,
};
use countersign_store::{Store, StoreError, is_full};
use multer::{Field, Multipart};
use tokio::{
    fs,
    io::{AsyncWriteExt, BufWriter},
};

use crate::problem::Problem;

/// How long a client may be silent in the middle of an upload, seconds.
const IDLE_SECONDS: u64 = 60;
/// Longest part of a name between two slashes, bytes (the limit of common file systems).
const COMPONENT_BYTES_MAX: usize = 255;
/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 << 10;
/// What is said of a file that found no room.
const NO_SPACE: &str = "no space is left for this file; nothing of it was stored";
/// How many files are named one by one when they are refused.
const REFUSALS_MAX: usize = 10_000;

/// Media type of the parts of a store request.
const DICOM: &str = "application/dicom";

/// How the files of a request are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `multipart/form-data`: the parts that have a file name, which may hold folders.
    Files,
    /// `multipart/related` of DICOM instances (PS3.18 section 8.6.1.1): every part, by its number.
    Instances,
}

impl Form {
    /// What a part is called on disk; nothing for one that is no file.
    fn name(self, number: usize, field: &Field<'_>) -> Option<String> {
        match self {
            Self::Files => field.file_name().map(str::to_owned),
            Self::Instances => Some(format!("part-{number:06}")),
        }
    }

    /// Refuses what is no such file by what it says of itself.
    fn check(self, field: &Field<'_>) -> Outcome {
        let is_dicom = || field.content_type().is_none_or(|kind| kind.essence_str() == DICOM);
        if self == Self::Files || is_dicom() {
            return Ok(());
        }
        Err(("not_an_instance", format!("a part is not {DICOM}")))
    }

    /// The parts of a request of this form.
    ///
    /// # Errors
    /// `unsupported_media_type` for another form.
    pub fn parts(self, headers: &HeaderMap, body: Body) -> Result<Multipart<'static>, Problem> {
        let wanted = match self {
            Self::Files => "multipart/form-data",
            Self::Instances => "multipart/related",
        };
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind: Option<mime::Mime> = kind.and_then(|value| value.parse().ok());
        let boundary = kind.as_ref().filter(|kind| kind.essence_str() == wanted).and_then(|kind| {
            let of = kind.get_param("type").is_none_or(|of| of == DICOM);
            kind.get_param(mime::BOUNDARY).filter(|_| self == Self::Files || of)
        });
        let Some(boundary) = boundary else {
            let sentence = match self {
                Self::Files => "Send multipart/form-data.",
                Self::Instances => "Send multipart/related; type=\"application/dicom\".",
            };
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", sentence));
        };
        Ok(Multipart::new(body.into_data_stream(), boundary.as_str()))
    }
}

/// What arrived.
pub struct Received {
    /// The folder that everything lies in.
    pub folder: Folder,
    /// What lies at its top, in name order.
    pub paths: Vec<PathBuf>,
    /// Files that were not taken.
    pub refusals: Vec<FileRefusal>,
}

/// A folder that goes away with this value.
pub struct Folder(Option<PathBuf>);

impl Folder {
    async fn make(store: &Store) -> Result<Self, Problem> {
        let path = store.scratch()?;
        fs::create_dir(&path).await.map_err(|error| fault(&error))?;
        Ok(Self(Some(path)))
    }

    fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }

    /// Removes the folder and waits until it is gone.
    pub async fn remove(mut self) {
        if let Some(path) = self.0.take() {
            note(fs::remove_dir_all(path).await);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The request was given up in the middle: nobody waits, so the work goes where it may block.
        let Some(path) = self.0.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || note(std::fs::remove_dir_all(path)));
        } else {
            note(std::fs::remove_dir_all(path));
        }
    }
}

fn note(removed: io::Result<()>) {
    if let Err(error) = removed {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a folder of an upload could not be removed"
        );
    }
}

/// Takes the files of a request. A file that cannot be taken is refused by name and the others go on.
///
/// # Errors
/// `too_large` beyond the limits of the whole, `bad_form`, `no_files`, `upload_stalled`, `storage_full`; nothing
/// is left on disk then.
pub async fn receive(store: &Store, form: Form, parts: Multipart<'static>) -> Result<Received, Problem> {
    let folder = Folder::make(store).await?;
    match fill(folder.path(), form, parts).await {
        Ok((paths, refusals)) => Ok(Received { folder, paths, refusals }),
        Err(problem) => {
            folder.remove().await;
            Err(problem)
        }
    }
}

async fn fill(
    root: &Path,
    form: Form,
    mut parts: Multipart<'static>,
) -> Result<(Vec<PathBuf>, Vec<FileRefusal>), Problem> {
    let (mut total, mut files, mut refusals) = (0_u64, 0_usize, Vec::new());
    while let Some(mut field) = in_time(parts.next_field()).await?.map_err(|error| broken(&error))? {
        let Some(name) = form.name(files + 1, &field) else { continue };
        files += 1;
        if files > ZIP_ENTRIES_MAX {
            return Err(Problem::too_large("files", "Too many files in one upload."));
        }
        let outcome = match form.check(&field).and_then(|()| safe_name(&name)) {
            Ok(path) => take(&root.join(path), form, &mut field, &mut total).await?,
            Err(refusal) => Err(refusal),
        };
        if let Err((code, message)) = outcome {
            skip(&mut field, &mut total).await?;
            if refusals.len() < REFUSALS_MAX {
                refusals.push(FileRefusal::new(&shown(&name), code, message, None));
            }
        }
    }
    if files == 0 {
        return Err(Problem::bad("no_files", "files", "the request holds no file"));
    }
    let mut paths = Vec::new();
    let mut entries = fs::read_dir(root).await.map_err(|error| fault(&error))?;
    while let Some(entry) = entries.next_entry().await.map_err(|error| fault(&error))? {
        paths.push(entry.path());
    }
    paths.sort();
    Ok((paths, refusals))
}

type Outcome = Result<(), (&'static str, String)>;

/// Writes one file. The outer error ends the upload, the inner one refuses the file.
async fn take(path: &Path, form: Form, field: &mut Field<'_>, total: &mut u64) -> Result<Outcome, Problem> {
    if let Some(parent) = path.parent()
        && let Err(error) = fs::create_dir_all(parent).await
    {
        return refused(&error);
    }
    let file = match fs::File::create_new(path).await {
        Ok(file) => file,
        Err(error) => return refused(&error),
    };
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, file);
    let (mut written, mut limit) = (0_u64, FILE_BYTES_MAX);
    while let Some(chunk) = piece(field, total).await? {
        // An archive is many files: what they may hold is checked one by one when it is opened.
        if written == 0 && chunk.starts_with(b"PK") {
            if form == Form::Instances {
                drop(file);
                fs::remove_file(path).await.map_err(|error| fault(&error))?;
                return Ok(Err(("not_an_instance", "a part is an archive".into())));
            }
            limit = ZIP_TOTAL_BYTES_MAX;
        }
        written += chunk.len() as u64;
        if written > limit {
            drop(file);
            fs::remove_file(path).await.map_err(|error| fault(&error))?;
            return Ok(Err(("too_large", format!("more than {limit} bytes"))));
        }
        if let Err(error) = file.write_all(&chunk).await {
            return unwritten(path, file, &error).await;
        }
    }
    match file.flush().await {
        Ok(()) => Ok(Ok(())),
        Err(error) => unwritten(path, file, &error).await,
    }
}

/// A file that does not fit any more is refused by name; smaller ones may still find room.
async fn unwritten(path: &Path, file: BufWriter<fs::File>, error: &io::Error) -> Result<Outcome, Problem> {
    if !is_full(error.kind()) {
        return Err(fault(error));
    }
    drop(file);
    fs::remove_file(path).await.map_err(|error| fault(&error))?;
    Ok(Err(("storage_full", NO_SPACE.into())))
}

/// Names that clash with what is there already, or that the file system does not take.
fn refused(error: &io::Error) -> Result<Outcome, Problem> {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            Ok(Err(("duplicate_name", "another file of this upload has this name".into())))
        }
        io::ErrorKind::InvalidFilename => Ok(Err(("name_too_long", "the name is too long".into()))),
        _ => Err(fault(error)),
    }
}

async fn skip(field: &mut Field<'_>, total: &mut u64) -> Result<(), Problem> {
    while piece(field, total).await?.is_some() {}
    Ok(())
}

async fn piece(field: &mut Field<'_>, total: &mut u64) -> Result<Option<bytes::Bytes>, Problem> {
    let chunk = in_time(field.chunk()).await?.map_err(|error| broken(&error))?;
    *total += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
    if *total > ZIP_TOTAL_BYTES_MAX {
        return Err(Problem::too_large("files", "The upload is larger than one upload may be."));
    }
    Ok(chunk)
}

async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(Duration::from_secs(IDLE_SECONDS), work).await.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "upload_stalled", "The upload stood still too long.")
    })
}

fn broken(error: &multer::Error) -> Problem {
    Problem {
        place: Some("body".into()),
        ..Problem::new(StatusCode::BAD_REQUEST, "bad_form", error.to_string())
    }
}

fn fault(error: &io::Error) -> Problem {
    if is_full(error.kind()) {
        return Problem::from(StoreError::DiskFull { place: "scratch".into() });
    }
    tracing::error!(error = error as &dyn std::error::Error, "an upload could not be written");
    Problem::internal()
}

/// The relative path that a file may have below the upload's folder.
fn safe_name(name: &str) -> Result<PathBuf, (&'static str, String)> {
    let name = name.replace('\\', "/");
    if name.len() > NAME_BYTES_MAX {
        return Err(("name_too_long", format!("more than {NAME_BYTES_MAX} bytes")));
    }
    if name.chars().any(|c| c.is_control() || c == ':') {
        return Err(("bad_name", "the name holds characters that no file of ours may have".into()));
    }
    let mut path = PathBuf::new();
    for component in Path::new(&name).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) if part.len() <= COMPONENT_BYTES_MAX => path.push(part),
            Component::Normal(_) => {
                return Err(("name_too_long", format!("more than {COMPONENT_BYTES_MAX} bytes")));
            }
            _ => return Err(("path_traversal", "the name leaves its folder".into())),
        }
    }
    match path.components().count() {
        0 => Err(("bad_name", "the file has no name".into())),
        depth if depth > DEPTH_MAX => Err(("too_deep", format!("more than {DEPTH_MAX} folders deep"))),
        _ => Ok(path),
    }
}

/// The name as it goes back to its sender: bounded, without control characters.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_BYTES_MAX / 4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_their_folder() {
        assert_eq!(safe_name("scan/a/1.dcm").unwrap(), Path::new("scan/a/1.dcm"));
        assert_eq!(safe_name("scan\\1.dcm").unwrap(), Path::new("scan/1.dcm"));
        assert_eq!(safe_name("./1.dcm").unwrap(), Path::new("1.dcm"));
        let code = |name: &str| safe_name(name).unwrap_err().0;
        for bad in ["../1.dcm", "a/../../1.dcm", "/etc/passwd", "a/..", "..\\x"] {
            assert_eq!(code(bad), "path_traversal", "{bad}");
        }
        assert_eq!(code("c:/x"), "bad_name");
        assert_eq!(code("a\0b"), "bad_name");
        assert_eq!(code(""), "bad_name");
        assert_eq!(code(&"a/".repeat(DEPTH_MAX + 1)), "too_deep");
        assert_eq!(code(&"a".repeat(COMPONENT_BYTES_MAX + 1)), "name_too_long");
        assert_eq!(code(&"a".repeat(NAME_BYTES_MAX + 1)), "name_too_long");
    }
}
