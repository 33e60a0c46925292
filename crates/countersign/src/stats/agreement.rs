//! `countersign stats agreement`.

use countersign_quality::agreement::{
    Coefficient, Counts, Interval, Level, Resampled, Weights, by_reader, cohen,
};
use serde_json::{Value, json};

use super::{Agreement, Scale, coefficient, confidence, percent, table as tables};
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count, table},
};

/// Alpha and AC1 further apart than this: a rare class, for which neither number stands alone.
const APART: f64 = 0.2;
/// Most reads times readers for which each reader is left out in turn: some seconds.
const LEFT_OUT_MAX: usize = 200_000_000;

struct Line {
    key: &'static str,
    name: &'static str,
    value: Option<f64>,
    interval: Option<Interval>,
    how: &'static str,
}

pub fn run(args: &Agreement, out: Output) -> Outcome<()> {
    let confidence = confidence(args.confidence)?;
    let found = tables::read(&args.reads)?;
    let counts = counted(args, &found)?;
    let resampled = counts.resampled(level(args.scale), confidence, args.resamples as usize, args.seed);
    let lines = lines(args, confidence, &found, &counts, &resampled);
    let pick = |key: &str| lines.iter().find(|line| line.key == key).and_then(|line| line.value);
    let apart = match (pick("alpha"), pick("ac1")) {
        (Some(alpha), Some(ac1)) => (alpha - ac1).abs() > APART,
        _ => false,
    };
    let reads: u64 = found.reads.rows().map(|row| row.len() as u64).sum();
    let classes = classes(&found, &counts, &resampled, reads);
    let ends = |interval: &Interval| json!([interval.low, interval.high]);
    let said = json!({ "agreement": {
        "items": counts.items(), "readers": found.reads.readers(), "reads": reads, "confidence": confidence,
        "population": "items; the readers are taken as given",
        "coefficients": lines.iter().map(|line| (line.key.to_owned(), json!({
            "value": line.value, "interval": line.interval.as_ref().map(ends), "interval_by": line.how,
        }))).collect::<serde_json::Map<String, Value>>(),
        "classes": classes.iter().map(|(name, share, specific, interval)| json!({
            "class": name, "share": share, "specific_agreement": specific,
            "interval": interval.as_ref().map(ends), "interval_by": "resampled items",
        })).collect::<Vec<_>>(),
        "coefficients_apart": apart,
    } });
    out.result(&said, &text(&found, &counts, reads, confidence, &lines, &classes, apart));
    Ok(())
}

fn lines(
    args: &Agreement,
    confidence: f64,
    found: &tables::Table,
    counts: &Counts,
    resampled: &Resampled,
) -> Vec<Line> {
    let drawn = |key, name, value, interval| Line { key, name, value, interval, how: "resampled items" };
    let mut lines = vec![
        drawn("percent", "percent agreement", counts.percent(), resampled.percent),
        drawn("alpha", "Krippendorff's alpha", counts.alpha(level(args.scale)), resampled.alpha),
    ];
    #[expect(clippy::cast_precision_loss, reason = "items are far below 2^53")]
    let degrees = counts.items() as f64 - 1.0;
    let mut analytic = |key, name, found: Option<Coefficient>, degrees: f64, how| {
        // Without any spread, as where everybody agrees, a point would say that the figure is known.
        let spread = found.filter(|found| found.standard_error > 0.0);
        let interval = spread.and_then(|found| found.interval(degrees, confidence));
        lines.push(Line { key, name, value: found.map(|found| found.value), interval, how });
    };
    analytic("ac1", "Gwet's AC1", counts.gwet(Weights::Identity), degrees, "linearised, Student");
    if args.scale != Scale::Nominal {
        analytic(
            "ac2",
            "Gwet's AC2, quadratic",
            counts.gwet(Weights::Quadratic),
            degrees,
            "linearised, Student",
        );
    }
    if found.reads.readers() == 2 {
        let weights = if args.scale == Scale::Nominal { Weights::Identity } else { Weights::Quadratic };
        let kappa = cohen(&found.reads, 0, 1, weights).map(|found| found.kappa);
        // So many degrees of freedom are the normal distribution.
        analytic("cohen", "Cohen's kappa", kappa, 1e7, "large sample, normal");
    }
    let reads: usize = found.reads.rows().map(<[_]>::len).sum();
    if args.scale == Scale::Nominal && reads.saturating_mul(found.reads.readers()) <= LEFT_OUT_MAX {
        let alone = by_reader(&found.reads, Level::Nominal).map(|alone| alone.alpha);
        #[expect(clippy::cast_precision_loss, reason = "readers are far below 2^53")]
        let degrees = found.reads.readers() as f64 - 1.0;
        analytic("alpha_readers", "alpha, for other readers", alone, degrees, "readers left out in turn");
    }
    analytic("fleiss", "Fleiss' kappa", counts.fleiss(), degrees, "linearised, Student");
    lines
}

