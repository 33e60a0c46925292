//! Claim, save, submit over HTTP: revisions, fences, leases, entity tags, pixels.

use serde_json::{Value, json};

use crate::{
    house::{Answer, Who},
    town::Town,
};

fn who(town: &Town, login: &str) -> Who {
    town.people.iter().find(|(name, _)| name == login).unwrap().1.clone()
}

fn boxed(id: u32, x: f64) -> Value {
    json!({ "op": "put", "annotation": {
        "id": format!("00000000-0000-4000-8000-{id:012}"), "class": "object", "version": 9,
        "frame": { "stream": 0, "index": 0 }, "shape": { "type": "box", "x": x, "y": 2, "w": 10, "h": 5 },
    } })
}

struct Desk {
    town: Town,
    who: Who,
    task: String,
    read: String,
    fence: Value,
}

impl Desk {
    /// The annotator at the task that they hold.
    async fn new() -> Self {
        let town = Town::new().await;
        let who = who(&town, "annotator");
        let (task, read) = (town.ids["read"].clone(), town.ids["draft"].clone());
        let work = town.house.send(&who, "GET", &format!("/api/v1/tasks/{task}"), None).await.json();
        assert_eq!(work["read"]["id"], json!(read));
        assert_eq!(work["protocol"]["id"], "images");
        let fence = work["task"]["fence"].clone();
        Self { town, who, task, read, fence }
    }

