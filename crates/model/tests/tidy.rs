//! The house rules that a machine can check. Kept here because the ground floor builds in seconds.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Longest source file, lines.
const FILE_LINES_MAX: usize = 500;
/// Longest architecture document, lines.
const ARCHITECTURE_LINES_MAX: usize = 150;

/// Floors from the ground up; a crate may depend on lower floors, and within the two top rooms on those named before.
const FLOORS: &[&[&str]] = &[
    &["model", "geometry", "ledger", "quality"],
    &["workflow"],
    &["dicom", "sensors", "inspection", "learning", "exchange"],
    // Crafts that build on another: cleaning on reading, making on the layout that is read.
    &["deid", "synthesis"],
    &["store"],
    &["pipeline"],
    &["server"],
    &["countersign"],
];

/// Rooms that touch no file, clock or database.
const PURE: &[&str] = &[
    "model",
    "geometry",
    "ledger",
    "quality",
    "workflow",
    "dicom",
    "deid",
    "sensors",
    "inspection",
    "learning",
    "synthesis",
    "exchange",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["node_modules", "target", "dist", "test-results", ".git", ".cache", ".venv"]
                .contains(&name.as_str())
            {
                walk(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

fn sources(endings: &[&str]) -> Vec<(String, String)> {
    let root = root();
    let mut paths = Vec::new();
    for folder in ["crates", "web", "bench"] {
        walk(&root.join(folder), endings, &mut paths);
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn files_are_one_thought() {
    let long: Vec<String> = sources(&[".rs", ".ts", ".tsx", ".css", ".py"])
        .into_iter()
        .filter(|(name, _)| !name.ends_with("schema.ts"))
        .filter_map(|(name, text)| {
            let lines = text.lines().count();
            (lines > FILE_LINES_MAX).then(|| format!("{name}: {lines} lines"))
        })
        .collect();
    assert!(long.is_empty(), "longer than {FILE_LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_called_utils() {
    let vague: Vec<String> = sources(&[".rs", ".ts", ".tsx"])
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.contains("/utils") || name.contains("/helpers.") || name.contains("/misc."))
        .collect();
    assert!(vague.is_empty(), "name what it does: {vague:?}");
}

#[test]
fn arrows_point_down() {
    let floor: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(height, rooms)| rooms.iter().map(move |room| (*room, height)))
        .collect();
    for (room, height) in &floor {
        let manifest = fs::read_to_string(root().join("crates").join(room).join("Cargo.toml"));
        let Ok(manifest) = manifest else { panic!("crates/{room} is on the map but not in the house") };
        let own = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for line in own.lines().filter(|line| line.starts_with("countersign-")) {
            let end = line.find(['.', ' ', '=']).unwrap_or(line.len());
            let below = &line["countersign-".len()..end];
            let lower = floor
                .get(below)
                .unwrap_or_else(|| panic!("{room} depends on {below}, which is not on the map"));
            assert!(lower < height, "{room} must not depend on {below}");
        }
    }
    let rooms = fs::read_dir(root().join("crates")).unwrap().filter_map(|entry| entry.ok()).count();
    assert_eq!(rooms, floor.len(), "every room is on the map");
}

#[test]
fn only_the_store_speaks_sql_and_pure_rooms_touch_nothing() {
    for (name, text) in sources(&[".rs"]) {
        let mut parts = name.split('/').skip(1);
        let (room, folder) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if folder != "src" {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if room != "store" {
            for word in ["\"SELECT ", "\"INSERT INTO", "\"UPDATE ", "\"DELETE FROM"] {
                assert!(!code.contains(word), "{name} holds SQL");
            }
        }
        if PURE.contains(&room) {
            for word in ["std::fs", "tokio::", "std::net", "std::env::var", "SystemTime", "Instant::now"] {
                assert!(!code.contains(word), "{name} must not use {word}");
            }
        }
    }
}

#[test]
fn the_architecture_fits_on_a_few_screens() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(text.lines().count() <= ARCHITECTURE_LINES_MAX);
    for room in FLOORS.iter().copied().flatten() {
        assert!(text.contains(&format!("`{room}`")), "ARCHITECTURE.md does not name {room}");
    }
}
