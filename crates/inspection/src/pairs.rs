//! Which files make a part: `<lot>/<stem>_test.jpg`, `<stem>_temp.jpg` and, where known, `<stem>.txt`.

use std::collections::{BTreeMap, BTreeSet};

/// Endings that a picture of a part may have, in lower case, with the dot.
const PICTURE_ENDINGS: [&str; 3] = [".jpg", ".jpeg", ".png"];
/// Ending of a label file.
const LABEL_ENDING: &str = ".txt";
const TEST_MARK: &str = "_test";
const TEMPLATE_MARK: &str = "_temp";
/// A folder that holds only label files: `<lot>_not/<stem>.txt` beside `<lot>/<stem>_test.jpg`.
const LABEL_FOLDER_MARK: &str = "_not";

/// One part: paths are those that were given in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFiles {
    /// The part's name: the file name without mark and ending.
    pub stem: String,
    /// The lot: the last folder of the path; empty when the files lie at the top.
    pub lot: String,
    /// The picture of the part.
    pub test: String,
    /// The picture of how it should look.
    pub template: String,
    /// The label file, if one lies beside.
    pub labels: Option<String>,
}

/// Why a file of the pair layout did not become part of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A test picture without a template.
    Template,
    /// A template without a test picture.
    Test,
    /// A label file without pictures, in a folder that has others.
    Pictures,
    /// A second file for the same place, for example `a_test.jpg` and `a_test.png`.
    Duplicate,
}

/// A file that has the layout's marks but lacks its partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpaired {
    /// The path as given.
    pub path: String,
    /// What it lacks.
    pub missing: Missing,
}

/// The outcome of [`group_files`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grouping {
    /// The parts, sorted by folder and stem.
    pub parts: Vec<PartFiles>,
    /// Files of this layout without partner, sorted by path.
    pub unpaired: Vec<Unpaired>,
    /// Files that this layout does not know.
    pub others: Vec<String>,
}

#[derive(Default)]
struct Slots {
    test: Option<String>,
    template: Option<String>,
    labels: Option<String>,
}

enum Role {
    Test,
    Template,
    Labels,
}

/// Sorts relative paths (parted by `/`) into parts. Never fails: what does not fit is reported.
#[must_use]
pub fn group_files<S: AsRef<str>>(paths: &[S]) -> Grouping {
    let mut grouping = Grouping::default();
    let mut slots: BTreeMap<(String, String), Slots> = BTreeMap::new();
    for path in paths {
        let path = path.as_ref();
        let Some((folder, stem, role)) = recognise(path) else {
            grouping.others.push(path.to_owned());
            continue;
        };
        let part = slots.entry((folder, stem)).or_default();
        let slot = match role {
            Role::Test => &mut part.test,
            Role::Template => &mut part.template,
            Role::Labels => &mut part.labels,
        };
        if slot.is_none() {
            *slot = Some(path.to_owned());
        } else {
            grouping.unpaired.push(Unpaired { path: path.to_owned(), missing: Missing::Duplicate });
        }
    }
    let pictured: BTreeSet<String> = slots
        .iter()
        .filter(|(_, part)| part.test.is_some() || part.template.is_some())
        .map(|((folder, _), _)| folder.clone())
        .collect();
    for ((folder, stem), part) in slots {
        // A text file in a folder without any such picture belongs to some other layout.
        if pictured.contains(&folder) {
            settle(&mut grouping, &folder, stem, part);
        } else {
            grouping.others.extend(part.labels);
        }
    }
    grouping.unpaired.sort_by(|a, b| a.path.cmp(&b.path));
    grouping
}

fn settle(grouping: &mut Grouping, folder: &str, stem: String, part: Slots) {
    let lone = |path: Option<String>, missing| path.map(|path| Unpaired { path, missing });
    match (part.test, part.template) {
        (Some(test), Some(template)) => {
            let lot = folder.rsplit('/').next().unwrap_or_default().to_owned();
            grouping.parts.push(PartFiles { stem, lot, test, template, labels: part.labels });
        }
        (test, template) => {
            grouping.unpaired.extend(lone(test, Missing::Template));
            grouping.unpaired.extend(lone(template, Missing::Test));
            grouping.unpaired.extend(lone(part.labels, Missing::Pictures));
        }
    }
}

