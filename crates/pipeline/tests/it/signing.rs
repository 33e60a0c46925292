//! What a signature takes: both components first, one later, both again after a while; never a token, never somebody
//! else's; five wrong ones lock, and those who answer for people hear of it.

use countersign_model::{ProjectId, TaskId};
use countersign_pipeline::{
    people::{Caller, Credential, FAILED_SIGN_INS_MAX, LOCK_SECONDS},
    review::Verdict,
    sign::Countersigning,
    signing::{ACKNOWLEDGEMENT_VERSION, Components, SIGNING_IDLE_SECONDS},
    work::Wish,
};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code, images},
};

/// A read that was reviewed, claimed for signing.
struct Waiting {
    task: TaskId,
    fence: u64,
    hash: String,
}

async fn to_sign(house: &House, crew: &Crew, project: ProjectId, signer: &Caller) -> Waiting {
    let pipeline = &house.pipeline;
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let (task, fence) = (work.task.id, work.task.fence);
    pipeline.submit(&crew.annotator, task, fence, 0, vec![]).await.unwrap();
    let work = pipeline.claim(&crew.reviewer, project, Wish::default()).await.unwrap();
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: ReviewDecision::Accept,
        missing: Some(Missing::Nothing),
        reason: None,
        comment: None,
        return_to: None,
    };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    let hash =
        pipeline.review(&crew.reviewer, task, fence, revision, vec![], verdict).await.unwrap().content_hash;
    let work = pipeline.claim(signer, project, Wish::default()).await.unwrap();
    Waiting { task: work.task.id, fence: work.task.fence, hash }
}

fn both(login: &str, password: &str) -> Components {
    Components { login: Some(login.into()), password: password.into() }
}

/// `signed`, or why not.
async fn sign(house: &House, caller: &Caller, waiting: &Waiting, password: impl Into<Components>) -> String {
    let act = Countersigning {
        decision: SignDecision::Sign,
        content_hash: waiting.hash.clone(),
        password: password.into(),
        reason: None,
        comment: None,
        return_to: None,
    };
    match house.pipeline.countersign(caller, waiting.task, waiting.fence, act).await {
        Ok(standing) => {
            assert_eq!(standing.phase, "accepted");
            "signed".into()
        }
        Err(error) => code(&error),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_components_first_one_later_and_both_again_after_a_while() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 4).await;
    let (login, pipeline) = ("specialist@p", &house.pipeline);
    let signer = house.sign_in_only(login).await;
    let first = to_sign(&house, &crew, project, &signer).await;
    assert_eq!(sign(&house, &signer, &first, PASSWORD).await, "two_components_required");
    assert_eq!(sign(&house, &signer, &first, both("reviewer@p", PASSWORD)).await, "bad_credentials");
    assert_eq!(sign(&house, &signer, &first, both(login, "wrong")).await, "bad_credentials");
    // Refused for what is signed: no signature was made, so the next attempt is the first one still.
    let stale = Waiting { hash: "0".repeat(64), ..first };
    assert_eq!(sign(&house, &signer, &stale, both(login, PASSWORD)).await, "content_changed");
    let first = Waiting { hash: first_hash(&house, &signer, stale.task).await, ..stale };
    assert_eq!(sign(&house, &signer, &first, PASSWORD).await, "two_components_required");
    assert!(pipeline.signing_state(&signer).await.unwrap().needs_login);
    assert_eq!(sign(&house, &signer, &first, both(login, PASSWORD)).await, "signed");
    assert!(!pipeline.signing_state(&signer).await.unwrap().needs_login);
    let second = to_sign(&house, &crew, project, &signer).await;
    assert_eq!(
        sign(&house, &signer, &second, PASSWORD).await,
        "signed",
        "a later one takes the password alone"
    );

    // Another session of the same person begins anew.
    let elsewhere = house.sign_in_only(login).await;
    let third = to_sign(&house, &crew, project, &elsewhere).await;
    assert_eq!(sign(&house, &elsewhere, &third, PASSWORD).await, "two_components_required");
    house.clock.forward(SIGNING_IDLE_SECONDS - 1);
    assert_eq!(sign(&house, &signer, &third, PASSWORD).await, "signed");
    let fourth = to_sign(&house, &crew, project, &signer).await;
    house.clock.forward(SIGNING_IDLE_SECONDS);
    assert_eq!(sign(&house, &signer, &fourth, PASSWORD).await, "two_components_required");
    assert_eq!(sign(&house, &signer, &fourth, both(login, PASSWORD)).await, "signed");
}

