//! Independent reads: blind until the last is locked, compared, and decided between by a third person.

use countersign_model::{
    AiVisibility, FindingId, ReadId, ReleaseId, ReturnTo, Role, Stage, StageKind, UserId,
};
use countersign_workflow::{
    Act, AdjudicateDecision, Effect, Event, Merged, Phase, ReadStatus, ReviewDecision, SignDecision,
    content_hash, is_sampled, may_claim, refusals, visible_reads,
};
use uuid::Uuid;

use crate::world::{World, hold, protocol, read, signature, stage, user};

pub const H1: &str = "hash-1";
pub const H2: &str = "hash-2";
pub const MERGED: u128 = 700;

pub fn double(ai: AiVisibility, readers_max: Option<u32>) -> World {
    let read_stage = stage(StageKind::Read, 1, Some(Role::Annotator), ai);
    let decide = stage(StageKind::Adjudicate, 3, Some(Role::Reviewer), ai);
    let stages = vec![
        stage(StageKind::Prelabel, 0, None, ai),
        Stage { readers: 2, readers_max, ..read_stage },
        crate::world::compare(2),
        Stage { escalate_to: Some(Role::Specialist), escalate_hours: Some(48), ..decide },
        stage(StageKind::Sign, 4, Some(Role::Specialist), ai),
    ];
    let mut world = World::new(protocol(stages, 1));
    world.ok(Event::Cleared { draw: 1 });
    let (model, version) = ("m".into(), "1".into());
    world.ok(Event::Drafted {
        read: read(900),
        content_hash: content_hash(&[]),
        model,
        version,
        withheld: false,
    });
    world
}

pub fn visible(world: &World, n: u128) -> Vec<ReadId> {
    visible_reads(&world.protocol, &world.state, user(n))
}

pub fn compared(agreed: bool) -> Event {
    let merged = Merged { read: read(MERGED), content_hash: H1.into(), rule: "mean 1".into() };
    Event::Compared { agreed, merged: Some(merged) }
}

pub fn adjudicate(world: &World, n: u128, decision: AdjudicateDecision, reason: Option<&str>) -> Event {
    Event::Adjudicated {
        user: user(n),
        fence: world.fence_of(n),
        now: world.now,
        decision,
        reason: reason.map(String::from),
        read: world.read_of(n),
        content_hash: H2.into(),
        signature: signature(),
    }
}

/// Read by users 1 and 2, who do not agree.
pub fn disputed() -> World {
    let mut world = double(AiVisibility::AfterOwnRead, None);
    for (n, hash) in [(1, H1), (2, H2)] {
        world.ok(world.claim(n));
        world.ok(world.submit(n, hash));
    }
    world.ok(compared(false));
    world
}

#[test]
fn two_readers_work_side_by_side_and_learn_nothing_of_each_other() {
    let mut world = double(AiVisibility::AfterOwnRead, None);
    let offered =
        world.effects.iter().filter(|e| matches!(e, Effect::OpenTask { stage: 1, apart: true, .. })).count();
    assert_eq!((offered, world.state.phase), (2, Phase::Reading));
    world.ok(world.claim(1));
    let first = world.fence_of(1);
    assert_eq!(world.state.phase, Phase::Reading, "the word does not tell that somebody has begun");
    assert_eq!(world.no(world.claim(1)), refusals::ALREADY_READ, "one person is not both readers");
    world.ok(world.claim(2));
    assert_eq!(world.fence_of(2), first, "the token does not count the other reader");
    world.ok(world.submit(1, H1));
    let mine = world.state.locked_at(1)[0].id;
    assert_eq!(visible(&world, 1), [mine], "not the model's draft either, before the other is done");
    assert_eq!(visible(&world, 2), [world.read_of(2)]);
    assert_eq!(world.no(world.claim(1)), refusals::ALREADY_READ);
    assert_eq!(world.state.phase, Phase::Reading);
    world.ok(world.submit(2, H2));
    assert_eq!((world.state.phase, world.effects.last()), (Phase::Comparing, Some(&Effect::NeedsCompare)));
    assert_eq!(visible(&world, 2).len(), 1);
    world.ok(compared(true));
    assert!(visible(&world, 2).contains(&read(900)), "behind the barrier the draft may be seen");
    assert_eq!((world.state.stage, world.state.current), (Some(4), Some(read(MERGED))));
    assert_eq!(world.no(world.claim(2)), refusals::SEPARATION_OF_DUTIES);
    world.ok(world.claim(3));
    world.ok(world.sign(3, SignDecision::Sign, H1));
    assert_eq!(world.state.phase, Phase::Accepted);
    let kept = world.state.locked_at(1).len();
    assert_eq!(kept, 2, "the individual reads stay");
}

