//! Random rosters at random work: whoever the statement that gives out tasks lets in, the state machine lets in too, and the other
//! way round; nobody ever judges what they drew.

use std::collections::BTreeSet;

use countersign_model::{
    Clock, FrameRef, Instant, ItemId, OrganizationId, ProjectId, Protocol, Role, Shape, StageKind, UserId,
};
use countersign_pipeline::{
    PipelineError,
    organizations::{OrganizationDraft, OrganizationKind},
    people::{Caller, UserDraft},
    review::Verdict,
    sign::Countersigning,
    signing::Components,
    vendors::MixDraft,
    views::Work,
    work::Wish,
};
use countersign_quality::Random;
use countersign_store::{Actor, items, tasks};
use countersign_workflow::{ItemState, Missing, Phase, ReviewDecision, SignDecision, may_claim};

use crate::{
    harness::{House, PASSWORD},
    ontology::in_force,
    releases::{ingest, mark, png},
};

const PEOPLE: u32 = 7;
/// People of a vendor beside them; its contract ends on the way.
const OUTSIDE: u32 = 2;
const CONTRACT_SECONDS: i64 = 40_000;
/// Items that are given to the vendor to read.
const GIVEN: usize = 3;
const IMAGES: u32 = 9;
const STEPS: u32 = 260;
const ROLES: [Role; 4] = [Role::Annotator, Role::Reviewer, Role::Specialist, Role::QualityEngineer];

/// A vendor whose people read and review.
async fn vendor(house: &House, owner: &Caller, project: ProjectId) -> OrganizationId {
    let draft = UserDraft {
        login: "root".into(),
        printed_name: "Root".into(),
        password: Some(PASSWORD.into()),
        system_roles: vec![Role::Owner],
    };
    house.pipeline.make_user_as(Actor::system(), draft).await.unwrap();
    let root = house.sign_in("root").await;
    let now = Clock::now(&*house.clock);
    let draft = OrganizationDraft {
        name: "Outside".into(),
        kind: OrganizationKind::Vendor,
        contract_from: Some(now),
        contract_until: Some(now.plus_seconds(CONTRACT_SECONDS)),
        reason: "signed".into(),
    };
    let vendor = house.pipeline.make_organization(&root, draft).await.unwrap().id;
    for n in 0..OUTSIDE {
        let draft = UserDraft {
            login: format!("outside{n}"),
            printed_name: format!("Outside {n}"),
            password: Some(PASSWORD.into()),
            system_roles: vec![],
        };
        let user = house.pipeline.make_user(&root, draft, Some(vendor)).await.unwrap().user.id;
        for role in [Role::Annotator, Role::Reviewer] {
            house.pipeline.grant(owner, project, user, role).await.unwrap();
        }
    }
    vendor
}

struct Roster {
    house: House,
    project: ProjectId,
    people: Vec<(Caller, String)>,
    items: Vec<ItemId>,
    given: Vec<ItemId>,
    random: Random,
    outside: u32,
    claims: u32,
    refusals: u32,
    judged: u32,
}

impl Roster {
    async fn new(house: House, seed: u64) -> Self {
        let project = house.project("p", "images").await;
        let owner = house.sign_in("owner@p").await;
        let mut random = Random::new(seed);
        let mut logins = Vec::new();
        for n in 0..PEOPLE {
            let login = format!("person{n}");
            let user = house.person(&login).await;
            // Some do one thing, some nearly everything.
            let roles: Vec<Role> = ROLES.into_iter().filter(|_| random.unit() < 0.6).collect();
            for role in roles {
                house.pipeline.grant(&owner, project, user, role).await.unwrap();
            }
            logins.push(login);
        }
        let vendor = vendor(&house, &owner, project).await;
        logins.extend((0..OUTSIDE).map(|n| format!("outside{n}")));
        let files: Vec<_> = (0..IMAGES).map(|n| (format!("{n}.png"), png(64 + n, 48, n + 1))).collect();
        ingest(&house, project, "p", &files).await;
        let mut people = Vec::new();
        for login in logins {
            people.push((house.sign_in(&login).await, login));
        }
        let listed = house.pipeline.items(&owner, project, Default::default()).await.unwrap();
        let items: Vec<ItemId> = listed.items.iter().map(|item| item.id).collect();
        let given = items[..GIVEN].to_vec();
        let mix = MixDraft {
            organizations: vec![vendor],
            items: Some(given.clone()),
            count: None,
            overlap: 0,
            reason: "theirs".into(),
        };
        house.pipeline.draw_mix(&owner, project, mix).await.unwrap();
        Self { house, project, people, items, given, random, outside: 0, claims: 0, refusals: 0, judged: 0 }
    }

    fn below(&mut self, end: usize) -> usize {
        ((self.random.unit() * end as f64) as usize).min(end - 1)
    }

    async fn state(&self, item: ItemId) -> ItemState {
        let mut conn = self.house.pipeline.store.read().await.unwrap();
        let row = items::by_id(&mut conn, item).await.unwrap().unwrap();
        serde_json::from_str(&row.workflow).unwrap()
    }