async fn first_hash(house: &House, signer: &Caller, task: TaskId) -> String {
    let work = house.pipeline.work(signer, task).await.unwrap();
    work.subject.unwrap().summary.content_hash.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_before_they_said_that_it_binds_them_and_a_token_never() {
    let house = House::new().await;
    let project = house.project("p", "images").await;
    let (login, pipeline) = ("privacy_officer@p", &house.pipeline);
    let officer = house.sign_in_only(login).await;
    let declare = |caller: Caller| async move {
        let signed = pipeline.declare_public(&caller, project, both(login, PASSWORD)).await;
        signed.map_or_else(|error| code(&error), |()| "signed".into())
    };
    assert_eq!(declare(officer.clone()).await, "acknowledgement_required");
    let other = pipeline.acknowledge_signing(&officer, ACKNOWLEDGEMENT_VERSION + 1).await.unwrap_err();
    assert_eq!(code(&other), "other_statement");
    let secret = pipeline.make_token(&officer, "script", None).await.unwrap().token.unwrap();
    let token = pipeline.authenticate(&Credential::Token(secret)).await.unwrap().unwrap();
    let refused = pipeline.acknowledge_signing(&token, ACKNOWLEDGEMENT_VERSION).await.unwrap_err();
    assert_eq!(code(&refused), "session_required");
    let agreed = pipeline.acknowledge_signing(&officer, ACKNOWLEDGEMENT_VERSION).await.unwrap();
    house.clock.forward(60);
    let again = pipeline.acknowledge_signing(&officer, ACKNOWLEDGEMENT_VERSION).await.unwrap();
    assert_eq!(agreed.acknowledged_at, again.acknowledged_at, "kept once");
    assert_eq!(declare(token).await, "session_required", "the person's own token, with both components");
    assert_eq!(declare(officer).await, "signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_ones_lock_and_open_an_alert_for_those_who_answer_for_the_person() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 1).await;
    let (login, pipeline) = ("specialist@p", &house.pipeline);
    let signer = house.sign_in(login).await;
    let waiting = to_sign(&house, &crew, project, &signer).await;
    let (owner, officer) = (house.sign_in("owner@p").await, house.sign_in("privacy_officer@p").await);
    house.person("stranger").await;
    let stranger = house.sign_in("stranger").await;
    for _ in 0..FAILED_SIGN_INS_MAX {
        assert_eq!(sign(&house, &signer, &waiting, "wrong").await, "bad_credentials");
    }
    assert_eq!(sign(&house, &signer, &waiting, PASSWORD).await, "locked", "the right one comes too late");
    for caller in [&owner, &officer] {
        let [alert] = <[_; 1]>::try_from(pipeline.alerts(caller).await.unwrap()).unwrap();
        assert_eq!((alert.login.as_str(), alert.place.as_str(), alert.locks), (login, "signing", 1));
        assert!(alert.may_close && alert.closed_at.is_none());
    }
    for caller in [&signer, &crew.annotator, &stranger] {
        assert!(pipeline.alerts(caller).await.unwrap().is_empty());
    }
    let alert = pipeline.alerts(&owner).await.unwrap()[0].id;
    let hidden = pipeline.close_alert(&stranger, alert, "fine".into()).await.unwrap_err();
    assert_eq!(code(&hidden), "not_found");

    // The lock ends by its time, the alert does not; another lock is counted in it.
    house.clock.forward(LOCK_SECONDS);
    for _ in 0..FAILED_SIGN_INS_MAX {
        assert_eq!(code(&pipeline.sign_in(login, "wrong").await.unwrap_err()), "bad_credentials");
    }
    let counted = pipeline.alerts(&owner).await.unwrap();
    assert_eq!((counted.len(), counted[0].locks, counted[0].place.as_str()), (1, 2, "sign_in"));
    let silent = pipeline.close_alert(&officer, alert, " ".into()).await.unwrap_err();
    assert_eq!(code(&silent), "reason_required");
    let closed = pipeline.close_alert(&officer, alert, "a new keyboard".into()).await.unwrap();
    assert_eq!(closed.reason.as_deref(), Some("a new keyboard"));
    assert_eq!(
        code(&pipeline.close_alert(&owner, alert, "again".into()).await.unwrap_err()),
        "already_closed"
    );
    house.clock.forward(LOCK_SECONDS);
    let work = pipeline.claim(&signer, project, Wish::default()).await.unwrap();
    let waiting = Waiting { task: work.task.id, fence: work.task.fence, ..waiting };
    assert_eq!(sign(&house, &signer, &waiting, both(login, PASSWORD)).await, "signed");

    // Nobody closes an alert about themselves.
    for _ in 0..FAILED_SIGN_INS_MAX {
        pipeline.verify_password(&owner, "wrong").await.unwrap_err();
    }
    let own = pipeline.alerts(&owner).await.unwrap()[0].clone();
    assert!(!own.may_close);
    let refused = pipeline.close_alert(&owner, own.id, "it was me".into()).await.unwrap_err();
    assert_eq!(code(&refused), "separation_of_duties");
}
