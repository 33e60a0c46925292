//! How far readers agree mark by mark, over images: found by both, overlap, and alpha over what was found. Marks of one image come
//! together, so every interval draws images anew, not marks.

use crate::{
    agreement::{Interval, quantiles},
    random::Random,
    to_f64,
};

/// The unit of distances between outlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Millimetres, where the size of a pixel is known.
    Millimetre,
    /// Pixels, where it is not.
    Pixel,
}

impl Unit {
    /// All of them, in the order in which figures name them.
    pub const ALL: [Self; 2] = [Self::Millimetre, Self::Pixel];
}

/// What else says how alike two marks are, 0 to 1 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Intersection over union of the footprints of cuboids, seen from above.
    Footprint,
    /// Similarity of key points (OKS).
    KeyPoints,
    /// Mean overlap of a track over the frames in which either reader has it.
    Track,
}

impl Likeness {
    /// All of them, in the order in which figures name them.
    pub const ALL: [Self; 3] = [Self::Footprint, Self::KeyPoints, Self::Track];
}

/// Sums of distances of outlines, and over how many pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Apart {
    hausdorff_95: f64,
    mean: f64,
    pairs: f64,
}

/// What the readers of one image made of it: sums, so that images can be drawn anew without looking at marks again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageMarks {
    /// Pairs of readers, over findings, who both marked one, under one class.
    both: f64,
    /// Marks of each pair of readers that the other lacks, or calls something else.
    alone: f64,
    /// Overlaps of what both marked, and of how many pairs they are the sum.
    overlap: (f64, f64),
    /// How far outlines that both drew lie apart, by unit.
    apart: [Apart; 2],
    /// Sums of likenesses, and over how many pairs.
    alike: [(f64, f64); 3],
    /// Tracks of pairs of readers that both have, and that one has alone.
    tracks: (f64, f64),
    /// Krippendorff's coincidences of different answers, and answers by class; nothing found is the last class.
    differing: f64,
    answers: Vec<f64>,
}

impl ImageMarks {
    /// An image; classes are counted from 0, and one more stands for "not found".
    #[must_use]
    pub fn new(classes: u16) -> Self {
        Self { answers: vec![0.0; usize::from(classes) + 1], ..Self::default() }
    }

    /// Adds a finding: what each reader of the image calls it, `None` where they did not mark it. `overlap` of the marks of two
    /// readers is in 0..=1; `None` where marks have no extent. Classes beyond those of the image are passed over, and so are images
    /// with one reader.
    pub fn finding(&mut self, named: &[Option<u16>], mut overlap: impl FnMut(usize, usize) -> Option<f64>) {
        let none = self.answers.len().saturating_sub(1);
        let fits = |class: &Option<u16>| class.is_none_or(|class| usize::from(class) < none);
        if named.len() < 2 || !named.iter().all(fits) {
            return;
        }
        for (place, one) in named.iter().enumerate() {
            for (before, other) in named[..place].iter().enumerate() {
                match (one, other) {
                    (None, None) => {}
                    (Some(a), Some(b)) if a == b => {
                        self.both += 1.0;
                        if let Some(overlap) = overlap(before, place) {
                            self.overlap.0 += overlap;
                            self.overlap.1 += 1.0;
                        }
                    }
                    // Two marks that are called otherwise: each lacks its fellow.
                    (Some(_), Some(_)) => self.alone += 2.0,
                    (Some(_), None) | (None, Some(_)) => self.alone += 1.0,
                }
            }
        }
        let readers = to_f64(named.len());
        let mut counts = vec![0.0; self.answers.len()];
        for class in named {
            counts[class.map_or(none, usize::from)] += 1.0;
        }
        let alike: f64 = counts.iter().map(|count| count * (count - 1.0)).sum();
        self.differing += (readers * (readers - 1.0) - alike) / (readers - 1.0);
        self.answers.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }

