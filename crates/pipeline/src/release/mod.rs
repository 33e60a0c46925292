//! Releases: accepted items leave as a package that carries its own proof.
//!
//! The order of steps makes every crash harmless. The release and its items are one write; the package is built beside
//! the store; the event with the root is a write that looks at holds once more; the certificate needs that event in the
//! log; only when the package lies in its zone is the release done, and only then are its items marked as released.

mod agreement;
mod answers;
mod begin;
mod build;
mod carried;
mod certificate;
mod coco;
mod guidelines;
mod kitti;
pub(crate) mod material;
mod pack;
mod reads;
mod two;
mod workplace;

use std::{io::Write, path::Path};

use bytes::Bytes;
use countersign_ledger::Entry;
use countersign_model::{Audience, CertificationId, Instant, ItemId, ProjectId, ReleaseId, UserId};
use countersign_store::{
    Actor, Conn, Evidence, StoreError, events, is_full, projects, releases, users, wide_holds,
};
use futures::{StreamExt, stream::BoxStream};
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    signed_acts::{self, SignedAct},
    signing::{Components, unsigned},
};

/// What packages hold that are begun now. 1: as first shipped. 2: `agreement.json` where several people read.
/// 3: `reads.jsonl` whatever the protocol, with the lineage of each label. 4: `suggestions.json`
/// where some drafts were made wrong or withheld, and `qa_passed` of an inspected sample. 5: what is
/// said in `FORMATS.txt` about answers. Whatever a package of an older format lacked is left out when it is built again.
const FORMAT: u32 = 5;
/// Most releases in one list.
const RELEASES_LISTED_MAX: u32 = 1_000;
/// Most items that a release names one by one ("all accepted" has no such limit).
pub const ITEMS_NAMED_MAX: usize = 100_000;

/// Which items go into a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every accepted item that is not held.
    AllAccepted,
    /// These; each must be accepted and not held.
    Items(Vec<ItemId>),
}

/// What is to be released, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which items.
    pub items: Selection,
    /// For whom.
    pub audience: Audience,
    /// The finished audit whose items go out, instead of a selection: its certificate is in the package.
    pub certification: Option<CertificationId>,
}

impl From<Selection> for Wanted {
    fn from(items: Selection) -> Self {
        Self { items, audience: Audience::Internal, certification: None }
    }
}

/// A release as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseView {
    /// Release.
    pub id: ReleaseId,
    /// Project.
    pub project: ProjectId,
    /// Name, unique within the project.
    pub name: String,
    /// `proposed` (waits for a second person), `building`, `done`, `failed`, `withdrawn`, or `recalled` when somebody in it
    /// was erased.
    pub state: String,
    /// Root hash, hexadecimal.
    pub root: Option<String>,
    /// SHA-256 of the manifest, hexadecimal.
    pub manifest_hash: Option<String>,
    /// Items in it.
    pub items: u64,
    /// Items in it that are on hold now.
    pub held: u64,
    /// Annotations in it.
    pub annotations: u64,
    /// Size of the package, bytes.
    pub bytes: Option<u64>,
    /// Name of the package when it is downloaded.
    pub file_name: String,
    /// The signed certificate.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>))]
    pub certificate: Option<serde_json::Value>,
    /// Who made it; absent for the command line.
    pub created_by: Option<UserId>,
    /// Their name as it was printed then.
    pub created_by_name: Option<String>,
    /// When it was begun.
    pub created_at: Instant,
    /// The second person, who released it; absent while it waits, and where one person or the command line made it.
    pub countersigned_by: Option<UserId>,
    /// Their name as it was printed then.
    pub countersigned_by_name: Option<String>,
    /// When.
    pub countersigned_at: Option<Instant>,
    /// Each signature under it, in their order: of who began or made it, and of the second person.
    pub signatures: Vec<SignedAct>,
    /// For whom: `internal` or `public`.
    pub audience: String,
    /// The audit whose certificate is in it.
    pub certification: Option<CertificationId>,
}

