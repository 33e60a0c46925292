//! `countersign stats plan`.

use countersign_quality::acceptance::{Plan, Promise, PromiseError, SAMPLE_MAX};
use serde_json::json;

use super::{Wish, percent};
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count, table},
};

pub fn run(args: &Wish, out: Output) -> Outcome<()> {
    let Wish { lot, good, producer, bad, consumer } = *args;
    let promise = Promise { units: lot, good, producer, bad, consumer, most: SAMPLE_MAX };
    let fault = |error: PromiseError| {
        let place = match error {
            PromiseError::Units | PromiseError::Same => "--lot",
            PromiseError::Good => "--good",
            PromiseError::Bad => "--bad",
            PromiseError::Producer => "--producer",
            PromiseError::Consumer | PromiseError::Most => "--consumer",
        };
        Fault::new("bad_plan", error.to_string()).at(place)
    };
    let plans = [
        ("single", promise.single().map_err(fault)?),
        ("double", promise.double().map_err(fault)?),
        ("sequential", promise.sequential().map_err(fault)?),
    ];
    let (mut found, mut rows) = (serde_json::Map::new(), vec![heads()]);
    for (kind, plan) in plans {
        let Some(plan) = plan else {
            found.insert(kind.to_owned(), serde_json::Value::Null);
            rows.push(vec![words(kind).to_owned(), "none".to_owned()]);
            continue;
        };
        let curve = |source| plan.curve(source).map_err(|error| Fault::new("bad_plan", error.to_string()));
        let (at_good, at_bad) = (curve(promise.sources().0)?, curve(promise.sources().1)?);
        let outcome = |at: countersign_quality::acceptance::Curve| json!({ "accept": at.accept, "checked": at.checked, "outgoing": at.outgoing });
        let said = json!({ "plan": plan, "good": outcome(at_good), "bad": outcome(at_bad) });
        found.insert(kind.to_owned(), said);
        rows.push(vec![
            words(kind).to_owned(),
            plan_words(&plan),
            percent(at_good.accept),
            format!("{:.1}", at_good.checked),
            percent(at_bad.accept),
            format!("{:.1}", at_bad.checked),
        ]);
    }
    let said = json!({ "plan": {
        "lot": lot, "good": good, "producer": producer, "bad": bad, "consumer": consumer, "plans": found,
    } });
    let of =
        lot.map_or_else(|| "large batches".to_owned(), |lot| format!("batches of {}", count(lot, "unit")));
    let text = format!(
        "For {of}: accepted at least {} of the time with {} wrong, at most {} with {}.\n{}",
        percent(1.0 - producer),
        percent(good),
        percent(consumer),
        percent(bad),
        table(&rows)
    );
    out.result(&said, &text);
    Ok(())
}

fn heads() -> Vec<String> {
    ["", "Plan", "Good accepted", "Checked", "Bad accepted", "Checked"].map(str::to_owned).to_vec()
}

fn words(kind: &str) -> &str {
    match kind {
        "single" => "one sample",
        "double" => "two samples",
        _ => "unit by unit",
    }
}

fn plan_words(plan: &Plan) -> String {
    match *plan {
        Plan::Single { sample, accept } => format!("{sample}, accepted with at most {accept} wrong"),
        Plan::Double { first, accept_first, return_first, second, accept_both } => format!(
            "{first}, accepted with at most {accept_first}, returned from {return_first}; {second} more, at most {accept_both}"
        ),
        Plan::Sequential { most, .. } => format!("at most {most}"),
    }
}
