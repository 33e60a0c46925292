//! Certificates: recomputed from their inputs, refused after any change, and covering in simulation.

use countersign_quality::{
    Random,
    certify::{
        Among, Certificate, CertifyError, ClassPlan, Finding, Hash, Plan, Prior, Unit, VerifyError, certify,
        order, seed,
    },
};
use proptest::prelude::*;

const ROOT: Hash = Hash([7; 32]);

fn plan() -> Plan {
    let class = |class: &str, among| ClassPlan { class: class.to_owned(), among };
    Plan {
        confidence: 0.95,
        prior: Prior::default(),
        units: "images".to_owned(),
        reference: "two senior readers under guideline 12".to_owned(),
        error: "wrong class, or IoU below 0.5, or missed".to_owned(),
        classes: vec![
            class("crack", Among::All),
            class("crack", Among::Claiming),
            class("none", Among::Claiming),
        ],
        severity: true,
        earlier: Vec::new(),
    }
}

/// Units of which some claim a crack, and what an audit of each would find.
fn lot(n: usize, rate: f64, random: &mut Random) -> (Vec<Unit>, Vec<Finding>) {
    (0..n)
        .map(|place| {
            let classes = if random.unit() < 0.3 { vec!["crack".to_owned()] } else { Vec::new() };
            let wrong = random.unit() < rate;
            let errors = if wrong {
                vec![if random.unit() < 0.5 { "crack" } else { "dent" }.to_owned()]
            } else {
                Vec::new()
            };
            let id = format!("image {place}");
            (
                Unit { id: id.clone(), classes },
                Finding { unit: id, errors, severity: if wrong { random.unit() } else { 0.0 } },
            )
        })
        .unzip()
}

fn audited(units: &[Unit], all: &[Finding], entropy: &[u8], checked: usize) -> Vec<Finding> {
    let ids: Vec<&str> = units.iter().map(|unit| unit.id.as_str()).collect();
    order(seed(ROOT, entropy), &ids).into_iter().take(checked).map(|at| all[at].clone()).collect()
}

#[test]
fn orders_are_those_of_hashlib() {
    let mut rows = 0;
    for line in include_str!("reference/order.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let root: Hash = serde_json::from_value(f[0].into()).unwrap();
        let entropy: Vec<u8> =
            (0..f[1].len() / 2).map(|at| u8::from_str_radix(&f[1][2 * at..][..2], 16).unwrap()).collect();
        let ids: Vec<&str> = f[2].split(',').collect();
        let seed = seed(root, &entropy);
        assert_eq!(seed.to_string(), f[3]);
        let ordered: Vec<&str> = order(seed, &ids).into_iter().map(|at| ids[at]).collect();
        assert_eq!(ordered.join(","), f[4]);
        let units: Vec<Unit> =
            ids.iter().map(|id| Unit { id: (*id).to_owned(), classes: Vec::new() }).collect();
        let plan = Plan { classes: Vec::new(), ..plan() };
        assert_eq!(certify(root, &entropy, &plan, &units, &[]).unwrap().order.to_string(), f[5]);
        rows += 1;
    }
    assert_eq!(rows, 3);
}

#[test]
fn a_certificate_is_read_back_and_recomputed_and_every_change_shows() {
    let (units, all) = lot(800, 0.02, &mut Random::new(2));
    let findings = audited(&units, &all, b"dice", 250);
    let made = certify(ROOT, b"dice", &plan(), &units, &findings).unwrap();
    let text = serde_json::to_string(&made).unwrap();
    let read: Certificate = serde_json::from_str(&text).unwrap();
    assert_eq!(read, made);
    read.verify(ROOT, &units, &findings).unwrap();
    assert_eq!(made.bounds, 5);
    assert!(made.classes[2].bound.is_none());
    assert!(made.statement().starts_with("With 95 % confidence at most "), "{}", made.statement());

    assert_eq!(read.verify(Hash([8; 32]), &units, &findings), Err(VerifyError::Differs("root")));
    let mut kinder = read.clone();
    kinder.overall.upper -= 1;
    assert_eq!(kinder.verify(ROOT, &units, &findings), Err(VerifyError::Differs("overall")));
    let mut alone = read.clone();
    alone.bounds = 1;
    assert_eq!(alone.verify(ROOT, &units, &findings), Err(VerifyError::Differs("bounds")));
    let mut other = read.clone();
    other.classes[0].plan.among = Among::Claiming;
    assert_eq!(other.verify(ROOT, &units, &findings), Err(VerifyError::Differs("classes")));
    let mut fewer = units.clone();
    fewer.retain(|unit| findings.iter().any(|finding| finding.unit == unit.id) || unit.id != "image 3");
    if fewer.len() < units.len() {
        assert_eq!(read.verify(ROOT, &fewer, &findings), Err(VerifyError::Differs("order")));
    }
    // Who leaves a wrong unit out of the findings leaves the order.
    let wrong = findings.iter().position(|finding| !finding.errors.is_empty()).unwrap();
    let mut hidden = findings.clone();
    hidden.remove(wrong);
    let error = read.verify(ROOT, &units, &hidden).unwrap_err();
    assert!(
        matches!(error, VerifyError::Inputs(CertifyError::Order { place, .. }) if place == wrong),
        "{error}"
    );
    // Other entropy, other order.
    let error = certify(ROOT, b"dice again", &plan(), &units, &findings).unwrap_err();
    assert!(matches!(error, CertifyError::Order { .. }));
}