/// A package on its way to whoever asked for it. That they did is recorded already.
pub struct ReleaseDownload {
    /// Name for the file.
    pub file_name: String,
    /// Size, bytes.
    pub bytes: u64,
    /// The bytes in pieces.
    pub stream: BoxStream<'static, std::result::Result<Bytes, StoreError>>,
}

impl Pipeline {
    /// Makes a release, or, where a release takes two people, begins it with a signature: then it waits, with its items
    /// and their content hashes, for [`Pipeline::countersign_release`]. Either way it is signed, by somebody who is no
    /// author of what is in it. Goes on when the caller stops waiting.
    ///
    /// # Errors
    /// `bad_selection`, `two_components_required` and what else a signature takes; `separation_of_duties` for an author of something in it;
    /// `certification_open`, `certification_void`, `nothing_accepted`, `item_not_accepted`, `held`, `signature_required`, `content_changed`, `name_taken`,
    /// `risk_not_waived`;
    /// [`PipelineError::NotFound`] without the right.
    pub async fn make_release_signed(
        &self,
        caller: &Caller,
        project: ProjectId,
        name: &str,
        wanted: impl Into<Wanted>,
        components: Option<Components>,
    ) -> Result<ReleaseView> {
        self.require_on(caller, Action::Release, project)?;
        let (name, wanted) = (crate::accounts::checked_name("name", name)?, wanted.into());
        check_selection(&wanted)?;
        self.require_qualified_to_release(caller, project).await?;
        let components = components.ok_or_else(|| unsigned(caller))?;
        if self.releases_by_two(project).await? {
            let begun = self.propose_release(caller, project, name, wanted);
            return self.signed(caller, &components, begun).await;
        }
        let alone = self.release_alone(caller, project, (name, wanted));
        self.signed(caller, &components, alone).await
    }

    /// A release by one person.
    async fn release_alone(
        &self,
        caller: &Caller,
        project: ProjectId,
        what: (String, Wanted),
    ) -> Result<ReleaseView> {
        let (user, signer) = (Some(caller.user()), Some(caller.clone()));
        let made = self.run_apart(caller.actor(), user, signer, project, what).await;
        self.note_own_work(caller, project, &made).await?;
        self.release_as(made?).await
    }

    /// The same for whoever may use the machine, and nobody's signature: the command line and the demo.
    ///
    /// # Errors
    /// As [`Pipeline::make_release_signed`] but for the signature; `two_people_needed` where a release takes two people: a machine is neither.
    pub async fn make_release_as(
        &self,
        actor: Actor,
        user: Option<UserId>,
        project: ProjectId,
        name: &str,
        wanted: impl Into<Wanted>,
    ) -> Result<ReleaseView> {
        let (name, wanted) = (crate::accounts::checked_name("name", name)?, wanted.into());
        check_selection(&wanted)?;
        let asks =
            self.protocol(&mut *self.store.read().await?, project).await?.release.qualification.is_some();
        if user.is_none() && asks {
            let message =
                "Whoever releases this project's data must hold a qualification: release it on the page.";
            return Err(PipelineError::refused("qualification_missing", message));
        }
        if self.releases_by_two(project).await? {
            let message = "Releases of this project take two people: one begins it on the page, another one countersigns.";
            return Err(PipelineError::refused("two_people_needed", message));
        }
        let id = self.run_apart(actor, user, None, project, (name, wanted)).await?;
        self.release_as(id).await
    }

    /// A task of its own: a release is finished or failed, whatever becomes of the request for it.
    async fn run_apart(
        &self,
        actor: Actor,
        user: Option<UserId>,
        signer: Option<Caller>,
        project: ProjectId,
        what: (String, Wanted),
    ) -> Result<ReleaseId> {
        let pipeline = self.clone();
        let made =
            tokio::spawn(async move { pipeline.run_release(actor, user, signer, project, what).await });
        made.await.map_err(|error| PipelineError::Internal(error.to_string()))?
    }

