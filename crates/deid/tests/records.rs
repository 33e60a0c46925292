//! Tables of records: each rule, and what stops a table.

use countersign_deid::{Keys, RecordsError, RecordsLimits, Rules, clean_records, clean_rows};
use proptest::prelude::*;

const KEYS: Keys = Keys { project_key: [2; 32] };

fn rules() -> Rules {
    serde_json::from_str(
        r#"{"version": "labs/1", "columns": {
            "mrn": "pseudonym", "name": "drop", "drawn": "date_shift", "seen": "year", "age": "age_cap",
            "zip": "zip3", "sex": {"one_of": ["F", "M"]}, "code": "keep", "value": "keep",
            "study": "study", "study2": "study", "order": "accession"
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
        ("mrn,value\n1,19510304\n", "records-free-text"),
        ("mrn,code,code\n1,A,B\n", "records-repeated-column"),
        ("mrn,study,study2\n1,1.2,1.3\n", "records-two-keys"),
        ("mrn,study\n1,the second one\n", "records-bad-value"),
        ("mrn,study\n1,1..2\n", "records-bad-value"),
        ("mrn,order,code\n1,ACC-4711,ACC-4711\n", "records-leak"),
        ("mrn,name,code\n1,,FEATHERSTONE\n2,Featherstone,A\n", "records-leak"),
        ("mrn,code\nMRN-00048,A\n2,MRN-00048\n", "records-leak"),
    ] {
        assert_eq!(run(table), Err(code), "{table}");
    }
    assert_eq!(clean_records(b"mrn\n\xFF\n", &rules(), &KEYS).unwrap_err().code(), "records-broken");
}

#[test]
fn rows_come_with_what_joins_them_and_without_it_in_what_stays() {
    let table =
        "study\tmrn\torder\tname\tcode\n1.2.840.5\tM-48\tACC-4711\tFeatherstone\t718-7\n\tM-49\t\t\t\n";
    let mut seen = Vec::new();
    let cleaned =
        clean_rows(table.as_bytes(), (b'\t', RecordsLimits::default()), &rules(), &KEYS, &mut |row| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let values: Vec<_> = row.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
            seen.push((row.number, own(row.patient), own(row.study), own(row.accession), values));
        })
        .unwrap();
    let own = |text: &str| Some(text.to_owned());
    assert_eq!(seen[0], (1, own("M-48"), own("1.2.840.5"), own("ACC-4711"), vec!["code=718-7".to_owned()]));
    assert_eq!(seen[1], (2, own("M-49"), None, None, vec!["code=".to_owned()]));
    let out = String::from_utf8(cleaned.bytes).unwrap();
    let first = format!("{},{},718-7", KEYS.uid("1.2.840.5"), KEYS.pseudonym("", "M-48"));
    assert_eq!(out.lines().nth(1), Some(first.as_str()), "the UID that the study's images have");
    assert_eq!(
        cleaned.report.searched, 3,
        "UID, order and name; the short number of a patient recurs by chance"
    );
}

#[test]
fn a_table_keeps_within_its_limits() {
    let limits = RecordsLimits { bytes: 64, rows: 2, columns: 3, field_bytes: 8 };
    let run = |table: &str| {
        let cleaned = clean_rows(table.as_bytes(), (b',', limits), &rules(), &KEYS, &mut |_| {});
        cleaned.map(|cleaned| cleaned.report.rows)
    };
    assert_eq!(run("mrn,code\n1,A\n2,B\n"), Ok(2));
    assert_eq!(run("mrn,code\n1,A\n2,B\n3,C\n"), Err(RecordsError::TooManyRows { limit: 2 }));
    assert_eq!(run("mrn,code,value,sex\n"), Err(RecordsError::TooManyColumns { limit: 3 }));
    assert_eq!(run("mrn,name\n1,Featherstone\n"), Err(RecordsError::TooLong { row: 1, column: 2, limit: 8 }));
    assert_eq!(run("a column of words\n"), Err(RecordsError::TooLong { row: 0, column: 1, limit: 8 }));
    assert_eq!(run(&"mrn,code\n1,A\n2,B\n".repeat(4)), Err(RecordsError::TooLarge { bytes: 68, limit: 64 }));
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
