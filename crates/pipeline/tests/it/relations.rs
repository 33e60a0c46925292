//! Relations between objects: what is refused, that an object takes its relations along, and that they reach whoever comes next
//! and the release.

use countersign_model::{AnnotationId, Arrangement, FrameRef, ProjectId, Relation, RelationType, Shape};
use countersign_pipeline::{
    PipelineError,
    ontology::OntologyOperation,
    people::Caller,
    release::Selection,
    signing::Components,
    views::Work,
    work::{AnnotationInput, Change, Wish},
};
use uuid::Uuid;

use crate::{
    harness::{House, PASSWORD},
    ontology::{draft, in_force},
    releases::{Crew, code, ingest, member, package, png},
};

fn id(n: u128) -> AnnotationId {
    AnnotationId(Uuid::from_u128(n))
}

fn kind(id: &str) -> RelationType {
    RelationType {
        id: id.into(),
        name: id.replace('_', " "),
        directed: true,
        from: vec![],
        to: vec![],
        retired: false,
    }
}

/// An object with relations: id of the relation, type, to.
fn related(n: u128, class: &str, relations: &[(u128, &str, u128)]) -> Change {
    let relations = relations
        .iter()
        .map(|(relation, kind, to)| Relation {
            id: Uuid::from_u128(0xf000 + relation),
            kind: (*kind).to_owned(),
            to: id(*to),
        })
        .collect();
    Change::Put {
        annotation: AnnotationInput {
            id: id(n),
            class: class.into(),
            frame: Some(FrameRef { stream: 0, index: 0 }),
            shape: Shape::Box { x: n as f64, y: 2.0, w: 6.0, h: 5.0 },
            attributes: Default::default(),
            arrangement: Box::new(Arrangement { relations, ..Default::default() }),
            unclear: None,
        },
    }
}

fn plain(n: u128) -> Change {
    related(n, "object", &[])
}

/// A project of one image whose classes are `object` and `wheel`, with four types of relations.
async fn garage(house: &House) -> (Crew, ProjectId) {
    let project = house.project("p", "images").await;
    let crew = Crew::of(house, "p", "reviewer").await;
    let before = in_force(house, project).await;
    let mut wheel = before.classes.iter().find(|class| class.id == "object").unwrap().clone();
    wheel.id = "wheel".into();
    let part = RelationType { from: vec!["wheel".into()], to: vec!["object".into()], ..kind("part_of") };
    let beside = RelationType { directed: false, ..kind("beside") };
    let operations = vec![
        OntologyOperation::Add { class: wheel },
        OntologyOperation::AddRelation { relation: part },
        OntologyOperation::AddRelation { relation: beside },
        OntologyOperation::AddRelation { relation: kind("behind") },
        OntologyOperation::RenameRelation { relation: "behind".into(), name: "stands behind".into() },
    ];
    let made = house.pipeline.change_ontology(&crew.owner, project, before.version, draft(operations)).await;
    assert_eq!(made.unwrap().version, before.version + 1);
    let names: Vec<_> = in_force(house, project).await.relations.into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["part of", "beside", "stands behind"]);
    ingest(house, project, "p", &[("a.png".into(), png(64, 48, 1))]).await;
    (crew, project)
}

struct Draft<'a> {
    house: &'a House,
    caller: &'a Caller,
    work: Work,
    revision: u64,
}

impl Draft<'_> {
    async fn save(&mut self, changes: Vec<Change>) -> Result<(), (String, String)> {
        let read = self.work.read.as_ref().unwrap().summary.id;
        let pipeline = &self.house.pipeline;
        match pipeline.save(self.caller, read, self.work.task.fence, self.revision, changes).await {
            Ok(saved) => {
                self.revision = saved.revision;
                Ok(())
            }
            Err(PipelineError::BadInput { code, place, .. }) => Err((code.to_owned(), place)),
            Err(error) => Err((code(&error), String::new())),
        }
    }
}