    /// The releases of a project, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn releases(&self, caller: &Caller, project: ProjectId) -> Result<Vec<ReleaseView>> {
        self.require_on(caller, Action::ViewReleases, project)?;
        let mut conn = self.store.read().await?;
        let row = projects::by_id(&mut conn, project).await?.ok_or(PipelineError::NotFound)?;
        let found = releases::list(&mut conn, project, RELEASES_LISTED_MAX).await?;
        let mut shown = Vec::with_capacity(found.len());
        for release in found {
            shown.push(view(&mut conn, release, &row.name).await?);
        }
        Ok(shown)
    }

    /// One release.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn release(&self, caller: &Caller, id: ReleaseId) -> Result<ReleaseView> {
        let found = self.release_as(id).await?;
        self.require_on(caller, Action::ViewReleases, found.project)?;
        Ok(found)
    }

    /// One release, for whoever may use the machine.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn release_as(&self, id: ReleaseId) -> Result<ReleaseView> {
        let mut conn = self.store.read().await?;
        let release = releases::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        let project = projects::by_id(&mut conn, release.project_id).await?.ok_or(PipelineError::NotFound)?;
        view(&mut conn, release, &project.name).await
    }

    /// The package of a finished release. That the caller took it is evidence, written first.
    ///
    /// # Errors
    /// `not_finished`; [`PipelineError::NotFound`] without the right.
    pub async fn release_stream(&self, caller: &Caller, id: ReleaseId) -> Result<ReleaseDownload> {
        let found = self.release_as(id).await?;
        self.require_on(caller, Action::DownloadRelease, found.project)?;
        self.release_stream_as(caller.actor(), id).await
    }

    /// The same for whoever may use the machine.
    ///
    /// # Errors
    /// `not_finished`, [`PipelineError::NotFound`].
    pub async fn release_stream_as(&self, actor: Actor, id: ReleaseId) -> Result<ReleaseDownload> {
        let release =
            releases::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
        if release.state == "recalled" {
            let message =
                "This release was taken back: somebody in it was erased. Make a new one without them.";
            return Err(PipelineError::refused("recalled", message));
        }
        if let Some(user) = actor.user
            && self.is_blind_in(&mut *self.store.read().await?, user, release.project_id).await?
        {
            let message = "You audit labels of this project, or judge them in a study: until that is over you see them \
                           there only.";
            return Err(PipelineError::refused("blind_audit", message));
        }
        let Some(address) = release.address.clone().filter(|_| release.state == "done") else {
            return Err(PipelineError::refused("not_finished", "This release has no package."));
        };
        let evidence = evidence("release.downloaded", &release);
        let recorded = self
            .store
            .write::<_, PipelineError, _>(actor, move |tx| Box::pin(async move { Ok(tx.record(evidence)?) }));
        recorded.await?;
        let (bytes, stream) = self.store.released().stream(release.project_id, &address).await?;
        let file_name = self.release_as(id).await?.file_name;
        Ok(ReleaseDownload { file_name, bytes, stream })
    }

    /// Copies the package of a finished release to a file, which appears whole or not at all; its size in bytes.
    ///
    /// # Errors
    /// As [`Pipeline::release_stream_as`]; [`StoreError::Io`], [`StoreError::DiskFull`] of the file.
    pub async fn copy_release(&self, actor: Actor, id: ReleaseId, to: &Path) -> Result<u64> {
        let mut download = self.release_stream_as(actor, id).await?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = folder.join(format!(".{id}.part"));
        let copied = async {
            let mut file = std::fs::File::create(&draft).map_err(out_failed)?;
            while let Some(piece) = download.stream.next().await {
                file.write_all(&piece?).map_err(out_failed)?;
            }
            file.sync_all().map_err(out_failed)?;
            std::fs::rename(&draft, to).map_err(out_failed)
        };
        let copied: Result<()> = copied.await;
        if copied.is_err() {
            // Whatever was written of it; it may not be there at all.
            let _ = std::fs::remove_file(&draft);
        }
        copied.map(|()| download.bytes)
    }

    /// Works out the root of a finished release again from what is stored now: the same as in its row, or something
    /// that was released has been changed since.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`], `content_changed`.
    pub async fn recompute_release_root(&self, id: ReleaseId) -> Result<String> {
        let (release, project) = {
            let mut conn = self.store.read().await?;
            let release = releases::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let project = projects::by_id(&mut conn, release.project_id).await?;
            (release, project.ok_or(PipelineError::NotFound)?)
        };
        let place = workplace::Workplace::open(&self.store, ReleaseId(self.store.ids().fresh()))?;
        let packed = self.pack(release, project, place.package.clone()).await?;
        Ok(packed.sealed.root().to_hex())
    }
}

