//! `countersign stats agreement`.

use countersign_quality::agreement::{
    Coefficient, Counts, Interval, Level, Resampled, Weights, by_reader, cohen,
};
use serde_json::{Value, json};

use super::{
    Agreement, Misses, Scale, coefficient, confidence, measured, percent,
    table::{self as tables, Answers},
};
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count, table},
};

/// Alpha and AC1 further apart than this: a rare class, for which neither number stands alone.
const APART: f64 = 0.2;
/// Most reads times readers for which each reader is left out in turn: some seconds.
const LEFT_OUT_MAX: usize = 200_000_000;
pub const NOT_NUMBERS: &str =
    "This scale needs answers that are numbers, and a ratio such as are not negative.";
const RESAMPLED: &str = "resampled items";
pub const LINEARISED: &str = "linearised, Student";

/// A coefficient as it is shown.
pub struct Line {
    key: &'static str,
    name: String,
    value: Option<f64>,
    interval: Option<Interval>,
    how: &'static str,
}

impl Line {
    /// One whose interval follows from its standard error.
    pub fn analytic(
        key: &'static str,
        name: &str,
        found: Option<Coefficient>,
        degrees: f64,
        confidence: f64,
        how: &'static str,
    ) -> Self {
        // Without any spread, as where everybody agrees, a point would say that the figure is known.
        let spread = found.filter(|found| found.standard_error > 0.0);
        let interval = spread.and_then(|found| found.interval(degrees, confidence));
        Self { key, name: name.to_owned(), value: found.map(|found| found.value), interval, how }
    }
}

pub fn run(args: &Agreement, out: Output) -> Outcome<()> {
    let confidence = confidence(args.confidence)?;
    let (said, text) = match answers(args)? {
        Answers::Classes(found) => of_classes(args, confidence, &found)?,
        Answers::Values(found) => measured::figures(args.scale, confidence, &found)?,
    };
    out.result(&said, &text);
    Ok(())
}

/// Names and ranks are classes; so are measured values while few enough of them differ.
fn answers(args: &Agreement) -> Outcome<Answers> {
    match args.scale {
        Scale::Nominal if args.weights.is_some_and(|weights| weights != Misses::None) => {
            let message = "Names are not near each other: weights want ranks or values, see --scale.";
            Err(Fault::new("bad_weights", message).at("--weights"))
        }
        Scale::Nominal | Scale::Ordinal => Ok(Answers::Classes(tables::read(&args.reads)?)),
        Scale::Interval | Scale::Ratio => tables::read_values(&args.reads),
    }
}

/// The object for machines and the text for people.
fn of_classes(args: &Agreement, confidence: f64, found: &tables::Table) -> Outcome<(Value, String)> {
    let counts = counted(args, found)?;
    let resampled = counts.resampled(level(args.scale), confidence, args.resamples as usize, args.seed);
    let lines = lines(args, confidence, found, &counts, &resampled);
    let pick = |key: &str| lines.iter().find(|line| line.key == key).and_then(|line| line.value);
    let apart = match (pick("alpha"), pick("ac1")) {
        (Some(alpha), Some(ac1)) => (alpha - ac1).abs() > APART,
        _ => false,
    };
    let reads: u64 = found.reads.rows().map(|row| row.len() as u64).sum();
    let sizes = Sizes { items: counts.items() as u64, readers: found.reads.readers() as u64, reads };
    let classes = classes(found, &counts, &resampled, reads);
    let mut said = said(&sizes, confidence, &lines);
    said["classes"] = classes
        .iter()
        .map(|class| {
            json!({
                "class": class.name, "share": class.share, "specific_agreement": class.specific,
                "interval": ends(class.interval), "interval_by": RESAMPLED,
            })
        })
        .collect();
    said["coefficients_apart"] = json!(apart);
    let mut text = format!("{}\n\n{}", text(&sizes, confidence, &lines), by_class(&classes));
    if apart {
        text.push_str(
            "\nAlpha and AC1 are far apart, as they are where a class is rare: neither stands alone, look at each class.",
        );
    }
    Ok((json!({ "agreement": said }), text))
}

