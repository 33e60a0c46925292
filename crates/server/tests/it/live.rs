//! Live events: who hears what, positions, coming back, the end of a session.

use axum::body::{Body, BodyDataStream};
use countersign_model::Role;
use countersign_pipeline::{
    live::{LiveEvent, Seen},
    work::Wish,
};
use futures::StreamExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    house::{House, PASSWORD, Who},
    town::Town,
};

struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(house: &House, who: &Who, last: Option<u64>) -> Self {
        let mut request = who.request("GET", "/api/v1/events");
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = house.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event with its id, comments left out; `None` at the end.
    async fn next(&mut self) -> Option<(Option<u64>, Value)> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                let field =
                    |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let Some(data) = field("data:") else { continue };
                return Some((
                    field("id:").map(|id| id.parse().unwrap()),
                    serde_json::from_str(data).unwrap(),
                ));
            }
            let piece = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

fn who(town: &Town, login: &str) -> Who {
    town.people.iter().find(|(name, _)| name == login).unwrap().1.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn own_acts_are_heard_without_a_position_and_keepers_of_evidence_hear_all_with_one() {
    let town = Town::new().await;
    let mut annotator = Stream::open(&town.house, &who(&town, "annotator"), None).await;
    let mut auditor = Stream::open(&town.house, &who(&town, "auditor"), None).await;
    let task = town.ids["read"].parse().unwrap();
    let caller = town.caller("annotator");
    let work = town.house.pipeline.work(caller, task).await.unwrap();
    town.house.pipeline.renew(caller, task, work.task.fence).await.unwrap();
    town.house.pipeline.store.sequence().await.unwrap();
    let (position, event) = annotator.next().await.unwrap();
    assert_eq!((position, event["action"].as_str().unwrap()), (None, "task.renewed"));
    assert_eq!(event["item"], town.ids["item"]);
    let (position, event) = auditor.next().await.unwrap();
    assert_eq!(event["action"], "task.renewed");
    let last = position.unwrap();

    // What happened while the auditor was away is told, once.
    drop(auditor);
    town.house.pipeline.renew(caller, task, work.task.fence).await.unwrap();
    town.house.pipeline.store.sequence().await.unwrap();
    let mut back = Stream::open(&town.house, &who(&town, "auditor"), Some(last)).await;
    assert_eq!(back.next().await.unwrap().0, Some(last + 1));
    // Whoever may not know positions asks for everything again.
    let mut back = Stream::open(&town.house, &who(&town, "annotator"), Some(0)).await;
    assert_eq!(back.next().await.unwrap().1["action"], "resync");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_session() {
    let house = House::new().await;
    let user = house.person("ada", &[]).await;
    house.project("p", "images", &[(user, Role::Auditor)]).await;
    let secret = house.session("ada").await;
    let caller = house.caller(&secret).await;
    let mut stream = Stream::open(&house, &Who::Session(secret), None).await;
    house.pipeline.sign_out(&caller).await.unwrap();
    house.pipeline.store.sequence().await.unwrap();
    while let Some((_, event)) = stream.next().await {
        assert_ne!(event["object_kind"], "session", "sessions are nobody else's business");
    }
}

/// Everything that ever happened in the town, as each person would have heard it.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_may_be_called_to_work_hears_of_anothers_work() {
    let town = Town::new().await;
    let pipeline = &town.house.pipeline;
    // A second reader, who held nothing.
    let second = town.house.person("second", &[]).await;
    pipeline.grant(town.caller("owner"), town.images, second, Role::Annotator).await.unwrap();
    let (_, second) = pipeline.sign_in("second", PASSWORD).await.unwrap();
    assert!(pipeline.claim(&second, town.images, Wish::default()).await.is_err(), "nothing is left for them");
    pipeline.store.sequence().await.unwrap();
    let events = pipeline.heard_since(0).await.unwrap();
    assert!(events.len() > 50);
    let (mut hints, mut kept) = (0, 0);
    for event in &events {
        for login in ["annotator", "reviewer", "specialist"] {
            if let Seen::Whole { event, position } =
                pipeline.seen_live(town.caller(login), event).await.unwrap()
            {
                assert_eq!(position, None, "{login} {event:?}");
                assert_ne!(event.object_kind, "gate_entry", "{login}");
            }
        }
        match pipeline.seen_live(&second, event).await.unwrap() {
            Seen::Whole { event: LiveEvent { object_kind, item, action, .. }, position } => {
                assert!(
                    matches!(object_kind.as_str(), "project" | "guideline" | "ontology" | "grant"),
                    "{object_kind}"
                );
                assert_eq!((item, position), (None, None));
                assert_ne!(action, "guideline.acknowledged", "somebody is about to read");
            }
            Seen::Hint(project) => {
                assert_eq!(project, town.images);
                hints += 1;
            }
            Seen::Nothing => {}
        }
        let stranger = town.caller("stranger");
        assert_eq!(pipeline.seen_live(stranger, event).await.unwrap(), Seen::Nothing);
        if let Seen::Whole { event, position } =
            pipeline.seen_live(town.caller("auditor"), event).await.unwrap()
        {
            assert!(position.is_some());
            kept += usize::from(event.object_kind == "read");
        }
    }
    assert!(hints > 0 && kept > 0, "{hints} {kept}");
}
