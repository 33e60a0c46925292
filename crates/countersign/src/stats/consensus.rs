//! `countersign stats consensus`.

use std::{fs::File, path::Path};

use countersign_quality::consensus::{Majority, Options, dawid_skene, glad, majority, one_coin};
use serde_json::{Value, json};

use super::{Consensus, Method, percent, table as tables};
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count, table},
};

/// Readers that the text lists; JSON lists all.
const LISTED: usize = 20;

/// What an item was found to be. Several answers are a tie.
struct Answer {
    classes: Vec<u16>,
    probability: f64,
    /// How easy the item is, where that is estimated: the smaller, the harder.
    ease: Option<f64>,
}

struct Reader {
    name: String,
    reads: u64,
    /// Share of its reads that are expected to be right.
    right: f64,
}

struct Found {
    answers: Vec<Answer>,
    readers: Vec<Reader>,
    iterations: Option<usize>,
}

pub fn run(args: &Consensus, out: Output) -> Outcome<()> {
    let given = tables::read(&args.reads)?;
    let found = match args.method {
        Method::DawidSkene => by_readers(&given)?,
        Method::OneCoin => by_accuracies(&given)?,
        Method::Glad => by_ease(&given)?,
        Method::Majority => by_votes(&given),
    };
    write(&args.out, &given, &found.answers)?;
    let ties = found.answers.iter().filter(|answer| answer.classes.len() > 1).count();
    let score = args.truth.as_deref().map(|path| score(path, &given, &found.answers)).transpose()?;
    let name = match args.method {
        Method::DawidSkene => "dawid-skene",
        Method::OneCoin => "one-coin",
        Method::Glad => "glad",
        Method::Majority => "majority",
    };
    #[expect(clippy::cast_precision_loss, reason = "items are far below 2^53")]
    let accuracy = score.map(|(right, known)| right as f64 / known as f64);
    let said = json!({ "consensus": {
        "method": name, "items": found.answers.len(), "ties": ties, "iterations": found.iterations,
        "readers": found.readers.iter().map(|reader| json!({
            "reader": reader.name, "reads": reader.reads, "expected_right": reader.right,
        })).collect::<Vec<Value>>(),
        "truth": score.map(|(right, known)| json!({ "items": known, "right": right, "accuracy": accuracy })),
    } });
    out.result(&said, &text(&found, ties, name, score.zip(accuracy)));
    Ok(())
}

fn by_readers(given: &tables::Table) -> Outcome<Found> {
    let found = dawid_skene(&given.reads, Options::default()).ok_or_else(|| {
        Fault::new("too_large", "Readers times classes squared are beyond the limit of 128 million.")
    })?;
    Ok(estimated(given, |item| (found.class(item), found.posterior(item)), found.iterations))
}

fn one_class() -> Fault {
    Fault::new("one_class", "All answers are the same: there is nothing to estimate.")
}

fn by_ease(given: &tables::Table) -> Outcome<Found> {
    let found = glad(&given.reads, Options::default()).ok_or_else(one_class)?;
    let iterations = found.objectives.len();
    let mut estimates = estimated(given, |item| (found.class(item), found.posterior(item)), iterations);
    for (answer, ease) in estimates.answers.iter_mut().zip(&found.eases) {
        answer.ease = Some(*ease);
    }
    Ok(estimates)
}

fn by_accuracies(given: &tables::Table) -> Outcome<Found> {
    let found = one_coin(&given.reads, Options::default()).ok_or_else(one_class)?;
    Ok(estimated(given, |item| (found.class(item), found.posterior(item)), found.iterations))
}

fn estimated<'a>(given: &tables::Table, of: impl Fn(usize) -> (u16, &'a [f64]), iterations: usize) -> Found {
    let mut right = vec![(0, 0.0); given.reads.readers()];
    for (item, row) in given.reads.rows().enumerate() {
        for vote in row {
            let (reads, sum) = &mut right[vote.reader as usize];
            *reads += 1;
            *sum += of(item).1[usize::from(vote.class)];
        }
    }
    let answers = (0..given.reads.items()).map(|item| {
        let (class, posterior) = of(item);
        Answer { classes: vec![class], probability: posterior[usize::from(class)], ease: None }
    });
    Found { answers: answers.collect(), readers: readers(given, &right), iterations: Some(iterations) }
}

