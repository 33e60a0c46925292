//! Two vendors: what their people may do, when their contracts end, what they are given, and what it is worth.

use std::{collections::BTreeSet, sync::Arc};

use countersign_model::{Clock, Instant, ItemId, OrganizationId, ProjectId, Role, UserId};
use countersign_pipeline::{
    PipelineError, Result,
    adjudicate::Ruling,
    behind::BehindQuery,
    items::ItemQuery,
    organizations::{ContractState, OrganizationChange, OrganizationDraft, OrganizationKind},
    people::{Caller, UserDraft},
    vendors::{MixDraft, MixView, Question, VendorFigure, VendorReport, VendorView},
    views::Work,
    work::Wish,
};
use countersign_store::{Actor, Evidence, certifications, items, reads, tasks, vendors};
use countersign_workflow::AdjudicateDecision;

use crate::{
    behind::scorecard_adds_up,
    double::{code, document, mark},
    harness::{House, PASSWORD},
    releases::{ingest, png},
};

const STAGES: &str = r#"
stages:
  - { id: read, title: Read, kind: read, role: annotator, readers: 2, readers_min: 1, ai_visibility: never }
  - { id: compare, title: Comparison, kind: compare, merge: one }
  - { id: adjudicate, title: Adjudication, kind: adjudicate, role: reviewer, ai_visibility: never }
"#;
const DAY: i64 = 86_400;

struct Vendors {
    house: House,
    project: ProjectId,
    owner: Caller,
    root: Caller,
    organizations: [OrganizationId; 2],
    /// Two people of each.
    people: [[UserId; 2]; 2],
}

fn login(vendor: usize, person: usize) -> String {
    format!("{}{person}", ["x", "y"][vendor])
}

impl Vendors {
    async fn new(house: House, images: u32) -> Self {
        let project = house.project("p", "images").await;
        let owner = house.sign_in("owner@p").await;
        house.pipeline.activate_protocol(&owner, project, 1, &document(STAGES), PASSWORD).await.unwrap();
        let draft = UserDraft {
            login: "root".into(),
            printed_name: "Root".into(),
            password: Some(PASSWORD.into()),
            system_roles: vec![Role::Owner],
        };
        house.pipeline.make_user_as(Actor::system(), draft).await.unwrap();
        let root = house.sign_in("root").await;
        let now = house.clock.now();
        let (mut organizations, mut people) = (Vec::new(), Vec::new());
        for vendor in 0..2 {
            let made = OrganizationDraft {
                name: format!("Vendor {}", ["X", "Y"][vendor]),
                kind: OrganizationKind::Vendor,
                contract_from: Some(now.plus_seconds(-DAY)),
                contract_until: Some(now.plus_seconds(40 * DAY)),
                reason: "signed".into(),
            };
            let made = house.pipeline.make_organization(&root, made).await.unwrap();
            assert_eq!(made.contract, ContractState::Valid);
            let mut members = Vec::new();
            for person in 0..2 {
                let draft = UserDraft {
                    login: login(vendor, person),
                    printed_name: format!("Reader {person} of {vendor}"),
                    password: Some(PASSWORD.into()),
                    system_roles: vec![],
                };
                let user = house.pipeline.make_user(&root, draft, Some(made.id)).await.unwrap().user.id;
                house.pipeline.grant(&owner, project, user, Role::Annotator).await.unwrap();
                members.push(user);
            }
            organizations.push(made.id);
            people.push(members.try_into().unwrap());
        }
        let files: Vec<_> = (0..images).map(|n| (format!("{n}.png"), png(64 + n, 48, n + 1))).collect();
        ingest(&house, project, "p", &files).await;
        Self {
            house,
            project,
            owner,
            root,
            organizations: organizations.try_into().unwrap(),
            people: people.try_into().unwrap(),
        }
    }

    async fn reader(&self, vendor: usize, person: usize) -> Caller {
        self.house.sign_in(&login(vendor, person)).await
    }

