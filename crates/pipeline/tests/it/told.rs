//! Whoever could audit an item and is told by a figure what was wrong with it has been told: nobody judges it blind after that.

use countersign_model::Role;
use countersign_pipeline::{
    agreement::{AgreementFigure, Behind},
    behind::{BehindQuery, Part},
    people::Caller,
    vendors::{Question, VendorFigure},
};
use countersign_store::certifications;
use countersign_workflow::AdjudicateDecision;

use crate::double::{STAGES, Team, mark};

const ALL: BehindQuery = BehindQuery { part: Part::All, from: 0, limit: None };

/// Somebody who could audit, and knows nothing yet.
async fn engineer(team: &Team, number: u32) -> Caller {
    let login = format!("engineer{number}@p");
    let user = team.house.person(&login).await;
    let owner = team.house.sign_in("owner@p").await;
    team.house.pipeline.grant(&owner, team.project, user, Role::QualityEngineer).await.unwrap();
    team.house.sign_in(&login).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_figure_says_of_labels_is_kept_as_told() {
    let team = Team::new(1, STAGES).await;
    let item = team.read_twice(None, &[(3.0, "person")], &[(3.0, "object")]).await;
    let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
    team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![mark(3.0, "object")]).await;
    team.sign(&team.specialists[0], item).await;
    let (pipeline, project) = (&team.house.pipeline, team.project);
    pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    let knows = async |who: &Caller| {
        let mut conn = pipeline.store.read().await.unwrap();
        certifications::knows_labels(&mut conn, who.user(), item).await.unwrap()
    };

    let who = engineer(&team, 1).await;
    assert!(!knows(&who).await);
    let report = pipeline.agreement(&who, project).await.unwrap();
    assert_eq!(report.confusion[0].examples, [item]);
    assert!(knows(&who).await, "named as an example of two names for one thing");

    let who = engineer(&team, 2).await;
    let asked = Behind { figure: AgreementFigure::Agreed, ..Behind::default() };
    assert_eq!(pipeline.agreement_items(&who, project, asked, ALL).await.unwrap().items.len(), 1);
    assert!(knows(&who).await, "listed as one on which readers differ");

    let who = engineer(&team, 3).await;
    let own = pipeline.vendors(&who, project, Question::default()).await.unwrap().organizations.remove(0);
    let of = (project, own.organization.id);
    let listed = pipeline.vendor_items(&who, of, (VendorFigure::Turnaround, vec![]), ALL).await.unwrap();
    assert!(!listed.items.is_empty() && !knows(&who).await, "how long it took says nothing of its labels");

    let who = engineer(&team, 4).await;
    let streams = pipeline.monitor(&who, project).await.unwrap().streams;
    let stream = streams.iter().find(|one| one.checked > 0 && one.stream != "time").unwrap();
    assert!(!knows(&who).await, "the streams name no item");
    let checks = pipeline.monitor_items(&who, (project, stream.user), Some(stream.stream.clone()), ALL);
    assert_eq!(checks.await.unwrap().items[0].item, item);
    assert!(knows(&who).await, "listed as a check that found something or nothing");
}