    /// Adds how far two outlines lie apart that both drew of one finding: the 95th percentile of the distances of their borders
    /// (Huttenlocher and others 1993, robust form), and the mean over both borders.
    pub fn apart(&mut self, unit: Unit, hausdorff_95: f64, mean: f64) {
        let sums = &mut self.apart[unit as usize];
        sums.hausdorff_95 += hausdorff_95;
        sums.mean += mean;
        sums.pairs += 1.0;
    }

    /// Adds how alike two marks of one finding are, 0 to 1.
    pub fn alike(&mut self, what: Likeness, value: f64) {
        let sums = &mut self.alike[what as usize];
        sums.0 += value;
        sums.1 += 1.0;
    }

    /// Adds the tracks of a pair of readers: how many both have, and how many one of them has alone.
    pub fn tracks(&mut self, both: usize, alone: usize) {
        self.tracks.0 += to_f64(both);
        self.tracks.1 += to_f64(alone);
    }

    fn mean_alike<const WHAT: usize>(&self) -> Option<f64> {
        let (sum, pairs) = self.alike[WHAT];
        (pairs > 0.0).then(|| sum / pairs)
    }

    fn track_f1(&self) -> Option<f64> {
        let (both, alone) = self.tracks;
        (both + alone > 0.0).then(|| 2.0 * both / (2.0 * both + alone))
    }

    /// The mean over pairs of one of the two distances.
    fn mean_apart<const UNIT: usize>(&self, of: fn(&Apart) -> f64) -> Option<f64> {
        let sums = &self.apart[UNIT];
        (sums.pairs > 0.0).then(|| of(sums) / sums.pairs)
    }

    fn add(&mut self, other: &Self) {
        for (sums, more) in self.apart.iter_mut().zip(&other.apart) {
            sums.hausdorff_95 += more.hausdorff_95;
            sums.mean += more.mean;
            sums.pairs += more.pairs;
        }
        for (sums, more) in self.alike.iter_mut().zip(&other.alike) {
            sums.0 += more.0;
            sums.1 += more.1;
        }
        self.tracks.0 += other.tracks.0;
        self.tracks.1 += other.tracks.1;
        self.both += other.both;
        self.alone += other.alone;
        self.overlap.0 += other.overlap.0;
        self.overlap.1 += other.overlap.1;
        self.differing += other.differing;
        self.answers.iter_mut().zip(&other.answers).for_each(|(sum, more)| *sum += more);
    }

    /// 2 both / (2 both + alone): F1 at the rule by which marks were matched, over pairs of readers.
    fn f1(&self) -> Option<f64> {
        let all = 2.0 * self.both + self.alone;
        (all > 0.0).then(|| 2.0 * self.both / all)
    }

    fn overlap(&self) -> Option<f64> {
        (self.overlap.1 > 0.0).then(|| self.overlap.0 / self.overlap.1)
    }

    /// Panoptic quality (Kirillov and others 2019): mean overlap times F1, where everything that both marked has an extent.
    fn panoptic(&self) -> Option<f64> {
        let whole = (self.overlap.1 - self.both).abs() < 0.5;
        self.f1().filter(|_| whole).map(|f1| f1 * self.overlap().unwrap_or(0.0))
    }

    /// Krippendorff's alpha (nominal) over findings; "not found" is an answer. `None` where all answers are one.
    fn alpha(&self) -> Option<f64> {
        let all: f64 = self.answers.iter().sum();
        let alike: f64 = self.answers.iter().map(|count| count * (count - 1.0)).sum();
        let expected = all * (all - 1.0) - alike;
        (expected > 0.0).then(|| 1.0 - (all - 1.0) * self.differing / expected)
    }
}

/// A figure and its interval; without one where there are fewer than two images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The figure over all images.
    pub value: f64,
    /// Percentiles over images drawn anew.
    pub interval: Option<Interval>,
}