    async fn claim(&self, caller: &Caller, item: Option<ItemId>) -> Result<Work> {
        self.house.pipeline.claim(caller, self.project, Wish { item, ..Wish::default() }).await
    }

    async fn submit(&self, caller: &Caller, work: &Work, boxes: &[(f64, &str)]) {
        let revision = work.read.as_ref().unwrap().revision;
        let changes = boxes.iter().map(|(x, class)| mark(*x, class)).collect();
        let done = self.house.pipeline.submit(caller, work.task.id, work.task.fence, revision, changes);
        done.await.unwrap();
    }

    async fn drain(&self) {
        self.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    }

    async fn draw(&self, overlap: u64) -> Result<MixView> {
        let draft = MixDraft {
            organizations: self.organizations.to_vec(),
            items: None,
            count: None,
            overlap,
            reason: "to compare them".into(),
        };
        self.house.pipeline.draw_mix(&self.owner, self.project, draft).await
    }

    async fn report(&self, critical: &[&str]) -> VendorReport {
        let critical = critical.iter().map(|class| (*class).to_owned()).collect();
        let question = Question { critical, ..Question::default() };
        self.house.pipeline.vendors(&self.owner, self.project, question).await.unwrap()
    }

    async fn payment(&self, vendor: usize) -> Vec<String> {
        let (now, organization) = (self.house.clock.now(), self.organizations[vendor]);
        let (from, until) = (now.plus_seconds(-50 * DAY), now.plus_seconds(DAY));
        let file = self.house.pipeline.payment(&self.owner, self.project, organization, from, until);
        file.await.unwrap().lines().skip(1).map(ToOwned::to_owned).collect()
    }

    async fn events(&self, action: &str) -> u64 {
        let mut conn = self.house.pipeline.store.read().await.unwrap();
        let found = conn.query("SELECT COUNT(*) AS n FROM events WHERE action = $1").bind(action);
        found.fetch_one().await.unwrap().get("n").unwrap()
    }