#[test]
fn who_gives_back_and_comes_again_finds_their_own_draft_in_either_place() {
    let mut world = double(AiVisibility::Never, None);
    world.ok(world.claim(1));
    let mine = world.read_of(1);
    world.ok(Event::GivenBack { user: user(1), fence: world.fence_of(1) });
    world.ok(world.claim(2));
    // The second reader may have been given the first one's place: whoever comes back resumes or begins anew, and never
    // touches the other's draft.
    let theirs = world.read_of(2);
    world.ok(world.claim(1));
    assert_ne!(world.read_of(1), theirs);
    assert!(world.state.read(theirs).is_some());
    assert!(world.read_of(1) == mine || world.state.read(mine).is_none());
}

#[test]
fn a_dispute_reaches_a_third_person_who_says_why() {
    let mut world = disputed();
    assert_eq!((world.state.phase, world.state.stage), (Phase::Queued, Some(3)));
    for reader in [1, 2] {
        assert_eq!(world.no(world.claim(reader)), refusals::SEPARATION_OF_DUTIES);
    }
    world.ok(world.claim(3));
    let based =
        Effect::OpenRead { read: world.read_of(3), stage: 3, user: user(3), base: Some(read(MERGED)) };
    assert!(world.effects.contains(&based), "begins with what both agree on");
    let shown = visible(&world, 3);
    assert!(shown.contains(&read(MERGED)));
    assert!(world.state.locked_at(1).iter().all(|read| !shown.contains(&read.id)), "not under their names");
    assert!(visible(&world, 1).len() <= 2 && !visible(&world, 1).contains(&world.state.locked_at(1)[1].id));
    let mute = adjudicate(&world, 3, AdjudicateDecision::Decide, None);
    assert_eq!(world.no(mute), refusals::REASON_REQUIRED);
    let decided = world.read_of(3);
    world.ok(adjudicate(&world, 3, AdjudicateDecision::Decide, Some("boundary")));
    assert_eq!((world.state.current, world.state.stage), (Some(decided), Some(4)));
    assert!(world.state.actors.iter().any(|a| a.user == user(3) && a.act == Act::Adjudicated));
    // The signer sends it back: to the person who decided, not to the readers, who have seen nothing.
    world.ok(world.claim(4));
    world.ok(world.sign(4, SignDecision::Reject, H2));
    let task = world.task();
    assert_eq!((task.stage, task.reserved_for, task.round), (3, Some(user(3)), 2));
    assert_eq!(world.state.locked_at(1).len(), 2);
}

#[test]
fn what_the_machine_merged_goes_back_to_whoever_may_decide() {
    let mut world = double(AiVisibility::AfterOwnRead, None);
    for n in [1, 2] {
        world.ok(world.claim(n));
        world.ok(world.submit(n, H1));
    }
    world.ok(compared(true));
    world.ok(world.claim(4));
    world.ok(world.sign(4, SignDecision::Reject, H1));
    assert_eq!(world.state.read(read(MERGED)).unwrap().status, ReadStatus::Returned);
    let task = world.task();
    assert_eq!((task.stage, task.reserved_for), (3, None));
    world.ok(world.claim(3));
    assert!(
        world.effects.iter().any(
            |effect| matches!(effect, Effect::OpenRead { base: Some(base), .. } if *base == read(MERGED))
        )
    );
}

