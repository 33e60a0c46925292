//! Coefficients over a table of answers.

use countersign_quality::{
    CLASSES_MAX, Read, Reads,
    agreement::{Counts, Level, Weights},
};

use super::{
    AgreementFigures, CONFIDENCE, CoefficientView, IntervalView, Result, SEED,
    answers::{Answer, Answers},
    internal,
};

/// Draws of items that resampling may take in all, and the least and most resamples.
const DRAWS_MAX: usize = 10_000_000;
const RESAMPLES: (usize, usize) = (200, 2_000);

/// How many resamples an interval over that many items takes: as many as are worth their time.
pub(super) fn resamples(items: usize) -> usize {
    (DRAWS_MAX / items.max(1)).clamp(RESAMPLES.0, RESAMPLES.1)
}

/// The table of answers, each as the number that `class` gives it. `None` without answers, or with more different answers
/// than a table takes.
pub(super) fn table(
    answers: &Answers,
    classes: usize,
    class: impl Fn(&Answer) -> usize,
) -> Result<Option<Reads>> {
    if answers.given.is_empty() || classes > CLASSES_MAX {
        return Ok(None);
    }
    let list: Vec<Read> = answers
        .given
        .iter()
        .map(|answer| {
            Ok(Read {
                item: u32::try_from(answer.item).map_err(internal)?,
                reader: u32::try_from(answer.reader).map_err(internal)?,
                class: u16::try_from(class(answer)).map_err(internal)?,
            })
        })
        .collect::<Result<_>>()?;
    Reads::new(answers.items.len(), answers.readers.len(), classes, &list).map(Some).map_err(internal)
}

/// Every coefficient of a table. What a package states is the same bytes for ever: intervals that it never had come from [`resampled`].
pub(super) fn of(reads: &Reads) -> AgreementFigures {
    let counts = Counts::new(reads);
    let several = || reads.rows().filter(|row| row.len() >= 2);
    let items = counts.items();
    let alpha = counts.alpha(Level::Nominal).map(|value| {
        let interval = counts.alpha_interval(Level::Nominal, CONFIDENCE, resamples(items), SEED);
        CoefficientView::new(value, interval)
    });
    let ac1 = counts.gwet(Weights::Identity).filter(|found| found.value.is_finite()).map(|found| {
        let degrees = u32::try_from(items.saturating_sub(1)).unwrap_or(u32::MAX);
        let interval = found
            .standard_error
            .is_finite()
            .then(|| found.interval(f64::from(degrees), CONFIDENCE))
            .flatten();
        CoefficientView::new(found.value, interval)
    });
    AgreementFigures {
        items: several().count() as u64,
        reads: several().map(|row| row.len() as u64).sum(),
        percent: counts.percent(),
        percent_interval: None,
        alpha,
        ac1,
        fleiss: counts.fleiss().map(|found| found.value),
        fleiss_interval: None,
    }
}

/// Adds the intervals of percent agreement and of Fleiss' kappa, and gives those of the agreement specific to each answer.
pub(super) fn resampled(reads: &Reads, figures: &mut AgreementFigures) -> Vec<Option<IntervalView>> {
    let counts = Counts::new(reads);
    let items = counts.items();
    let drawn = counts.resampled(Level::Nominal, CONFIDENCE, resamples(items), SEED);
    figures.percent_interval = drawn.percent.map(Into::into);
    let degrees = u32::try_from(items.saturating_sub(1)).unwrap_or(u32::MAX);
    let fleiss = counts.fleiss().filter(|found| found.standard_error.is_finite());
    let fleiss = fleiss.and_then(|found| found.interval(f64::from(degrees), CONFIDENCE));
    figures.fleiss_interval = fleiss.map(Into::into);
    drawn.specific.into_iter().map(|interval| interval.map(Into::into)).collect()
}

/// Agreement specific to one answer of a table.
pub(super) fn specific(reads: &Reads, class: u16) -> Option<f64> {
    Counts::new(reads).specific(class)
}