    async fn change(&self, vendor: usize, until: Instant) {
        let change = OrganizationChange {
            name: format!("Vendor {vendor}"),
            contract_from: Some(Instant(1)),
            contract_until: Some(until),
            reason: "a new contract".into(),
        };
        let id = self.organizations[vendor];
        self.house.pipeline.change_organization(&self.root, id, change).await.unwrap();
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    code(&outcome.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_from_a_vendor_reads_and_sees_nothing_else() {
    let world = Vendors::new(House::new().await, 2).await;
    let (pipeline, project) = (&world.house.pipeline, world.project);
    let x = world.reader(0, 0).await;
    for role in Role::ALL.iter().filter(|role| !matches!(role, Role::Annotator | Role::Reviewer)) {
        let granted = pipeline.grant(&world.owner, project, world.people[0][0], *role).await;
        assert_eq!(refused(granted), "not_for_vendors", "{role}");
    }
    let draft = UserDraft {
        login: "boss".into(),
        printed_name: "Boss".into(),
        password: None,
        system_roles: vec![Role::Auditor],
    };
    let made = pipeline.make_user(&world.root, draft, Some(world.organizations[0])).await;
    assert_eq!(refused(made), "not_for_vendors");
    assert_eq!(refused(pipeline.make_token(&x, "mirror", None).await), "not_for_vendors");
    pipeline.grant(&world.owner, project, world.people[0][0], Role::Reviewer).await.unwrap();
    let reviewer = world.reader(0, 0).await;
    assert_eq!(refused(pipeline.users(&reviewer).await), "not_found");
    assert_eq!(refused(pipeline.organizations(&reviewer).await), "not_found");
    assert_eq!(refused(pipeline.grants(&reviewer, project).await), "not_found");
    assert_eq!(refused(pipeline.releases(&reviewer, project).await), "not_found");
    assert_eq!(refused(pipeline.tiers(&reviewer, project).await), "not_found");
    assert_eq!(refused(pipeline.mixes(&reviewer, project).await), "not_found");
    assert_eq!(refused(pipeline.vendors(&reviewer, project, Question::default()).await), "not_found");
    let seen = pipeline.project(&reviewer, project).await.unwrap();
    assert!(seen.counts.by_phase.is_empty() && seen.counts.by_stage.is_empty());
    // Own staff with the same role lists items; somebody of a vendor lists their own.
    let listed = pipeline.items(&reviewer, project, ItemQuery::default()).await.unwrap();
    assert!(listed.items.is_empty());
    let work = world.claim(&x, None).await.unwrap();
    world.submit(&x, &work, &[(3.0, "object")]).await;
    let listed = pipeline.items(&reviewer, project, ItemQuery::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|item| item.id).collect::<Vec<_>>(), [work.item.id]);
    // An owner who is moved to a vendor is refused, a reader loses sessions and what they hold.
    let annotator = world.house.sign_in("annotator@p").await;
    let held = world.claim(&annotator, None).await.unwrap();
    let (to, user) = (world.organizations[1], annotator.user());
    let owner = pipeline.move_member(&world.root, world.owner.user(), to, "sold".into()).await;
    assert_eq!(refused(owner), "not_for_vendors");
    let moved = pipeline.move_member(&world.root, user, to, "sold".into()).await.unwrap();
    assert_eq!(moved.organization, to);
    let mut conn = pipeline.store.read().await.unwrap();
    assert_eq!(tasks::by_id(&mut conn, held.task.id).await.unwrap().unwrap().state, "ready");
}

async fn contract_ends(house: House) {
    let world = Vendors::new(house, 2).await;
    let (pipeline, clock) = (&world.house.pipeline, &world.house.clock);
    world.drain().await;
    assert_eq!(world.events("contract.ending").await, 0);
    for (days, said) in [(11, 2), (23, 4), (5, 6)] {
        clock.forward(days * DAY + 20);
        world.drain().await;
        assert_eq!(world.events("contract.ending").await, said, "30, 7 and 1 days before, of each");
    }
    let (x, y) = (world.reader(0, 0).await, world.reader(1, 0).await);
    // Y's contract ends at noon, X's is made longer.
    world.change(0, clock.now().plus_seconds(90 * DAY)).await;
    let noon = clock.now().plus_seconds(600);
    world.change(1, noon).await;
    let (x, y) = (world.house.sign_in(&x.login).await, world.house.sign_in(&y.login).await);
    let work = world.claim(&y, None).await.unwrap();
    let (task, fence, read) = (work.task.id, work.task.fence, work.read.unwrap().summary.id);
    pipeline.save(&y, read, fence, 0, vec![mark(3.0, "object")]).await.unwrap();
    clock.forward(599);
    pipeline.renew(&y, task, fence).await.unwrap();
    clock.forward(2);
    assert_eq!(
        refused(pipeline.save(&y, read, fence, 1, vec![mark(30.0, "object")]).await),
        "contract_not_valid"
    );
    assert_eq!(refused(pipeline.submit(&y, task, fence, 1, vec![]).await), "contract_not_valid");
    assert_eq!(refused(pipeline.renew(&y, task, fence).await), "contract_not_valid");
    assert_eq!(refused(world.claim(&y, None).await), "contract_not_valid");
    let again = world.house.sign_in(&y.login).await;
    assert_eq!(again.organization.contract, ContractState::Ended);
    assert_eq!(refused(world.claim(&again, None).await), "contract_not_valid");
    assert_eq!(refused(pipeline.project(&again, world.project).await), "not_found");
    let waits = pipeline.home(&again).await.unwrap().cards;
    assert!(waits.iter().all(|card| card.kind != "continue" && card.count == 0), "{waits:?}");
    // Within a minute others can have the task, and what was saved is kept.
    clock.forward(30);
    world.drain().await;
    assert_eq!(world.events("contract.ended").await, 1, "the longer contract of X goes on");
    let mut conn = pipeline.store.read().await.unwrap();
    assert_eq!(tasks::by_id(&mut conn, task).await.unwrap().unwrap().state, "ready");
    assert_eq!(reads::by_id(&mut conn, read).await.unwrap().unwrap().annotation_count, 1);
    drop(conn);
    assert_eq!(world.claim(&x, Some(work.item.id)).await.unwrap().item.id, work.item.id);
    // With a new contract they go on.
    world.change(1, clock.now().plus_seconds(DAY)).await;
    let back = world.house.sign_in(&y.login).await;
    world.claim(&back, None).await.unwrap();
    // Ended by hand, leases end in the same write.
    world.change(1, clock.now()).await;
    let mut conn = pipeline.store.read().await.unwrap();
    assert!(tasks::leased_by(&mut conn, back.user(), clock.now()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_contract_takes_the_work_back_and_keeps_what_was_saved() {
    contract_ends(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_contract_takes_the_work_back_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    contract_ends(house).await;
}

/// Reads everything that somebody is given; on `wrong` of the items, by their order, the mark is of another class.
async fn read_all(world: &Vendors, caller: &Caller, wrong: &BTreeSet<ItemId>) -> BTreeSet<ItemId> {
    let mut items = BTreeSet::new();
    while let Ok(work) = world.claim(caller, None).await {
        assert!(items.insert(work.item.id));
        let class = if wrong.contains(&work.item.id) { "person" } else { "object" };
        world.submit(caller, &work, &[(3.0, class)]).await;
    }
    items
}

async fn given(world: &Vendors, vendor: usize) -> BTreeSet<ItemId> {
    let mut conn = world.house.pipeline.store.read().await.unwrap();
    let sql = "SELECT item_id FROM assignments WHERE organization_id = $1";
    let rows = conn.query(sql).bind(world.organizations[vendor]).fetch_all().await.unwrap();
    rows.iter().map(|row| row.get("item_id").unwrap()).collect()
}

async fn divided(house: House) {
    let world = Vendors::new(house, 10).await;
    let pipeline = &world.house.pipeline;
    assert_eq!(refused(world.draw(11).await), "bad_mix");
    let mix = world.draw(4).await.unwrap();
    assert_eq!((mix.items, mix.overlap, mix.shares.len()), (10, 4, 2));
    assert!(mix.shares.iter().all(|share| share.given == 7 && share.read == 0));
    assert_eq!(refused(world.draw(0).await), "nothing_waits");
    let (of_x, of_y) = (given(&world, 0).await, given(&world, 1).await);
    let shared: Vec<ItemId> = of_x.intersection(&of_y).copied().collect();
    assert_eq!((of_x.len(), of_y.len(), shared.len()), (7, 7, 4));
    // No two people of one vendor read the same item, and nobody else takes what is given.
    let (x0, x1, y0) = (world.reader(0, 0).await, world.reader(0, 1).await, world.reader(1, 0).await);
    let work = world.claim(&x0, Some(shared[0])).await.unwrap();
    assert!(world.claim(&x1, Some(shared[0])).await.is_err());
    assert!(world.claim(&y0, of_x.difference(&of_y).next().copied()).await.is_err());
    let own = world.house.sign_in("annotator@p").await;
    assert_eq!(refused(world.claim(&own, None).await), "nothing_to_do");
    world.submit(&x0, &work, &[(3.0, "object")]).await;
    assert!(world.claim(&x1, Some(shared[0])).await.is_err(), "their vendor has read it");
    // Y errs on one shared item; what they hand in is what they were given.
    let wrong: BTreeSet<ItemId> = [shared[1]].into();
    let mut read_by_x = read_all(&world, &x0, &BTreeSet::new()).await;
    read_by_x.insert(shared[0]);
    assert_eq!(read_by_x, of_x);
    let home = pipeline.home(&x1).await.unwrap();
    assert!(home.cards.iter().all(|card| card.count == 0), "the counts are those of what can be claimed");
    assert_eq!(read_all(&world, &y0, &wrong).await, of_y);
    world.drain().await;
    // People of a vendor are not shown what another one drew, whatever their role.
    pipeline.grant(&world.owner, world.project, world.people[1][1], Role::Reviewer).await.unwrap();
    let reviews_for_y = world.reader(1, 1).await;
    assert!(world.claim(&reviews_for_y, None).await.is_err());
    decide(&world, shared[1]).await;
    world.drain().await;
    let report = world.report(&[]).await;
    let figures: Vec<_> =
        report.organizations.iter().map(|o| (o.items, o.critical.count, o.critical.of)).collect();
    // What only they read was looked at by nobody else: that it was accepted says nothing of their errors.
    assert_eq!(figures, [(7, 0, 4), (7, 1, 4)]);
    assert_eq!(report.organizations[1].critical_items[0].classes, ["object", "person"]);
    assert_eq!((report.compared[0].shared, report.compared[0].apart), (4, false));
    scorecard_adds_up(&world.house, world.project, &report).await;
    // Whoever is named an item with a critical error has been told of its labels.
    let engineer = world.house.sign_in("quality_engineer@p").await;
    let mut conn = pipeline.store.read().await.unwrap();
    assert!(!certifications::knows_labels(&mut conn, engineer.user(), shared[1]).await.unwrap());
    pipeline.vendors(&engineer, world.project, Question::default()).await.unwrap();
    assert!(certifications::knows_labels(&mut conn, engineer.user(), shared[1]).await.unwrap());
    drop(conn);
    let theirs = (VendorFigure::Critical, Vec::new());
    let list =
        pipeline.vendor_items(&y0, (world.project, world.organizations[1]), theirs, BehindQuery::default());
    assert_eq!(refused(list.await), "not_found");
    let other = world.report(&["nothing"]).await;
    assert_eq!(other.organizations[1].critical.count, 0, "only on classes that were asked for");
    // What is accepted is paid, what is recalled is not.
    assert_eq!((world.payment(0).await.len(), world.payment(1).await.len()), (7, 7));
    recall(&world, shared[0]).await;
    assert_eq!((world.payment(0).await.len(), world.payment(1).await.len()), (6, 6));
    assert_eq!(world.events("export.downloaded").await, 4);
    // Whoever read sees their own read alone, also of what is done.
    let seen = pipeline.item(&y0, shared[1]).await.unwrap();
    let authors: Vec<_> = seen.reads.iter().map(|read| read.author_name.clone()).collect();
    assert_eq!(authors, ["Reader 0 of 1"]);
    // Where somebody goes later changes nothing of whose work it was.
    let (person, other) = (x0.user(), world.organizations[1]);
    pipeline.move_member(&world.root, person, other, "hired away".into()).await.unwrap();
    assert_eq!((world.payment(0).await.len(), world.payment(1).await.len()), (6, 6));
    let report = world.report(&[]).await;
    assert_eq!(report.organizations.iter().map(|one| one.items).collect::<Vec<_>>(), [6, 6]);
}

/// Own staff decides for what X drew.
async fn decide(world: &Vendors, item: ItemId) {
    let reviewer = world.house.sign_in("reviewer@p").await;
    let work = world.claim(&reviewer, Some(item)).await.unwrap();
    let ruling =
        Ruling { decision: AdjudicateDecision::Decide, reason: Some("boundary".into()), comment: None };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    let changes = vec![mark(3.0, "object")];
    world.house.pipeline.adjudicate(&reviewer, task, fence, revision, changes, ruling).await.unwrap();
}

/// Takes an accepted item out of what is accepted, as a leak or a batch that is sent back does.
async fn recall(world: &Vendors, item: ItemId) {
    let store = world.house.pipeline.store.clone();
    let done = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            tx.query("UPDATE items SET state = 'recalled' WHERE id = $1").bind(item).execute().await?;
            tx.record(Evidence::new("test", "item", item.uuid()))?;
            Ok(())
        })
    });
    done.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_divided_by_chance_and_read_apart() {
    divided(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_divided_by_chance_and_read_apart_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    divided(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendor_has_not_read_can_be_taken_back() {
    let world = Vendors::new(House::new().await, 4).await;
    let (pipeline, own) = (&world.house.pipeline, world.house.sign_in("annotator@p").await);
    let mix = world.draw(2).await.unwrap();
    let y = world.reader(1, 0).await;
    let work = world.claim(&y, None).await.unwrap();
    world.submit(&y, &work, &[(3.0, "object")]).await;
    assert_eq!(refused(world.claim(&own, None).await), "nothing_to_do");
    let refusal = pipeline.take_back(&world.owner, mix.id, world.organizations[1], " ".into()).await;
    assert_eq!(refused(refusal), "reason_required");
    let after =
        pipeline.take_back(&world.owner, mix.id, world.organizations[1], "late".into()).await.unwrap();
    let share = after[0].shares.iter().find(|share| share.organization == world.organizations[1]).unwrap();
    assert_eq!((share.given, share.read, share.taken_back), (3, 1, 2));
    world.claim(&own, None).await.unwrap();
}

/// 1,200 frames, 600 of which both read: X errs on 2 %, Y on 5 %. The rows are those that accepted items leave.
#[tokio::test(flavor = "multi_thread")]
async fn nine_hundred_items_of_each_tell_two_and_five_percent_apart() {
    let world = Vendors::new(House::new().await, 1).await;
    let (x, pipeline) = (world.reader(0, 0).await, &world.house.pipeline);
    let first = world.claim(&x, None).await.unwrap();
    world.submit(&x, &first, &[(3.0, "object")]).await;
    let (project, organizations, people) = (world.project, world.organizations, world.people);
    let read = pipeline.store.clone();
    let rows = read.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let item = items::by_id(tx, first.item.id).await?.unwrap();
            let read =
                reads::of_item(tx, item.id).await?.into_iter().find(|r| r.author_user.is_some()).unwrap();
            let mut number = [0_u32; 2];
            for n in 0..1_200_usize {
                let id: ItemId = tx.fresh();
                let row =
                    items::Item { id, group_key: format!("g{n}"), state: "accepted".into(), ..item.clone() };
                items::insert(tx, row).await?;
                for vendor in [0, 1] {
                    if n >= 600 && n % 2 != vendor {
                        continue;
                    }
                    let user = people[vendor][0];
                    let read =
                        reads::Read { id: tx.fresh(), item_id: id, author_user: Some(user), ..read.clone() };
                    let read_id = read.id;
                    reads::insert(tx, read).await?;
                    let errs = number[vendor] % [50, 20][vendor] == 0;
                    number[vendor] += 1;
                    let classes = if errs { r#"{"object":1}"# } else { "{}" };
                    let at = tx.now();
                    let score = vendors::Score {
                        item_id: id,
                        organization_id: organizations[vendor],
                        project_id: project,
                        read_id,
                        user_id: user,
                        paid_read_id: Some(read_id),
                        paid_marks: Some(10),
                        marks: 10,
                        truth: 10,
                        missed: u32::from(errs),
                        wrong: 0,
                        classes: classes.into(),
                        first_accepted_at: at,
                        accepted_at: at,
                    };
                    vendors::keep_score(tx, score).await?;
                }
            }
            tx.record(Evidence::new("test", "project", project.uuid()))?;
            Ok(())
        })
    });
    rows.await.unwrap();
    let report = world.report(&["object"]).await;
    let [x, y] = &report.organizations[..] else { panic!("{report:?}") };
    let counts = |view: &VendorView| (view.critical.count, view.critical.of);
    assert_eq!((counts(x), counts(y)), ((18, 900), (45, 900)));
    let pair = &report.compared[0];
    let difference = pair.difference.unwrap();
    assert_eq!(pair.shared, 600);
    assert!(pair.apart && difference.high < 0.0, "{pair:?}");
    assert_eq!(report.items_to_tell, Some(588), "2 % against 5 %, four times out of five");
    let file = pipeline.vendors_table(&world.owner, world.project, Question::default()).await.unwrap();
    assert!(
        file.lines().any(|line| line.starts_with("\"Vendor X\",\"Vendor Y\",critical_errors_difference"))
    );
    assert_eq!(world.payment(0).await.len(), 900);
}