    /// Somebody asks for the task of some item: the two rules say the same.
    async fn step(&mut self) {
        let (who, which) = (self.below(self.people.len()), self.below(self.items.len()));
        let (caller, login) = self.people[who].clone();
        let item = self.items[which];
        let before = self.state(item).await;
        let protocol = in_force(&self.house, self.project).await;
        let now = Clock::now(&*self.house.clock);
        let ruled = self.ruled(&protocol, &before, item, &caller, now);
        let wish = Wish { item: Some(item), ..Wish::default() };
        let claimed = self.house.pipeline.claim(&caller, self.project, wish).await;
        match (claimed, ruled) {
            (Ok(work), Ok(())) => {
                self.claims += 1;
                let acted: BTreeSet<UserId> = before.actors.iter().map(|actor| actor.user).collect();
                let again = before
                    .actors
                    .iter()
                    .any(|actor| actor.user == caller.user() && actor.stage == work.task.stage);
                assert!(!acted.contains(&caller.user()) || again, "acts at a second stage");
                self.act(&caller, &login, work).await;
            }
            (Err(PipelineError::Refused(refusal)), Err(ruled)) => {
                self.refusals += 1;
                self.outside += u32::from(matches!(&*ruled, "contract_not_valid" | "given_elsewhere"));
                assert_eq!(refusal.code, ruled);
            }
            // Whoever has no role that sees the item learns nothing of it.
            (Err(PipelineError::NotFound), Err(_)) => self.refusals += 1,
            (claimed, ruled) => {
                panic!("{:?} against {ruled:?}: {before:?}", claimed.map(|work| work.task.stage))
            }
        }
        if self.random.unit() < 0.2 {
            // Claims that were left run out.
            self.house.clock.forward(1_900);
        }
    }

    /// What the machine says, and beside it the contract and whom the item is given to.
    fn ruled(
        &self,
        protocol: &Protocol,
        state: &ItemState,
        item: ItemId,
        caller: &Caller,
        now: Instant,
    ) -> Result<(), String> {
        let vendor = caller.organization.is_vendor();
        if vendor && caller.organization.contract_until.is_some_and(|until| until <= now) {
            return Err("contract_not_valid".into());
        }
        let roles = caller.roles(self.project);
        may_claim(protocol, state, caller.user(), &roles, now).map_err(|refusal| refusal.code.to_string())?;
        let stage = state.stage.and_then(|stage| protocol.stages.get(stage as usize));
        let reads = stage.is_some_and(|stage| stage.kind == StageKind::Read);
        if reads && !vendor && self.given.contains(&item) { Err("given_elsewhere".into()) } else { Ok(()) }
    }

    async fn act(&mut self, caller: &Caller, login: &str, work: Work) {
        let (task, fence) = (work.task.id, work.task.fence);
        let revision = work.read.as_ref().map_or(0, |read| read.revision);
        let draw = self.random.unit();
        if draw < 0.15 {
            return;
        }
        if draw < 0.25 {
            return self.house.pipeline.give_back(caller, task, fence).await.unwrap();
        }
        let rejects = draw > 0.8;
        match work.task.kind {
            StageKind::Read => {
                let frame = Some(FrameRef { stream: 0, index: 0 });
                let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.0, h: 5.0 };
                let id = u128::from(self.claims) + 1;
                let annotation = mark(id, "object", frame, shape);
                let changes = vec![countersign_pipeline::work::Change::Put { annotation }];
                self.house.pipeline.submit(caller, task, fence, revision, changes).await.unwrap();
            }
            StageKind::Review | StageKind::SampleQa => {
                let verdict = Verdict {
                    marks: vec![],
                    all_right: true,
                    decision: if rejects { ReviewDecision::Reject } else { ReviewDecision::Accept },
                    missing: (!rejects).then_some(Missing::Nothing),
                    reason: rejects.then(|| "wrong_outline".into()),
                    comment: None,
                    return_to: None,
                };
                self.judged += 1;
                self.house.pipeline.review(caller, task, fence, revision, vec![], verdict).await.unwrap();
            }
            StageKind::Sign => {
                let act = Countersigning {
                    decision: if rejects { SignDecision::Reject } else { SignDecision::Sign },
                    content_hash: work.subject.unwrap().summary.content_hash.unwrap(),
                    password: Components { login: Some(login.to_owned()), password: PASSWORD.into() },
                    reason: rejects.then(|| "wrong_outline".into()),
                    comment: None,
                    return_to: None,
                };
                self.judged += 1;
                self.house.pipeline.countersign(caller, task, fence, act).await.unwrap();
            }
            other => panic!("nobody claims {other:?} here"),
        }
    }

    /// Each open row and what the machine remembers agree, item by item.
    async fn rows_agree(&self) {
        for item in &self.items {
            let state = self.state(*item).await;
            let mut conn = self.house.pipeline.store.read().await.unwrap();
            let rows = tasks::of_item(&mut conn, *item).await.unwrap();
            let open: BTreeSet<_> = rows
                .iter()
                .filter(|row| matches!(row.state.as_str(), "ready" | "leased"))
                .map(|row| row.id)
                .collect();
            let known: BTreeSet<_> = match state.phase {
                Phase::Queued | Phase::Leased | Phase::Reading => {
                    state.tasks.iter().map(|task| task.id).collect()
                }
                _ => BTreeSet::new(),
            };
            assert_eq!(open, known, "{state:?}");
        }
    }
}

async fn walked(house: House, seed: u64) {
    let mut roster = Roster::new(house, seed).await;
    for _ in 0..STEPS {
        roster.step().await;
    }
    roster.rows_agree().await;
    let Roster { claims, refusals, judged, outside, .. } = roster;
    assert!(claims > 20 && refusals > 50 && judged > 5, "{claims} {refusals} {judged}");
    assert!(outside > 5, "{outside}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_and_the_machine_let_in_the_same_people() {
    for seed in [3, 4] {
        walked(House::new().await, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_and_the_machine_let_in_the_same_people_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    walked(house, 5).await;
}
