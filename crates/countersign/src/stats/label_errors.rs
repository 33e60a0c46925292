//! `countersign stats label-errors`.

use countersign_quality::{
    consensus::{Options, dawid_skene},
    label_errors::{Confident, LabelsError, confident},
};
use serde_json::{Value, json};

use super::{LabelErrors, percent, probabilities, table as tables};
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count, table},
};

/// What a label in the search stands for.
struct Label {
    item: String,
    reader: Option<String>,
}

struct Search {
    labels: Vec<Label>,
    given: Vec<u16>,
    classes: Vec<String>,
    found: Confident,
    by: &'static str,
}

pub fn run(args: &LabelErrors, out: Output) -> Outcome<()> {
    let rows = tables::Rows::open(&args.table)?;
    let is_reads = rows.column(tables::READER).is_some();
    drop(rows);
    let search = if is_reads { by_readers(args)? } else { by_model(args)? };
    let mut given = vec![0; search.classes.len()];
    for class in &search.given {
        given[usize::from(*class)] += 1;
    }
    let share = search.found.wrong_share(&given);
    let class = |class: u16| search.classes[usize::from(class)].as_str();
    let listed = || search.found.suspects.iter().take(args.limit);
    let said = json!({ "label_errors": {
        "labels": search.labels.len(), "suspects": search.found.suspects.len(), "estimated_wrong": share,
        "by": search.by,
        "list": listed().map(|suspect| {
            let label = &search.labels[suspect.item];
            json!({
                "item": label.item, "reader": label.reader, "given": class(suspect.given),
                "likely": class(suspect.likely), "probability": suspect.own, "margin": suspect.margin,
            })
        }).collect::<Vec<Value>>(),
    } });
    let mut lines = vec![["Item", "Reader", "Given", "Likely", "P(given)"].map(str::to_owned).to_vec()];
    for suspect in listed() {
        let label = &search.labels[suspect.item];
        lines.push(vec![
            label.item.clone(),
            label.reader.clone().unwrap_or_default(),
            class(suspect.given).to_owned(),
            class(suspect.likely).to_owned(),
            format!("{:.4}", suspect.own),
        ]);
    }
    let text = format!(
        "{} of {} are suspect by {}; about {} are expected to be wrong. This is a queue for review, not a bound.\n{}",
        search.found.suspects.len(),
        count(search.labels.len() as u64, "label"),
        search.by,
        percent(share),
        table(&lines)
    );
    out.result(&said, &text);
    Ok(())
}

/// Each read, by what the other reads of its item say.
fn by_readers(args: &LabelErrors) -> Outcome<Search> {
    let given = tables::read(&args.table)?;
    let too_large =
        || Fault::new("too_large", "Readers times classes squared are beyond the limit of 128 million.");
    let posteriors = dawid_skene(&given.reads, Options::default()).ok_or_else(too_large)?;
    let (mut labels, mut classes, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (item, row) in given.reads.rows().enumerate() {
        for vote in row {
            let reader = given.readers.list[vote.reader as usize].clone();
            labels.push(Label { item: given.items.list[item].clone(), reader: Some(reader) });
            classes.push(vote.class);
            #[expect(clippy::cast_possible_truncation, reason = "probabilities of a ranking need no more")]
            values.extend(posteriors.posterior_without(item, *vote).iter().map(|share| *share as f32));
        }
    }
    let found = confident(&classes, &values, given.classes.len()).map_err(|error| fault(args, &error))?;
    Ok(Search { labels, given: classes, classes: given.classes, found, by: "the other readers" })
}

/// Each label, by a model.
fn by_model(args: &LabelErrors) -> Outcome<Search> {
    let given = probabilities::read(&args.table)?;
    let found =
        confident(&given.labels, &given.values, given.classes.len()).map_err(|error| fault(args, &error))?;
    let labels = given.items.into_iter().map(|item| Label { item, reader: None }).collect();
    Ok(Search { labels, given: given.labels, classes: given.classes, found, by: "the model's probabilities" })
}

fn fault(args: &LabelErrors, error: &LabelsError) -> Fault {
    Fault::new("bad_table", error.to_string()).at(args.table.display())
}