/// How far outlines that two readers drew of the same finding lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlinesApart {
    /// In what.
    pub unit: Unit,
    /// Pairs of outlines.
    pub pairs: f64,
    /// Mean over them of the 95th percentile of the distance of their borders.
    pub hausdorff_95: Estimate,
    /// Mean over them of the mean distance of their borders.
    pub mean: Estimate,
}

/// How alike marks of the same finding are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alike {
    /// By what.
    pub what: Likeness,
    /// Pairs of marks, or of tracks.
    pub pairs: f64,
    /// Mean over them.
    pub value: Estimate,
}

/// How far readers agree mark by mark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarkFigures {
    /// F1 over pairs of readers: 2 both / (2 both + alone).
    pub f1: Option<Estimate>,
    /// Mean overlap of what both marked.
    pub overlap: Option<Estimate>,
    /// Panoptic quality; absent where something that both marked has no extent.
    pub panoptic: Option<Estimate>,
    /// Krippendorff's alpha over findings, "not found" being an answer.
    pub alpha: Option<Estimate>,
    /// How far outlines lie apart, by [`Unit::ALL`]; absent where none was measured in a unit.
    pub apart: [Option<OutlinesApart>; 2],
    /// How alike marks are otherwise, by [`Likeness::ALL`]; absent where there was no such pair.
    pub alike: [Option<Alike>; 3],
    /// F1 of tracks over pairs of readers; absent where nobody has tracks.
    pub track_f1: Option<Estimate>,
    /// Tracks of pairs of readers that both have, and that one has alone.
    pub tracks: (f64, f64),
    /// Pairs of readers over findings who both marked one under one class.
    pub both: f64,
    /// Marks, over pairs of readers, that the other lacks or calls something else.
    pub alone: f64,
}

/// Figures that are drawn anew.
const FIGURES: usize = 12;

