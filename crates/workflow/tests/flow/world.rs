//! A small world for the tests: a protocol made to measure, users, ids in sequence.

use countersign_model::{
    Agreement, AiVisibility, Class, HoldId, Industry, Instant, ItemKind, Protocol, ReadId, Role, ShapeKind,
    SignatureId, SignatureMeaning, Stage, StageKind, TaskId, UserId,
};
use countersign_workflow::{
    Effect, Event, ItemState, Lease, Missing, ReviewDecision, SignDecision, TaskState, content_hash, step,
};
use uuid::Uuid;

pub const LEASE_MINUTES: u32 = 10;

pub fn stage(kind: StageKind, index: usize, role: Option<Role>, ai_visibility: AiVisibility) -> Stage {
    Stage {
        ai_visibility,
        meaning: (kind == StageKind::Sign).then_some(SignatureMeaning::Approved),
        lease_minutes: LEASE_MINUTES,
        ..Stage::plain(&format!("{kind}_{index}"), kind, role)
    }
}

/// A compare stage by majority: what asks readers one by one needs it.
pub fn compare(index: usize) -> Stage {
    let agreement = Agreement { majority: true, ..Agreement::default() };
    Stage { agreement, ..stage(StageKind::Compare, index, None, AiVisibility::Never) }
}

pub fn protocol(stages: Vec<Stage>, rework_cap: u32) -> Protocol {
    let protocol = Protocol {
        id: "test".into(),
        version: 1,
        title: "Test".into(),
        industry: Industry::Manufacturing,
        item_kind: ItemKind::Image,
        guideline: String::new(),
        classes: vec![Class {
            id: "thing".into(),
            name: "Thing".into(),
            color: "#ffffff".into(),
            shapes: vec![ShapeKind::Box],
            attributes: vec![],
            retired: false,
            skeleton: None,
            critical: false,
        }],
        stages,
        rework_cap,
        deid: countersign_model::DeidPlan::default(),
        release: countersign_model::ReleasePlan::default(),
        overdue: countersign_model::OverduePlan::default(),
        suggestions: countersign_model::SuggestionPlan::default(),
        gold: countersign_model::GoldPlan::default(),
        cannot_assess: true,
        relations: vec![],
    };
    protocol.validate().unwrap();
    protocol
}

/// `prelabel → read → review → sign` with the given visibility of the draft everywhere.
pub fn full(ai: AiVisibility) -> Protocol {
    protocol(
        vec![
            stage(StageKind::Prelabel, 0, None, ai),
            stage(StageKind::Read, 1, Some(Role::Annotator), ai),
            stage(StageKind::Review, 2, Some(Role::Reviewer), ai),
            stage(StageKind::Sign, 3, Some(Role::Specialist), ai),
        ],
        1,
    )
}

pub fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n + 1))
}

pub fn read(n: u128) -> ReadId {
    ReadId(Uuid::from_u128(0x1000 + n))
}

pub fn hold(n: u128) -> HoldId {
    HoldId(Uuid::from_u128(0x2000 + n))
}

pub fn signature() -> Option<SignatureId> {
    Some(SignatureId(Uuid::from_u128(0x3000)))
}

pub const ALL_ROLES: &[Role] = Role::ALL;

/// One item that is driven through its life; panics on a refusal unless asked for one.
pub struct World {
    pub protocol: Protocol,
    pub state: ItemState,
    pub now: Instant,
    pub effects: Vec<Effect>,
    ids: u128,
}

impl World {
    pub fn new(protocol: Protocol) -> Self {
        Self { protocol, state: ItemState::new(), now: Instant(0), effects: vec![], ids: 0x9000 }
    }

    /// Past the gate and the draft, at the read stage.
    pub fn at_read(ai: AiVisibility) -> Self {
        let mut world = Self::new(full(ai));
        world.ok(Event::Cleared { draw: 0 });
        world.ok(Event::Drafted {
            read: read(900),
            content_hash: content_hash(&[]),
            model: "m".into(),
            version: "1".into(),
            withheld: false,
        });
        world
    }

