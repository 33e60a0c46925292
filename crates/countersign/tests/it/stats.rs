//! Tables of reads through the command line.

use std::fs;

use serde_json::Value;

use crate::house::{object, run, samples};

#[test]
fn real_reads_are_described_and_merged() {
    let Some(folder) = samples("reads") else { return };
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let said = object(&run(&["--json", "stats", "agreement", &path("dogs-answer.csv")]));
    let found = &said["agreement"];
    assert_eq!((found["items"].as_u64(), found["readers"].as_u64()), (Some(807), Some(109)));
    let alpha = &found["coefficients"]["alpha"];
    let (value, low, high) = (
        alpha["value"].as_f64().unwrap(),
        alpha["interval"][0].as_f64().unwrap(),
        alpha["interval"][1].as_f64(),
    );
    assert!((value - 0.5194).abs() < 1e-4 && low < value && value < high.unwrap(), "{alpha}");
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out.csv");
    let merged = |method: &str| {
        let (reads, truth) = (path("dogs-answer.csv"), path("dogs-truth.csv"));
        let to = out.to_str().unwrap();
        let said = object(&run(&[
            "--json",
            "stats",
            "consensus",
            &reads,
            "--method",
            method,
            "--out",
            to,
            "--truth",
            &truth,
        ]));
        assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 808);
        said["consensus"].clone()
    };
    assert!(merged("one-coin")["truth"]["accuracy"].as_f64().unwrap() > 0.79);
    assert!(merged("dawid-skene")["truth"]["accuracy"].as_f64().unwrap() >= 0.842);
    assert!(merged("glad")["truth"]["accuracy"].as_f64().unwrap() >= 0.83);
    let eased = fs::read_to_string(&out).unwrap();
    assert!(eased.starts_with("item,answer,probability,reads,tied,ease\n"));
    assert!(eased.lines().skip(1).all(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap() > 0.0));
    assert!(merged("majority")["ties"].as_u64().unwrap() > 0);
    let said = object(&run(&["--json", "stats", "label-errors", &path("dogs-answer.csv"), "--limit", "3"]));
    assert_eq!(said["label_errors"]["list"].as_array().unwrap().len(), 3);
}

/// Asks for the agreement of a table of item, reader, answer.
fn agreement(rows: &str, more: &[&str]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("reads.csv");
    fs::write(&path, format!("item,reader,answer\n{rows}")).unwrap();
    let line = [&["--json", "stats", "agreement", path.to_str().unwrap()], more].concat();
    object(&run(&line))
}

fn coefficient(said: &Value, key: &str) -> f64 {
    said["agreement"]["coefficients"][key]["value"].as_f64().unwrap_or_else(|| panic!("{key}: {said}"))
}

/// Six items by two readers, answers in order.
const PAIRS: [(f64, f64); 6] = [(1.0, 1.0), (2.0, 2.0), (3.0, 5.0), (5.0, 5.0), (2.0, 1.0), (8.0, 5.0)];

fn pairs() -> String {
    PAIRS.iter().enumerate().map(|(item, (a, b))| format!("{item},x,{a}\n{item},y,{b}\n")).collect()
}

#[test]
fn scales_measure_what_they_say() {
    // By krippendorff 0.9.0 of the same twelve values.
    for (scale, expected) in [
        ("nominal", 0.38888888888888884),
        ("ordinal", 0.8529228855721394),
        ("interval", 0.7652439024390244),
        ("ratio", 0.8076204020514028),
    ] {
        let said = agreement(&pairs(), &["--scale", scale]);
        let found = coefficient(&said, "alpha");
        assert!((found - expected).abs() < 1e-9, "{scale}: {found}");
        assert_eq!(said["agreement"]["coefficients"].get("ac2").is_some(), scale != "nominal");
        // Every figure over items has an interval around it.
        for key in ["percent", "alpha", "ac1", "fleiss", "cohen"] {
            let line = &said["agreement"]["coefficients"][key];
            let ends = [0, 1].map(|end| line["interval"][end].as_f64().unwrap());
            let value = line["value"].as_f64().unwrap();
            assert!(ends[0] <= value && value <= ends[1], "{scale} {key}: {line}");
        }
        let class = &said["agreement"]["classes"][3];
        assert_eq!(
            (class["class"].as_str(), class["interval"].as_array().map(Vec::len)),
            (Some("5"), Some(2))
        );
    }
}

