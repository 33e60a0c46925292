//! Writing a release package as a stream: memory grows with the number of files, never with their size.

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::layout::{Directory, MEMBER_BYTES_MAX, MEMBERS_MAX, Member, is_member_name};
use super::package::{Measured, Meter};
use super::records::{
    CERTIFICATE_BYTES_MAX, Certificate, CertificateFields, FileLine, FileTotals, LogPlace, Record,
    RecordError, RecordTotals, release_root,
};
use super::verify::check_event;
use super::{
    CERTIFICATE, CHUNK_BYTES, FILES, FOOT, LOG_KEY, LOG_PROOF, MANIFEST, README, README_TEXT, SIGNATURE,
};
use crate::frontier::Frontier;
use crate::hash::{Hash, leaf_hash};
use crate::note::NoteSigner;
use crate::proof::{TlogProof, TlogProofError};

/// Why a package cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output failed, or the reader of a file did.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The name is not a relative path of plain characters (see `is_member_name`), or is one of the package's own.
    #[error("{0:?} cannot be the name of a file in a release")]
    BadName(String),
    /// There is a file of this name already (upper and lower case count as the same).
    #[error("{0:?} is there twice")]
    NameTaken(String),
    /// A file is larger than [`MEMBER_BYTES_MAX`]: split it.
    #[error("{0:?} is above the limit of {MEMBER_BYTES_MAX} bytes")]
    FileTooLarge(String),
    /// More files than [`MEMBERS_MAX`].
    #[error("more than {MEMBERS_MAX} files")]
    TooManyFiles,
    /// A record after the first file: the manifest comes first and is streamed.
    #[error("records come before files")]
    RecordAfterFile,
    /// A file was begun before the last one was ended, or ended without being begun.
    #[error("files are written one after the other")]
    FileOrder,
    /// The record is not sound.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] TlogProofError),
    /// The proof is about another event than the release of this root.
    #[error("the proof is not about this release: {0}")]
    OtherEvent(String),
    /// The certificate is larger than [`CERTIFICATE_BYTES_MAX`].
    #[error("the certificate has {0} bytes, the limit is {CERTIFICATE_BYTES_MAX}")]
    CertificateTooLarge(usize),
}

/// A package being filled: first all records, then all files, then [`ReleaseWriter::seal`].
///
/// The package starts at the beginning of `out`. Its bytes depend on what is written only: the same content in the
/// same order gives the same package up to the certificate.
pub struct ReleaseWriter<W> {
    container: Container<W>,
    files: Vec<FileLine>,
    records: Frontier,
    /// The manifest is the open member.
    in_manifest: bool,
}

impl<W: Write + Seek> ReleaseWriter<W> {
    /// Starts a package.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn new(mut out: W) -> Result<Self, WriteError> {
        out.seek(SeekFrom::Start(0))?;
        let container = Container { out, at: 0, members: Vec::new(), names: HashSet::new(), open: None };
        let mut writer = Self { container, files: Vec::new(), records: Frontier::new(), in_manifest: false };
        for own in FOOT {
            writer.container.names.insert(own.to_owned());
        }
        writer.container.begin(README)?;
        writer.container.write(README_TEXT.as_bytes())?;
        writer.end_listed()?;
        writer.container.begin(MANIFEST)?;
        writer.in_manifest = true;
        Ok(writer)
    }

    /// Adds one item's record to the manifest. All records come before the first file.
    ///
    /// # Errors
    /// [`WriteError::Record`] when it is not sound; [`WriteError::RecordAfterFile`]; [`WriteError::Io`].
    pub fn add_record(&mut self, record: &Record) -> Result<(), WriteError> {
        if !self.in_manifest {
            return Err(WriteError::RecordAfterFile);
        }
        let mut line = record.encode()?;
        self.records.append(leaf_hash(&line));
        line.push(b'\n');
        self.container.write(&line)
    }

    /// Starts an exported file; its bytes follow by [`ReleaseWriter::write`], then [`ReleaseWriter::end_file`].
    ///
    /// # Errors
    /// [`WriteError`] about the name, the number of files, or an unfinished file.
    pub fn begin_file(&mut self, name: &str) -> Result<(), WriteError> {
        if self.in_manifest {
            self.end_listed()?;
            self.in_manifest = false;
        }
        self.container.begin(name)
    }

    /// Adds bytes to the file that was begun.
    ///
    /// # Errors
    /// [`WriteError::FileOrder`] when none was; [`WriteError::FileTooLarge`]; [`WriteError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if self.in_manifest { Err(WriteError::FileOrder) } else { self.container.write(bytes) }
    }

    /// Ends the file that was begun.
    ///
    /// # Errors
    /// [`WriteError::FileOrder`] when none was; [`WriteError::Io`].
    pub fn end_file(&mut self) -> Result<(), WriteError> {
        if self.in_manifest { Err(WriteError::FileOrder) } else { self.end_listed() }
    }

    /// Adds a whole file from a reader.
    ///
    /// # Errors
    /// As [`ReleaseWriter::begin_file`] and [`ReleaseWriter::write`].
    pub fn add_file(&mut self, name: &str, mut reader: impl Read) -> Result<(), WriteError> {
        self.begin_file(name)?;
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return self.end_file(),
                Ok(n) => self.write(&buffer[..n])?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Writes the file list and works out the root, which the release event must carry as its content hash.
    ///
    /// # Errors
    /// [`WriteError::FileOrder`] when a file is unfinished; [`WriteError::Io`].
    pub fn seal(mut self) -> Result<SealedRelease<W>, WriteError> {
        if self.in_manifest {
            self.end_listed()?;
        }
        let mut tree = Frontier::new();
        self.container.begin_own(FILES)?;
        for file in &self.files {
            let mut line = file.encode();
            tree.append(leaf_hash(&line));
            line.push(b'\n');
            self.container.write(&line)?;
        }
        self.container.end()?;
        let bytes = self.files.iter().map(|f| f.size).sum();
        let files = FileTotals { count: tree.size(), bytes, root: tree.root() };
        let records = RecordTotals { count: self.records.size(), root: self.records.root() };
        Ok(SealedRelease { container: self.container, files, records })
    }

    fn end_listed(&mut self) -> Result<(), WriteError> {
        let measured = self.container.end()?;
        self.files.push(measured.line);
        Ok(())
    }
}

