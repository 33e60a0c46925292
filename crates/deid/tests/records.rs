//! Tables of records: each rule, and what stops a table.

use countersign_deid::{Keys, Rules, clean_records};
use proptest::prelude::*;

const KEYS: Keys = Keys { project_key: [2; 32] };

fn rules() -> Rules {
    serde_json::from_str(
        r#"{"version": "labs/1", "columns": {
            "mrn": "pseudonym", "name": "drop", "drawn": "date_shift", "seen": "year", "age": "age_cap",
            "zip": "zip3", "sex": {"one_of": ["F", "M"]}, "code": "keep", "value": "keep"
        }}"#,
    )
    .unwrap()
}

fn run(table: &str) -> Result<String, &'static str> {
    clean_records(table.as_bytes(), &rules(), &KEYS)
        .map(|c| String::from_utf8(c.bytes).unwrap())
        .map_err(|e| e.code())
}

#[test]
fn each_rule_does_what_it_says() {
    let table = "mrn,name,drawn,seen,age,zip,sex,code,value\n\
                 M-48,Marigold Featherstone,2021-06-14T09:30,20210614,93,60614,F,718-7,13.5\n\
                 M-49,Ada Okonkwo,20210621,2021-06-21,89,03601,M,4548-4,-0.2\n";
    let cleaned = clean_records(table.as_bytes(), &rules(), &KEYS).unwrap();
    let out = String::from_utf8(cleaned.bytes).unwrap();
    let rows: Vec<Vec<&str>> = out.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(rows[0], ["mrn", "drawn", "seen", "age", "zip", "sex", "code", "value"]);
    assert_eq!(rows[1][0], KEYS.pseudonym("", "M-48"), "the pseudonym of the patient's images");
    assert!(rows[1][1].ends_with("T09:30") && rows[1][1] < "2020-06-16");
    assert_eq!(rows[1][2..], ["2021", "90", "606", "F", "718-7", "13.5"]);
    assert_eq!(rows[2][2..], ["2021", "89", "000", "M", "4548-4", "-0.2"]);
    assert_eq!(cleaned.report.rows, 2);
    assert_eq!(cleaned.report.columns[5].2, 2, "two postal codes changed");
    assert_eq!(cleaned.report.rules, "labs/1");
}

#[test]
fn what_has_no_rule_or_no_form_stops_the_table() {
    for (table, code) in [
        ("mrn,ward\n1,A\n", "records-unknown-column"),
        ("mrn,code\n1,seen by her daughter\n", "records-free-text"),
        ("mrn,code\n1,2021-06-14\n", "records-free-text"),
        ("mrn,code\n1,jane@clinic.example\n", "records-free-text"),
        ("mrn,value\n1,15551234567\n", "records-free-text"),
        ("mrn,drawn\n1,June\n", "records-bad-value"),
        ("mrn,drawn\n1,2021-06-14 Featherstone\n", "records-bad-value"),
        ("mrn,age\n1,old\n", "records-bad-value"),
        ("mrn,zip\n1,K1A0B1\n", "records-bad-value"),
        ("mrn,sex\n1,Featherstone\n", "records-bad-value"),
        ("mrn,name,code\n1,Marigold Featherstone,FEATHERSTONE\n", "records-leak"),
        ("mrn,code\nMRN-48,MRN-48\n", "records-leak"),
        ("drawn\n20210614\n", "records-no-patient"),
        ("mrn,code\n,A\n", "records-bad-value"),
        ("mrn,code\n1\n", "records-broken"),
        ("mrn,code\n1,\u{e4}\n", "records-free-text"),
    ] {
        assert_eq!(run(table), Err(code), "{table}");
    }
    assert_eq!(clean_records(b"mrn\n\xFF\n", &rules(), &KEYS).unwrap_err().code(), "records-broken");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A table that passes holds neither number nor name.
    #[test]
    fn what_passes_holds_nobody(id in "[A-Z]{2}[0-9]{5}", name in "[A-Z][a-z]{4,10}", code in "[A-Za-z0-9]{1,8}") {
        let table = format!("mrn,name,code,drawn\n{id},{name},{code},20210614\n{id},{name},{code},20210620\n");
        if let Ok(out) = run(&table) {
            prop_assert!(!out.contains(&id) && !out.contains(&name) && !out.contains("20210614"));
        }
    }
}
