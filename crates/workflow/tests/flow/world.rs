//! A small world for the tests: a protocol made to measure, users, ids in sequence.

use countersign_model::{
    AiVisibility, Class, HoldId, Industry, Instant, ItemKind, Protocol, ReadId, Role, ShapeKind, SignatureId,
    SignatureMeaning, Stage, StageKind, UserId,
};
use countersign_workflow::{
    Effect, Event, ItemState, Missing, ReviewDecision, SignDecision, content_hash, step,
};
use uuid::Uuid;

pub const LEASE_MINUTES: u32 = 10;

pub fn stage(kind: StageKind, index: usize, role: Option<Role>, ai_visibility: AiVisibility) -> Stage {
    Stage {
        id: format!("{kind}_{index}"),
        title: format!("Stage {index}"),
        kind,
        role,
        ai_visibility,
        meaning: (kind == StageKind::Sign).then_some(SignatureMeaning::Approved),
        lease_minutes: LEASE_MINUTES,
    }
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
        }],
        stages,
        rework_cap,
        deid: countersign_model::DeidPlan::default(),
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
        world.ok(Event::Cleared);
        world.ok(Event::Drafted {
            read: read(900),
            content_hash: content_hash(&[]),
            model: "m".into(),
            version: "1".into(),
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

    pub fn claim(&self, n: u128) -> Event {
        let fresh = read(100 + u128::from(self.state.fence));
        Event::Claimed { user: user(n), roles: ALL_ROLES.to_vec(), now: self.now, read: fresh }
    }

    pub fn lease_read(&self) -> ReadId {
        self.state.lease().and_then(|lease| lease.read).unwrap_or(read(0))
    }

    pub fn submit(&self, n: u128, hash: &str) -> Event {
        Event::Submitted {
            user: user(n),
            fence: self.state.fence,
            now: self.now,
            read: self.lease_read(),
            content_hash: hash.into(),
            signature: None,
        }
    }

    pub fn review(&self, n: u128, decision: ReviewDecision, hash: &str) -> Event {
        Event::Reviewed {
            user: user(n),
            fence: self.state.fence,
            now: self.now,
            decision,
            missing: Some(Missing::Nothing),
            reason: (decision == ReviewDecision::Reject).then(|| "boundary".into()),
            read: self.lease_read(),
            content_hash: hash.into(),
            signature: None,
        }
    }

    pub fn sign(&self, n: u128, decision: SignDecision, hash: &str) -> Event {
        Event::Signed {
            user: user(n),
            fence: self.state.fence,
            now: self.now,
            decision,
            reason: (decision == SignDecision::Reject).then(|| "missed".into()),
            content_hash: hash.into(),
            signature: signature(),
        }
    }
}
