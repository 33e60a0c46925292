//! Nobody is given work under a protocol that nobody signed; who may sign does so once, bound to what was signed. What a
//! draft would do is counted, and what is dated ahead takes force at its time.

use std::sync::Arc;

use countersign_ledger::{Entry, Hash};
use countersign_model::{ProjectId, Role};
use countersign_pipeline::{
    items::ItemQuery,
    people::{Caller, Credential, UserDraft},
    protocols::{ProtocolPut, ProtocolStanding, RetiredImpact, StageImpact},
    signing::{ACKNOWLEDGEMENT_VERSION, Components},
    work::Wish,
};
use countersign_store::{Actor, events, protocols};

use crate::{
    campaigns::protocol,
    double::{STAGES, Team},
    harness::{House, PASSWORD},
    releases::{Crew, code, images, ingest, png},
};

/// Kind, count and title of the caller's first card under a role.
async fn card(house: &House, caller: &Caller, role: Role) -> (&'static str, u64, String) {
    let home = house.pipeline.home(caller).await.unwrap();
    let card = home.cards.into_iter().find(|card| card.role == role).unwrap();
    (card.kind, card.count, card.title)
}

async fn claim(house: &House, caller: &Caller, project: ProjectId, wish: Wish) -> String {
    house.pipeline.claim(caller, project, wish).await.map_or_else(|error| code(&error), |_| "claimed".into())
}