/// A certified set has its list already.
fn check_selection(wanted: &Wanted) -> Result<()> {
    if wanted.certification.is_some() && wanted.items != Selection::AllAccepted {
        let message = "a certified set goes out as it was frozen: leave the list out";
        return Err(PipelineError::bad("bad_selection", "items", message));
    }
    Ok(())
}

pub(crate) fn evidence(action: &str, release: &releases::Release) -> Evidence {
    Evidence::new(action, "release", release.id.uuid()).project(release.project_id)
}

/// The signature of who began a release, or made it alone; none under what a machine made, or nobody signed.
pub(super) async fn begun(conn: &mut Conn, release: &releases::Release) -> Result<Option<SignedAct>> {
    let Some(event) = events::last_signed(conn, "release.started", release.id.uuid()).await? else {
        return Ok(None);
    };
    let is_signed = Entry::decode(&event.entry).is_ok_and(|entry| entry.content_hash.is_some());
    if is_signed { signed_acts::of(conn, &event).await } else { Ok(None) }
}

async fn view(conn: &mut Conn, release: releases::Release, project: &str) -> Result<ReleaseView> {
    let mut names = [release.created_by, release.countersigned_by].map(|user| (user, None));
    for (user, name) in &mut names {
        if let Some(user) = user {
            *name = users::by_id(conn, *user).await?.map(|user| user.printed_name);
        }
    }
    let [(_, mut created_by_name), (_, mut countersigned_by_name)] = names;
    let begun = begun(conn, &release).await?;
    let second = signed_acts::last(conn, "release.countersigned", release.id.uuid()).await?;
    let printed = |signed: &Option<SignedAct>| signed.as_ref().map(|one| one.printed_name.clone());
    created_by_name = printed(&begun).or(created_by_name);
    countersigned_by_name = printed(&second).or(countersigned_by_name);
    let certificate = release.certificate.as_deref().map(serde_json::from_str).transpose();
    let certificate =
        certificate.map_err(|error| PipelineError::Internal(format!("releases.certificate: {error}")))?;
    Ok(ReleaseView {
        file_name: file_name(project, &release.name),
        id: release.id,
        project: release.project_id,
        name: release.name,
        state: release.state,
        root: release.root,
        manifest_hash: release.manifest_hash,
        items: release.items,
        held: wide_holds::held_in_release(conn, release.id).await?,
        annotations: release.annotations,
        bytes: release.bytes,
        certificate,
        created_by: release.created_by,
        created_by_name,
        created_at: release.created_at,
        countersigned_by: release.countersigned_by,
        countersigned_by_name,
        countersigned_at: release.countersigned_at,
        signatures: begun.into_iter().chain(second).collect(),
        audience: release.audience,
        certification: release.certification_id,
    })
}

/// A file name that every system takes: project and release, plain characters only.
fn file_name(project: &str, release: &str) -> String {
    let plain = |text: &str| -> String {
        let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' });
        kept.collect::<String>().trim_matches(['.', '-']).to_owned()
    };
    let parts: Vec<_> =
        [plain(project), plain(release)].into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "release.zip".to_owned() } else { format!("{}.zip", parts.join("-")) }
}

fn out_failed(source: std::io::Error) -> PipelineError {
    file_failed("the output file", source)
}

/// A failed file operation at a place that says nothing of its path.
pub(crate) fn file_failed(place: &str, source: std::io::Error) -> PipelineError {
    let place = place.to_owned();
    PipelineError::Store(if is_full(source.kind()) {
        StoreError::DiskFull { place }
    } else {
        StoreError::Io { place, source }
    })
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn file_names_are_plain() {
        assert_eq!(file_name("Lungs (2026)", "v1.0"), "Lungs--2026-v1.0.zip");
        assert_eq!(file_name("../..", "/"), "release.zip");
        assert_eq!(file_name("頭部", "a b"), "a-b.zip");
    }
}
