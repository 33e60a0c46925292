//! Claim, draw, submit, review, countersign; and what is refused on the way.

use countersign_model::{AnnotationId, DeidPlan, FrameRef, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    PipelineError,
    items::ItemQuery,
    people::{Caller, Credential},
    review::Verdict,
    sign::Countersigning,
    views::Work,
    work::{AnnotationInput, Change, Wish},
};
use countersign_store::{Evidence, items};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};
use uuid::Uuid;

use crate::harness::{House, PASSWORD};

fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_fn(64, 48, |x, y| image::Luma([(x * 3 + y) as u8]));
    image.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

/// A project of plain images with one image ready to be read.
async fn one_image(house: &House) -> ProjectId {
    let project = house.project("p", "images").await;
    let officer = house.sign_in("privacy_officer@p").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.png"), png()).unwrap();
    let report = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert_eq!(report.items, 1, "{:?}", report.refusals);
    project
}

fn draw(id: u128, x: f64) -> Change {
    Change::Put {
        annotation: AnnotationInput {
            id: AnnotationId(Uuid::from_u128(id)),
            class: "object".into(),
            frame: Some(FrameRef { stream: 0, index: 0 }),
            shape: Shape::Box { x, y: 2.0, w: 10.0, h: 5.0 },
            attributes: Default::default(),
            arrangement: Default::default(),
            unclear: None,
        },
    }
}

fn code(error: &PipelineError) -> String {
    match error {
        PipelineError::Refused(refusal) => refusal.code.to_string(),
        PipelineError::BadInput { code, .. } => (*code).into(),
        PipelineError::NotFound => "not_found".into(),
        PipelineError::StaleRevision { .. } => "stale_revision".into(),
        other => other.to_string(),
    }
}

async fn claim(house: &House, caller: &Caller, project: ProjectId) -> Work {
    house.pipeline.claim(caller, project, Wish::default()).await.unwrap()
}

