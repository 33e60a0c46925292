//! Instances full of made-up identifiers come in: nobody but the privacy officer is shown anything before it is cleared,
//! and what is cleared holds none of them, while what readers need is still there.

use countersign_dicom as dicom;
use countersign_model::{AssetKind, DeidPlan, ItemId, ProjectId};
use countersign_pipeline::{PipelineError, items::ItemQuery, people::Caller};
use countersign_store::{assets, masks};
use countersign_synthesis::identified::{Action, IdentifiedInstance, Region, cohort, companions};

use crate::harness::{House, PASSWORD};

/// Values as short as this stand by chance in pixels and numbers; the searches of PS3.15 tools begin here too.
const VALUE_BYTES_MIN: usize = 6;
/// Every role but the privacy officer's.
const OTHERS: [&str; 8] = [
    "owner@p",
    "technician@p",
    "annotator@p",
    "reviewer@p",
    "specialist@p",
    "quality_engineer@p",
    "data_scientist@p",
    "auditor@p",
];

async fn bring(house: &House, files: &[IdentifiedInstance]) -> ProjectId {
    let project = house.project("p", "radiology").await;
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        // The name of a file says who it is about, as it does in real exports.
        let path = folder.path().join(format!("{} {}.dcm", file.key.patient_id, file.key.instance_uid));
        std::fs::write(path, &file.bytes).unwrap();
    }
    house.ingest(project, vec![folder.path().to_owned()]).await;
    project
}

async fn items(house: &House, project: ProjectId) -> Vec<(ItemId, String)> {
    let owner = house.sign_in("owner@p").await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    page.items.into_iter().map(|item| (item.id, item.phase)).collect()
}

/// The values that must be gone, as text.
fn secrets(files: &[IdentifiedInstance]) -> Vec<String> {
    let mut all: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let gone =
                |action| matches!(action, Action::TextRemoved | Action::UidChanged | Action::DateShifted);
            let asked = file.key.checks.iter().filter(move |check| gone(check.action));
            let values = asked.map(|check| check.value.trim_matches(['<', '>', ' ']).to_owned());
            values.chain([file.key.patient_id.clone(), file.key.instance_uid.clone()])
        })
        .filter(|value| value.len() >= VALUE_BYTES_MIN && !value.starts_with("1.2.840.10008."))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn holds(bytes: &[u8], value: &str) -> bool {
    bytes.windows(value.len()).any(|window| window == value.as_bytes())
}