#[test]
fn cohens_kappa_says_how_it_is_weighted() {
    // By scikit-learn 1.9.1: cohen_kappa_score with its weights.
    for (more, name, expected) in [
        (&[][..], "Cohen's kappa", 0.3793103448275862),
        (&["--weights", "none"], "Cohen's kappa", 0.3793103448275862),
        (&["--scale", "ordinal"], "Cohen's kappa, weighted (quadratic)", 0.8656716417910448),
        (
            &["--scale", "ordinal", "--weights", "linear"],
            "Cohen's kappa, weighted (linear)",
            0.6785714285714286,
        ),
        (&["--scale", "interval", "--weights", "none"], "Cohen's kappa", 0.3793103448275862),
    ] {
        let said = agreement(&pairs(), more);
        assert_eq!(said["agreement"]["coefficients"]["cohen"]["name"], name);
        let found = coefficient(&said, "cohen");
        assert!((found - expected).abs() < 1e-9, "{more:?}: {found}");
    }
    let refused = agreement(&pairs(), &["--weights", "linear"]);
    assert_eq!(refused["error"]["code"], "bad_weights", "names are not near each other");
}

/// 5,000 values that all differ: 1,667 items, each measured by up to three.
fn measurements() -> String {
    let value = |n: u32| 10.0 + f64::from(n / 3 * 37 % 100) / 10.0 + f64::from(n * 7919 % 5003) / 999.7;
    (0..5000).map(|n| format!("{},{},{}\n", n / 3, n % 3, value(n))).collect()
}

#[test]
fn thousands_of_measured_values_have_an_alpha() {
    // By the definition over all pairs, in numpy; the krippendorff package would want hundreds of gigabytes.
    for (scale, expected) in [("interval", 0.7496593963497269), ("ratio", 0.7340344107353067)] {
        let said = agreement(&measurements(), &["--scale", scale]);
        let found = &said["agreement"];
        assert_eq!((found["items"].as_u64(), found["readers"].as_u64()), (Some(1667), Some(3)));
        assert_eq!((found["reads"].as_u64(), found["measured"].as_bool()), (Some(5000), Some(true)));
        let (alpha, value) = (&found["coefficients"]["alpha"], coefficient(&said, "alpha"));
        assert!((value - expected).abs() < 1e-9, "{scale}: {alpha}");
        let ends = [0, 1].map(|end| alpha["interval"][end].as_f64().unwrap());
        assert!(ends[0] < value && value < ends[1], "{alpha}");
        assert_eq!(coefficient(&said, "percent"), 0.0, "no two are equal");
    }
    let refused = agreement(&measurements(), &["--scale", "ordinal"]);
    assert_eq!(refused["error"]["code"], "too_large");
    let negative = measurements().replacen(",0,1", ",0,-1", 1);
    assert_eq!(agreement(&negative, &["--scale", "ratio"])["error"]["code"], "not_numbers");
    let words = measurements() + "9,9,long\n";
    assert_eq!(agreement(&words, &["--scale", "interval"])["error"]["code"], "not_numbers");
    let twice = measurements() + "0,0,3.5\n";
    let error = &agreement(&twice, &["--scale", "interval"])["error"];
    assert_eq!(error["code"], "answered_twice");
    assert!(error["place"].as_str().unwrap().ends_with(":5002"), "{error}");
}

#[test]
fn bounds_say_when_they_hold() {
    let said =
        object(&run(&["--json", "stats", "bound", "--lot", "5000", "--checked", "300", "--errors", "3"]));
    assert_eq!(said["bound"]["at_any_time"]["units"].as_u64(), Some(172));
    assert_eq!(said["bound"]["fixed_size"]["units"].as_u64(), Some(125));
    for wrong in [["5", "6", "0"], ["5", "3", "4"], ["5", "0", "0"]] {
        let done = run(&[
            "--json",
            "stats",
            "bound",
            "--lot",
            wrong[0],
            "--checked",
            wrong[1],
            "--errors",
            wrong[2],
        ]);
        assert_eq!(done.status.code(), Some(1));
        assert_eq!(object(&done)["error"]["code"], "bad_sample");
    }
}

#[test]
fn plans_are_designed_for_what_is_wanted() {
    let wish = |values: &[&str]| {
        let mut line = vec!["--json", "stats", "plan"];
        line.extend_from_slice(values);
        object(&run(&line))
    };
    let said = wish(&["--lot", "500", "--good", "0.01", "--bad", "0.06"]);
    let plans = &said["plan"]["plans"];
    let (single, double) = (&plans["single"], &plans["double"]);
    assert_eq!(single["plan"]["kind"], "single");
    assert!(single["good"]["accept"].as_f64().unwrap() >= 0.95);
    assert!(single["bad"]["accept"].as_f64().unwrap() <= 0.1);
    assert!(double["good"]["checked"].as_f64().unwrap() < single["good"]["checked"].as_f64().unwrap());
    // The reference of the tests of the crate: scipy finds the same plan for a long run of large batches.
    let endless = wish(&["--good", "0.01", "--bad", "0.05", "--consumer", "0.1"]);
    assert_eq!(endless["plan"]["plans"]["single"]["plan"]["accept"].as_u64(), Some(3));
    let wrong = wish(&["--good", "0.1", "--bad", "0.06"]);
    assert_eq!(wrong["error"]["code"], "bad_plan");
    assert_eq!(wrong["error"]["place"], "--good");
}

