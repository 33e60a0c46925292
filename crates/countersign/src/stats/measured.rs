//! `countersign stats agreement` of measured values of which more differ than classes can be told apart.

use serde_json::{Value, json};

use super::{
    Scale,
    agreement::{LINEARISED, Line, NOT_NUMBERS, Sizes, level, said, text, to_f64},
    table::Values,
};
use crate::fault::{Fault, Outcome};

/// The object for machines and the text for people. Coefficients that count classes say nothing about values that hardly ever
/// meet: alpha measures how far they are apart.
pub fn figures(scale: Scale, confidence: f64, found: &Values) -> Outcome<(Value, String)> {
    if scale == Scale::Ratio && found.negative {
        return Err(Fault::new("not_numbers", NOT_NUMBERS).at("--scale"));
    }
    let measured = &found.measured;
    let degrees = to_f64(measured.items() as u64) - 1.0;
    let line = |key, name, found| Line::analytic(key, name, found, degrees, confidence, LINEARISED);
    let lines = [
        line("percent", "percent agreement (equal values)", measured.percent()),
        line("alpha", "Krippendorff's alpha", measured.alpha(level(scale))),
    ];
    let sizes = Sizes { items: measured.items() as u64, readers: found.readers, reads: found.reads };
    let mut said = said(&sizes, confidence, &lines);
    said["measured"] = json!(true);
    let text = format!(
        "{}\nToo many values differ to be classes: there are no coefficients that count classes, and no agreement of each.",
        text(&sizes, confidence, &lines)
    );
    Ok((json!({ "agreement": said }), text))
}
