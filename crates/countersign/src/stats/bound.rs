//! `countersign stats bound`.

use countersign_quality::{
    BoundError,
    certify::{Prior, anytime_upper},
    lot_upper, share_upper,
};
use serde_json::json;

use super::{Bound, percent};
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count, table},
};

#[expect(clippy::cast_precision_loss, reason = "lots are far below 2^53")]
pub fn run(args: &Bound, out: Output) -> Outcome<()> {
    let Bound { lot, checked, errors, confidence } = *args;
    let fault = |error: BoundError| {
        let place = if matches!(error, BoundError::Fraction(_)) { "--confidence" } else { "--checked" };
        Fault::new("bad_sample", error.to_string()).at(place)
    };
    let prior = Prior::default();
    let anytime = anytime_upper(lot, checked, errors, confidence, prior).map_err(fault)?;
    let exact = lot_upper(lot, checked, errors, confidence).map_err(fault)?;
    let endless = share_upper(checked, errors, confidence).map_err(fault)?;
    let share = |units: u64| units as f64 / lot as f64;
    let said = json!({ "bound": {
        "lot": lot, "checked": checked, "errors": errors, "confidence": confidence,
        "at_any_time": {
            "method": "prior-posterior-ratio", "prior": prior,
            "units": anytime, "share": share(anytime), "left": anytime - errors,
        },
        "fixed_size": { "method": "hypergeometric", "units": exact, "share": share(exact), "left": exact - errors },
        "endless": { "method": "clopper-pearson", "share": endless },
    } });
    let row = |name: &str, units: String, share: f64, holds: &str| {
        vec![name.to_owned(), units, percent(share), holds.to_owned()]
    };
    let rows = [
        vec!["Bound".to_owned(), "Units".to_owned(), "Share".to_owned(), "Holds".to_owned()],
        row(
            "prior-posterior ratio",
            anytime.to_string(),
            share(anytime),
            "however often somebody looked before",
        ),
        row(
            "hypergeometric",
            exact.to_string(),
            share(exact),
            "if the size of the sample was fixed beforehand",
        ),
        row("Clopper-Pearson", String::new(), endless, "the same, for a source without end"),
    ];
    let text = format!(
        "{} of {} checked, {} wrong. With {} confidence at most this much of the lot was wrong:\n{}\nThe part that was \
         checked has to be a random one.",
        checked,
        count(lot, "unit"),
        errors,
        percent(confidence),
        table(&rows)
    );
    out.result(&said, &text);
    Ok(())
}
