//! The document behind a certificate. It is about somebody of the staff: it lies sealed with a key of its own, apart from
//! everything that is labelled, goes out as a file to be kept and never as a page, and each time somebody takes it is on
//! record.

use bytes::Bytes;
use countersign_inspection::{Limits, decode};
use countersign_model::{QualificationId, SubjectId};
use countersign_store::{
    Conn, projects,
    qualifications::{self, PAPERS},
};
use sha2::{Digest, Sha256};

use super::{QualificationView, evidence, own};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    blocking,
    people::Caller,
    refused::Denial,
};

/// Largest document, bytes.
pub const PAPER_BYTES_MAX: usize = 8 << 20;
/// How far from its end a PDF says that it ends, bytes.
const PDF_TAIL_BYTES: usize = 1_024;

/// A document as it goes out.
#[derive(Clone, Debug)]
pub struct Paper {
    /// Its media type: one of those that are taken.
    pub kind: &'static str,
    /// A name for it, of our own making.
    pub file_name: String,
    /// Its bytes, as they were brought.
    pub bytes: Bytes,
}

/// The kinds that are taken, by what their bytes begin with.
fn kind_of(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let tail = &bytes[bytes.len().saturating_sub(PDF_TAIL_BYTES)..];
    if bytes.starts_with(b"%PDF-") && tail.windows(5).any(|part| part == b"%%EOF") {
        return Some(("application/pdf", "pdf"));
    }
    let (kind, ending) = match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => ("image/png", "png"),
        [0xff, 0xd8, 0xff, ..] => ("image/jpeg", "jpg"),
        _ => return None,
    };
    decode::dimensions(bytes, Limits::default()).is_ok().then_some((kind, ending))
}

fn bad(message: &str) -> PipelineError {
    PipelineError::bad("bad_paper", "file", message.to_owned())
}

impl Pipeline {
    /// Keeps the document behind a certificate, once.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_paper` for what is no PDF, PNG or JPEG file, is too large, or is
    /// another one than the fingerprint says; `paper_kept`, `already_decided`; `separation_of_duties` for one's own.
    pub async fn keep_paper(
        &self,
        caller: &Caller,
        id: QualificationId,
        bytes: Bytes,
    ) -> Result<QualificationView> {
        let row = qualifications::by_id(&mut *self.store.read().await?, id).await?;
        let row = row.ok_or(PipelineError::NotFound)?;
        self.require_qualifier(caller, row.project_id)?;
        if row.user_id == caller.user() {
            return Err(own());
        }
        if row.revoked_at.is_some() {
            return Err(PipelineError::refused("already_decided", "This certificate was revoked."));
        }
        if row.file_address.is_some() {
            return Err(kept());
        }
        if bytes.len() > PAPER_BYTES_MAX {
            return Err(bad(&format!("at most {PAPER_BYTES_MAX} bytes")));
        }
        let looked = bytes.clone();
        let (found, hash) = blocking(move || (kind_of(&looked), Sha256::digest(&looked))).await?;
        let (kind, _) = found.ok_or_else(|| bad("a PDF, PNG or JPEG file"))?;
        let (said, size) = (hex::encode(hash), bytes.len() as u64);
        if row.evidence_hash.as_ref().is_some_and(|known| *known != said) {
            return Err(bad("another file than the one whose fingerprint was entered"));
        }
        let put = self.store.papers().put(PAPERS, SubjectId(id.uuid()), bytes).await?;
        let user = caller.user();
        let row = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let paper =
                        qualifications::Paper { address: put.address, kind, bytes: size, hash: &said };
                    if !qualifications::keep_paper(tx, id, user, paper).await? {
                        return Err(kept());
                    }
                    // In the details, which the log holds a commitment to: the plain hash would tell whoever has the same
                    // document.
                    let details = serde_json::json!({ "kind": kind, "bytes": size, "sha256": said });
                    tx.record(evidence("qualification.paper", &row).details(details))?;
                    qualifications::by_id(tx, id).await?.ok_or(PipelineError::NotFound)
                })
            })
            .await?;
        self.qualification_as(row).await
    }

    /// The document behind a certificate: for whose it is, and for those who enter certificates where it counts.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody else and where there is none; as for sealed bytes.
    pub async fn paper(&self, caller: &Caller, id: QualificationId) -> Result<Paper> {
        let mut conn = self.store.read().await?;
        let row = qualifications::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        if row.user_id != caller.user() && !self.manages_certificate(&mut conn, caller, &row).await? {
            let lacks = Denial::of_all(Action::ManageQualifications.as_str());
            return Err(caller.denied(lacks.of_kind("qualification", id.uuid())));
        }
        drop(conn);
        let address = row.file_address.clone().ok_or(PipelineError::NotFound)?;
        // That it was taken is durable before a byte of it goes out.
        let shown = row.clone();
        let noting = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                tx.record(evidence("qualification.paper_shown", &shown))?;
                Ok(())
            })
        });
        noting.await?;
        let bytes = self.store.papers().for_machine(PAPERS, &address).await?;
        let (kind, ending) = kind_of(&bytes)
            .ok_or_else(|| PipelineError::Internal("a paper of a kind that is not taken".into()))?;
        Ok(Paper { kind, file_name: format!("{}-{}.{ending}", row.name, row.id), bytes })
    }

    /// Whether somebody enters certificates where this one counts: on its project, or, where it counts everywhere, for the
    /// installation or on a project where its holder has a role.
    async fn manages_certificate(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        row: &qualifications::Qualification,
    ) -> Result<bool> {
        let manages = |project| {
            let resource = Resource::Project(project);
            self.access.allows(&caller.principal, Action::ManageQualifications, &resource)
        };
        match row.project_id {
            Some(project) => Ok(manages(project)),
            None if self.access.allows(&caller.principal, Action::ManageUsers, &Resource::Installation) => {
                Ok(true)
            }
            None => {
                let grants = projects::grants_of(conn, row.user_id).await?;
                Ok(grants.into_iter().any(|grant| manages(grant.project_id)))
            }
        }
    }
}

fn kept() -> PipelineError {
    PipelineError::refused(
        "paper_kept",
        "The document of this certificate is kept already; it is never replaced.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_the_list_is_taken() {
        let pdf = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n".to_vec();
        assert_eq!(kind_of(&pdf), Some(("application/pdf", "pdf")));
        let mut png = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(3, 2).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let png = png.into_inner();
        assert_eq!(kind_of(&png), Some(("image/png", "png")));
        let cut = &pdf[..pdf.len() - 8];
        for bad in
            [b"".as_slice(), b"%PDF-", cut, &png[..20], b"\xff\xd8\xff\xe0", b"<html>", b"PK\x03\x04", b"MZ"]
        {
            assert_eq!(kind_of(bad), None, "{bad:?}");
        }
    }
}
