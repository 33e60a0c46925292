//! Writing the files of a copy into one archive, with the size and hash of each.

use std::{
    fs::File,
    io::{BufWriter, Write},
};

use countersign_ledger::{Hash, inspection::CopyFile};
use serde::Serialize;
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{PipelineError, Result, release::file_failed};

/// A copy that is being written.
pub(super) struct CopyWriter {
    zip: ZipWriter<BufWriter<File>>,
    listed: Vec<CopyFile>,
}

/// A file of it that is being written.
pub(super) struct Part<'a> {
    copy: &'a mut CopyWriter,
    name: String,
    hash: Sha256,
    bytes: u64,
}

fn failed(error: impl Into<std::io::Error>) -> PipelineError {
    file_failed("an inspector's copy", error.into())
}

impl CopyWriter {
    pub fn new(file: File) -> Self {
        Self { zip: ZipWriter::new(BufWriter::new(file)), listed: Vec::new() }
    }

    /// Begins a file.
    pub fn start(&mut self, name: &str) -> Result<Part<'_>> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .large_file(true);
        self.zip.start_file(name, options).map_err(failed)?;
        Ok(Part { copy: self, name: name.to_owned(), hash: Sha256::new(), bytes: 0 })
    }

    /// A whole file.
    pub fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut part = self.start(name)?;
        part.write(bytes)?;
        part.end()
    }

    /// The files so far.
    pub fn listed(&self) -> Vec<CopyFile> {
        self.listed.clone()
    }

    /// Ends the archive; its size in bytes.
    pub fn finish(self) -> Result<u64> {
        let out = self.zip.finish().map_err(failed)?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok(file.metadata().map_err(failed)?.len())
    }
}

impl Part<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.copy.zip.write_all(bytes).map_err(failed)?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// One line of JSON.
    pub fn line(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text =
            serde_json::to_vec(line).map_err(|error| PipelineError::Internal(error.to_string()))?;
        text.push(b'\n');
        self.write(&text)
    }

    /// Ends the file and lists it.
    pub fn end(self) -> Result<()> {
        let sha256 = Hash(self.hash.finalize().into());
        self.copy.listed.push(CopyFile { name: self.name, bytes: self.bytes, sha256 });
        Ok(())
    }
}
