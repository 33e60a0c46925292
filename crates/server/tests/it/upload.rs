//! Uploads: what is bad is named, what is good goes on, nothing is left lying about.

use axum::{body::Body, http::header};
use countersign_model::{ProjectId, Role};

use crate::{
    house::{Answer, House, Who},
    seed::png,
};

async fn technician() -> (House, Who, ProjectId) {
    let house = House::new().await;
    let user = house.person("tech", &[]).await;
    let project = house.project("p", "images", &[(user, Role::Technician)]).await;
    let who = Who::Session(house.session("tech").await);
    (house, who, project)
}

pub fn form(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        let head =
            format!("--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--x--\r\n");
    out
}

pub async fn send(house: &House, who: &Who, project: ProjectId, body: Vec<u8>) -> Answer {
    let request = who.request("POST", &format!("/api/v1/projects/{project}/ingest"));
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    house.raw(request.body(Body::from(body)).unwrap()).await
}

/// What lies in the folder for files on their way.
fn left(house: &House) -> usize {
    std::fs::read_dir(house.folder.path().join("scratch")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn good_files_go_on_beside_bad_ones() {
    let (house, who, project) = technician().await;
    let files = [
        ("lot/a.png", png(1)),
        ("lot/sub/b.png", png(2)),
        ("../evil.png", png(3)),
        ("lot/a.png", png(4)),
        ("lot/note.txt", b"no image".to_vec()),
        ("lot/cut.png", png(5)[..40].to_vec()),
    ];
    let answer = send(&house, &who, project, form(&files)).await;
    assert_eq!(answer.status, 201, "{:?}", answer.bytes);
    let report = answer.json();
    assert_eq!(report["ingest"]["stored"], 2, "{report}");
    assert_eq!(report["ingest"]["refused"], 4, "{report}");
    let refusals = report["refusals"].as_array().unwrap();
    let code = |name: &str| {
        let found: Vec<_> = refusals.iter().filter(|refusal| refusal["name"] == name).collect();
        assert_eq!(found.len(), 1, "{name}: {refusals:?}");
        found[0]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code("../evil.png"), "path_traversal");
    assert_eq!(code("lot/a.png"), "duplicate_name");
    assert!(!code("lot/note.txt").is_empty());
    assert!(!code("lot/cut.png").is_empty());
    assert_eq!(left(&house), 0);
    assert!(!house.folder.path().join("evil.png").exists());

    let again = send(&house, &who, project, form(&[("lot/a.png", png(1))])).await.json();
    assert_eq!((&again["ingest"]["known"], &again["ingest"]["stored"]), (&1.into(), &0.into()));
    let id = again["ingest"]["id"].as_str().unwrap();
    let detail = house.send(&who, "GET", &format!("/api/v1/ingests/{id}"), None).await.json();
    assert_eq!(detail["state"], "finished");
    let runs = house.send(&who, "GET", &format!("/api/v1/projects/{project}/ingests"), None).await.json();
    assert_eq!(runs.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_breaks_off_leaves_nothing() {
    let (house, who, project) = technician().await;
    let whole = form(&[("a.png", png(1)), ("b.png", png(2))]);
    for cut in [10, 120, whole.len() - 6] {
        let answer = send(&house, &who, project, whole[..cut].to_vec()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "bad_form"), "cut at {cut}");
        assert_eq!(left(&house), 0);
    }
    let empty = send(&house, &who, project, form(&[])).await;
    assert_eq!((empty.status.as_u16(), empty.code().as_str()), (422, "no_files"));
    let runs = house.send(&who, "GET", &format!("/api/v1/projects/{project}/ingests"), None).await.json();
    assert_eq!(runs, serde_json::json!([]), "no run began");
    let request = who.request("POST", &format!("/api/v1/projects/{project}/ingest"));
    let other = house.raw(request.body(Body::from("x")).unwrap()).await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (415, "unsupported_media_type"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_sent_away_before_the_first_byte() {
    let (house, _, project) = technician().await;
    house.person("eve", &[]).await;
    let eve = Who::Session(house.session("eve").await);
    // A body that would never end: it is not asked for.
    let body = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let request = eve.request("POST", &format!("/api/v1/projects/{project}/ingest"));
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    assert_eq!(house.raw(request.body(body).unwrap()).await.code(), "not_found");
    assert_eq!(left(&house), 0);
}