async fn claim<'a>(house: &'a House, caller: &'a Caller, project: ProjectId) -> Draft<'a> {
    let work = house.pipeline.claim(caller, project, Wish::default()).await.unwrap();
    let revision = work.read.as_ref().unwrap().revision;
    Draft { house, caller, work, revision }
}

fn refused(code: &str, place: &str) -> Result<(), (String, String)> {
    Err((code.to_owned(), place.to_owned()))
}

fn gone(n: u128) -> Change {
    Change::Remove { id: id(n) }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_relation_is_refused_at_its_change_and_nothing_of_the_save_is_kept() {
    let house = House::new().await;
    let (crew, project) = garage(&house).await;
    let mut read = claim(&house, &crew.annotator, project).await;
    // Both ends may come with one save, whichever is named first.
    let both = vec![related(2, "wheel", &[(1, "part_of", 1)]), plain(1), plain(3)];
    assert_eq!(read.save(both).await, Ok(()));
    let cases = [
        (vec![plain(4), related(3, "object", &[(2, "above", 1)])], "unknown_relation", "changes[1]"),
        (vec![related(3, "object", &[(2, "behind", 3)])], "relation_to_itself", "changes[0]"),
        (vec![related(3, "object", &[(2, "behind", 9)])], "relation_object_missing", "changes[0]"),
        (vec![related(3, "object", &[(2, "part_of", 1)])], "relation_class", "changes[0]"),
        (vec![related(1, "wheel", &[])], "relation_class", "changes"),
        (vec![related(3, "object", &[(1, "behind", 1)])], "relation_twice", "changes[0]"),
        (vec![related(3, "object", &[(2, "behind", 1), (3, "behind", 1)])], "relation_twice", "changes[0]"),
        (
            vec![related(1, "object", &[(2, "beside", 3)]), related(3, "object", &[(3, "beside", 1)])],
            "relation_twice",
            "changes[1]",
        ),
        // An object that a relation leads to is not taken out alone.
        (vec![gone(1)], "relation_object_missing", "changes[0]"),
    ];
    for (changes, code, place) in cases {
        assert_eq!(read.save(changes).await, refused(code, place), "{code}");
    }
    let many: Vec<_> = (0..10_001).map(|n| (n + 10, "behind", 1)).collect();
    assert_eq!(read.save(vec![related(3, "object", &many)]).await, refused("too_many_relations", "changes"));
    assert_eq!(read.revision, 1);

    // There and back: directed the other way is another relation; then the object goes and takes both along.
    let back = vec![related(1, "object", &[(2, "behind", 3)]), related(3, "object", &[(3, "behind", 1)])];
    assert_eq!(read.save(back).await, Ok(()));
    assert_eq!(read.save(vec![related(2, "wheel", &[]), plain(3), gone(1)]).await, Ok(()));
    // Undo: it comes back with what it had, in one save.
    let undone = vec![
        related(1, "object", &[(2, "behind", 3)]),
        related(2, "wheel", &[(1, "part_of", 1)]),
        related(3, "object", &[(3, "behind", 1)]),
    ];
    assert_eq!(read.save(undone).await, Ok(()));
    let held = house.pipeline.removed(&crew.annotator, read.work.read.as_ref().unwrap().summary.id).await;
    assert!(held.unwrap().removed.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn relations_are_signed_reviewed_and_released_and_a_retired_type_stays_where_it_is() {
    let house = House::new().await;
    let (crew, project) = garage(&house).await;
    let mut read = claim(&house, &crew.annotator, project).await;
    let drawn = vec![plain(1), related(2, "wheel", &[(1, "part_of", 1)])];
    assert_eq!(read.save(drawn).await, Ok(()));
    let (task, fence) = (read.work.task.id, read.work.task.fence);
    house.pipeline.submit(&crew.annotator, task, fence, read.revision, vec![]).await.unwrap();

    // Whoever reviews it has it, and may take it away or draw more.
    let mut review = claim(&house, &crew.reviewer, project).await;
    let copy = review.work.read.as_ref().unwrap();
    let of = |n: u128| {
        let mark = copy.annotations.iter().find(|mark| mark.id == id(n)).unwrap();
        mark.arrangement.relations.iter().map(|one| (one.kind.clone(), one.to)).collect::<Vec<_>>()
    };
    assert_eq!((of(1), of(2)), (vec![], vec![("part_of".into(), id(1))]));
    assert_eq!(review.save(vec![gone(1)]).await, refused("relation_object_missing", "changes[0]"));
    house.pipeline.give_back(&crew.reviewer, review.work.task.id, review.work.task.fence).await.unwrap();

    crew.finish(&house, project).await;
    let signed = Some(Components::from(PASSWORD));
    let made = house
        .pipeline
        .make_release_signed(&crew.scientist, project, "first", Selection::AllAccepted, signed)
        .await
        .unwrap();
    let bytes = package(&house, &crew.scientist, made.id).await;
    let text = |name: &str| String::from_utf8(member(&bytes, name)).unwrap();
    let native = text("annotations.jsonl");
    let to = format!(
        "\"relations\":[{{\"id\":\"{}\",\"to\":\"{}\",\"type\":\"part_of\"}}]",
        Uuid::from_u128(0xf001),
        id(1)
    );
    assert_eq!(native.matches(&to).count(), 1, "{native}");
    assert!(text("FORMATS.txt").contains("no form\n                   for relations"));
    assert!(text("protocol.json").contains("part_of"));
    assert_eq!(made.root, Some(house.pipeline.recompute_release_root(made.id).await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn types_follow_their_classes_and_no_id_is_given_twice() {
    let house = House::new().await;
    let (crew, project) = garage(&house).await;
    let before = in_force(&house, project).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let tried = |operations| pipeline.try_ontology(owner, project, operations);
    let missing = RelationType { from: vec!["nothing".into()], ..kind("on") };
    let spaced = RelationType { id: "part of".into(), ..kind("on") };
    let cases = [
        OntologyOperation::AddRelation { relation: kind("behind") },
        OntologyOperation::AddRelation { relation: missing },
        OntologyOperation::AddRelation { relation: spaced },
        OntologyOperation::AddRelation { relation: RelationType { name: " ".into(), ..kind("on") } },
        OntologyOperation::RenameRelation { relation: "behind".into(), name: " ".into() },
        OntologyOperation::RenameRelation { relation: "above".into(), name: "above".into() },
        OntologyOperation::RetireRelation { relation: "above".into() },
    ];
    for operation in cases {
        let said = format!("{operation:?}");
        assert_eq!(code(&tried(vec![operation]).await.unwrap_err()), "bad_ontology", "{said}");
    }
    let mut tyre = before.classes.iter().find(|class| class.id == "wheel").unwrap().clone();
    tyre.id = "tyre".into();
    let operations = vec![
        OntologyOperation::Add { class: tyre },
        OntologyOperation::Merge { classes: vec!["wheel".into()], into: "tyre".into() },
        OntologyOperation::RetireRelation { relation: "behind".into() },
    ];
    pipeline.change_ontology(owner, project, before.version, draft(operations)).await.unwrap();
    let after = in_force(&house, project).await;
    assert_eq!(after.relation("part_of").unwrap().from, ["wheel", "tyre"]);
    assert!(after.relation("behind").unwrap().retired);
    let again = vec![OntologyOperation::AddRelation { relation: kind("behind") }];
    assert_eq!(code(&tried(again).await.unwrap_err()), "bad_ontology");
    let again = vec![OntologyOperation::RetireRelation { relation: "behind".into() }];
    assert_eq!(code(&tried(again).await.unwrap_err()), "bad_ontology");
}