    async fn save(&self, revision: &str, changes: Value) -> Answer {
        let body = json!({ "fence": self.fence, "changes": changes });
        let path = format!("/api/v1/reads/{}/annotations", self.read);
        self.town.house.send_with(&self.who, "PUT", &path, Some(body), &[("if-match", revision)]).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.town.house.send_with(&self.who, "GET", path, None, headers).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_is_against_a_revision() {
    let desk = Desk::new().await;
    let path = format!("/api/v1/reads/{}/annotations", desk.read);
    let body = json!({ "fence": desk.fence, "changes": [boxed(1, 1.0)] });
    let answer = desk.town.house.send(&desk.who, "PUT", &path, Some(body)).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (428, "precondition_required"));

    let saved = desk.save("\"0\"", json!([boxed(1, 1.0)])).await;
    assert_eq!(saved.status, 200, "{:?}", saved.bytes);
    assert_eq!(saved.header("etag"), "\"1\"");
    let versions = json!({ "00000000-0000-4000-8000-000000000001": 1 });
    assert_eq!(saved.json(), json!({ "revision": 1, "annotations_versions": versions }));

    let stale = desk.save("\"0\"", json!([boxed(1, 3.0)])).await;
    assert_eq!((stale.status.as_u16(), stale.code().as_str()), (412, "stale_revision"));
    assert_eq!(stale.json()["current"], 1);

    let read = desk.get(&format!("/api/v1/reads/{}", desk.read), &[]).await;
    assert_eq!((read.header("etag"), &read.json()["revision"]), ("\"1\"", &json!(1)));
    assert_eq!(read.json()["annotations"][0]["version"], 1);
    assert_eq!(read.json()["annotations"][0]["author"]["kind"], "human");
    let known = desk.get(&format!("/api/v1/reads/{}", desk.read), &[("if-none-match", "\"1\"")]).await;
    assert_eq!((known.status.as_u16(), known.bytes.len()), (304, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_annotations_are_refused_at_their_place() {
    let desk = Desk::new().await;
    let mut unknown = boxed(2, 1.0);
    unknown["annotation"]["class"] = json!("unicorn");
    let mut shapeless = boxed(3, 1.0);
    shapeless["annotation"]["shape"] = json!({ "type": "box", "x": 1 });
    for (change, code, place) in [
        (unknown, "unknown_class", "changes[1]"),
        (shapeless, "bad_json", "changes[1]"),
        (json!({ "op": "explode" }), "bad_json", "changes[1]"),
        (
            json!({ "op": "remove", "id": "00000000-0000-4000-8000-000000000009" }),
            "no_such_annotation",
            "changes[1].id",
        ),
    ] {
        let answer = desk.save("\"0\"", json!([boxed(1, 1.0), change])).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, code));
        assert!(answer.json()["place"].as_str().unwrap().starts_with(place), "{:?}", answer.bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_fence_and_a_lapsed_lease_are_told() {
    let desk = Desk::new().await;
    let path = format!("/api/v1/tasks/{}/renew", desk.task);
    let renewed = desk.town.house.send(&desk.who, "POST", &path, Some(json!({ "fence": desk.fence }))).await;
    assert!(renewed.json()["lease_until"].is_i64());
    let stale = desk.town.house.send(&desk.who, "POST", &path, Some(json!({ "fence": 0 }))).await;
    assert_eq!((stale.status.as_u16(), stale.code().as_str()), (409, "stale_fence"));
    // The protocol's leases last half an hour; the session lasts longer.
    desk.town.clock.forward(31 * 60);
    let late = desk.save("\"0\"", json!([boxed(1, 1.0)])).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (409, "lease_expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_points_and_values_come_with_their_heads() {
    let town = Town::new().await;
    let specialist = who(&town, "specialist");
    let get = |path: String, headers: Vec<(&'static str, String)>| {
        let (town, who) = (&town, &specialist);
        async move {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            town.house.send_with(who, "GET", &path, None, &headers).await
        }
    };
    let place = |item: &str, stream: u32, what: &str| {
        format!("/api/v1/items/{}/streams/{stream}/frames/0/{what}", town.ids[item])
    };
    let picture = get(place("item", 0, "image"), vec![]).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/png"));
    assert_eq!(picture.header("cache-control"), "private, no-cache");
    let again =
        get(place("item", 0, "image"), vec![("if-none-match", picture.header("etag").to_owned())]).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    let packed = get(place("item", 0, "image"), vec![("accept-encoding", "gzip".into())]).await;
    assert_eq!(packed.header("content-encoding"), "", "a picture is packed already");

    let values = get(place("study", 0, "pixels"), vec![]).await;
    assert_eq!(values.status, 200, "{:?}", values.bytes);
    let heads = ["rows", "columns", "format", "slope", "intercept", "photometric"];
    let heads = heads.map(|name| values.header(&format!("x-countersign-{name}")).to_owned());
    assert_eq!(heads, ["8", "8", "u16", "1", "-1024", "MONOCHROME2"]);
    assert_eq!(values.bytes.len(), 128);
    assert_eq!(values.bytes[126..], 630_u16.to_le_bytes());
    let rendered = get(place("study", 0, "image?window=-700,600"), vec![]).await;
    assert_eq!((rendered.status.as_u16(), rendered.header("content-type")), (200, "image/png"));
    assert_eq!(get(place("study", 0, "image?window=1"), vec![]).await.code(), "bad_window");

    let points = get(place("scene", 1, "points"), vec![("accept-encoding", "gzip".into())]).await;
    assert_eq!((points.status.as_u16(), points.header("content-encoding")), (200, "gzip"));
    assert_eq!(points.header("content-type"), "application/vnd.countersign.points");

    let engineer = who(&town, "owner");
    let path = format!("/api/v1/items/{}/exposures", town.ids["study"]);
    let seen = town.house.send(&engineer, "GET", &path, None).await.json();
    let oldest = seen["items"].as_array().unwrap().last().unwrap();
    assert_eq!(oldest["printed_name"], "Test specialist");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_comes_as_a_file_that_verifies_its_length() {
    let town = Town::new().await;
    let path = format!("/api/v1/releases/{}", town.ids["release"]);
    let scientist = who(&town, "data_scientist");
    let release = town.house.send(&scientist, "GET", &path, None).await.json();
    assert_eq!((&release["state"], &release["items"]), (&json!("done"), &json!(1)));
    let file = town.house.send(&scientist, "GET", &format!("{path}/download"), None).await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "application/zip"));
    assert_eq!(file.header("content-length"), file.bytes.len().to_string());
    assert_eq!(release["bytes"], json!(file.bytes.len()));
    assert_eq!(file.bytes[..4], *b"PK\x03\x04");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\""));
}
