//! What each release of the detector was measured to do, for the evidence that names it.

use std::fmt;

use serde::Serialize;

use super::detect::DETECTOR_VERSION;

/// The normal quantile of an interval of 95 %.
const Z: f64 = 1.959_964;

/// A measurement of one release of the detector on made-up pictures (`countersign_synthesis::burned_in`) that no net was
/// trained on and no threshold was chosen on. `examples/burned_in.rs` makes it again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DetectorFigures {
    /// The release: [`DETECTOR_VERSION`] when it was measured.
    pub version: &'static str,
    /// Fonts of the strings: `held-out` are those that the net never saw.
    pub fonts: &'static str,
    /// Kinds of picture: `first` as all releases were measured on, `held-out` those that no detector learned from.
    pub kinds: &'static str,
    /// Seed of the pictures.
    pub seed: u64,
    /// Pictures with text, from number 0.
    pub pictures: u64,
    /// Strings in them that are above the limit of legibility (all of them, of releases before it was drawn).
    pub strings: u64,
    /// Strings that were removed: at least 99 % of their pixels were filled, and no glyph was whole.
    pub removed: u64,
    /// Strings below the limit, and those of them that were removed.
    pub illegible: (u64, u64),
    /// Share of the pixels further than 4 pixels from every string's box that were filled, 0 to 1.
    pub other_changed: f64,
    /// Share of the pixels of pictures without text that were filled, 0 to 1.
    pub changed_without_text: f64,
}

/// A share with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recall {
    /// Removed strings of all, 0 to 1.
    pub share: f64,
    /// Lower end of Wilson's interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// Every release that was measured, oldest first.
pub const DETECTOR_RELEASES: &[DetectorFigures] = &[
    DetectorFigures {
        version: "net-1",
        fonts: "held-out",
        kinds: "first",
        seed: 9000,
        pictures: 620,
        strings: 5009,
        removed: 4879,
        illegible: (0, 0),
        other_changed: 0.0270,
        changed_without_text: 0.0021,
    },
    DetectorFigures {
        version: "net-2",
        fonts: "held-out",
        kinds: "first",
        seed: 9000,
        pictures: 620,
        strings: 5009,
        removed: 4956,
        illegible: (0, 0),
        other_changed: 0.0287,
        changed_without_text: 0.0052,
    },
    // The net of `net-2` with completion by ink, which only adds to what that filled: the 53 strings that it left were looked at
    // again, and 52 are still left. Other pixels: pictures 0 to 59 and 310 to 369, and 40 without text.
    DetectorFigures {
        version: "net-2-ink",
        fonts: "held-out",
        kinds: "first",
        seed: 9000,
        pictures: 620,
        strings: 5009,
        removed: 4957,
        illegible: (0, 0),
        other_changed: 0.0271,
        changed_without_text: 0.0087,
    },
];

impl DetectorFigures {
    /// Those of this release on the first kinds of picture; `None` for one that was not measured.
    #[must_use]
    pub fn current() -> Option<&'static Self> {
        DETECTOR_RELEASES
            .iter()
            .find(|figures| figures.version == DETECTOR_VERSION && figures.kinds == "first")
    }

    /// The share of strings that were removed.
    #[must_use]
    pub fn recall(&self) -> Recall {
        recall(self.removed, self.strings)
    }
}

impl fmt::Display for DetectorFigures {
    /// One line, for people who read the evidence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Recall { share, low, high } = self.recall();
        write!(
            f,
            "{}: {} of {} made-up strings in {} fonts removed ({:.2} %, 95 % interval {:.2} to {:.2} %), {:.2} % of other \
             pixels changed, {:.2} % without text (seed {}, {} pictures)",
            self.version,
            self.removed,
            self.strings,
            self.fonts,
            100.0 * share,
            100.0 * low,
            100.0 * high,
            100.0 * self.other_changed,
            100.0 * self.changed_without_text,
            self.seed,
            self.pictures,
        )?;
        match self.illegible {
            (0, _) => Ok(()),
            (all, removed) => write!(f, "; of {all} that an eye cannot tell from their ground, {removed}"),
        }
    }
}

/// The share of `removed` in `strings` with Wilson's interval (E. B. Wilson 1927) of 95 %; 0 to 1 where there are none.
#[must_use]
pub fn recall(removed: u64, strings: u64) -> Recall {
    if strings == 0 {
        return Recall { share: 0.0, low: 0.0, high: 1.0 };
    }
    let (n, share) = (strings as f64, removed as f64 / strings as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    Recall { share, low: ((middle - half) / scale).max(0.0), high: ((middle + half) / scale).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_release_was_measured_on_enough_strings_and_on_no_seed_for_choosing() {
        let figures = DetectorFigures::current().expect("a release without figures");
        assert!(figures.strings >= 5000 && figures.seed >= 9000 && figures.fonts == "held-out");
        let versions: std::collections::BTreeSet<_> =
            DETECTOR_RELEASES.iter().map(|f| (f.version, f.kinds)).collect();
        assert_eq!(versions.len(), DETECTOR_RELEASES.len(), "one row each");
    }

    #[test]
    fn a_release_says_in_one_line_what_it_was_measured_to_do() {
        assert_eq!(
            DETECTOR_RELEASES[0].to_string(),
            "net-1: 4879 of 5009 made-up strings in held-out fonts removed (97.40 %, 95 % interval 96.93 to 97.81 %), \
             2.70 % of other pixels changed, 0.21 % without text (seed 9000, 620 pictures)"
        );
    }

    #[test]
    fn the_interval_is_that_of_wilson() {
        // 4,879 of 5,009: 0.96927 to 0.97809, by hand.
        let first = recall(4879, 5009);
        assert!((first.low - 0.969_27).abs() < 5e-5 && (first.high - 0.978_09).abs() < 5e-5, "{first:?}");
        assert_eq!(recall(0, 0), Recall { share: 0.0, low: 0.0, high: 1.0 });
        assert!((recall(10, 10).high - 1.0).abs() < 1e-12 && recall(0, 10).low == 0.0);
    }
}