#[test]
fn a_models_probabilities_point_at_a_label_and_bad_rows_are_named() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("model.csv");
    let file = path.to_str().unwrap();
    fs::write(&path, "item,label,cat,dog\na,cat,0.9,0.1\nb,cat,0.8,0.2\nc,dog,0.1,0.9\nd,dog,0.95,0.05\n")
        .unwrap();
    let said = object(&run(&["--json", "stats", "label-errors", file]));
    let first = &said["label_errors"]["list"][0];
    assert_eq!((first["item"].as_str(), first["likely"].as_str()), (Some("d"), Some("cat")));
    for (row, code) in [
        ("e,bird,0.5,0.5", "unknown_class"),
        ("e,cat,0.5,0.6", "bad_probability"),
        ("e,cat,x,1", "bad_probability"),
    ] {
        fs::write(&path, format!("item,label,cat,dog\na,cat,0.9,0.1\n{row}\n")).unwrap();
        let done = run(&["--json", "stats", "label-errors", file]);
        let error = &object(&done)["error"];
        assert_eq!((done.status.code(), error["code"].as_str()), (Some(1), Some(code)));
        assert!(error["place"].as_str().unwrap().ends_with(":3"), "{error}");
    }
}

#[test]
fn an_audit_is_certified_and_rechecked_by_files() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let root = "ab".repeat(32);
    let names: Vec<String> = (0..300).map(|place| format!("image {place}")).collect();
    let rows: Vec<String> = (0..300)
        .map(|place| format!("image {place},{}", if place % 3 == 0 { "crack|dent" } else { "" }))
        .collect();
    fs::write(path("units.csv"), format!("unit,classes\n{}\n", rows.join("\n"))).unwrap();
    let plan = r#"{"confidence": 0.95, "prior": {"wrong": 1, "right": 50}, "units": "images", "reference": "R",
        "error": "E", "classes": [{"class": "crack", "among": "claiming"}], "severity": true}"#;
    fs::write(path("plan.json"), plan).unwrap();
    let frozen = [path("units.csv"), "--root".to_owned(), root.clone()];
    let call = |command: &str, more: &[&str]| {
        let mut line = vec!["--json", "stats", command];
        line.extend(frozen.iter().map(String::as_str));
        line.extend(more);
        run(&line)
    };
    let said = object(&call("order", &["--entropy", "dice 3 1 6", "--first", "120"]));
    let order: Vec<&str> =
        said["order"]["first"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(order.len() == 120 && order.iter().all(|id| names.iter().any(|name| name == id)));
    let finding =
        |(place, id): (usize, &&str)| format!("{id},{},{}", if place == 50 { "crack" } else { "" }, 0.0);
    let findings: Vec<String> = order.iter().enumerate().map(finding).collect();
    fs::write(path("findings.csv"), format!("unit,errors,severity\n{}\n", findings.join("\n"))).unwrap();
    let (findings_file, made) = (path("findings.csv"), path("certificate.json"));
    let certify = [
        "--entropy",
        "dice 3 1 6",
        "--plan",
        &path("plan.json"),
        "--findings",
        &findings_file,
        "--out",
        &made,
    ];
    let said = object(&call("certify", &certify));
    assert_eq!(said["certificate"]["overall"]["found"].as_u64(), Some(1), "{said}");
    assert_eq!(said["certificate"]["bounds"].as_u64(), Some(3));
    let check = ["--findings", findings_file.as_str(), "--certificate", made.as_str()];
    assert_eq!(call("recheck", &check).status.code(), Some(0));

    let upper = said["certificate"]["overall"]["upper"].as_u64().unwrap();
    let text = fs::read_to_string(&made).unwrap();
    fs::write(&made, text.replace(&format!("\"upper\": {upper},"), &format!("\"upper\": {},", upper - 1)))
        .unwrap();
    let wrong = call("recheck", &check);
    assert_eq!(
        (wrong.status.code(), object(&wrong)["error"]["code"].as_str()),
        (Some(1), Some("does_not_follow"))
    );
    fs::write(&made, text).unwrap();
    // The one wrong unit left out.
    let mut hidden = findings;
    hidden.remove(50);
    fs::write(path("findings.csv"), format!("unit,errors,severity\n{}\n", hidden.join("\n"))).unwrap();
    let wrong = object(&call("recheck", &check));
    assert_eq!(wrong["error"]["code"], "out_of_order", "{wrong}");
    assert!(wrong["error"]["message"].as_str().unwrap().starts_with("finding 50 "), "{wrong}");
}
