//! What a certificate says about a release, and what not.

use std::collections::BTreeMap;

use countersign_ledger::{
    Hash,
    release::{CertificateFields, NOT_CLAIMED, STANDARD_CLAIMS, Signatory},
};
use countersign_model::{Audience, Instant, Role, SignatureMeaning};
use countersign_store::{Conn, projects, releases, risks, users};

use super::pack::Contents;
use crate::Result;

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
/// What is not stated yet, said plainly.
const NOT_CLAIMED_HERE: [&str; 2] = [
    "How well annotators agree: each item was read once, then reviewed and signed, not read twice independently.",
    "Where the images are: they are not in this package, only the hashes of their de-identified bytes.",
];

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
    not_claimed.extend(strings(&NOT_CLAIMED_HERE));
    if contents.external_assets > 0 {
        not_claimed.push(
            "That images kept elsewhere are the ones that were shown: their bytes are not held.".to_owned(),
        );
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
        signatories: vec![releaser(conn, release, root, &released_at).await?],
        released_at,
        claims,
        not_claimed,
    })
}

async fn releaser(conn: &mut Conn, release: &releases::Release, root: Hash, at: &str) -> Result<Signatory> {
    let (mut actor, mut printed_name, mut role) =
        ("console".to_owned(), "command line of the installation".to_owned(), "console".to_owned());
    if let Some(user) = release.created_by {
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
    let named = [
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
    named.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