/// A package whose content is fixed and which waits for its event, certificate and proof.
pub struct SealedRelease<W> {
    container: Container<W>,
    files: FileTotals,
    records: RecordTotals,
}

impl<W: Write + Seek> SealedRelease<W> {
    /// The release root: the content hash that the release event must carry.
    #[must_use]
    pub fn root(&self) -> Hash {
        release_root((self.files.root, self.files.count), (self.records.root, self.records.count))
    }

    /// The listed files taken together.
    #[must_use]
    pub fn files(&self) -> &FileTotals {
        &self.files
    }

    /// The records taken together.
    #[must_use]
    pub fn records(&self) -> &RecordTotals {
        &self.records
    }

    /// Signs the certificate and completes the package. The proof must be of the release event, in the log whose key
    /// `signer` is: an action that starts with `release`, outcome `ok`, content hash = [`SealedRelease::root`].
    ///
    /// # Errors
    /// [`WriteError::Proof`] or [`WriteError::OtherEvent`] when the finished package would not verify;
    /// [`WriteError::CertificateTooLarge`]; [`WriteError::Io`].
    pub fn finish(
        mut self,
        signer: &NoteSigner,
        statement: CertificateFields,
        proof: &TlogProof,
    ) -> Result<(W, Certificate), WriteError> {
        let proven = proof.verify(signer.verifier())?;
        check_event(&proven, self.root(), &statement.project_id).map_err(WriteError::OtherEvent)?;
        let proof_text = proof.to_text();
        let key_text = format!("{}\n", signer.verifier());
        let log = LogPlace {
            origin: proven.checkpoint.checkpoint.origin,
            index: proven.index,
            size: proven.checkpoint.checkpoint.size,
            root: proven.checkpoint.checkpoint.root,
            proof_sha256: Hash::of(proof_text.as_bytes()),
            key_sha256: Hash::of(key_text.as_bytes()),
        };
        let certificate = Certificate::new(statement, self.files, self.records, log);
        let text = certificate.to_text();
        if text.len() > CERTIFICATE_BYTES_MAX {
            return Err(WriteError::CertificateTooLarge(text.len()));
        }
        let signature = signer.signature_line(&text);
        for (name, content) in
            [(CERTIFICATE, &text), (SIGNATURE, &signature), (LOG_PROOF, &proof_text), (LOG_KEY, &key_text)]
        {
            self.container.begin_own(name)?;
            self.container.write(content.as_bytes())?;
            self.container.end()?;
        }
        Ok((self.container.close()?, certificate))
    }
}

/// Members one after the other; headers are written when the size is known.
struct Container<W> {
    out: W,
    at: u64,
    members: Vec<Member>,
    /// In lower case.
    names: HashSet<String>,
    open: Option<(Member, Meter)>,
}

impl<W: Write + Seek> Container<W> {
    fn begin(&mut self, name: &str) -> Result<(), WriteError> {
        if !is_member_name(name) {
            return Err(WriteError::BadName(name.to_owned()));
        }
        let folded = name.to_ascii_lowercase();
        if self.names.contains(&folded) {
            return Err(WriteError::NameTaken(name.to_owned()));
        }
        self.begin_own(name)?;
        self.names.insert(folded);
        Ok(())
    }

    /// Starts a member whose name is known to be good and free.
    fn begin_own(&mut self, name: &str) -> Result<(), WriteError> {
        if self.open.is_some() {
            return Err(WriteError::FileOrder);
        }
        if self.members.len() >= MEMBERS_MAX {
            return Err(WriteError::TooManyFiles);
        }
        let member = Member { name: name.to_owned(), size: 0, crc: 0, offset: self.at };
        // Holds the place; written again when size and checksum are known.
        self.out.write_all(&member.local_header())?;
        self.open = Some((member, Meter::default()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let Some((member, meter)) = &mut self.open else { return Err(WriteError::FileOrder) };
        if meter.size() + bytes.len() as u64 > MEMBER_BYTES_MAX {
            return Err(WriteError::FileTooLarge(member.name.clone()));
        }
        self.out.write_all(bytes)?;
        meter.update(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<Measured, WriteError> {
        let Some((mut member, meter)) = self.open.take() else { return Err(WriteError::FileOrder) };
        let measured = meter.finish(&member.name);
        member.size = measured.line.size;
        member.crc = measured.crc;
        self.out.seek(SeekFrom::Start(member.offset))?;
        self.out.write_all(&member.local_header())?;
        self.at = member.end();
        self.out.seek(SeekFrom::Start(self.at))?;
        self.members.push(member);
        Ok(measured)
    }

    fn close(mut self) -> Result<W, WriteError> {
        let mut bytes = 0;
        for member in &self.members {
            self.out.write_all(&member.central_record())?;
            bytes += member.central_len();
        }
        let directory = Directory { members: self.members.len() as u64, offset: self.at, bytes };
        self.out.write_all(&directory.end_records())?;
        self.out.flush()?;
        Ok(self.out)
    }
}
