//! STOW-RS on the wire: each instance is answered for, and nothing of it can be fetched.

use axum::{body::Body, http::header};
use countersign_model::{ProjectId, Role};
use serde_json::{Value, json};

use crate::{
    house::{Answer, House, Who},
    seed::{slice, third_slice},
};

const RELATED: &str = "multipart/related; type=\"application/dicom\"; boundary=x";

async fn technician() -> (House, Who, ProjectId) {
    let house = House::new().await;
    let user = house.person("tech", &[]).await;
    let project = house.project("p", "radiology", &[(user, Role::Technician)]).await;
    let who = Who::Session(house.session("tech").await);
    (house, who, project)
}

fn related(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (kind, bytes) in parts {
        out.extend_from_slice(format!("--x\r\nContent-Type: {kind}\r\n\r\n").as_bytes());
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--x--\r\n");
    out
}

async fn send(house: &House, who: &Who, project: ProjectId, kind: &str, body: Vec<u8>) -> Answer {
    let request = who.request("POST", &format!("/api/v1/projects/{project}/dicom-web/studies"));
    house.raw(request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()).await
}

/// Values of one attribute in the items of a sequence.
fn values(dataset: &Value, sequence: &str, tag: &str) -> Vec<Value> {
    let items = dataset[sequence]["Value"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item[tag]["Value"][0].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_instance_is_answered_for() {
    let (house, who, project) = technician().await;
    let mut program = third_slice();
    program[..2].copy_from_slice(b"MZ");
    let parts = [
        ("application/dicom", slice()),
        ("application/dicom; transfer-syntax=1.2.840.10008.1.2.1", program),
        ("application/dicom", b"PK\x03\x04 an archive".to_vec()),
        ("text/plain", b"a note".to_vec()),
    ];
    let answer = send(&house, &who, project, RELATED, related(&parts)).await;
    assert_eq!(answer.status, 202, "{:?}", answer.bytes);
    assert_eq!(answer.header("content-type"), "application/dicom+json");
    let told = answer.json();
    assert_eq!(values(&told, "00081199", "00081155"), [json!("1.2.3.4.1")]);
    assert_eq!(values(&told, "00081199", "00081150"), [json!("1.2.840.10008.5.1.4.1.1.2")]);
    assert_eq!(values(&told, "00081198", "00081155").len(), 1);
    assert_eq!(values(&told, "00081198", "00081197"), [json!(0xC000)]);
    assert_eq!(values(&told, "0008119A", "00081197"), [json!(0xC000), json!(0xC000)]);
    assert!(!answer.bytes.windows(5).any(|word| word == b"/api/"), "nothing to retrieve: {told}");

    let again = send(&house, &who, project, RELATED, related(&parts[..1])).await;
    assert_eq!(again.status, 200, "what is known is stored: {:?}", again.bytes);
    let none = send(&house, &who, project, RELATED, related(&parts[1..])).await;
    assert_eq!(none.status, 409);
    let left = std::fs::read_dir(house.folder.path().join("scratch")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "no file is left on its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_form_is_refused() {
    let (house, who, project) = technician().await;
    for kind in [
        "multipart/form-data; boundary=x",
        "multipart/related; boundary",
        "multipart/related; type=\"application/dicom+xml\"; boundary=x",
        "application/dicom",
        "",
    ] {
        let answer = send(&house, &who, project, kind, related(&[("application/dicom", slice())])).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (415, "unsupported_media_type"),
            "{kind}"
        );
    }
    let empty = send(&house, &who, project, RELATED, related(&[])).await;
    assert_eq!((empty.status.as_u16(), empty.code().as_str()), (422, "no_files"));
    let whole = related(&[("application/dicom", slice())]);
    let cut = send(&house, &who, project, RELATED, whole[..whole.len() / 2].to_vec()).await;
    assert_eq!((cut.status.as_u16(), cut.code().as_str()), (400, "bad_form"));
}