    pub fn ok(&mut self, event: Event) {
        let text = format!("{event:?}");
        let (state, effects) = self.step(&event).unwrap_or_else(|refusal| panic!("{refusal} for {text}"));
        (self.state, self.effects) = (state, effects);
    }

    pub fn no(&mut self, event: Event) -> String {
        self.step(&event).expect_err("should be refused").code.into_owned()
    }

    fn step(&mut self, event: &Event) -> Result<(ItemState, Vec<Effect>), countersign_model::Refusal> {
        let ids = &mut self.ids;
        step(&self.protocol, &self.state, event, &mut || {
            *ids += 1;
            Uuid::from_u128(*ids)
        })
    }

    /// The only open task, or the first that nobody holds at the moment.
    pub fn task(&self) -> TaskState {
        let free = |task: &&TaskState| task.lease.is_none_or(|lease| lease.until <= self.now);
        let tasks = &self.state.tasks;
        tasks
            .iter()
            .find(free)
            .or(tasks.first())
            .cloned()
            .unwrap_or_else(|| panic!("no open task: {tasks:?}"))
    }

    /// The first running or lapsed lease.
    pub fn lease(&self) -> Lease {
        self.state.tasks.iter().find_map(|task| task.lease).unwrap()
    }

    pub fn claim(&self, n: u128) -> Event {
        let given: u64 = self.state.tasks.iter().map(|task| task.fence - self.state.fence).sum();
        let fresh = read(100 + u128::from(self.state.fence + given) + 50 * self.state.actors.len() as u128);
        let task = if self.state.tasks.is_empty() { TaskId(Uuid::nil()) } else { self.task().id };
        Event::Claimed { task, user: user(n), roles: ALL_ROLES.to_vec(), now: self.now, read: fresh }
    }

    /// The token of this person's lease, or of anybody's.
    pub fn fence_of(&self, n: u128) -> u64 {
        let own = self.state.held_by(user(n)).and_then(|task| task.lease);
        own.or(self.state.tasks.iter().find_map(|task| task.lease))
            .map_or(self.state.fence, |lease| lease.fence)
    }

    pub fn fence(&self) -> u64 {
        self.fence_of(0)
    }

    pub fn read_of(&self, n: u128) -> ReadId {
        self.state
            .held_by(user(n))
            .and_then(|task| task.lease)
            .and_then(|lease| lease.read)
            .unwrap_or(read(0))
    }

    fn own_read(&self, n: u128) -> ReadId {
        if self.state.held_by(user(n)).is_some() { self.read_of(n) } else { self.lease_read() }
    }

    pub fn lease_read(&self) -> ReadId {
        self.state.tasks.iter().find_map(|task| task.lease.and_then(|lease| lease.read)).unwrap_or(read(0))
    }

    pub fn submit(&self, n: u128, hash: &str) -> Event {
        Event::Submitted {
            user: user(n),
            fence: self.fence_of(n),
            now: self.now,
            read: self.own_read(n),
            content_hash: hash.into(),
            signature: None,
        }
    }

    pub fn review(&self, n: u128, decision: ReviewDecision, hash: &str) -> Event {
        Event::Reviewed {
            user: user(n),
            fence: self.fence_of(n),
            now: self.now,
            decision,
            missing: Some(Missing::Nothing),
            reason: (decision != ReviewDecision::Accept).then(|| "boundary".into()),
            return_to: None,
            read: self.lease_read(),
            content_hash: hash.into(),
            signature: None,
        }
    }

    pub fn sign(&self, n: u128, decision: SignDecision, hash: &str) -> Event {
        Event::Signed {
            user: user(n),
            fence: self.fence_of(n),
            now: self.now,
            decision,
            reason: (decision == SignDecision::Reject).then(|| "missed".into()),
            return_to: None,
            content_hash: hash.into(),
            signature: signature(),
        }
    }
}
