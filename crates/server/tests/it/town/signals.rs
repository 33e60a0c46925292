//! What speaks up about the quality of work: an alarm about a person, a ticket about a guideline; and a vendor.

use countersign_model::{DoubtId, ItemId, LabelSearchId, ReadId, Role, UserId};
use countersign_pipeline::{
    organizations::{OrganizationDraft, OrganizationKind},
    people::UserDraft,
};
use countersign_store::{Actor, Evidence, Json, StoreError, label_errors, monitoring, tickets, vendors};
use uuid::Uuid;

use super::Town;
use crate::house::{PASSWORD, Who};

impl Town {
    /// A guideline ticket that nobody closed.
    pub(super) async fn ticket(&mut self) {
        let project = self.images;
        let store = self.house.pipeline.store.clone();
        let id = store.write::<_, StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let id: countersign_model::TicketId = tx.fresh();
                let ticket = tickets::Ticket {
                    id,
                    project_id: project,
                    cause: "pair".into(),
                    stream: "review".into(),
                    first_class: Some("object".into()),
                    second_class: Some("person".into()),
                    state: "open".into(),
                    marks: 9,
                    expected: Some(1.0),
                    chance: Some(0.001),
                    people: 3,
                    active: 4,
                    examples: Json(Vec::new()),
                    before_both: 9,
                    before_either: 20,
                    after_both: 0,
                    after_either: 0,
                    opened_at: tx.now(),
                    closed_at: None,
                    closed_by: None,
                    guideline_id: None,
                    reason: None,
                };
                tickets::insert(tx, ticket).await?;
                tx.record(Evidence::new("ticket.opened", "ticket", id.uuid()).project(project))?;
                Ok(id)
            })
        });
        self.ids.insert("ticket", id.await.unwrap().to_string());
    }

    /// A search for wrong labels that is through, with a doubt that nobody decided.
    pub(super) async fn doubt(&mut self) {
        let (project, user) = (self.images, UserId(self.annotator));
        let item = ItemId(self.ids["item"].parse::<Uuid>().unwrap());
        let store = self.house.pipeline.store.clone();
        let id = store.write::<_, StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let (search, id): (LabelSearchId, DoubtId) = (tx.fresh(), tx.fresh());
                let at = tx.now();
                label_errors::begin(
                    tx,
                    label_errors::LabelSearch {
                        id: search,
                        project_id: project,
                        state: "done".into(),
                        items: 1,
                        looked: 1,
                        compared: 1,
                        found: 1,
                        started_by: user,
                        started_at: at,
                        ended_at: Some(at),
                        bars: None,
                    },
                )
                .await?;
                let doubt = label_errors::Doubt {
                    id,
                    search_id: search,
                    project_id: project,
                    item_id: item,
                    read_id: ReadId(Uuid::nil()),
                    kind: "missing".into(),
                    rank: 1,
                    weight: 0.9,
                    source: "model".into(),
                    subject: "missing:-:-".into(),
                    annotation_id: None,
                    class: None,
                    predicted_class: Some("object".into()),
                    stream: Some(0),
                    frame: Some(0),
                    x: Some(3.0),
                    y: Some(4.0),
                    state: "open".into(),
                    decided_by: None,
                    decided_at: None,
                    comment: None,
                    choices: None,
                    predicted_choices: None,
                };
                label_errors::keep(tx, vec![doubt]).await?;
                tx.record(
                    Evidence::new("label_search.done", "label_search", search.uuid()).project(project),
                )?;
                Ok(id)
            })
        });
        self.ids.insert("doubt", id.await.unwrap().to_string());
    }

    /// An alarm about the annotator's work that nobody decided.
    pub(super) async fn alarm(&mut self) {
        let (project, user) = (self.images, countersign_model::UserId(self.annotator));
        let store = self.house.pipeline.store.clone();
        let id = store.write::<_, StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let id: countersign_model::AlarmId = tx.fresh();
                let alarm = monitoring::Alarm {
                    id,
                    project_id: project,
                    user_id: user,
                    stream: "review".into(),
                    state: "open".into(),
                    number: 1,
                    since_number: 1,
                    since_at: tx.now(),
                    evidence: 5_000.0,
                    run_length: 5_000.0,
                    patterns: "[]".into(),
                    raised_at: tx.now(),
                    appeal: None,
                    appealed_at: None,
                    decided_by: None,
                    decided_at: None,
                    reason: None,
                };
                monitoring::insert_alarm(tx, alarm).await?;
                tx.record(Evidence::new("alarm.raised", "alarm", id.uuid()).project(project))?;
                Ok(id)
            })
        });
        self.ids.insert("alarm", id.await.unwrap().to_string());
    }

    /// A vendor with somebody who reads and reviews, and an empty drawing among vendors.
    pub(super) async fn vendor(&mut self) {
        let (project, now) = (self.images, countersign_model::Clock::now(&*self.clock));
        let draft = OrganizationDraft {
            name: "Vendor".into(),
            kind: OrganizationKind::Vendor,
            contract_from: Some(now),
            contract_until: Some(now.plus_seconds(86_400)),
            reason: "signed".into(),
        };
        let pipeline = self.house.pipeline.clone();
        let vendor = pipeline.make_organization(self.caller("root"), draft).await.unwrap().id;
        let draft = UserDraft {
            login: "vendor".into(),
            printed_name: "Reader of a vendor".into(),
            password: Some(PASSWORD.into()),
            system_roles: vec![],
        };
        let user = pipeline.make_user(self.caller("root"), draft, Some(vendor)).await.unwrap().user.id;
        for role in [Role::Annotator, Role::Reviewer] {
            pipeline.grant(self.caller("owner"), project, user, role).await.unwrap();
        }
        let secret = self.house.session("vendor").await;
        self.callers.insert("vendor".into(), self.house.caller(&secret).await);
        // Not last: what others make for the walk, the owner's token takes away.
        self.people.insert(1, ("vendor".into(), Who::Session(secret)));
        let made = pipeline.store.write::<_, StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                let mix = vendors::Mix {
                    id: tx.fresh(),
                    project_id: project,
                    organizations: Json(vec![vendor]),
                    seed: "00".repeat(32),
                    items: 0,
                    overlap: 0,
                    reason: "none waits".into(),
                    made_by: None,
                    made_at: tx.now(),
                };
                let id = mix.id;
                vendors::insert_mix(tx, mix, Vec::new()).await?;
                tx.record(Evidence::new("mix.drawn", "mix", id.uuid()).project(project))?;
                Ok(id)
            })
        });
        self.ids.insert("mix", made.await.unwrap().to_string());
        self.ids.insert("organization", vendor.to_string());
    }
}
