//! Whoever drew does not judge, by whatever door: the claim, the task's own address, a token, another name in the headers,
//! many at once, a project of their own.

use countersign_model::Role;
use countersign_server::openapi;
use serde_json::json;

use crate::{house::Who, town::Town};

/// Headers by which other products let one account act for another.
const FOR_ANOTHER: [&str; 4] = ["x-on-behalf-of", "x-impersonate-user", "x-remote-user", "x-forwarded-user"];

#[tokio::test(flavor = "multi_thread")]
async fn every_door_to_own_work_is_shut_and_remembered() {
    let town = Town::new().await;
    let pipeline = &town.house.pipeline;
    let (item, task) = (&town.ids["item"], &town.ids["review"]);
    // Who read what the reviewer holds now gets every role there is, in the project and over it.
    let work = pipeline.work(town.caller("reviewer"), task.parse().unwrap()).await.unwrap();
    let (item_of_task, fence) = (work.item.id.to_string(), work.task.fence);
    assert_ne!(&item_of_task, item, "another item than the one that is being read");
    let author = uuid_of(&town, "annotator");
    for role in Role::ALL.iter().filter(|role| **role != Role::Annotator) {
        pipeline.grant(town.caller("owner"), town.images, author, *role).await.unwrap();
    }
    let session = Who::Session(town.house.session("annotator").await);
    let caller = match &session {
        Who::Session(secret) => town.house.caller(secret).await,
        _ => unreachable!("a session"),
    };
    let token = pipeline.make_token(&caller, "script", None).await.unwrap().token.unwrap();

    let mut tries = 0;
    for who in [&session, &Who::Token(token)] {
        let verdict = json!({
            "fence": fence, "decision": "accept", "missing": "nothing", "all_right": true, "changes": [],
        });
        // The item is known to them. The task of another is not: it answers as an unknown one, whoever asks.
        for (path, body, told) in [
            (
                format!("/api/v1/projects/{}/tasks/claim", town.images),
                json!({ "item": item_of_task }),
                (403, "separation_of_duties"),
            ),
            (format!("/api/v1/tasks/{task}/review"), verdict, (404, "not_found")),
        ] {
            let reviewer = uuid_of(&town, "reviewer").to_string();
            let named: Vec<_> = FOR_ANOTHER.iter().map(|name| (*name, reviewer.as_str())).collect();
            for headers in [vec![("if-match", "\"0\"")], [vec![("if-match", "\"0\"")], named].concat()] {
                let answer = town.house.send_with(who, "POST", &path, Some(body.clone()), &headers).await;
                assert_eq!(
                    (answer.status.as_u16(), answer.code().as_str()),
                    told,
                    "{path}: {:?}",
                    answer.bytes
                );
                tries += 1;
            }
        }
    }
    let auditor = town.caller("auditor");
    let events = pipeline.item_events(auditor, item_of_task.parse().unwrap(), None, None).await.unwrap();
    let kept = events.items.iter().filter(|event| event.action == "separation.refused");
    assert_eq!(kept.count(), tries, "each try is in the log");
}

fn uuid_of(town: &Town, login: &str) -> countersign_model::UserId {
    town.caller(login).user()
}

/// What is decided is decided one task at a time, by who is signed in: no address takes many tasks, another person's name,
/// or hands a read to somebody else.
#[test]
fn no_address_decides_in_bulk_or_in_another_name() {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for (path, item) in paths {
        for word in ["impersonat", "behalf", "sudo", "bulk", "transfer", "reassign", "accept-all", "takeover"]
        {
            assert!(!path.contains(word), "{path}");
        }
        for parameter in item
            .as_object()
            .unwrap()
            .values()
            .flat_map(|operation| operation["parameters"].as_array().cloned().unwrap_or_default())
        {
            let name = parameter["name"].as_str().unwrap().to_ascii_lowercase();
            assert!(!FOR_ANOTHER.contains(&name.as_str()), "{path}: {name}");
        }
    }
    let deciding = ["submit", "review", "adjudicate", "sign"];
    for act in deciding {
        let body = &paths[&format!("/api/v1/tasks/{{task}}/{act}")]["post"]["requestBody"];
        let schema = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
        let name = schema.rsplit('/').next().unwrap();
        let properties = document["components"]["schemas"][name]["properties"].as_object().unwrap();
        for named in ["task", "tasks", "item", "items", "user", "author", "signer", "as"] {
            assert!(!properties.contains_key(named), "{name}.{named}");
        }
    }
}