#[test]
fn what_does_not_fit_is_named() {
    let unit = |id: &str| Unit { id: id.to_owned(), classes: Vec::new() };
    assert_eq!(certify(ROOT, b"", &plan(), &[], &[]).unwrap_err(), CertifyError::Units(0));
    let twice = certify(ROOT, b"", &plan(), &[unit("a"), unit("a")], &[]).unwrap_err();
    assert_eq!(twice, CertifyError::Twice("a".to_owned()));
    let mut doubled = plan();
    doubled.classes.push(doubled.classes[0].clone());
    assert_eq!(certify(ROOT, b"", &doubled, &[unit("a")], &[]).unwrap_err(), CertifyError::Classes);
    let finding = |severity| Finding { unit: "a".to_owned(), errors: Vec::new(), severity };
    let many = certify(ROOT, b"", &plan(), &[unit("a")], &[finding(0.0), finding(0.0)]).unwrap_err();
    assert_eq!(many, CertifyError::Findings(2));
    assert!(matches!(
        certify(ROOT, b"", &plan(), &[unit("a")], &[finding(1.5)]),
        Err(CertifyError::Bound(_))
    ));
    let sure = Plan { confidence: 1.0, ..plan() };
    assert!(matches!(certify(ROOT, b"", &sure, &[unit("a")], &[finding(0.0)]), Err(CertifyError::Bound(_))));
}

#[test]
fn all_bounds_hold_together_when_the_audit_ends_at_the_best_moment() {
    let plan = Plan { confidence: 0.9, ..plan() };
    let (mut random, mut failed) = (Random::new(6), 0);
    let runs = 150;
    for run in 0..runs {
        let (units, all) = lot(150, 0.1, &mut random);
        let entropy = [run as u8, 1];
        let findings = audited(&units, &all, &entropy, units.len());
        let truth = certify(ROOT, &entropy, &plan, &units, &findings).unwrap();
        let fails = (5..units.len()).step_by(5).any(|n| {
            let at = certify(ROOT, &entropy, &plan, &units, &findings[..n]).unwrap();
            let severity = |of: &Certificate| of.severity.unwrap();
            let class =
                |of: &Certificate, place: usize| of.classes[place].bound.map_or(0, |bound| bound.upper);
            at.overall.upper < truth.overall.found as u64
                || severity(&at).upper < severity(&truth).mean - 1e-12
                || (0..3).any(|place| {
                    class(&at, place) < truth.classes[place].bound.map_or(0, |bound| bound.found)
                })
        });
        failed += u32::from(fails);
    }
    let share = f64::from(failed) / f64::from(runs);
    eprintln!("any of five bounds fails at any look: {share:.3} of 0.1 allowed");
    assert!(share <= 0.1, "{share}");
}

proptest! {
    #[test]
    fn the_order_does_not_depend_on_how_units_are_listed(n in 1_usize..60, entropy in prop::collection::vec(any::<u8>(), 0..20)) {
        let ids: Vec<String> = (0..n).map(|place| format!("u{place}")).collect();
        let forward: Vec<&str> = ids.iter().map(String::as_str).collect();
        let backward: Vec<&str> = forward.iter().rev().copied().collect();
        let seed = seed(ROOT, &entropy);
        let of = |ids: &[&str]| order(seed, ids).into_iter().map(|at| ids[at].to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(of(&forward), of(&backward));
    }
}
