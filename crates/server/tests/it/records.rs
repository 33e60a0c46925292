//! Tables and free text over HTTP: they go in beside the images, and nothing that stands in them comes out by any route.

use std::sync::Arc;

use countersign_model::{ProjectId, Role};
use countersign_synthesis::{ct_study, phantom};
use serde_json::{Value, json};

use crate::{
    house::{House, PASSWORD, Who},
    upload::{form, send},
};

const PEOPLE: [(&str, Role); 5] = [
    ("officer", Role::PrivacyOfficer),
    ("owner", Role::Owner),
    ("technician", Role::Technician),
    ("annotator", Role::Annotator),
    ("auditor", Role::Auditor),
];
const NAME: &str = "Featherstone";

struct Clinic {
    house: House,
    project: ProjectId,
    people: Vec<Who>,
    stranger: Who,
}

impl Clinic {
    async fn new() -> Self {
        let house = House::new().await;
        let mut grants = Vec::new();
        for (login, role) in PEOPLE {
            grants.push((house.person(login, &[]).await, role));
        }
        house.person("stranger", &[]).await;
        let project = house.project("clinic", "radiology", &grants).await;
        let mut people = Vec::new();
        for (login, _) in PEOPLE {
            people.push(Who::Session(house.session(login).await));
        }
        let stranger = Who::Session(house.session("stranger").await);
        let clinic = Self { house, project, people, stranger };
        let officer = clinic.house.caller(clinic.secret("officer")).await;
        clinic.house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
        clinic
    }

    fn who(&self, login: &str) -> &Who {
        &self.people[PEOPLE.iter().position(|(name, _)| *name == login).unwrap()]
    }

    fn secret(&self, login: &str) -> &str {
        let Who::Session(secret) = self.who(login) else { panic!("nobody is signed in by a token here") };
        secret
    }

    async fn get(&self, who: &Who, path: &str) -> crate::house::Answer {
        self.house.send(who, "GET", &format!("/api/v1{path}"), None).await
    }

    async fn upload(&self, files: &[(&str, Vec<u8>)]) -> Value {
        let answer = send(&self.house, self.who("technician"), self.project, form(files)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.bytes);
        self.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
        answer.json()
    }
}

/// A study of a made-up patient, and the patient's number.
fn study() -> (Vec<(String, Vec<u8>)>, String) {
    let options = phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let study = ct_study(3, &options);
    // (0010,0020) in explicit little endian: tag, "LO", two bytes of length, the number.
    let (bytes, tag) = (&study.instances[0].bytes, b"\x10\x00\x20\x00LO");
    let at = bytes.windows(tag.len()).position(|part| part == tag).unwrap() + tag.len();
    let length = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let patient = String::from_utf8(bytes[at + 2..at + 2 + length].to_vec()).unwrap().trim().to_owned();
    assert!(patient.len() > 5, "{patient}");
    (study.instances.into_iter().map(|one| (one.file_name, one.bytes)).collect(), patient)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_shown_and_what_stays_is_nobodys_to_see() {
    let clinic = Clinic::new().await;
    let deid = json!({ "records": { "columns": {
        "mrn": "pseudonym", "name": "drop", "sex": { "one_of": ["F", "M"] }, "value": "keep",
    } } });
    let path = format!("/api/v1/projects/{}/deid", clinic.project);
    let put = json!({ "deid": deid, "reason": "labs", "password": PASSWORD });
    let officer = clinic.who("officer");
    let set = clinic.house.send_with(officer, "PUT", &path, Some(put), &[("if-match", "\"1\"")]).await;
    assert_eq!(set.json()["version"], 2, "{}", set.code());

    let (instances, patient) = study();
    let mut files: Vec<(&str, Vec<u8>)> =
        instances.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let table = |rows: &str| format!("mrn,name,sex,value\n{patient},{NAME},{rows}\n").into_bytes();
    files.push(("labs.csv", table("F,13.5")));
    files.push(("bad.csv", table("F,seen by her daughter")));
    files.push(("letter.txt", format!("Dear colleague, {NAME} ({patient}) was seen.").into_bytes()));
    let report = clinic.upload(&files).await;
    assert_eq!(report["refusals"], json!([]));
    assert_eq!((&report["items"], &report["ingest"]["stored"]), (&json!(1), &json!(6)));
    assert_eq!(report["records"], 3);

    let list = format!("/projects/{}/records", clinic.project);
    let answer = clinic.get(officer, &list).await;
    let files = answer.json()["items"].clone();
    let mut told: Vec<(&str, &str, Value, Value)> = Vec::new();
    for file in files.as_array().unwrap() {
        let reason = file["reason"].as_str().unwrap_or_default();
        told.push((file["state"].as_str().unwrap(), reason, file["row"].clone(), file["column"].clone()));
    }
    told.sort_unstable_by_key(|one| one.1);
    let none = Value::Null;
    assert_eq!(told[0], ("cleaned", "", none.clone(), none.clone()));
    assert_eq!(told[1], ("kept", "free-text", none.clone(), none));
    assert_eq!(told[2], ("kept", "records-free-text", json!(1), json!(4)));
    let page = clinic.get(officer, &format!("{list}?limit=2")).await.json();
    let rest = format!("{list}?limit=2&cursor={}", page["next"].as_str().unwrap());
    assert_eq!(clinic.get(officer, &rest).await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(clinic.get(officer, &format!("{list}?cursor=x")).await.code(), "bad_cursor");

    // Who may not know of them learns as much as of a project that is not there.
    let nowhere = format!("/projects/{}/records", "0190aaaa-0000-7000-8000-000000000000");
    for who in clinic.people.iter().skip(1).chain([&clinic.stranger]) {
        let (hidden, unknown) = (clinic.get(who, &list).await, clinic.get(who, &nowhere).await);
        assert_eq!((hidden.status.as_u16(), hidden.code()), (404, unknown.code()));
        assert_eq!(hidden.json(), unknown.json());
    }

    // The item shows its row to those who may see it, without what names anybody.
    let owner = clinic.who("owner");
    let items = clinic.get(owner, &format!("/projects/{}/items", clinic.project)).await.json();
    let item = items["items"][0]["id"].as_str().unwrap().to_owned();
    let detail = clinic.get(owner, &format!("/items/{item}")).await.json();
    let cells = json!([{ "column": "sex", "value": "F" }, { "column": "value", "value": "13.5" }]);
    assert_eq!(detail["records"][0]["cells"], cells);
    assert_eq!(clinic.get(&clinic.stranger, &format!("/items/{item}")).await.status, 404);

    // Nothing that anybody can ask for holds a word of theirs.
    let project = format!("/projects/{}", clinic.project);
    let ingest = format!("/ingests/{}", report["ingest"]["id"].as_str().unwrap());
    let mut asked = vec![list, format!("/items/{item}"), ingest];
    asked.extend(
        ["", "/items", "/gate", "/events", "/subjects", "/ingests"].map(|end| format!("{project}{end}")),
    );
    for path in asked {
        for who in &clinic.people {
            let answer = clinic.get(who, &path).await;
            let text = String::from_utf8_lossy(&answer.bytes).into_owned();
            for secret in [NAME, patient.as_str(), "daughter", "colleague", "letter.txt"] {
                assert!(!text.contains(secret), "{secret} at {path}: {text}");
            }
        }
    }
}
