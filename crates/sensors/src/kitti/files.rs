//! Which files of a folder belong together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The files of one frame, by their names as given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FrameFiles {
    /// What the names have in common: the path above the four folders and the stem, `training/000000`.
    pub key: String,
    /// `image_2/*.png` or `.jpg`.
    pub image: Option<String>,
    /// `velodyne/*.bin`.
    pub velodyne: Option<String>,
    /// `calib/*.txt`.
    pub calib: Option<String>,
    /// `label_2/*.txt`.
    pub labels: Option<String>,
    /// Further files for a place that was taken, such as a `.jpg` beside the `.png`.
    pub surplus: Vec<String>,
}

impl FrameFiles {
    /// The folders that a scene needs and this frame has no file in. Labels are not needed.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        [("image_2", &self.image), ("velodyne", &self.velodyne), ("calib", &self.calib)]
            .into_iter()
            .filter_map(|(folder, file)| file.is_none().then_some(folder))
            .collect()
    }
}

/// Pairs files by stem, from a flat list of relative paths (`/` or `\` between folders). Names that are
/// not of this format are passed over; frames come in the order of their keys, whatever the list's order.
#[must_use]
pub fn group_files<S: AsRef<str>>(names: &[S]) -> Vec<FrameFiles> {
    let mut sorted: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let mut frames: BTreeMap<String, FrameFiles> = BTreeMap::new();
    for name in sorted {
        let Some((key, part)) = recognise(name) else { continue };
        let frame = frames.entry(key.clone()).or_insert_with(|| FrameFiles { key, ..FrameFiles::default() });
        let slot = match part {
            Part::Image => &mut frame.image,
            Part::Velodyne => &mut frame.velodyne,
            Part::Calib => &mut frame.calib,
            Part::Labels => &mut frame.labels,
        };
        // Names come in falling order, so of `.png` and `.jpg` the lossless one is first.
        if slot.is_none() {
            *slot = Some(name.to_owned());
        } else {
            frame.surplus.push(name.to_owned());
        }
    }
    frames.into_values().collect()
}

enum Part {
    Image,
    Velodyne,
    Calib,
    Labels,
}

/// The key and the part of a name such as `training/image_2/000000.png`.
fn recognise(name: &str) -> Option<(String, Part)> {
    let separators = ['/', '\\'];
    let (path, file) = name.rsplit_once(separators)?;
    let (root, folder) = path.rsplit_once(separators).unwrap_or(("", path));
    let (stem, extension) = file.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    let part = match (folder, extension.to_ascii_lowercase().as_str()) {
        ("image_2", "png" | "jpg" | "jpeg") => Part::Image,
        ("velodyne", "bin") => Part::Velodyne,
        ("calib", "txt") => Part::Calib,
        ("label_2", "txt") => Part::Labels,
        _ => return None,
    };
    let key = if root.is_empty() { stem.to_owned() } else { format!("{root}/{stem}") };
    Some((key.replace('\\', "/"), part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_paired_whatever_their_order() {
        let names = [
            "t/velodyne/000001.bin",
            "t/calib/000001.txt",
            "readme.md",
            "t/image_2/000001.jpg",
            "t/image_2/000001.png",
            "v/image_2/000001.png",
            "t/image_3/000001.png",
            "t/label_2/000000.txt",
        ];
        let frames = group_files(&names);
        let keys: Vec<&str> = frames.iter().map(|f| f.key.as_str()).collect();
        assert_eq!(keys, ["t/000000", "t/000001", "v/000001"]);
        assert_eq!(frames[1].image.as_deref(), Some("t/image_2/000001.png"));
        assert_eq!(frames[1].surplus, ["t/image_2/000001.jpg"]);
        assert!(frames[1].missing().is_empty());
        assert_eq!(frames[2].missing(), ["velodyne", "calib"]);

        let mut turned = names;
        turned.reverse();
        assert_eq!(group_files(&turned), frames);
    }

    #[test]
    fn names_without_a_folder_above_and_with_backslashes_are_known() {
        let frames = group_files(&["velodyne/7.bin", "velodyne\\8.BIN", "velodyne/.bin", "9.bin"]);
        let keys: Vec<&str> = frames.iter().map(|f| f.key.as_str()).collect();
        assert_eq!(keys, ["7", "8"]);
    }
}
