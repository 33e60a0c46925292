//! Attribute studies against the worked example that AIAG publishes, against statsmodels and scikit-learn, and orders
//! against hashlib (reference/study.py and reference/turns.py made the vectors).

use countersign_quality::{
    certify::Hash,
    study::{GOOD, Kappa, Kappas, Limits, Rate, Trial, Verdict, attribute, kappas, seed, turns},
};

struct Study {
    reference: Vec<bool>,
    trials: Vec<Trial>,
    facts: Vec<(String, f64)>,
}

fn study(line: &str) -> (&str, Study) {
    let mut parts = line.split('\t');
    let name = parts.next().unwrap();
    let is_bad = |mark: char| mark == 'b';
    let reference = parts.next().unwrap().chars().map(is_bad).collect();
    let mut trials = Vec::new();
    for (person, table) in (0..).zip(parts.next().unwrap().split(';')) {
        for (item, said) in (0..).zip(table.split(' ')) {
            let turn = |(turn, mark)| Trial { person, item, turn, bad: is_bad(mark) };
            trials.extend((0..).zip(said.chars()).map(turn));
        }
    }
    let fact = |part: &str| {
        let (key, value) = part.split_once('=').unwrap();
        (key.to_owned(), value.parse().unwrap())
    };
    (name, Study { reference, trials, facts: parts.map(fact).collect() })
}

fn vectors() -> Vec<(&'static str, Study)> {
    include_str!("reference/study.tsv").lines().map(study).collect()
}

fn of(found: &Kappas, key: &str) -> f64 {
    let (name, end) = key.split_once('_').unwrap_or((key, ""));
    let digits: Vec<u32> = name.chars().filter_map(|mark| mark.to_digit(10)).collect();
    let kappa: Option<Kappa> = match name.trim_end_matches(|mark: char| mark.is_ascii_digit()) {
        "within" => found.within[digits[0] as usize].kappa,
        "reference" => found.with_reference[digits[0] as usize].kappa,
        "pair" => {
            let is_it = |pair: &&countersign_quality::study::Pair| [pair.first, pair.second] == digits[..];
            found.pairs.iter().find(is_it).unwrap().kappa
        }
        "between" => found.between,
        other => panic!("{other}"),
    };
    let kappa = kappa.unwrap();
    match end {
        "" => kappa.value,
        "low" => kappa.low.unwrap(),
        "high" => kappa.high.unwrap(),
        other => panic!("{other}"),
    }
}