#[test]
fn a_decision_moves_up_once_and_never_back_to_who_handed_it_on() {
    let mut world = disputed();
    world.ok(world.claim(3));
    let escalate = adjudicate(&world, 3, AdjudicateDecision::Escalate, Some("ambiguous_guideline"));
    world.ok(escalate);
    let task = world.task();
    assert_eq!((task.stage, task.role, world.state.phase), (3, Some(Role::Specialist), Phase::Queued));
    assert_eq!(world.no(world.claim(3)), refusals::ALREADY_READ);
    let as_reviewer = Event::Claimed {
        task: task.id,
        user: user(5),
        roles: vec![Role::Reviewer],
        now: world.now,
        read: read(5),
    };
    assert_eq!(world.no(as_reviewer), refusals::NOT_IN_ROLE);
    world.ok(world.claim(6));
    let again = adjudicate(&world, 6, AdjudicateDecision::Escalate, Some("ambiguous_guideline"));
    assert_eq!(world.no(again), refusals::CANNOT_ESCALATE);
    world.ok(adjudicate(&world, 6, AdjudicateDecision::Decide, Some("perceptual_miss")));
    assert_eq!(
        world.no(world.claim(6)),
        refusals::SEPARATION_OF_DUTIES,
        "nobody countersigns their own decision"
    );
    world.ok(world.claim(7));
    world.ok(world.sign(7, SignDecision::Reject, H2));
    let back = world.task();
    assert_eq!((back.reserved_for, back.role), (Some(user(6)), Some(Role::Specialist)));
}

#[test]
fn a_decision_that_nobody_takes_in_time_moves_up() {
    let mut world = disputed();
    let task = world.task().id;
    world.ok(world.claim(3));
    assert_eq!(world.no(Event::Overdue { task, now: world.now }), refusals::NOT_OVERDUE, "somebody is at it");
    let draft = world.read_of(3);
    world.now = world.lease().until;
    world.ok(Event::Overdue { task, now: world.now });
    assert!(world.effects.contains(&Effect::VoidRead { read: draft }));
    assert_eq!(world.task().role, Some(Role::Specialist));
    let now = world.now;
    assert_eq!(world.no(Event::Overdue { task: world.task().id, now }), refusals::NOT_OVERDUE);
    // Rejected later, it goes back to whom it was handed on to, and they may take it.
    world.ok(world.claim(6));
    world.ok(adjudicate(&world, 6, AdjudicateDecision::Decide, Some("perceptual_miss")));
    world.ok(world.claim(7));
    world.ok(world.sign(7, SignDecision::Reject, H2));
    let back = world.task();
    assert_eq!((back.reserved_for, back.role), (Some(user(6)), Some(Role::Specialist)));
    world.ok(world.claim(6));
}

#[test]
fn time_offers_nothing_that_was_recalled() {
    let mut world = disputed();
    let task = world.task().id;
    world.ok(Event::Recalled);
    assert_eq!(world.no(Event::Overdue { task, now: world.now }), refusals::NOT_OVERDUE);
    world.ok(Event::Restored);
    world.ok(Event::Overdue { task, now: world.now });
}

#[test]
fn a_reader_who_is_at_work_is_told_the_same_of_every_place() {
    // In both orders: the answer is that of the last open place.
    for (first, second) in [(1, 2), (2, 1)] {
        let mut world = double(AiVisibility::Never, None);
        world.ok(world.claim(first));
        world.ok(world.claim(second));
        let asked = |world: &World| {
            let roles = [Role::Annotator, Role::Reviewer];
            may_claim(&world.protocol, &world.state, user(1), &roles, world.now)
                .unwrap_err()
                .code
                .into_owned()
        };
        let before = asked(&world);
        world.ok(world.submit(2, H1));
        assert_eq!(asked(&world), before);
    }
}