async fn nobody_is_given_work_before_the_owner_signed(house: House) {
    let project = house.unsigned_project("p", "images").await;
    let pipeline = &house.pipeline;
    // Ingest, gate and drafts go on without it.
    ingest(&house, project, "p", &[("1.png".into(), png(64, 48, 1))]).await;
    let crew = Crew::of(&house, "p", "reviewer").await;
    let items = pipeline.items(&crew.owner, project, ItemQuery::default()).await.unwrap().items;
    assert_eq!(items[0].phase, "queued");
    let wish = Wish { item: Some(items[0].id), ..Wish::default() };
    for who in [&crew.annotator, &crew.reviewer, &crew.specialist, &crew.owner] {
        assert_eq!(claim(&house, who, project, Wish::default()).await, "protocol_unsigned");
    }
    assert_eq!(claim(&house, &crew.annotator, project, wish).await, "protocol_unsigned");
    let waits = ("unsigned", 0, "Waits for the protocol to be signed".to_owned());
    assert_eq!(card(&house, &crew.annotator, Role::Annotator).await, waits);
    let asked = ("sign_protocol", 1, "Sign the protocol".to_owned());
    assert_eq!(card(&house, &crew.owner, Role::Owner).await, asked);
    for (who, may_sign) in [(&crew.owner, true), (&crew.annotator, false)] {
        let seen = pipeline.project(who, project).await.unwrap();
        assert_eq!((seen.protocol_standing, seen.may_sign_protocol), (ProtocolStanding::Unsigned, may_sign));
    }

    // Who has no part in the project learns nothing of it; who may not sign, nothing of whether it could be signed.
    house.unsigned_project("q", "images").await;
    let stranger = house.sign_in("owner@q").await;
    assert_eq!(claim(&house, &stranger, project, Wish::default()).await, "not_found");
    for who in [&stranger, &crew.annotator, &crew.specialist] {
        let refused = pipeline.sign_protocol(who, project, 1, PASSWORD).await.unwrap_err();
        assert_eq!(code(&refused), "not_found");
    }
    // What passed the gate is read under the version in force: no other one takes its place unsigned.
    let second = pipeline.activate_protocol(&crew.owner, project, 1, &protocol(2, true), PASSWORD).await;
    assert_eq!(code(&second.unwrap_err()), "protocol_unsigned");
    let wrong = pipeline.sign_protocol(&crew.owner, project, 1, "a guess").await.unwrap_err();
    assert_eq!(code(&wrong), "bad_credentials");
    let other = pipeline.sign_protocol(&crew.owner, project, 2, PASSWORD).await;
    assert_eq!(code(&other.unwrap_err()), "content_changed");
    assert_eq!(claim(&house, &crew.annotator, project, Wish::default()).await, "protocol_unsigned");

    pipeline.sign_protocol(&crew.owner, project, 1, PASSWORD).await.unwrap();
    assert_eq!(claim(&house, &crew.annotator, project, Wish::default()).await, "claimed");
    let seen = pipeline.project(&crew.annotator, project).await.unwrap();
    assert_eq!(seen.protocol_standing, ProtocolStanding::Signed);
    let again = pipeline.sign_protocol(&crew.owner, project, 1, PASSWORD).await.unwrap_err();
    assert_eq!(code(&again), "already_signed");
    let versions = pipeline.protocol_versions(&crew.annotator, project).await.unwrap();
    let signature = versions[0].signature.as_ref().unwrap();
    assert_eq!(signature.printed_name, "Test owner@p");
    assert_eq!(signature.meaning.as_str(), "approved");
    // The evidence is of this document, by this person, at this time.
    let mut conn = pipeline.store.read().await.unwrap();
    let row = protocols::signatures(&mut conn, project).await.unwrap().remove(0);
    let event = events::by_id(&mut conn, row.event_id).await.unwrap().unwrap();
    let entry = Entry::decode(&event.entry).unwrap();
    assert_eq!(entry.action, "protocol.signed");
    assert_eq!(entry.content_hash, Hash::from_hex(&versions[0].content_hash));
    assert_eq!((entry.actor, entry.at_us), (crew.owner.user().to_string(), signature.at.micros()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_given_work_before_the_owner_signed_on_sqlite() {
    nobody_is_given_work_before_the_owner_signed(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_given_work_before_the_owner_signed_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    nobody_is_given_work_before_the_owner_signed(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_makes_a_project_may_sign_in_the_same_act() {
    let house = House::new().await;
    let draft = UserDraft {
        login: "boss".into(),
        printed_name: "Test boss".into(),
        password: Some(PASSWORD.into()),
        system_roles: vec![Role::Owner],
    };
    house.pipeline.make_user_as(Actor::system(), draft).await.unwrap();
    let (secret, _) = house.pipeline.sign_in("boss", PASSWORD).await.unwrap();
    let boss = house.pipeline.authenticate(&Credential::Session(secret)).await.unwrap().unwrap();
    let both = |password: &str| Some(Components { login: Some("boss".into()), password: password.into() });
    let make = async |name: &str, components| {
        house.pipeline.make_project(&boss, name, "images", components).await.map(|made| made.id)
    };
    assert_eq!(code(&make("a", both(PASSWORD)).await.unwrap_err()), "acknowledgement_required");
    house.pipeline.acknowledge_signing(&boss, ACKNOWLEDGEMENT_VERSION).await.unwrap();
    assert_eq!(code(&make("a", both("a guess")).await.unwrap_err()), "bad_credentials");
    assert_eq!(house.pipeline.project_named("a").await.unwrap(), None, "no project without its signature");
    let standing = async |project| {
        let boss = house.sign_in("boss").await;
        house.pipeline.project(&boss, project).await.unwrap().protocol_standing
    };
    let signed = make("a", both(PASSWORD)).await.unwrap();
    assert_eq!(standing(signed).await, ProtocolStanding::Signed);
    let waits = make("b", None).await.unwrap();
    assert_eq!(standing(waits).await, ProtocolStanding::Unsigned);
}

/// The officer's signature is about the rules of de-identification; the owner's is about the whole.
#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_officer_do_not_stand_for_the_owners_signature() {
    let house = House::new().await;
    let project = house.unsigned_project("p", "images").await;
    let (officer, owner) = (house.sign_in("privacy_officer@p").await, house.sign_in("owner@p").await);
    let pipeline = &house.pipeline;
    let mut plan = pipeline.project(&owner, project).await.unwrap().protocol.deid;
    plan.two_person_waiver = !plan.two_person_waiver;
    pipeline.set_deid(&officer, project, 1, plan.clone(), "two look", PASSWORD).await.unwrap();
    let seen = pipeline.project(&owner, project).await.unwrap();
    assert_eq!((seen.protocol.version, seen.protocol_standing), (2, ProtocolStanding::Unsigned));
    // Items may run under either: the owner signs both.
    pipeline.sign_protocol(&owner, project, 2, PASSWORD).await.unwrap();
    let versions = pipeline.protocol_versions(&owner, project).await.unwrap();
    let names: Vec<_> =
        versions.iter().map(|one| one.signature.as_ref().unwrap().printed_name.clone()).collect();
    assert_eq!(names, ["Test owner@p", "Test owner@p"]);
    // Under a signed protocol the officer's own signature is enough for what is the officer's to change.
    plan.two_person_waiver = !plan.two_person_waiver;
    pipeline.set_deid(&officer, project, 2, plan, "one looks", PASSWORD).await.unwrap();
    let versions = pipeline.protocol_versions(&owner, project).await.unwrap();
    assert_eq!(versions[0].signature.as_ref().unwrap().printed_name, "Test privacy_officer@p");
    assert_eq!(pipeline.project(&owner, project).await.unwrap().protocol_standing, ProtocolStanding::Signed);
}

/// Version and standing of what an owner reads of the protocol in force, and what waits.
async fn in_force(house: &House, owner: &Caller, project: ProjectId) -> (u32, Option<u32>) {
    let seen = house.pipeline.protocol_document(owner, project).await.unwrap();
    (seen.version.version, seen.planned.map(|plan| plan.version))
}

async fn a_version_takes_force_at_its_time(house: House) {
    let (project, crew, _) = images(&house, 1, 2).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let text = protocol(2, false);
    let put = async |reason: Option<&str>, seconds: i64| {
        let at = pipeline.store.clock().now().plus_seconds(seconds);
        let put = ProtocolPut { against: 1, document: &text, reason, effective_at: Some(at) };
        let done = pipeline.put_protocol_at(owner, project, put, PASSWORD).await;
        done.map(|_| at).map_err(|error| code(&error))
    };
    assert_eq!(put(None, 3_600).await, Err("deviation_needs_reason".into()));
    assert_eq!(put(Some("later"), 400 * 86_400).await, Err("bad_effective_date".into()));
    let at = put(Some("from the hour on"), 3_600).await.unwrap();
    let seen = pipeline.protocol_document(owner, project).await.unwrap();
    let plan = seen.planned.unwrap();
    assert_eq!((seen.version.version, plan.version, plan.effective_at), (1, 2, at));
    assert_eq!((plan.document.as_str(), plan.reason.as_deref()), (text.as_str(), Some("from the hour on")));
    assert_eq!(plan.signature.printed_name, "Test owner@p");
    let theirs = pipeline.protocol_document(&crew.annotator, project).await.unwrap().planned.unwrap();
    assert_eq!((theirs.version, theirs.reason), (2, None));
    // One waits at a time, and nothing else is put meanwhile.
    assert_eq!(put(Some("sooner"), 60).await, Err("protocol_planned".into()));
    let now = pipeline.put_protocol(owner, project, 1, &text, Some("now"), PASSWORD).await;
    assert_eq!(code(&now.unwrap_err()), "protocol_planned");

    let withdraw = async |who: &Caller, reason: &str| {
        let done = pipeline.withdraw_protocol(who, project, reason).await;
        done.map_or_else(|error| code(&error), |()| "withdrawn".into())
    };
    assert_eq!(withdraw(&crew.annotator, "no").await, "not_found");
    assert_eq!(withdraw(owner, "  ").await, "reason_required");
    assert_eq!(withdraw(owner, "the board met again").await, "withdrawn");
    assert_eq!(withdraw(owner, "once more").await, "nothing_planned");
    let unplanned = pipeline.protocol_document(owner, project).await.unwrap().unplanned.unwrap();
    assert_eq!((unplanned.version, unplanned.reason.as_deref()), (2, Some("the board met again")));
    house.clock.forward(7_200);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(in_force(&house, owner, project).await, (1, None), "what was withdrawn stays so");

    let again = house.sign_in("owner@p").await;
    let at = pipeline.store.clock().now().plus_seconds(3_600);
    let late = ProtocolPut { against: 1, document: &text, reason: Some("at last"), effective_at: Some(at) };
    pipeline.put_protocol_at(&again, project, late, PASSWORD).await.unwrap();
    house.clock.forward(3_590);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(in_force(&house, owner, project).await, (1, Some(2)), "not before its time");
    house.clock.forward(20);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(in_force(&house, owner, project).await, (2, None));
    let version = pipeline.protocol_versions(owner, project).await.unwrap().remove(0);
    let signature = version.signature.unwrap();
    assert!(signature.at < at && version.created_at >= at);
    assert_eq!(
        (signature.printed_name, version.created_by.as_deref()),
        ("Test owner@p".into(), Some("Test owner@p"))
    );
    assert_eq!((version.reason.as_deref(), version.deviation), (Some("at last"), Some(true)));
    assert_eq!(claim(&house, &crew.annotator, project, Wish::default()).await, "claimed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_takes_force_at_its_time_on_sqlite() {
    a_version_takes_force_at_its_time(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_takes_force_at_its_time_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    a_version_takes_force_at_its_time(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_officers_withdraws_what_waits() {
    let house = House::new().await;
    let project = house.project("p", "images").await;
    let (officer, owner) = (house.sign_in("privacy_officer@p").await, house.sign_in("owner@p").await);
    let pipeline = &house.pipeline;
    let (text, at) = (protocol(2, false), pipeline.store.clock().now().plus_seconds(60));
    let put = ProtocolPut { against: 1, document: &text, reason: Some("soon"), effective_at: Some(at) };
    pipeline.put_protocol_at(&owner, project, put, PASSWORD).await.unwrap();
    let mut plan = pipeline.project(&owner, project).await.unwrap().protocol.deid;
    plan.two_person_waiver = !plan.two_person_waiver;
    pipeline.set_deid(&officer, project, 1, plan, "two look", PASSWORD).await.unwrap();
    house.clock.forward(120);
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let seen = pipeline.protocol_document(&owner, project).await.unwrap();
    assert_eq!((seen.version.version, seen.planned), (2, None));
    assert!(seen.version.created_at < at, "the officer's version");
    assert!(seen.unplanned.unwrap().reason.unwrap().contains("de-identification"));
}

/// What a draft would do is counted from what is there, and told to nobody who may be called to read blind.
#[tokio::test(flavor = "multi_thread")]
async fn a_draft_says_what_it_would_do() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 2).await;
    assert_eq!(claim(&house, &crew.annotator, project, Wish::default()).await, "claimed");
    let text = protocol(2, false)
        .replacen("  - id: object\n", "  - id: object\n    retired: true\n", 1)
        .replacen("    role: specialist\n", "    role: specialist\n    qualification: chest_ct\n", 1);
    let checked = house.pipeline.check_protocol(&crew.owner, project, &text).await.unwrap();
    let impact = checked.impact.unwrap();
    assert_eq!((impact.finishing, impact.starting, impact.untouched), (2, 0, 1));
    let work = impact.work.unwrap();
    assert_eq!((work.open_tasks, work.elsewhere), (2, 0));
    assert_eq!(work.stages, [StageImpact { stage: "read".into(), waiting: 1, in_work: 1 }]);
    assert_eq!((impact.stages_added, impact.stages_removed), (vec![], vec!["review".to_owned()]));
    assert_eq!(impact.unheld, ["chest_ct"]);
    assert_eq!(impact.retired, [RetiredImpact { class: "object".into(), items: 1, annotations: 1 }]);
    // An owner who may be called to read blind is not told how far others are.
    let team = Team::new(1, STAGES).await;
    let reader = team.readers[0].user();
    let owner = team.house.sign_in("owner@p").await;
    team.house.pipeline.grant(&owner, team.project, reader, Role::Owner).await.unwrap();
    let blind = team.house.sign_in("annotator@p").await;
    let next = team.house.pipeline.protocol_document(&owner, team.project).await.unwrap().document;
    let next = next.replacen("version: 2", "version: 3", 1);
    for (who, told) in [(&owner, true), (&blind, false)] {
        let checked = team.house.pipeline.check_protocol(who, team.project, &next).await.unwrap();
        assert_eq!(checked.impact.unwrap().work.is_some(), told);
    }
}
