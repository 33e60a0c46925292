//! What a certificate says about a release, and what not.

use std::collections::BTreeMap;

use countersign_ledger::{
    Hash,
    release::{CertificateFields, NOT_CLAIMED, STANDARD_CLAIMS, Signatory},
};
use countersign_model::{Audience, Instant, Role, SignatureMeaning, UserId};
use countersign_store::{Conn, projects, releases, risks, users};

use super::{
    begun,
    pack::{Contents, WITH_AGREEMENT},
};
use crate::{
    Result,
    signed_acts::{self, SignedAct},
};

/// What this use case adds to the standard claims.
const CLAIMS: [&str; 2] = [
    "Each item passed every stage of the protocol named in its record, and was under no hold when it was released.",
    "The content hash of each item was worked out again from the stored annotations when this package was built.",
];

/// Where no audit was run.
const NO_BOUND: &str = "A bound on the rate of wrong labels: no sampling plan was run on this release, so no statistical \
                        statement is made.";
/// Where one was.
const REFERENCE_IS_NO_TRUTH: &str = "That the reference of the audit is the truth: the bound is about what its auditors \
                                     judged, by the named reference and error definition.";
/// What is not stated yet, said plainly: of items that were read once,
const ONE_READ: &str = "How well annotators agree: each item was read once, then reviewed and signed, not read twice independently.";
/// where several read independently,
const INDEPENDENT_READS: &str =
    "How well annotators agree: independent reads are in reads.jsonl; no measure of agreement is stated.";
/// where the package says how far they agree,
const AGREEMENT_STATED: &str =
    "How well other annotators would agree: agreement.json is about the readers of these items.";
/// and everywhere.
const NO_IMAGES: &str =
    "Where the images are: they are not in this package, only the hashes of their de-identified bytes.";

/// Where something could not be assessed.
const NOT_ASSESSED: &str = "That nothing is in what nobody could assess: such items and frames are counted apart, and are no \
                            negative examples.";

/// Of a release for the public.
const PUBLIC: &str = "This release is for the public: each risk that stays in an item after de-identification, such as \
                      a face that can be rebuilt from slices, was waived by a privacy officer on record.";
/// Of every other release.
const NOT_PUBLIC: &str = "Fitness for the public: this release is for people under the project's agreements; risks that \
                          stay after de-identification were not waived for anybody else.";

/// The statement that is signed. `at` is the moment of the release event.
pub(super) async fn statement(
    conn: &mut Conn,
    release: &releases::Release,
    project: &projects::Project,
    contents: &Contents,
    root: Hash,
    at: Instant,
) -> Result<CertificateFields> {
    let (mut not_claimed, released_at) = (strings(&NOT_CLAIMED), at.to_string());
    let agreement = match contents.independent_reads {
        false => ONE_READ,
        true if release.format >= WITH_AGREEMENT => AGREEMENT_STATED,
        true => INDEPENDENT_READS,
    };
    not_claimed.extend(strings(&[agreement, NO_IMAGES]));
    if contents.external_assets > 0 {
        not_claimed.push(
            "That images kept elsewhere are the ones that were shown: their bytes are not held.".to_owned(),
        );
    }
    if contents.not_assessed + contents.frames_not_assessed > 0 {
        not_claimed.push(NOT_ASSESSED.to_owned());
    }
    let mut claims = strings(&STANDARD_CLAIMS);
    claims.extend(strings(&CLAIMS));
    if let Some(statement) = &contents.labels {
        claims.push(statement.clone());
        not_claimed.push(REFERENCE_IS_NO_TRUTH.to_owned());
    } else {
        not_claimed.push(NO_BOUND.to_owned());
    }
    let waived = risks::waived(conn, release.id).await?;
    if release.audience == Audience::Public.as_str() {
        claims.push(PUBLIC.to_owned());
    } else {
        not_claimed.push(NOT_PUBLIC.to_owned());
    }
    Ok(CertificateFields {
        project: project.name.clone(),
        project_id: project.id.to_string(),
        release: release.name.clone(),
        counts: counts(contents, waived),
        protocols: contents.protocols.clone(),
        guideline: Some(contents.guideline.clone()),
        signatories: signatories(conn, release, root, &released_at).await?,
        released_at,
        claims,
        not_claimed,
    })
}

/// Who began the release, and the second person who let it go, where it took two.
async fn signatories(
    conn: &mut Conn,
    release: &releases::Release,
    root: Hash,
    at: &str,
) -> Result<Vec<Signatory>> {
    let begun = begun(conn, release).await?;
    let (Some(second), Some(signed_at)) = (release.countersigned_by, release.countersigned_at) else {
        return Ok(vec![named(releaser(conn, release, release.created_by, root, at).await?, begun)]);
    };
    let begun_at = release.created_at.to_string();
    let first = releaser(conn, release, release.created_by, root, &begun_at).await?;
    let first = Signatory { meaning: SignatureMeaning::Approved.as_str().to_owned(), ..first };
    let last = releaser(conn, release, Some(second), root, &signed_at.to_string()).await?;
    let signed = signed_acts::last(conn, "release.countersigned", release.id.uuid()).await?;
    Ok(vec![named(first, begun), named(last, signed)])
}

/// Under the name that was printed when they signed.
fn named(signatory: Signatory, signed: Option<SignedAct>) -> Signatory {
    match signed {
        Some(signed) => Signatory { printed_name: signed.printed_name, ..signatory },
        None => signatory,
    }
}

async fn releaser(
    conn: &mut Conn,
    release: &releases::Release,
    by: Option<UserId>,
    root: Hash,
    at: &str,
) -> Result<Signatory> {
    let (mut actor, mut printed_name, mut role) =
        ("console".to_owned(), "command line of the installation".to_owned(), "console".to_owned());
    if let Some(user) = by {
        actor = user.to_string();
        printed_name = users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name);
        let roles = projects::roles(conn, release.project_id, user).await?;
        let releasing = [Role::DataScientist, Role::Owner].into_iter().find(|role| roles.contains(role));
        role = releasing.map_or_else(|| "person".to_owned(), |role| role.as_str().to_owned());
    }
    let meaning = SignatureMeaning::Released.as_str().to_owned();
    Ok(Signatory { actor, printed_name, role, meaning, at: at.to_owned(), content_hash: root })
}

fn counts(contents: &Contents, waived: u64) -> BTreeMap<String, u64> {
    let named: Vec<(&str, u64)> = vec![
        ("items", contents.items),
        ("items_without_annotations", contents.empty_items),
        ("items_reviewed", contents.reviewed_items),
        ("items_countersigned", contents.countersigned_items),
        ("annotations", contents.annotations()),
        ("annotations_by_people", contents.by_people),
        ("annotations_by_models", contents.by_models),
        ("signatures", contents.signatures),
        ("signatories", contents.signers.len() as u64),
        ("external_assets", contents.external_assets),
        ("items_with_a_waived_risk", waived),
        ("coco_images", contents.coco.images),
        ("coco_annotations", contents.coco.annotations),
        ("kitti_frames", contents.kitti.frames),
        ("kitti_objects", contents.kitti.objects),
        ("kitti_scenes_left_out", contents.kitti.scenes_left_out),
    ];
    named.into_iter().chain(contents.answer_counts()).map(|(name, count)| (name.to_owned(), count)).collect()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