/// Folder, stem and role of a path, if it has the layout's marks.
fn recognise(path: &str) -> Option<(String, String, Role)> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let dot = file.rfind('.')?;
    let (name, ending) = file.split_at(dot);
    let ending = ending.to_ascii_lowercase();
    if ending == LABEL_ENDING {
        let folder = folder.strip_suffix(LABEL_FOLDER_MARK).unwrap_or(folder);
        return (!name.is_empty()).then(|| (folder.to_owned(), name.to_owned(), Role::Labels));
    }
    if !PICTURE_ENDINGS.contains(&ending.as_str()) {
        return None;
    }
    let (stem, role) = if let Some(stem) = name.strip_suffix(TEST_MARK) {
        (stem, Role::Test)
    } else {
        (name.strip_suffix(TEMPLATE_MARK)?, Role::Template)
    };
    (!stem.is_empty()).then(|| (folder.to_owned(), stem.to_owned(), role))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_become_parts_and_the_folder_is_the_lot() {
        let grouping = group_files(&[
            "pcb/group1/a_test.jpg",
            "pcb/group1/a.txt",
            "pcb/group1/a_temp.jpg",
            "pcb/group2/a_test.PNG",
            "pcb/group2/a_temp.png",
        ]);
        assert_eq!(grouping.parts.len(), 2);
        assert_eq!(grouping.parts[0].lot, "group1");
        assert_eq!(grouping.parts[0].labels.as_deref(), Some("pcb/group1/a.txt"));
        assert_eq!(grouping.parts[1].lot, "group2");
        assert_eq!(grouping.parts[1].labels, None);
        assert!(grouping.unpaired.is_empty() && grouping.others.is_empty());
    }

    #[test]
    fn labels_may_lie_in_the_sister_folder() {
        let grouping = group_files(&["g/x/7_test.jpg", "g/x/7_temp.jpg", "g/x_not/7.txt"]);
        assert_eq!(grouping.parts[0].labels.as_deref(), Some("g/x_not/7.txt"));
    }

    #[test]
    fn a_file_without_partner_says_what_is_missing() {
        let grouping =
            group_files(&["a_test.jpg", "b_temp.jpg", "c.txt", "d_test.jpg", "d_test.png", "d_temp.jpg"]);
        let missing: Vec<_> = grouping.unpaired.iter().map(|u| (u.path.as_str(), u.missing)).collect();
        assert_eq!(
            missing,
            [
                ("a_test.jpg", Missing::Template),
                ("b_temp.jpg", Missing::Test),
                ("c.txt", Missing::Pictures),
                ("d_test.png", Missing::Duplicate),
            ]
        );
        assert_eq!(grouping.parts.len(), 1);
        assert_eq!(grouping.parts[0].lot, "");
    }

    #[test]
    fn other_files_are_left_to_others() {
        let paths =
            ["scan.dcm", "velodyne/000000.bin", "photo.jpg", "_test.jpg", "noending", "calib/000000.txt"];
        assert_eq!(group_files(&paths).others, paths);
    }

    proptest! {
        #[test]
        fn no_path_is_lost(paths in prop::collection::hash_set("[ab]{0,2}/?[ab]_?(test|temp)?\\.(jpg|txt|bin)", 0..20)) {
            let paths: Vec<String> = paths.into_iter().collect();
            let grouping = group_files(&paths);
            let in_parts: usize = grouping.parts.iter().map(|p| 2 + usize::from(p.labels.is_some())).sum();
            prop_assert_eq!(in_parts + grouping.unpaired.len() + grouping.others.len(), paths.len());
        }
    }
}
