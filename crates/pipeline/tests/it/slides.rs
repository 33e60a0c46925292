//! A slide that comes as one TIFF file is read as any other: by its tiles, without its label and without a word of its file.

use countersign_model::ItemKind;
use countersign_pipeline::{items::ItemQuery, work::Wish};

use crate::{
    harness::House,
    releases::{code, ingest},
};

const TILE: u32 = 16;
const SECRET: &str = "Aperio |User = b414003d|MPP = 0.2500|Filename = Doe_Jane|";

fn colour(x: u32, y: u32) -> [u8; 3] {
    [180 + (x % 16) as u8, 120 + (y % 16) as u8, 160]
}

/// A little-endian TIFF file of two levels with a label between them, tiles as they are.
fn slide() -> Vec<u8> {
    let mut out = b"II\x2a\0\0\0\0\0".to_vec();
    let mut link = 4;
    for (width, height, is_label) in [(40_u32, 32_u32, false), (10, 10, true), (20, 16, false)] {
        let (across, down) = (width.div_ceil(TILE), height.div_ceil(TILE));
        let places: Vec<u32> = if is_label { Vec::new() } else { (0..across * down).collect() };
        let starts = out.len() as u32;
        for place in &places {
            let (left, top) = (place % across * TILE, place / across * TILE);
            out.extend((0..TILE * TILE).flat_map(|n| colour(left + n % TILE, top + n / TILE)));
        }
        let text_at = out.len() as u32;
        let text = if is_label { "label" } else { SECRET };
        out.extend_from_slice(text.as_bytes());
        let bits_at = out.len() as u32;
        out.extend_from_slice(&[8, 0, 8, 0, 8, 0]);
        let tile_bytes = TILE * TILE * 3;
        let offsets_at = out.len() as u32;
        let count = places.len() as u32;
        out.extend(places.iter().flat_map(|place| (starts + place * tile_bytes).to_le_bytes()));
        let sizes_at = out.len() as u32;
        out.extend(places.iter().flat_map(|_| tile_bytes.to_le_bytes()));
        let mut entries = vec![
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 3, bits_at),
            (259, 3, 1, 1),
            (262, 3, 1, 2),
            (270, 2, text.len() as u32, text_at),
            (277, 3, 1, 3),
        ];
        if !is_label {
            entries.extend([
                (322, 3, 1, TILE),
                (323, 3, 1, TILE),
                (324, 4, count, offsets_at),
                (325, 4, count, sizes_at),
            ]);
        }
        let at = out.len() as u32;
        out[link..link + 4].copy_from_slice(&at.to_le_bytes());
        out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            out.extend_from_slice(&(tag as u16).to_le_bytes());
            out.extend_from_slice(&(kind as u16).to_le_bytes());
            out.extend_from_slice(&u32::to_le_bytes(count));
            out.extend_from_slice(&value.to_le_bytes());
        }
        link = out.len();
        out.extend_from_slice(&[0; 4]);
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slide_of_one_file_is_read_by_its_tiles() {
    let house = House::new().await;
    let project = house.project("tissue", "radiology").await;
    ingest(&house, project, "tissue", &[("Doe_Jane.svs".into(), slide())]).await;
    let owner = house.sign_in("owner@tissue").await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    let [item] = page.items.as_slice() else { panic!("{:?}", page.items) };
    assert_eq!((item.kind, item.phase.as_str()), (ItemKind::Study, "queued"));
    assert_eq!(item.facts.modality.as_deref(), Some("SM"));
    assert!(item.facts.notes.iter().any(|note| note == "slide_pictures_left_out"), "{:?}", item.facts.notes);
    let detail = house.pipeline.item(&owner, item.id).await.unwrap();
    let [stream] = detail.streams.as_slice() else { panic!("one slide") };
    assert_eq!((stream.frames.len(), &stream.properties["columns"]), (2, &40.into()));
    assert_eq!(stream.properties["column_spacing_mm"], 0.00025);
    let whole = serde_json::to_string(&detail).unwrap();
    assert!(!whole.contains("Doe") && !whole.contains("b414003d"));

    let reader = house.sign_in("annotator@tissue").await;
    let early = house.pipeline.tile(&reader, item.id, 0, 0, 0).await;
    assert_eq!(code(&early.unwrap_err()), "not_found", "nobody sees a tile before they have the task");
    house.pipeline.claim(&reader, project, Wish::default()).await.unwrap();
    for (level, tile) in [(0, 0), (0, 4), (1, 1)] {
        let picture = house.pipeline.tile(&reader, item.id, 0, level, tile).await.unwrap();
        let shown = image::load_from_memory(&picture.bytes).unwrap().to_rgb8();
        let across = if level == 0 { 3 } else { 2 };
        let (left, top) = (tile % across * TILE, tile / across * TILE);
        for (x, y, pixel) in shown.enumerate_pixels() {
            assert_eq!(pixel.0, colour(left + x, top + y), "level {level}, tile {tile}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slide_that_comes_again_is_known_and_a_broken_one_is_refused_whole() {
    let house = House::new().await;
    let project = house.project("tissue", "radiology").await;
    let folder = house.folder().join("incoming");
    std::fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let first = house.ingest(project, vec![put("a.svs", &slide())]).await;
    assert_eq!((first.items, first.ingest.stored, first.ingest.refused), (1, 2, 0), "{:?}", first.refusals);
    let again = house.ingest(project, vec![put("another name.tif", &slide())]).await;
    assert_eq!((again.items, again.ingest.stored, again.ingest.known), (0, 0, 2));
    let whole = slide();
    let broken = house.ingest(project, vec![put("b.svs", &whole[..whole.len() - 40])]).await;
    assert_eq!((broken.items, broken.ingest.stored, broken.ingest.refused), (0, 0, 1));
    assert_eq!(broken.refusals[0].code, "broken_tiff");
    assert!(broken.refusals[0].offset.is_some());
}