async fn nobody_else_is_shown(house: &House, item: ItemId, callers: &[Caller]) {
    let pipeline = &house.pipeline;
    for caller in callers {
        let hidden = |error: PipelineError| assert!(matches!(error, PipelineError::NotFound), "{error}");
        hidden(pipeline.image(caller, item, 0, 0, None, Default::default()).await.map(drop).unwrap_err());
        hidden(pipeline.raw_frame(caller, item, 0, 0).await.map(drop).unwrap_err());
        if let Ok(detail) = pipeline.item(caller, item).await {
            assert!(detail.streams.is_empty() && !detail.may_view_pixels);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_identifies_anybody_gets_through_the_gate() {
    let house = House::new().await;
    let mut files = cohort(20_261_126, 14);
    let mut beside = companions(20_261_126);
    let two_files_at_once = beside.pop().unwrap();
    files.extend(beside);
    let project = bring(&house, &files).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("IM1"), &two_files_at_once.bytes).unwrap();
    let report = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert_eq!(report.refusals[0].code, "polyglot_preamble");
    let found = items(&house, project).await;
    assert!(!found.is_empty());
    let mut callers = Vec::new();
    for login in OTHERS {
        callers.push(house.sign_in(login).await);
    }
    let officer = house.sign_in("privacy_officer@p").await;
    let waiting = house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items;
    assert!(!waiting.is_empty(), "captures and ultrasound always wait");
    for entry in &waiting {
        nobody_else_is_shown(&house, entry.item, &callers).await;
        assert!(house.pipeline.gate_entry(&callers[0], entry.id).await.is_err());
    }
    let mut kept: Vec<&str> =
        waiting.iter().flat_map(|entry| &entry.report.documents).map(|d| d.outcome.as_str()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["encapsulated-document", "structured-content"], "words stay in quarantine");
    let masked: u64 = waiting.iter().map(|entry| entry.report.masks).sum();
    assert!(masked > 0, "names were written into the pixels");
    every_copy_is_clean(&house, &found, &files).await;
    what_the_masks_say_is_what_happened(&house, &found, &files).await;
}

/// A word in pixels can be told where its strokes differ from what is between them, on some frame.
fn is_told(instance: &dicom::Instance, region: &Region) -> bool {
    (0..dicom::frame_count(instance)).any(|frame| {
        let samples = dicom::raw_samples(instance, frame).unwrap();
        let (columns, per_pixel) = (samples.columns as usize, usize::from(samples.samples_per_pixel));
        let (mut strokes, mut between) = (Vec::new(), Vec::new());
        for (y, row) in region.strokes.iter().enumerate() {
            for (x, mark) in row.bytes().enumerate() {
                let at = ((region.y + y) * columns + region.x + x) * per_pixel;
                let value = samples.cells.get(at).unwrap();
                if mark == b'#' { strokes.push(value) } else { between.push(value) }
            }
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        (mean(&strokes) - mean(&between)).abs() > f64::EPSILON
    })
}

/// The recall that the kept masks claim is the one that the pixels show.
async fn what_the_masks_say_is_what_happened(
    house: &House,
    found: &[(ItemId, String)],
    files: &[IdentifiedInstance],
) {
    let (store, limits) = (&house.pipeline.store, dicom::Limits::default());
    let (mut asked, mut claimed, mut gone) = (0_u32, 0_u32, 0_u32);
    for (item, _) in found {
        let all = assets::of_item(&mut store.read().await.unwrap(), *item).await.unwrap();
        let kept = masks::of_item(&mut store.read().await.unwrap(), *item).await.unwrap();
        for copy in all.iter().filter(|a| a.kind == AssetKind::Dicom) {
            let Some(source) = copy.source_asset_id.and_then(|id| all.iter().find(|a| a.id == id)) else {
                continue;
            };
            let original = store.quarantine().for_machine(source.project_id, &source.address).await.unwrap();
            let key = &files.iter().find(|file| *file.bytes == *original).unwrap().key;
            let bytes = match store.quarantine().for_machine(copy.project_id, &copy.address).await {
                Ok(bytes) => bytes,
                Err(_) => store.cleared().for_machine(copy.project_id, &copy.address).await.unwrap(),
            };
            let instance = dicom::read(&bytes, &limits).unwrap();
            let before = dicom::read(&original, &limits).unwrap();
            for region in key.checks.iter().filter_map(|check| check.region.as_ref()) {
                assert!(is_told(&before, region), "the source shows it");
                let covers = |x: usize, y: usize| {
                    kept.iter().filter(|mask| mask.asset_id == source.id).any(|mask| {
                        let (left, top) = (mask.x as usize, mask.y as usize);
                        (left..left + mask.width as usize).contains(&x)
                            && (top..top + mask.height as usize).contains(&y)
                    })
                };
                asked += 1;
                let is_covered =
                    (0..region.width).all(|x| (0..region.height).all(|y| covers(region.x + x, region.y + y)));
                claimed += u32::from(is_covered);
                gone += u32::from(!is_told(&instance, region));
            }
        }
    }
    assert!(asked >= 10, "{asked}");
    assert_eq!(claimed, asked, "every word that was written into pixels lies under a mask");
    assert_eq!(gone, claimed, "what lies under a mask is gone, and the pixels say so");
}

async fn every_copy_is_clean(house: &House, found: &[(ItemId, String)], files: &[IdentifiedInstance]) {
    let (secrets, store) = (secrets(files), &house.pipeline.store);
    assert!(secrets.len() > 50, "{}", secrets.len());
    let mut copies = 0;
    for (item, _) in found {
        let all = assets::of_item(&mut store.read().await.unwrap(), *item).await.unwrap();
        for copy in all.iter().filter(|a| a.kind == AssetKind::Dicom && a.source_asset_id.is_some()) {
            let door = store.quarantine().for_machine(copy.project_id, &copy.address).await;
            let bytes = match door {
                Ok(bytes) => bytes,
                Err(_) => store.cleared().for_machine(copy.project_id, &copy.address).await.unwrap(),
            };
            let left: Vec<_> = secrets.iter().filter(|value| holds(&bytes, value)).collect();
            assert!(left.is_empty(), "{} values are still there", left.len());
            let facts = countersign_dicom::read(&bytes, &countersign_dicom::Limits::default()).unwrap();
            assert!(facts.data.text(countersign_dicom::tags::MODALITY).is_some(), "the modality stays");
            copies += 1;
        }
    }
    assert!(copies > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dose_report_is_cleaned_and_its_numbers_stay() {
    let house = House::new().await;
    let project = house.project("p", "radiology").await;
    let officer = house.sign_in("privacy_officer@p").await;
    let plan = DeidPlan { profile: "basic,clean_structured_content".into(), ..DeidPlan::default() };
    house.pipeline.set_deid(&officer, project, 1, plan, "reports are needed", PASSWORD).await.unwrap();
    let all = cohort(20_261_126, 14);
    let modality = |wanted: &'static str| all.iter().filter(move |file| file.key.modality == wanted);
    let folder = tempfile::tempdir().unwrap();
    let alone = tempfile::tempdir().unwrap();
    for (number, file) in modality("CT").chain(modality("SR")).enumerate() {
        std::fs::write(folder.path().join(number.to_string()), &file.bytes).unwrap();
    }
    let report = modality("SR").next().unwrap();
    std::fs::write(alone.path().join("SR"), &report.bytes).unwrap();

    let early = house.ingest(project, vec![alone.path().to_owned()]).await;
    assert_eq!(early.refusals[0].code, "study_without_images");
    let done = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert!(done.refusals.is_empty(), "{:?}", done.refusals);
    let found = items(&house, project).await;
    assert_eq!(found.len(), 1);
    assert_ne!(found[0].1, "quarantined", "nothing of it waits");
    let again = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert!(again.refusals.is_empty() && again.items == 0, "what is known is no news: {:?}", again.refusals);
    let late = companions(20_261_126).remove(0);
    std::fs::write(folder.path().join("letter"), &late.bytes).unwrap();
    let told = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert_eq!(
        told.refusals[0].code, "study_in_work",
        "a letter among known images is not dropped in silence"
    );
    let owner = house.sign_in("owner@p").await;
    let detail = house.pipeline.item(&owner, found[0].0).await.unwrap();
    assert_eq!(detail.facts.dlp_mgy_cm, Some(318.4));
    assert!(detail.streams.iter().all(|stream| !stream.frames.is_empty()), "a report is no picture");

    let store = &house.pipeline.store;
    let copies = assets::of_item(&mut store.read().await.unwrap(), found[0].0).await.unwrap();
    let copy = copies.iter().find(|a| a.kind == AssetKind::Document && a.source_asset_id.is_some()).unwrap();
    let bytes = store.cleared().for_machine(copy.project_id, &copy.address).await.unwrap();
    assert!(!holds(&bytes, &report.key.patient_id) && !holds(&bytes, &report.key.instance_uid));
}
