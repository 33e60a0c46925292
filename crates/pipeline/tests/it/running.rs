//! What ran, under which rules, and from where people came, in the log.

use countersign_ledger::Entry;
use countersign_model::Role;
use countersign_pipeline::{
    findings::{FindingDraft, FindingSeverity},
    people::{Client, Credential, UserDraft},
    running::rules_hash,
};
use countersign_store::{Evidence, events, settings};

use crate::{
    harness::{House, PASSWORD},
    releases::accepted_images,
};

async fn newest_first(house: &House) -> Vec<events::Event> {
    let mut conn = house.pipeline.store.read().await.unwrap();
    events::list(&mut conn, events::EventFilter::default(), 100).await.unwrap()
}

async fn each_start_names_the_rules_and_a_change_of_them_is_an_event(house: House) {
    let pipeline = &house.pipeline;
    let first = pipeline.started("1.0").await.unwrap();
    pipeline.stopped(first).await.unwrap();
    // The machine broke: no stop.
    let second = pipeline.started("1.0").await.unwrap();
    let third = pipeline.started("1.1").await.unwrap();
    assert_ne!(second, third);
    let events = newest_first(&house).await;
    let actions: Vec<_> = events.iter().rev().map(|event| event.action.as_str()).collect();
    assert_eq!(
        actions,
        ["server.started", "policies.changed", "server.stopped", "server.started", "server.started"]
    );
    assert_eq!(events[4].object_id, events[2].object_id, "a stop names its start");
    for event in events.iter().filter(|event| event.action != "server.stopped") {
        assert_eq!(Entry::decode(&event.entry).unwrap().content_hash.unwrap().0, rules_hash());
    }
    // As if the version before had decided by others.
    let other = pipeline.store.write::<_, countersign_store::StoreError, _>(
        countersign_store::Actor::system(),
        |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test.rules", "policies", tx.fresh()))?;
                settings::set(tx, "policies", vec![7; 32]).await
            })
        },
    );
    other.await.unwrap();
    pipeline.started("1.2").await.unwrap();
    let changed = &newest_first(&house).await[0];
    assert_eq!(changed.action, "policies.changed");
    assert!(changed.details.as_ref().unwrap().contains("1.2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_start_names_the_rules() {
    each_start_names_the_rules_and_a_change_of_them_is_an_event(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_start_names_the_rules_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    each_start_names_the_rules_and_a_change_of_them_is_an_event(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_signs_in_from_is_a_detail_and_never_in_the_entry() {
    let house = House::new().await;
    house.person("ada").await;
    let client = Client {
        address: Some("192.0.2.7".parse().unwrap()),
        forwarded_for: None,
        agent: Some("Reader/9 ".repeat(100)),
    };
    house.pipeline.sign_in_from("ada", "wrong", &client).await.unwrap_err();
    house.pipeline.sign_in_from("ada", PASSWORD, &client).await.unwrap();
    house.pipeline.sign_in("ada", PASSWORD).await.unwrap();
    let events = newest_first(&house).await;
    let [console, started, refused] = [&events[0], &events[1], &events[2]];
    assert_eq!(console.details, None);
    assert_eq!((started.action.as_str(), refused.action.as_str()), ("session.started", "session.refused"));
    for event in [started, refused] {
        let details: serde_json::Value = serde_json::from_str(event.details.as_ref().unwrap()).unwrap();
        assert_eq!(details["client"]["address"], "192.0.2.7");
        assert_eq!(details["client"]["agent"].as_str().unwrap().chars().count(), 200, "cut");
        let entry = String::from_utf8_lossy(&event.entry);
        assert!(!entry.contains("192.0.2.7") && !entry.contains("Reader"), "{entry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_no_password_explains_is_told_without_the_login_and_a_flood_is_counted() {
    let house = House::new().await;
    let (ada, eve) = (house.person("ada").await, house.person("eve").await);
    let closing = house.pipeline.store.write::<_, countersign_store::StoreError, _>(
        countersign_store::Actor::system(),
        move |tx| {
            Box::pin(async move {
                countersign_store::users::set_active(tx, eve, false).await?;
                tx.record(Evidence::new("user.closed", "user", eve.uuid())).map(drop)
            })
        },
    );
    closing.await.unwrap();
    let client = Client { address: Some("192.0.2.7".parse().unwrap()), ..Client::default() };
    let attempt = async |login: &str| {
        house.pipeline.sign_in_from(login, "wrong", &client).await.unwrap_err();
    };
    for _ in 0..12 {
        attempt("hunter2").await;
    }
    attempt("eve").await;
    for _ in 0..6 {
        attempt("ada").await;
    }
    let refused: Vec<_> =
        newest_first(&house).await.into_iter().filter(|event| event.action == "session.refused").collect();
    let told: Vec<_> = refused
        .iter()
        .rev()
        .map(|event| (event.object_id, event.reason.as_deref().unwrap()))
        .filter(|(_, reason)| *reason != "bad_credentials")
        .collect();
    let (closed, locked) = ((Some(eve.uuid()), "closed_account"), (Some(ada.uuid()), "locked"));
    assert_eq!(told, [(None, "unknown_login"), (None, "unknown_login"), closed, locked]);
    let details: Vec<_> = refused.iter().map(|event| event.details.clone().unwrap()).collect();
    assert!(
        details.iter().all(|text| text.contains("192.0.2.7") && !text.contains("hunter2")),
        "{details:?}"
    );
    let many = details.iter().filter(|text| text.contains("\"count\":10")).count();
    assert_eq!(many, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_token_is_used_from_and_a_wrong_signature_came_from_are_details() {
    let house = House::new().await;
    house.person("ada").await;
    let mut ada = house.sign_in("ada").await;
    let made = house.pipeline.make_token(&ada, "script", None).await.unwrap();
    let token = house.pipeline.authenticate(&Credential::Token(made.token.unwrap())).await.unwrap().unwrap();
    let from = |last: u8| Client { address: Some([192, 0, 2, last].into()), ..Client::default() };
    for last in [7, 7, 8] {
        house.pipeline.note_client(&token, &from(last)).await.unwrap();
    }
    // A session said from where when it began.
    house.pipeline.note_client(&ada, &from(9)).await.unwrap();
    ada.client = from(10);
    house.pipeline.verify_password(&ada, "wrong").await.unwrap_err();
    let events = newest_first(&house).await;
    let of = |action: &str| -> Vec<String> {
        let found = events.iter().filter(|event| event.action == action);
        found.map(|event| event.details.clone().unwrap()).collect()
    };
    let used = of("token.used");
    assert_eq!(used.len(), 2);
    assert!(used[0].contains("192.0.2.8") && used[1].contains("192.0.2.7"), "{used:?}");
    assert!(of("signing.refused")[0].contains("192.0.2.10"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_the_log_is_in_it_once_an_hour() {
    let house = House::new().await;
    let draft = UserDraft {
        login: "inspector".into(),
        printed_name: "Test inspector".into(),
        password: Some(PASSWORD.into()),
        system_roles: vec![Role::Auditor],
    };
    house.pipeline.make_user_as(countersign_store::Actor::system(), draft).await.unwrap();
    let inspector = house.sign_in("inspector").await;
    let read = async || {
        let size = house.pipeline.store.sequence().await.unwrap();
        house.pipeline.log_file(&inspector, &format!("tile/entries/000.p/{size}")).await.unwrap();
        house.pipeline.log_file(&inspector, "checkpoint").await.unwrap();
    };
    let told = async || {
        let events = newest_first(&house).await;
        events.iter().filter(|event| event.action == "export.downloaded").count()
    };
    house.pipeline.log_file(&inspector, "checkpoint").await.unwrap();
    assert_eq!(told().await, 0, "a checkpoint tells nothing of anybody");
    read().await;
    read().await;
    assert_eq!(told().await, 1);
    house.clock.forward(3_600);
    let again = house.sign_in("inspector").await;
    let size = house.pipeline.store.sequence().await.unwrap();
    house.pipeline.log_file(&again, &format!("tile/entries/000.p/{size}")).await.unwrap();
    let events = newest_first(&house).await;
    assert_eq!((events[0].action.as_str(), events[0].reason.as_deref()), ("export.downloaded", Some("log")));
    assert_eq!(events[0].actor_user, Some(inspector.user()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_no_login_and_no_word_of_anybody_is_in_the_log() {
    let house = House::new().await;
    let (_, crew, items) = accepted_images(&house, 2).await;
    let pipeline = &house.pipeline;
    pipeline.hold(&crew.owner, items[0], "Zebulon was tired".into()).await.unwrap();
    let draft = FindingDraft {
        severity: FindingSeverity::Note,
        words: "Quokka behind the rib?".into(),
        frame: None,
        point: None,
        annotation: None,
    };
    pipeline.open_finding(&crew.owner, items[1], draft).await.unwrap();
    pipeline.make_token(&crew.owner, "Wombat script", None).await.unwrap();
    pipeline.sign_in("numbat@nowhere", "Wallaby").await.unwrap_err();
    pipeline.store.sequence().await.unwrap();
    let mut conn = pipeline.store.read().await.unwrap();
    let mut words: Vec<String> =
        ["Zebulon", "Quokka", "Wombat", "numbat", "Wallaby"].map(str::to_owned).to_vec();
    for user in countersign_store::users::list(&mut conn).await.unwrap() {
        words.extend([user.login, user.printed_name]);
    }
    assert!(words.len() > 15, "{words:?}");
    let rows = conn.query("SELECT entry FROM events").fetch_all().await.unwrap();
    let mut logged: Vec<u8> = rows.iter().flat_map(|row| row.get::<Vec<u8>>("entry").unwrap()).collect();
    let mut folders = vec![house.folder().join("log")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => logged.extend(std::fs::read(entry.path()).unwrap()),
            }
        }
    }
    let logged = String::from_utf8_lossy(&logged);
    assert!(logged.contains("hold.") && logged.contains("finding."), "what was said is there");
    for word in words {
        assert!(!logged.contains(&word), "{word}");
    }
}