const fn level(scale: Scale) -> Level {
    match scale {
        Scale::Nominal => Level::Nominal,
        Scale::Ordinal => Level::Ordinal,
        Scale::Interval => Level::Interval,
        Scale::Ratio => Level::Ratio,
    }
}

/// Counts of the table; on a scale of values a class is worth its name.
fn counted(args: &Agreement, found: &tables::Table) -> Outcome<Counts> {
    let counts = Counts::new(&found.reads);
    if matches!(args.scale, Scale::Nominal | Scale::Ordinal) {
        return Ok(counts);
    }
    let fits = |value: &f64| args.scale == Scale::Interval || *value >= 0.0;
    let values = tables::numbers(&found.classes).filter(|values| values.iter().all(fits));
    values.and_then(|values| counts.with_values(&values)).ok_or_else(|| {
        let message = "This scale needs answers that are numbers, and a ratio such as are not negative.";
        Fault::new("not_numbers", message).at("--scale")
    })
}

/// Name, share of all reads, agreement specific to the class with its interval.
type Class = (String, f64, Option<f64>, Option<Interval>);

fn classes(found: &tables::Table, counts: &Counts, resampled: &Resampled, reads: u64) -> Vec<Class> {
    let mut given = vec![0_u64; found.classes.len()];
    for vote in found.reads.rows().flatten() {
        given[usize::from(vote.class)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "reads are far below 2^53")]
    let share = |n: u64| n as f64 / reads as f64;
    let named = (0..).zip(&found.classes).zip(given).zip(&resampled.specific);
    named
        .map(|(((class, name), n), interval)| (name.clone(), share(n), counts.specific(class), *interval))
        .collect()
}

fn text(
    found: &tables::Table,
    counts: &Counts,
    reads: u64,
    confidence: f64,
    lines: &[Line],
    classes: &[Class],
    apart: bool,
) -> String {
    let mut rows = vec![["Coefficient", "Value", "Interval", "Interval by"].map(str::to_owned).to_vec()];
    for line in lines {
        let how = if line.interval.is_some() { line.how } else { "" };
        rows.push(vec![line.name.to_owned(), coefficient(line.value), reach(line.interval), how.to_owned()]);
    }
    let titles = ["Class", "Of all reads", "Specific agreement", "Interval"];
    let mut by_class = vec![titles.map(str::to_owned).to_vec()];
    for (name, share, specific, interval) in classes {
        by_class.push(vec![name.clone(), percent(*share), coefficient(*specific), reach(*interval)]);
    }
    let warning = if apart {
        "\nAlpha and AC1 are far apart, as they are where a class is rare: neither stands alone, look at each class."
    } else {
        ""
    };
    format!(
        "{} by {} on {}. Intervals of {} speak of items like these, read by these readers.\n{}\n\n{}{warning}",
        count(reads, "read"),
        count(found.reads.readers() as u64, "reader"),
        count(counts.items() as u64, "item"),
        percent(confidence),
        table(&rows),
        table(&by_class)
    )
}

fn reach(interval: Option<Interval>) -> String {
    interval.map_or_else(String::new, |i| format!("{:.4} to {:.4}", i.low, i.high))
}