#[test]
fn kappas_are_those_of_statsmodels_and_scikit_learn() {
    let mut compared = 0;
    for (name, study) in vectors() {
        let found = kappas(&study.trials, &study.reference, 0.95).unwrap();
        for (key, expected) in &study.facts {
            let value = of(&found, key);
            // An interval of theirs is not held within what a kappa can be.
            let expected = expected.clamp(-1.0, 1.0);
            // The quantile of the normal distribution is one of a wide Student distribution here.
            assert!((value - expected).abs() < 1e-7, "{name} {key}: {value} {expected}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn the_worked_example_of_the_manual_comes_out_as_it_prints_it() {
    let (name, study) = vectors().swap_remove(0);
    assert_eq!((name, study.trials.len(), study.reference.len()), ("aiag", 450, 50));
    let found = attribute(&study.trials, &study.reference, 0.95).unwrap();
    let agreement = kappas(&study.trials, &study.reference, 0.95).unwrap();
    // Cross tables of A with B, A with C and B with C, bad first as the manual has it, and the kappas below them.
    let tables: Vec<_> = agreement.pairs.iter().map(|pair| pair.table).collect();
    let printed = |bad_bad, bad_good, good_bad, good_good| [[good_good, good_bad], [bad_good, bad_bad]];
    assert_eq!(tables, [printed(44, 6, 3, 97), printed(43, 7, 8, 92), printed(42, 5, 9, 94)]);
    let digits = |value: f64, places: usize| format!("{value:.places$}");
    let kappa = |kappa: Option<Kappa>| digits(kappa.unwrap().value, 2);
    let pairs: Vec<_> = agreement.pairs.iter().map(|pair| kappa(pair.kappa)).collect();
    assert_eq!(pairs, ["0.86", "0.78", "0.79"]);
    let tables: Vec<_> = agreement.with_reference.iter().map(|one| one.table).collect();
    assert_eq!(tables, [printed(45, 5, 3, 97), printed(45, 2, 3, 100), printed(42, 9, 6, 93)]);
    let reference: Vec<_> = agreement.with_reference.iter().map(|one| kappa(one.kappa)).collect();
    assert_eq!(reference, ["0.88", "0.92", "0.77"]);
    assert!(agreement.pairs.iter().all(|pair| pair.kappa.unwrap().value > GOOD));
    // The summary of effectiveness: inspected, matched, 95 % limits of Clopper and Pearson; within and with the reference.
    let percent = |share: f64| digits(share * 100.0, 0);
    let row = |rate: Option<Rate>| {
        let rate = rate.unwrap();
        (rate.part, rate.of, percent(rate.low), percent(rate.high))
    };
    let wanted = |part, low: &str, high: &str| (part, 50, low.to_owned(), high.to_owned());
    let rows = [wanted(42, "71", "93"), wanted(45, "78", "97"), wanted(40, "66", "90")];
    for (person, wanted) in found.people.iter().zip(rows) {
        assert_eq!((row(person.within), row(person.effectiveness)), (wanted.clone(), wanted));
    }
    // Of the whole system 78 %; the upper end is 88.47 %.
    let system = wanted(39, "64", "88");
    assert_eq!((row(found.between), row(found.with_reference)), (system.clone(), system));
    // Effectiveness, miss rate and false alarm rate, in per cent to the digits that are printed.
    let share = |rate: Option<Rate>| rate.unwrap().part as f64 / rate.unwrap().of as f64 * 100.0;
    let figures: Vec<_> = found
        .people
        .iter()
        .map(|one| [share(one.effectiveness), share(one.miss), share(one.false_alarm)].map(|x| digits(x, 1)))
        .collect();
    assert_eq!(figures, [["84.0", "6.2", "4.9"], ["90.0", "6.2", "2.0"], ["80.0", "12.5", "8.8"]]);
    // 3 of 48 is 6.25 %, which the manual rounds up.
    assert_eq!(found.people[0].miss.map(|rate| (rate.part, rate.of)), Some((3, 48)));
    let verdicts: Vec<_> =
        found.people.iter().map(|one| one.verdict(Limits::default(), Limits::MARGINAL)).collect();
    assert_eq!(verdicts, [Verdict::Unacceptable; 3], "each misses more than 5 %");
    let some_miss = Limits { miss: 0.0625, ..Limits::MARGINAL };
    let verdicts: Vec<_> = found
        .people
        .iter()
        .map(|one| one.verdict(Limits { miss: 0.0625, ..Limits::default() }, some_miss))
        .collect();
    assert_eq!(verdicts, [Verdict::Marginal, Verdict::Acceptable, Verdict::Unacceptable]);
}

#[test]
fn one_answer_to_everything_has_no_kappa_and_words_have_limits() {
    let always = |person, bad| (0..4).map(move |item| Trial { person, item, turn: 0, bad });
    let trials: Vec<_> = always(0, true).chain(always(1, true)).collect();
    let found = kappas(&trials, &[true, true, false, false], 0.9).unwrap();
    assert!(found.pairs[0].kappa.is_none() && found.between.is_none() && found.within[0].kappa.is_none());
    assert_eq!(found.pairs[0].table, [[0, 0], [0, 4]]);
    assert_eq!(found.with_reference[0].kappa.unwrap().value, 0.0);
    assert!(kappas(&trials, &[true; 4], 1.0).is_err() && kappas(&trials, &[true], 0.9).is_err());
    let word = |value| Kappa { of: 1, value, low: None, high: None }.word();
    assert_eq!([word(0.76), word(0.75), word(0.40), word(0.39)], ["good", "fair", "fair", "poor"]);
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Kappas>(&text).unwrap(), found);
}

#[test]
fn orders_are_those_of_hashlib_and_nothing_comes_twice_in_a_row() {
    let hash = |text: &str| Hash(hex::decode(text).unwrap().try_into().unwrap());
    for line in include_str!("reference/turns.tsv").lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let ids: Vec<&str> = parts[3].split(',').collect();
        let seed = seed(hash(parts[0]), &hex::decode(parts[1]).unwrap());
        assert_eq!(seed.to_string(), parts[4]);
        let found = turns(seed, parts[2], parts.len() as u32 - 5, &ids);
        let named: Vec<String> = found
            .iter()
            .map(|trial| trial.iter().map(|place| ids[*place]).collect::<Vec<_>>().join(","))
            .collect();
        assert_eq!(named, parts[5..]);
        let all: Vec<usize> = found.concat();
        assert!(all.windows(2).all(|two| two[0] != two[1]), "{all:?}");
    }
}