fn by_votes(given: &tables::Table) -> Found {
    let mut right = vec![(0, 0.0); given.reads.readers()];
    let mut answers = Vec::with_capacity(given.reads.items());
    for (found, row) in majority(&given.reads).into_iter().zip(given.reads.rows()) {
        let classes = match found {
            Majority::Unread => Vec::new(),
            Majority::Class(class) => vec![class],
            Majority::Tie(classes) => classes,
        };
        let votes = row.iter().filter(|vote| classes.first() == Some(&vote.class)).count();
        #[expect(clippy::cast_precision_loss, reason = "votes are far below 2^53")]
        let probability = votes as f64 / row.len().max(1) as f64;
        for vote in row {
            let (reads, sum) = &mut right[vote.reader as usize];
            *reads += 1;
            // A tie is shared among its answers.
            #[expect(clippy::cast_precision_loss, reason = "classes are at most a thousand")]
            let share = if classes.contains(&vote.class) { 1.0 / classes.len() as f64 } else { 0.0 };
            *sum += share;
        }
        answers.push(Answer { classes, probability, ease: None });
    }
    Found { answers, readers: readers(given, &right), iterations: None }
}

fn readers(given: &tables::Table, right: &[(u64, f64)]) -> Vec<Reader> {
    let named = given.readers.list.iter().zip(right);
    #[expect(clippy::cast_precision_loss, reason = "reads are far below 2^53")]
    let list = named.map(|(name, (reads, sum))| {
        let right = if *reads > 0 { sum / *reads as f64 } else { 0.0 };
        Reader { name: name.clone(), reads: *reads, right }
    });
    let mut list: Vec<Reader> = list.collect();
    list.sort_by(|a, b| a.right.total_cmp(&b.right).then_with(|| a.name.cmp(&b.name)));
    list
}

/// A tie has no answer; who needs one has to decide.
fn write(path: &Path, given: &tables::Table, answers: &[Answer]) -> Outcome<()> {
    let file = File::create(path).map_err(|error| Fault::file(path, &error))?;
    let mut out = csv::Writer::from_writer(file);
    let rows = given.items.list.iter().zip(given.reads.rows()).zip(answers);
    let eased = answers.iter().any(|answer| answer.ease.is_some());
    let mut head = vec!["item", "answer", "probability", "reads", "tied"];
    head.extend(eased.then_some("ease"));
    let written = out.write_record(head).and_then(|()| {
        for ((item, row), answer) in rows {
            let name = |class: &u16| given.classes[usize::from(*class)].as_str();
            let names: Vec<&str> = answer.classes.iter().map(name).collect();
            let (one, tied) =
                if let [one] = names[..] { (one, String::new()) } else { ("", names.join(" | ")) };
            let (probability, reads) = (format!("{:.6}", answer.probability), row.len().to_string());
            let ease = answer.ease.map(|ease| format!("{ease:.6}"));
            out.write_record(
                [item.as_str(), one, &probability, &reads, &tied].into_iter().chain(ease.as_deref()),
            )?;
        }
        out.flush()?;
        Ok(())
    });
    written.map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Fault::file(path, &error),
        _ => Fault::new("internal", "A table could not be written.").at(path.display()),
    })
}

/// Items that the consensus has right, of those whose truth is known. A tie is not right.
fn score(path: &Path, given: &tables::Table, answers: &[Answer]) -> Outcome<(u64, u64)> {
    let mut rows = tables::Rows::open(path)?;
    let (item, truth) = (rows.need(tables::ITEM)?, rows.need(tables::TRUTH)?);
    let (mut right, mut known) = (0, 0);
    while rows.next()? {
        let item = String::from_utf8_lossy(rows.cell(item)?);
        let truth = String::from_utf8_lossy(rows.cell(truth)?);
        let Some(answer) = given.items.find(&item).map(|item| &answers[item as usize]) else { continue };
        known += 1;
        if let [class] = answer.classes[..] {
            right += u64::from(given.classes[usize::from(class)] == truth);
        }
    }
    if known == 0 {
        return Err(Fault::new("no_item", "No item of the truth is among the reads.").at(path.display()));
    }
    Ok((right, known))
}

fn text(found: &Found, ties: usize, name: &str, score: Option<((u64, u64), f64)>) -> String {
    let mut rows = vec![["Reader", "Reads", "Expected right"].map(str::to_owned).to_vec()];
    for reader in found.readers.iter().take(LISTED) {
        rows.push(vec![reader.name.clone(), reader.reads.to_string(), percent(reader.right)]);
    }
    let more = found.readers.len().saturating_sub(LISTED);
    let more = if more > 0 { format!("\n  and {more} more, all better") } else { String::new() };
    let score = score.map_or_else(String::new, |((right, known), accuracy)| {
        format!("\n{right} of {known} items with a known truth are right: {}.", percent(accuracy))
    });
    format!(
        "{} by {name}, {}.{score}\n{}{more}",
        count(found.answers.len() as u64, "item"),
        count(ties as u64, "tie"),
        table(&rows)
    )
}