pub fn accept() -> Verdict {
    Verdict {
        marks: vec![],
        all_right: true,
        decision: ReviewDecision::Accept,
        missing: Some(Missing::Nothing),
        reason: None,
        comment: None,
        return_to: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_goes_all_the_way_and_three_people_sign_for_it() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let pipeline = &house.pipeline;

    let annotator = house.sign_in("annotator@p").await;
    let work = claim(&house, &annotator, project).await;
    let read = work.read.unwrap();
    let saved =
        pipeline.save(&annotator, read.summary.id, work.task.fence, 0, vec![draw(1, 3.0)]).await.unwrap();
    assert_eq!(saved.revision, 1);
    let stale = pipeline.save(&annotator, read.summary.id, work.task.fence, 0, vec![draw(1, 4.0)]).await;
    assert_eq!(code(&stale.unwrap_err()), "stale_revision");
    let submitted =
        pipeline.submit(&annotator, work.task.id, work.task.fence, 1, vec![draw(2, 20.0)]).await.unwrap();
    assert_eq!((submitted.phase.as_str(), submitted.stage), ("queued", Some(1)));

    let reviewer = house.sign_in("reviewer@p").await;
    let work = claim(&house, &reviewer, project).await;
    let copy = work.read.unwrap();
    assert_eq!(copy.annotations.len(), 2);
    assert_eq!(work.subject.unwrap().annotations, copy.annotations);
    let (task, fence) = (work.task.id, work.task.fence);
    let silent = Verdict { missing: None, ..accept() };
    let refused = pipeline.review(&reviewer, task, fence, 0, vec![], silent).await;
    assert_eq!(code(&refused.unwrap_err()), "missing_unanswered");
    // What somebody else handed in is not changed without a reason, and a list has the reasons.
    let fix = |reason: Option<&str>| Verdict {
        decision: ReviewDecision::Fix,
        reason: reason.map(ToOwned::to_owned),
        ..accept()
    };
    for (verdict, expected) in [(fix(None), "reason_required"), (fix(Some("mood")), "bad_reason")] {
        let refused =
            pipeline.review(&reviewer, task, fence, copy.revision, vec![draw(1, 9.0)], verdict).await;
        assert_eq!(code(&refused.unwrap_err()), expected);
    }
    let accepted = pipeline.review(&reviewer, task, fence, copy.revision, vec![], accept()).await.unwrap();
    assert_eq!(accepted.content_hash, submitted.content_hash);

    let specialist = house.sign_in("specialist@p").await;
    let work = claim(&house, &specialist, project).await;
    let sign = |hash: &str, password: &str| Countersigning {
        decision: SignDecision::Sign,
        content_hash: hash.into(),
        password: password.into(),
        reason: None,
        comment: None,
        return_to: None,
    };
    let (task, fence) = (work.task.id, work.task.fence);
    let wrong =
        pipeline.countersign(&specialist, task, fence, sign(&submitted.content_hash, "wrong password")).await;
    assert_eq!(code(&wrong.unwrap_err()), "bad_credentials");
    let other = pipeline.countersign(&specialist, task, fence, sign(&"0".repeat(64), PASSWORD)).await;
    assert_eq!(code(&other.unwrap_err()), "content_changed");
    let done = pipeline
        .countersign(&specialist, task, fence, sign(&submitted.content_hash, PASSWORD))
        .await
        .unwrap();
    assert_eq!(done.phase, "accepted");

    let auditor = house.sign_in("auditor@p").await;
    let item = pipeline.item(&auditor, work.item.id).await.unwrap();
    assert!(item.signatures.iter().all(|signature| signature.valid), "{:?}", item.signatures);
    assert!(!item.signatures.is_empty());
    let events = pipeline.item_events(&auditor, item.id, None, None).await.unwrap().items;
    let actions: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
    for wanted in
        ["item.ingested", "item.cleared", "task.claimed", "read.submitted", "review.accept", "item.accepted"]
    {
        assert!(actions.contains(&wanted), "{wanted} in {actions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_finished_under_the_version_that_it_began_with() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let officer = house.sign_in("privacy_officer@p").await;
    let plan = DeidPlan { two_person_waiver: true, ..DeidPlan::default() };
    let again = || plan.clone();
    let unsaid = house.pipeline.set_deid(&officer, project, 1, again(), "  ", PASSWORD).await;
    assert_eq!(code(&unsaid.unwrap_err()), "reason_required");
    let unsigned = house.pipeline.set_deid(&officer, project, 1, again(), "two look", "a guess").await;
    assert_eq!(code(&unsigned.unwrap_err()), "bad_credentials");
    let put = house.pipeline.set_deid(&officer, project, 1, plan, "two look", PASSWORD).await.unwrap();
    assert_eq!(put.version, 2);
    let folder = tempfile::tempdir().unwrap();
    let mut later = png();
    later.push(0);
    std::fs::write(folder.path().join("b.png"), later).unwrap();
    house.ingest(project, vec![folder.path().to_owned()]).await;

    let annotator = house.sign_in("annotator@p").await;
    let auditor = house.sign_in("auditor@p").await;
    let mut versions = Vec::new();
    for (n, id) in [(0, 1), (1, 2)] {
        let work = claim(&house, &annotator, project).await;
        let (task, fence) = (work.task.id, work.task.fence);
        house.pipeline.submit(&annotator, task, fence, 0, vec![draw(id, 3.0)]).await.unwrap();
        let item = house.pipeline.item(&auditor, work.item.id).await.unwrap();
        let read = item.reads.iter().rfind(|read| read.status == "submitted").unwrap();
        versions.push((n, read.protocol_version));
    }
    assert_eq!(versions, [(0, 1), (1, 2)], "the first began before the rules changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_drew_cannot_review_or_sign_whatever_their_roles() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let everything = house.sign_in("everything@p").await;
    let wish = Wish { stage: Some(0), ..Wish::default() };
    let work = house.pipeline.claim(&everything, project, wish).await.unwrap();
    let (task, fence, item) = (work.task.id, work.task.fence, work.item.id);
    house.pipeline.submit(&everything, task, fence, 0, vec![draw(1, 3.0)]).await.unwrap();
    let again = house.pipeline.claim(&everything, project, Wish::default()).await;
    assert_eq!(code(&again.unwrap_err()), "nothing_to_do");
    let named =
        house.pipeline.claim(&everything, project, Wish { item: Some(item), ..Wish::default() }).await;
    assert_eq!(code(&named.unwrap_err()), "separation_of_duties");

    // A token of the same person and a role that they are given later change nothing.
    let token = house.pipeline.make_token(&everything, "script", None).await.unwrap();
    let by_token =
        house.pipeline.authenticate(&Credential::Token(token.token.unwrap())).await.unwrap().unwrap();
    let wish = Wish { item: Some(item), ..Wish::default() };
    let named = house.pipeline.claim(&by_token, project, wish).await;
    assert_eq!(code(&named.unwrap_err()), "separation_of_duties");
    let owner = house.sign_in("owner@p").await;
    let late = house.person("late").await;
    house.pipeline.grant(&owner, project, late, Role::Annotator).await.unwrap();
    let second = one_more(&house, project).await;
    let annotator = house.sign_in("late").await;
    let wish = Wish { item: Some(second), ..Wish::default() };
    let work = house.pipeline.claim(&annotator, project, wish).await.unwrap();
    let (task, fence) = (work.task.id, work.task.fence);
    house.pipeline.submit(&annotator, task, fence, 0, vec![draw(2, 3.0)]).await.unwrap();
    house.pipeline.grant(&owner, project, late, Role::Reviewer).await.unwrap();
    let promoted = house.sign_in("late").await;
    let named = house.pipeline.claim(&promoted, project, wish).await;
    assert_eq!(code(&named.unwrap_err()), "separation_of_duties");

    // Through the task itself they are told nothing; that they tried is kept all the same.
    let reviewer = house.sign_in("reviewer@p").await;
    let held = house.pipeline.claim(&reviewer, project, wish).await.unwrap();
    let (task, fence) = (held.task.id, held.task.fence);
    let direct = house.pipeline.review(&promoted, task, fence, 0, Vec::new(), accept()).await;
    assert_eq!(code(&direct.unwrap_err()), "not_found");
    let auditor = house.sign_in("auditor@p").await;
    for (item, tries) in [(item, 2), (second, 2)] {
        let events = house.pipeline.item_events(&auditor, item, None, None).await.unwrap().items;
        let kept = events.iter().filter(|event| event.action == "separation.refused").count();
        assert_eq!(kept, tries);
    }
}

/// Another image in the project, ready to be read.
async fn one_more(house: &House, project: ProjectId) -> ItemId {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = png();
    bytes.push(0);
    std::fs::write(folder.path().join("more.png"), bytes).unwrap();
    house.ingest(project, vec![folder.path().to_owned()]).await;
    let owner = house.sign_in("owner@p").await;
    let items = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items;
    items.iter().map(|item| item.id).max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_lease_goes_to_the_next_person_and_the_first_one_is_told() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let first = house.sign_in("annotator@p").await;
    let second = house.sign_in("everything@p").await;
    let work = claim(&house, &first, project).await;
    let none = house.pipeline.claim(&second, project, Wish { stage: Some(0), ..Wish::default() }).await;
    assert_eq!(code(&none.unwrap_err()), "nothing_to_do");
    house.clock.forward(31 * 60);
    let late = house.pipeline.submit(&first, work.task.id, work.task.fence, 0, vec![draw(1, 1.0)]).await;
    assert_eq!(code(&late.unwrap_err()), "lease_expired");
    let taken =
        house.pipeline.claim(&second, project, Wish { stage: Some(0), ..Wish::default() }).await.unwrap();
    assert!(taken.task.fence > work.task.fence);
    let lost = house.pipeline.submit(&first, work.task.id, work.task.fence, 0, vec![draw(1, 1.0)]).await;
    assert_eq!(code(&lost.unwrap_err()), "not_leased");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_annotations_are_refused_at_their_place_and_nothing_is_kept() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let annotator = house.sign_in("annotator@p").await;
    let work = claim(&house, &annotator, project).await;
    let read = work.read.unwrap().summary.id;
    let mut unknown = draw(1, 1.0);
    if let Change::Put { annotation } = &mut unknown {
        annotation.class = "dragon".into();
    }
    let changes = vec![draw(2, 1.0), unknown];
    let error = house.pipeline.save(&annotator, read, work.task.fence, 0, changes).await.unwrap_err();
    assert!(
        matches!(&error, PipelineError::BadInput { code: "unknown_class", place, .. } if place == "changes[1]"),
        "{error}"
    );
    let crossed = vec![[1.0, 1.0], [9.0, 9.0], [9.0, 1.0], [1.0, 9.0]];
    let corner = |x: f64| vec![[x, 1.0], [x + 5.0, 1.0], [x, 6.0]];
    let shapes = [
        (Shape::Polygon { points: crossed, holes: vec![] }, "outline_crosses"),
        (Shape::Polygon { points: corner(1.0), holes: vec![corner(30.0)] }, "outline_crosses"),
        (Shape::Polygon { points: vec![[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], holes: vec![] }, "not_positive"),
        (Shape::Box { x: 1.0, y: 1.0, w: 0.0, h: 4.0 }, "not_positive"),
        (Shape::Box { x: 60.0, y: 1.0, w: 10.0, h: 4.0 }, "outside_image"),
        (Shape::Polyline { points: vec![[1.0, 1.0]] }, "bad_polygon"),
        (Shape::Mask { size: [48, 64], counts: "1".into() }, "bad_mask"),
    ];
    for (shape, wanted) in shapes {
        let mut wrong = draw(7, 1.0);
        if let Change::Put { annotation } = &mut wrong {
            annotation.shape = shape;
        }
        // A mark without a frame lies on the picture that a release puts it on.
        for framed in [true, false] {
            let mut wrong = wrong.clone();
            if let Change::Put { annotation } = &mut wrong {
                annotation.frame = annotation.frame.filter(|_| framed);
            }
            let refused = house.pipeline.save(&annotator, read, work.task.fence, 0, vec![wrong]).await;
            let error = refused.unwrap_err();
            assert_eq!(code(&error), wanted, "{error}");
            // Whoever sent it is told which of their marks it is.
            assert!(error.to_string().contains(&Uuid::from_u128(7).to_string()), "{error}");
        }
    }
    let kept = house.pipeline.read(&annotator, read).await.unwrap();
    assert!(kept.annotations.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_readers_see_no_more_than_they_may() {
    let house = House::new().await;
    let project = one_image(&house).await;
    house.person("stranger").await;
    let stranger = house.sign_in("stranger").await;
    assert_eq!(code(&house.pipeline.project(&stranger, project).await.unwrap_err()), "not_found");
    let owner = house.sign_in("owner@p").await;
    let item = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items[0].id;
    assert_eq!(code(&house.pipeline.item(&stranger, item).await.unwrap_err()), "not_found");
    let annotator = house.sign_in("annotator@p").await;
    assert_eq!(
        code(&house.pipeline.image(&annotator, item, 0, 0, None, Default::default()).await.unwrap_err()),
        "not_found"
    );
    claim(&house, &annotator, project).await;
    let picture = house.pipeline.image(&annotator, item, 0, 0, None, Default::default()).await.unwrap();
    assert_eq!(picture.kind, "image/png");
    let auditor = house.sign_in("auditor@p").await;
    let seen = house.pipeline.item_exposures(&auditor, item, None, None).await.unwrap();
    assert_eq!((seen.items.len(), seen.next), (1, None));
    assert_eq!(seen.items[0].user, annotator.user());
    // The newest is first, and no page cuts one off.
    for seconds in [60, 60] {
        house.clock.forward(seconds);
        let annotator = house.sign_in("annotator@p").await;
        house.pipeline.image(&annotator, item, 0, 0, None, Default::default()).await.unwrap();
    }
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = house.pipeline.item_exposures(&auditor, item, Some(2), cursor).await.unwrap();
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted_by(|one, next| one.at > next.at));
    let wrong = house.pipeline.item_exposures(&auditor, item, None, Some("x".into())).await.unwrap_err();
    assert_eq!(code(&wrong), "bad_cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_never_shows_what_a_look_up_would_refuse() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let annotator = house.sign_in("annotator@p").await;
    claim(&house, &annotator, project).await;
    for role in countersign_model::Role::ALL {
        let caller = house.sign_in(&format!("{role}@p")).await;
        let listed = house.pipeline.items(&caller, project, ItemQuery::default()).await.unwrap().items;
        for item in &listed {
            assert!(house.pipeline.item(&caller, item.id).await.is_ok(), "{role}");
        }
        let shown = listed.len();
        match role {
            countersign_model::Role::Technician | countersign_model::Role::PrivacyOfficer => {
                assert_eq!(shown, 0, "{role}")
            }
            _ => assert_eq!(shown, 1, "{role}"),
        }
    }
}

/// An event beyond the limits of the log is refused, as input is, and the change that it was to be evidence of did not happen.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_too_large_changes_nothing() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let owner = house.sign_in("owner@p").await;
    let before = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    let item = before.items[0].id;
    let refused = house
        .pipeline
        .store
        .write::<(), PipelineError, _>(owner.actor(), move |tx| {
            Box::pin(async move {
                let row = items::lock(tx, item).await?;
                let step = items::ItemStep {
                    state: row.state,
                    stage: row.stage,
                    held: true,
                    workflow: row.workflow,
                    accepted_read_id: None,
                    quiet: false,
                };
                items::step(tx, item, step).await?;
                let words = "a".repeat(1 << 20);
                let evidence = Evidence::new("item.prioritised", "item", item.uuid());
                tx.record(evidence.item(item).details(serde_json::json!({ "words": words })))?;
                Ok(())
            })
        })
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "event_too_large");
    assert_eq!(house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_mark_goes_back_to_the_read_it_came_from_and_is_shown_to_whom_the_reads_are() {
    let house = House::new().await;
    let project = one_image(&house).await;
    let pipeline = &house.pipeline;
    let annotator = house.sign_in("annotator@p").await;
    let work = claim(&house, &annotator, project).await;
    let (first, task, fence) = (work.read.unwrap().summary.id, work.task.id, work.task.fence);
    let mark = AnnotationId(Uuid::from_u128(1));
    let other = AnnotationId(Uuid::from_u128(2));
    assert!(pipeline.history(&annotator, first, mark).await.unwrap().versions.is_empty());
    pipeline.save(&annotator, first, fence, 0, vec![draw(1, 3.0), draw(2, 30.0)]).await.unwrap();
    pipeline.save(&annotator, first, fence, 1, vec![draw(1, 7.0)]).await.unwrap();
    pipeline.save(&annotator, first, fence, 2, vec![Change::Remove { id: other }]).await.unwrap();
    let versions = pipeline.history(&annotator, first, mark).await.unwrap().versions;
    let left = |found: &countersign_pipeline::history::AnnotationVersion| {
        found.annotation.as_ref().map(|mark| match mark.shape {
            Shape::Box { x, .. } => x,
            _ => panic!("a box"),
        })
    };
    assert_eq!(versions.iter().map(left).collect::<Vec<_>>(), [Some(3.0), Some(7.0)]);
    assert_eq!(versions.iter().map(|found| found.version).collect::<Vec<_>>(), [1, 2]);
    assert!(
        versions.iter().all(|found| found.author_name.as_deref() == Some("Test annotator@p")),
        "{versions:?}"
    );
    let gone = pipeline.history(&annotator, first, other).await.unwrap().versions;
    assert_eq!(gone.iter().map(left).collect::<Vec<_>>(), [Some(30.0), None]);

    let reviewer = house.sign_in("reviewer@p").await;
    let refused = pipeline.history(&reviewer, first, mark).await.unwrap_err();
    assert_eq!(code(&refused), "not_found", "a draft is its author's alone");
    pipeline.submit(&annotator, task, fence, 3, vec![]).await.unwrap();
    let work = claim(&house, &reviewer, project).await;
    let copy = work.read.unwrap().summary.id;
    pipeline.save(&reviewer, copy, work.task.fence, 0, vec![draw(1, 9.0)]).await.unwrap();
    let versions = pipeline.history(&reviewer, copy, mark).await.unwrap().versions;
    assert_eq!(versions.iter().map(left).collect::<Vec<_>>(), [Some(3.0), Some(7.0), Some(9.0)]);
    assert_eq!(versions.iter().map(|found| found.read).collect::<Vec<_>>(), [first, first, copy]);
    let refused = pipeline.history(&annotator, copy, mark).await.unwrap_err();
    assert_eq!(code(&refused), "not_found", "nor may the author look into the reviewer's draft");
}
