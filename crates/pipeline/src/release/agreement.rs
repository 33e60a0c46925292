//! How far the independent readers of a release's items agree, in a file of its package.

use countersign_model::Protocol;
use countersign_store::{Conn, comparisons, releases};

use super::pack::{Lines, Package, add};
use crate::{PipelineError, Result, agreement::Answers, blocking};

/// The file in the package.
const AGREEMENT_FILE: &str = "agreement.json";
/// Said where it is in the package.
pub(super) const AGREEMENT_FORMAT: &str = "
agreement.json     How far the independent readers agree, over the items in this package as their first readers read them:
                   by item and class (percent, Krippendorff's alpha, Gwet's AC1, agreement specific to a class), Cohen's
                   kappa for pairs of readers, and what they called the same finding. Everything in it but the last can be
                   worked out again from reads.jsonl. Intervals of alpha resample items from the seed that is stated.
";
/// Of what the figures speak.
const POPULATION: &str =
    "Items of this release that were read independently, as their first readers read them.";

pub(super) async fn write_agreement(
    package: &mut Package,
    conn: &mut Conn,
    release: &releases::Release,
    protocol: &Protocol,
) -> Result<()> {
    let mut answers = Answers::of(protocol);
    let mut lines = Lines::of(release.id);
    while let Some(material) = lines.next(conn).await? {
        let rows = comparisons::of_item(conn, material.item.id).await?;
        if let Some(first) = rows.first().filter(|row| row.at <= release.created_at) {
            answers.take(conn, first).await?;
        }
    }
    let mut report = blocking(move || answers.report(POPULATION)).await??;
    // The file keeps the form that releases have had from the first: they are built again bit for bit.
    report.confusion.iter_mut().for_each(|cell| cell.common = None);
    let mut text =
        serde_json::to_vec_pretty(&report).map_err(|error| PipelineError::Internal(error.to_string()))?;
    text.push(b'\n');
    add(package, AGREEMENT_FILE, &text)
}