fn lines(
    args: &Agreement,
    confidence: f64,
    found: &tables::Table,
    counts: &Counts,
    resampled: &Resampled,
) -> Vec<Line> {
    let drawn = |key, name: &str, value, interval| Line {
        key,
        name: name.to_owned(),
        value,
        interval,
        how: RESAMPLED,
    };
    let mut lines = vec![
        drawn("percent", "percent agreement", counts.percent(), resampled.percent),
        drawn("alpha", "Krippendorff's alpha", counts.alpha(level(args.scale)), resampled.alpha),
    ];
    let degrees = to_f64(counts.items() as u64) - 1.0;
    let mut analytic = |key, name: &str, found: Option<Coefficient>, degrees: f64, how| {
        lines.push(Line::analytic(key, name, found, degrees, confidence, how));
    };
    analytic("ac1", "Gwet's AC1", counts.gwet(Weights::Identity), degrees, LINEARISED);
    if args.scale != Scale::Nominal {
        analytic("ac2", "Gwet's AC2, quadratic", counts.gwet(Weights::Quadratic), degrees, LINEARISED);
    }
    if found.reads.readers() == 2 {
        let (name, weights) = match weights(args) {
            Misses::None => ("Cohen's kappa", Weights::Identity),
            Misses::Linear => ("Cohen's kappa, weighted (linear)", Weights::Linear),
            Misses::Quadratic => ("Cohen's kappa, weighted (quadratic)", Weights::Quadratic),
        };
        let kappa = cohen(&found.reads, 0, 1, weights).map(|found| found.kappa);
        // So many degrees of freedom are the normal distribution.
        analytic("cohen", name, kappa, 1e7, "large sample, normal");
    }
    let reads: usize = found.reads.rows().map(<[_]>::len).sum();
    if args.scale == Scale::Nominal && reads.saturating_mul(found.reads.readers()) <= LEFT_OUT_MAX {
        let alone = by_reader(&found.reads, Level::Nominal).map(|alone| alone.alpha);
        let degrees = to_f64(found.reads.readers() as u64) - 1.0;
        analytic("alpha_readers", "alpha, for other readers", alone, degrees, "readers left out in turn");
    }
    analytic("fleiss", "Fleiss' kappa", counts.fleiss(), degrees, LINEARISED);
    lines
}

/// What was asked for, or what suits the scale.
fn weights(args: &Agreement) -> Misses {
    let suits = if args.scale == Scale::Nominal { Misses::None } else { Misses::Quadratic };
    args.weights.unwrap_or(suits)
}

pub const fn level(scale: Scale) -> Level {
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
    values
        .and_then(|values| counts.with_values(&values))
        .ok_or_else(|| Fault::new("not_numbers", NOT_NUMBERS).at("--scale"))
}

/// A class by itself.
struct Class {
    name: String,
    /// Of all reads.
    share: f64,
    specific: Option<f64>,
    interval: Option<Interval>,
}

fn classes(found: &tables::Table, counts: &Counts, resampled: &Resampled, reads: u64) -> Vec<Class> {
    let mut given = vec![0_u64; found.classes.len()];
    for vote in found.reads.rows().flatten() {
        given[usize::from(vote.class)] += 1;
    }
    let named = (0..).zip(&found.classes).zip(given).zip(&resampled.specific);
    named
        .map(|(((class, name), n), interval)| Class {
            name: name.clone(),
            share: to_f64(n) / to_f64(reads),
            specific: counts.specific(class),
            interval: *interval,
        })
        .collect()
}

fn by_class(classes: &[Class]) -> String {
    let titles = ["Class", "Of all reads", "Specific agreement", "Interval"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for Class { name, share, specific, interval } in classes {
        rows.push(vec![name.clone(), percent(*share), coefficient(*specific), reach(*interval)]);
    }
    table(&rows)
}

/// How much was read.
pub struct Sizes {
    pub items: u64,
    pub readers: u64,
    pub reads: u64,
}

/// What machines are told of any table, but for its classes.
pub fn said(sizes: &Sizes, confidence: f64, lines: &[Line]) -> Value {
    let coefficient = |line: &Line| json!({ "name": line.name, "value": line.value, "interval": ends(line.interval), "interval_by": line.how });
    json!({
        "items": sizes.items, "readers": sizes.readers, "reads": sizes.reads, "confidence": confidence,
        "population": "items; the readers are taken as given",
        "coefficients": lines.iter().map(|line| (line.key.to_owned(), coefficient(line)))
            .collect::<serde_json::Map<String, Value>>(),
        "classes": [], "coefficients_apart": false,
    })
}

/// What people are told of any table, but for its classes.
pub fn text(sizes: &Sizes, confidence: f64, lines: &[Line]) -> String {
    let mut rows = vec![["Coefficient", "Value", "Interval", "Interval by"].map(str::to_owned).to_vec()];
    for line in lines {
        let how = if line.interval.is_some() { line.how } else { "" };
        rows.push(vec![line.name.clone(), coefficient(line.value), reach(line.interval), how.to_owned()]);
    }
    format!(
        "{} by {} on {}. Intervals of {} speak of items like these, read by these readers.\n{}",
        count(sizes.reads, "read"),
        count(sizes.readers, "reader"),
        count(sizes.items, "item"),
        percent(confidence),
        table(&rows)
    )
}

fn ends(interval: Option<Interval>) -> Option<[f64; 2]> {
    interval.map(|interval| [interval.low, interval.high])
}

fn reach(interval: Option<Interval>) -> String {
    interval.map_or_else(String::new, |i| format!("{:.4} to {:.4}", i.low, i.high))
}

#[expect(clippy::cast_precision_loss, reason = "what is counted is far below 2^53")]
pub fn to_f64(n: u64) -> f64 {
    n as f64
}