#[test]
fn readers_are_asked_one_by_one_until_they_agree() {
    let mut world = double(AiVisibility::Never, Some(4));
    let base = world.state.fence;
    for n in [1, 2] {
        world.ok(world.claim(n));
        world.ok(world.submit(n, H1));
    }
    assert_eq!(world.no(Event::Compared { agreed: true, merged: None }), refusals::READS_TOO_FEW);
    world.ok(Event::Compared { agreed: false, merged: None });
    assert_eq!((world.state.phase, world.state.tasks.len()), (Phase::Reading, 1));
    assert_eq!(world.no(world.claim(2)), refusals::ALREADY_READ);
    world.ok(world.claim(3));
    assert_eq!(world.fence_of(3), base + 1, "the third reader cannot count those before");
    world.ok(world.submit(3, H1));
    world.ok(Event::Compared { agreed: false, merged: None });
    world.ok(world.claim(4));
    world.ok(world.submit(4, H1));
    let unmerged = Event::Compared { agreed: false, merged: None };
    assert_eq!(world.no(unmerged), refusals::READS_TOO_FEW, "there is nobody left to ask");
    world.ok(compared(false));
    assert_eq!(world.state.stage, Some(3));
    assert_eq!(world.state.locked_at(1).iter().map(|read| read.place).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_hold_and_a_recall_keep_both_places() {
    let mut world = double(AiVisibility::Never, None);
    world.ok(world.claim(1));
    world.ok(Event::Held { hold: hold(1) });
    assert!(matches!(world.effects[..], [Effect::WithdrawTask { .. }]), "only the place that waits");
    assert_eq!(world.no(world.submit(1, H1)), refusals::HELD);
    assert_eq!(world.no(world.claim(2)), refusals::HELD);
    world.ok(Event::Lifted { hold: hold(1) });
    assert!(matches!(world.effects[..], [Effect::OpenTask { .. }]));
    world.ok(Event::Recalled);
    assert_eq!(world.effects.len(), 2);
    world.ok(Event::Restored);
    assert_eq!((world.state.phase, world.effects.len()), (Phase::Reading, 2));
    world.ok(world.claim(2));
    world.ok(world.claim(1));
    for n in [1, 2] {
        world.ok(world.submit(n, H1));
    }
    world.ok(Event::Recalled);
    world.ok(Event::Restored);
    assert_eq!(world.effects, [Effect::NeedsCompare], "the job that compared found it recalled and ended");
}

#[test]
fn an_open_finding_stands_in_the_way_of_every_yes() {
    let finding = FindingId(Uuid::from_u128(1));
    let mut world = World::at_read(AiVisibility::Never);
    world.ok(Event::FindingOpened { finding });
    world.ok(world.claim(1));
    world.ok(world.submit(1, H1));
    world.ok(world.claim(2));
    assert_eq!(world.no(world.review(2, ReviewDecision::Accept, H1)), refusals::OPEN_FINDINGS);
    world.ok(Event::FindingResolved { finding });
    assert_eq!(world.no(Event::FindingResolved { finding }), refusals::NO_SUCH_FINDING);
    world.ok(world.review(2, ReviewDecision::Accept, H1));
    world.ok(world.claim(3));
    world.ok(Event::FindingOpened { finding });
    assert_eq!(world.no(world.sign(3, SignDecision::Sign, H1)), refusals::OPEN_FINDINGS);
    world.ok(world.sign(3, SignDecision::Reject, H1));
}

#[test]
fn a_rejected_read_goes_where_the_protocol_says() {
    let with = |on_reject, chosen| {
        let mut stages = crate::world::full(AiVisibility::Never).stages;
        stages[2].on_reject = on_reject;
        let mut world = World::new(protocol(stages, 3));
        world.ok(Event::Cleared { draw: 0 });
        world.ok(Event::DraftFailed);
        world.ok(world.claim(1));
        world.ok(world.submit(1, H1));
        world.ok(world.claim(2));
        let mut event = world.review(2, ReviewDecision::Reject, H1);
        if let Event::Reviewed { return_to, .. } = &mut event {
            *return_to = chosen;
        }
        (world, event)
    };
    let reserved = |world: &World| -> (Option<UserId>, bool) {
        let task = world.task();
        (task.reserved_for, task.apart)
    };
    let (mut world, event) = with(ReturnTo::AnotherPerson, None);
    world.ok(event);
    assert_eq!(reserved(&world), (None, true));
    assert_eq!(world.no(world.claim(1)), refusals::ALREADY_READ);
    world.ok(world.claim(4));
    assert!(
        world.effects.iter().any(|effect| matches!(effect, Effect::OpenRead { base: None, .. })),
        "afresh"
    );
    let (world, event) = with(ReturnTo::Choose, None);
    assert_eq!(world_no(world, event), refusals::RETURN_UNANSWERED);
    let (mut world, event) = with(ReturnTo::Choose, Some(ReturnTo::AnotherPerson));
    world.ok(event);
    assert_eq!(reserved(&world), (None, true));
    let (mut world, event) = with(ReturnTo::Choose, Some(ReturnTo::SamePerson));
    world.ok(event);
    assert_eq!(reserved(&world), (Some(user(1)), false));
    let (world, event) = with(ReturnTo::SamePerson, Some(ReturnTo::AnotherPerson));
    assert_eq!(world_no(world, event), refusals::RETURN_FIXED);
}

fn world_no(mut world: World, event: Event) -> String {
    world.no(event)
}

#[test]
fn a_sample_is_the_share_that_was_asked_for_and_can_be_drawn_again() {
    let qa = Stage {
        share: Some(0.2),
        ..stage(StageKind::SampleQa, 3, Some(Role::QualityEngineer), AiVisibility::Never)
    };
    let drawn: Vec<bool> = (0..10_000_u64).map(|n| is_sampled(&qa, Some(n * 7_919))).collect();
    let share = drawn.iter().filter(|in_it| **in_it).count();
    assert!((1_800..2_200).contains(&share), "{share} of 10000");
    assert_eq!(drawn, (0..10_000_u64).map(|n| is_sampled(&qa, Some(n * 7_919))).collect::<Vec<_>>());
    assert!(is_sampled(&qa, None), "an item of an older installation is looked at");
    let whole = Stage { share: Some(1.0), ..qa };
    assert!((0..1_000).all(|n| is_sampled(&whole, Some(n))));
}

#[test]
fn an_open_finding_is_looked_at_before_anything_passes() {
    let read = stage(StageKind::Read, 0, Some(Role::Annotator), AiVisibility::Never);
    let qa = Stage {
        share: Some(0.000_1),
        ..stage(StageKind::SampleQa, 1, Some(Role::QualityEngineer), AiVisibility::Never)
    };
    let draw = (0..).find(|draw| !is_sampled(&qa, Some(*draw))).unwrap();
    let passed = |stages: Vec<Stage>, asked: bool| {
        let mut world = World::new(protocol(stages, 3));
        world.ok(Event::Cleared { draw });
        if asked {
            world.ok(Event::FindingOpened { finding: FindingId(Uuid::from_u128(1)) });
        }
        world.ok(world.claim(1));
        world.ok(world.submit(1, H1));
        world
    };
    let stages = vec![read.clone(), qa];
    assert_eq!(passed(stages.clone(), false).state.phase, Phase::Accepted, "not drawn");
    assert_eq!(passed(stages, true).state.phase, Phase::Queued, "somebody looks at the question");
    // What ends with its read is accepted by nobody who would have been stopped: it is not released.
    let mut world = passed(vec![read], true);
    assert_eq!(world.state.phase, Phase::Accepted);
    let released = || Event::Released { release: ReleaseId(Uuid::from_u128(9)) };
    assert_eq!(world.no(released()), refusals::OPEN_FINDINGS);
    world.ok(Event::FindingResolved { finding: FindingId(Uuid::from_u128(1)) });
    world.ok(released());
}

#[test]
fn an_item_that_is_divided_is_read_by_as_many_as_the_protocol_lets() {
    let mut fixed = double(AiVisibility::Never, None);
    assert_eq!(fixed.no(Event::Divided { readers: 1 }), refusals::READERS_FIXED);
    let mut world = double(AiVisibility::Never, None);
    world.protocol.stages[1].readers_min = Some(1);
    for readers in [0, 3] {
        assert_eq!(world.no(Event::Divided { readers }), refusals::READERS_FIXED);
    }
    world.ok(Event::Divided { readers: 1 });
    assert_eq!((world.state.phase, world.state.tasks.len()), (Phase::Reading, 1));
    world.ok(world.claim(1));
    assert_eq!(world.no(Event::Divided { readers: 2 }), refusals::WRONG_STAGE, "somebody has begun");
    world.ok(world.submit(1, H1));
    assert_eq!(world.state.phase, Phase::Comparing);
    world.ok(compared(true));
    assert_eq!(world.state.stage, Some(4));
}