/// The figures of all images with intervals from `times` draws; the same seed gives the same ones.
#[must_use]
pub fn mark_figures(images: &[ImageMarks], confidence: f64, times: usize, seed: u64) -> MarkFigures {
    let zero = || ImageMarks {
        answers: vec![0.0; images.iter().map(|image| image.answers.len()).max().unwrap_or(0)],
        ..ImageMarks::default()
    };
    let mut whole = zero();
    images.iter().for_each(|image| whole.add(image));
    let figures: [fn(&ImageMarks) -> Option<f64>; FIGURES] = [
        ImageMarks::f1,
        ImageMarks::overlap,
        ImageMarks::panoptic,
        ImageMarks::alpha,
        |image| image.mean_apart::<0>(|sums| sums.hausdorff_95),
        |image| image.mean_apart::<0>(|sums| sums.mean),
        |image| image.mean_apart::<1>(|sums| sums.hausdorff_95),
        |image| image.mean_apart::<1>(|sums| sums.mean),
        ImageMarks::mean_alike::<0>,
        ImageMarks::mean_alike::<1>,
        ImageMarks::mean_alike::<2>,
        ImageMarks::track_f1,
    ];
    let mut drawn: [Vec<f64>; FIGURES] = Default::default();
    let mut random = Random::new(seed);
    for _ in 0..if images.len() < 2 { 0 } else { times } {
        let mut sample = zero();
        for _ in 0..images.len() {
            sample.add(&images[random.below(images.len())]);
        }
        for (values, figure) in drawn.iter_mut().zip(figures) {
            values.extend(figure(&sample));
        }
    }
    let mut estimates = figures.into_iter().zip(drawn).map(|(figure, values)| {
        figure(&whole).map(|value| Estimate { value, interval: quantiles(values, confidence) })
    });
    let mut next = || estimates.next().flatten();
    let [f1, overlap, panoptic, alpha] = [next(), next(), next(), next()];
    let apart = Unit::ALL.map(|unit| {
        let (hausdorff_95, mean) = next().zip(next())?;
        Some(OutlinesApart { unit, pairs: whole.apart[unit as usize].pairs, hausdorff_95, mean })
    });
    let alike = Likeness::ALL.map(|what| {
        let value = next()?;
        Some(Alike { what, pairs: whole.alike[what as usize].1, value })
    });
    let track_f1 = next();
    MarkFigures {
        f1,
        overlap,
        panoptic,
        alpha,
        apart,
        alike,
        track_f1,
        tracks: whole.tracks,
        both: whole.both,
        alone: whole.alone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Read, Reads,
        agreement::{Counts, Level},
        instances::{Matched, Score},
    };

    /// Findings of some images with two to four readers, as a small machine makes them.
    fn made(seed: u64, images: usize) -> Vec<Vec<Vec<Option<u16>>>> {
        let mut random = Random::new(seed);
        (0..images)
            .map(|_| {
                let readers = 2 + random.below(3);
                (0..random.below(5))
                    .map(|_| {
                        (0..readers).map(|_| [None, Some(0), Some(1), Some(1)][random.below(4)]).collect()
                    })
                    .collect()
            })
            .collect()
    }

    fn counted(images: &[Vec<Vec<Option<u16>>>]) -> Vec<ImageMarks> {
        let one = |findings: &Vec<Vec<Option<u16>>>| {
            let mut image = ImageMarks::new(2);
            findings.iter().for_each(|named| image.finding(named, |_, _| Some(0.75)));
            image
        };
        images.iter().map(one).collect()
    }

    #[test]
    fn alpha_is_that_of_the_table_of_findings() {
        for seed in 0..20 {
            let images = made(seed, 30);
            let reads: Vec<Read> = images
                .iter()
                .flatten()
                .enumerate()
                .flat_map(|(item, named)| {
                    named.iter().enumerate().map(move |(reader, class)| Read {
                        item: item as u32,
                        reader: reader as u32,
                        class: class.unwrap_or(2),
                    })
                })
                .collect();
            let table = Reads::new(images.iter().flatten().count(), 4, 3, &reads).unwrap();
            let expected = Counts::new(&table).alpha(Level::Nominal).unwrap();
            let found = mark_figures(&counted(&images), 0.95, 200, 1).alpha.unwrap();
            assert!((found.value - expected).abs() < 1e-9, "{} {expected}", found.value);
            let interval = found.interval.unwrap();
            assert!(interval.low < found.value && found.value < interval.high);
        }
    }

    #[test]
    fn two_readers_have_the_f1_and_quality_of_their_score() {
        let mut image = ImageMarks::new(2);
        let overlaps = [0.9, 0.6];
        for (nth, named) in
            [[Some(0), Some(0)], [Some(1), Some(1)], [Some(1), None], [Some(0), Some(1)]].iter().enumerate()
        {
            image.finding(named, |_, _| Some(overlaps[nth]));
        }
        let mut score = Score::default();
        let pair = |overlap| Matched { first: 0, second: 0, overlap };
        // Four marks of the first, three of the second; two pairs are one finding under one name.
        score.add(4, 3, &[pair(0.9), pair(0.6)]);
        let found = mark_figures(&[image], 0.95, 100, 1);
        let value = |estimate: Option<Estimate>| estimate.unwrap().value;
        assert!((value(found.f1) - score.f1().unwrap()).abs() < 1e-12);
        assert!((value(found.panoptic) - score.panoptic().unwrap()).abs() < 1e-12);
        assert!((value(found.overlap) - 0.75).abs() < 1e-12);
        assert_eq!((found.both, found.alone), (2.0, 3.0));
        assert_eq!(found.f1.unwrap().interval, None, "one image says nothing of others");
    }

    #[test]
    fn distances_are_means_over_pairs_in_each_unit_and_intervals_are_about_images() {
        let image = |distances: &[(Unit, f64, f64)]| {
            let mut image = ImageMarks::new(1);
            for (unit, hausdorff_95, mean) in distances {
                image.finding(&[Some(0), Some(0)], |_, _| None);
                image.apart(*unit, *hausdorff_95, *mean);
            }
            image
        };
        let images = [
            image(&[(Unit::Millimetre, 2.0, 0.5), (Unit::Millimetre, 4.0, 1.5)]),
            image(&[(Unit::Millimetre, 9.0, 4.0)]),
            image(&[]),
        ];
        let found = mark_figures(&images, 0.95, 1_000, 1);
        let [Some(mm), None] = found.apart else { panic!("{:?}", found.apart) };
        assert_eq!((mm.unit, mm.pairs), (Unit::Millimetre, 3.0));
        assert!((mm.hausdorff_95.value - 5.0).abs() < 1e-12 && (mm.mean.value - 2.0).abs() < 1e-12);
        // Draws of one image alone are the widest: 3 of the first, 9 of the second.
        let interval = mm.hausdorff_95.interval.unwrap();
        assert!(interval.low >= 3.0 && interval.low < 5.0 && interval.high > 5.0 && interval.high <= 9.0);
        let mixed =
            mark_figures(&[image(&[(Unit::Pixel, 7.0, 3.0), (Unit::Millimetre, 1.0, 1.0)])], 0.95, 10, 1);
        let units: Vec<_> =
            mixed.apart.iter().flatten().map(|one| (one.unit, one.hausdorff_95.value)).collect();
        assert_eq!(units, [(Unit::Millimetre, 1.0), (Unit::Pixel, 7.0)]);
        assert_eq!(mixed.apart[1].unwrap().mean.interval, None, "one image says nothing of others");
    }

    #[test]
    fn likenesses_are_means_and_tracks_have_an_f1_of_their_own() {
        let mut image = ImageMarks::new(1);
        image.alike(Likeness::KeyPoints, 0.5);
        image.alike(Likeness::KeyPoints, 0.9);
        image.alike(Likeness::Track, 0.6);
        image.tracks(3, 2);
        let found = mark_figures(&[image.clone(), image], 0.95, 50, 1);
        let [None, Some(points), Some(track)] = found.alike else { panic!("{:?}", found.alike) };
        assert_eq!((points.what, points.pairs, track.what), (Likeness::KeyPoints, 4.0, Likeness::Track));
        assert!((points.value.value - 0.7).abs() < 1e-12 && (track.value.value - 0.6).abs() < 1e-12);
        // 2 * 6 / (2 * 6 + 4)
        assert!((found.track_f1.unwrap().value - 0.75).abs() < 1e-12);
        assert_eq!(found.tracks, (6.0, 4.0));
        assert!(found.track_f1.unwrap().interval.is_some());
    }

    #[test]
    fn intervals_are_about_images() {
        // The same image again and again, each with a hundred marks: no image differs, whatever its marks do.
        let mut image = ImageMarks::new(1);
        for nth in 0..100 {
            image.finding(&[Some(0), (nth % 2 == 0).then_some(0)], |_, _| None);
        }
        let alike = mark_figures(&vec![image.clone(); 10], 0.95, 500, 1).f1.unwrap();
        let interval = alike.interval.unwrap();
        assert!((interval.high - interval.low).abs() < 1e-12);
        assert_eq!(mark_figures(&[image.clone()], 0.95, 10, 1).panoptic, None, "no extent");
        // Images in which everything or nothing is shared: as wide as ten images are.
        let mut apart = ImageMarks::new(1);
        (0..100).for_each(|_| apart.finding(&[Some(0), None], |_, _| None));
        let mut shared = ImageMarks::new(1);
        (0..100).for_each(|_| shared.finding(&[Some(0), Some(0)], |_, _| None));
        let mixed: Vec<ImageMarks> =
            (0..10).map(|nth| if nth % 2 == 0 { apart.clone() } else { shared.clone() }).collect();
        let interval = mark_figures(&mixed, 0.95, 2_000, 1).f1.unwrap().interval.unwrap();
        assert!(interval.high - interval.low > 0.4, "{interval:?}");
        let nothing = mark_figures(&[], 0.95, 10, 1);
        assert_eq!((nothing.f1, nothing.alpha, nothing.overlap), (None, None, None));
    }
}
