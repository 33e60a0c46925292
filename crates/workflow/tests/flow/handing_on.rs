//! Tasks that nobody does in time move up, and what stages keep from their people.

use countersign_model::{AiVisibility, Blinding, Role};
use countersign_workflow::{
    AdjudicateDecision, Effect, Event, Phase, ReviewDecision, SignDecision, hides_names, refusals,
    visible_reads,
};

use crate::{
    parallel::{H1, H2, adjudicate, compared, double, visible},
    world::{World, user},
};

/// A reader's place that nobody fills in time is offered to one more independent reader, who sees no more than the others.
#[test]
fn the_place_of_a_reader_who_does_not_come_moves_up_and_stays_blind() {
    let mut world = double(AiVisibility::AfterOwnRead, None);
    let read_stage = &mut world.protocol.stages[1];
    (read_stage.escalate_to, read_stage.escalate_hours) = (Some(Role::Specialist), Some(24));
    world.protocol.validate().unwrap();
    world.ok(world.claim(1));
    world.ok(world.submit(1, H1));
    let late = world.state.tasks[0].id;
    world.ok(world.claim(2));
    assert_eq!(world.no(Event::Overdue { task: late, now: world.now }), refusals::NOT_OVERDUE, "at work");
    let draft = world.read_of(2);
    world.now = world.lease().until;
    world.ok(Event::Overdue { task: late, now: world.now });
    assert!(world.effects.contains(&Effect::VoidRead { read: draft }));
    let task = world.task();
    assert_eq!((task.stage, task.role, world.state.phase), (1, Some(Role::Specialist), Phase::Reading));
    assert_eq!(world.no(world.claim(1)), refusals::ALREADY_READ, "one person is one reader");
    world.ok(world.claim(6));
    assert_eq!(visible_reads(&world.protocol, &world.state, user(6)), [world.read_of(6)]);
    world.ok(world.submit(6, H2));
    assert_eq!((world.state.phase, world.state.locked_at(1).len()), (Phase::Comparing, 2));
    world.ok(compared(false));
    assert_eq!(world.task().role, None, "who decides is asked in the usual way");
    assert_eq!(world.no(world.claim(6)), refusals::SEPARATION_OF_DUTIES);
}

#[test]
fn a_review_and_a_signature_that_nobody_gives_in_time_move_up_and_come_back_in_the_usual_way() {
    let mut world = World::at_read(AiVisibility::AfterOwnRead);
    for (index, to) in [(1, Role::Reviewer), (2, Role::QualityEngineer), (3, Role::QualityEngineer)] {
        let stage = &mut world.protocol.stages[index];
        (stage.escalate_to, stage.escalate_hours) = (Some(to), Some(1));
    }
    world.protocol.validate().unwrap();
    for (who, to) in [(1, Role::Reviewer), (2, Role::QualityEngineer), (3, Role::QualityEngineer)] {
        let task = world.task().id;
        world.ok(Event::Overdue { task, now: world.now });
        assert_eq!(world.task().role, Some(to));
        world.ok(world.claim(who));
        world.ok(match who {
            1 => world.submit(1, H1),
            2 => world.review(2, ReviewDecision::Accept, H1),
            _ => world.sign(3, SignDecision::Reject, H1),
        });
    }
    // The person who read it held the role that it was handed on to, and that is the one it comes back with.
    let back = world.task();
    assert_eq!((back.reserved_for, back.role), (Some(user(1)), Some(Role::Reviewer)));
    world.ok(world.claim(1));
    world.ok(world.submit(1, H2));
    assert_eq!(world.task().role, None, "a new round of the review begins with its own role");
}

/// Who decides without the reads begins with nothing, as a reader does, and is shown nothing of them.
#[test]
fn who_decides_blind_draws_first() {
    let mut world = double(AiVisibility::Never, None);
    world.protocol.stages[3].blind = vec![Blinding::EarlierReads];
    world.protocol.validate().unwrap();
    for (n, hash) in [(1, H1), (2, H2)] {
        world.ok(world.claim(n));
        world.ok(world.submit(n, hash));
    }
    world.ok(compared(false));
    world.ok(world.claim(3));
    let own = world.read_of(3);
    let empty = Effect::OpenRead { read: own, stage: 3, user: user(3), base: None };
    assert!(world.effects.contains(&empty));
    assert_eq!(visible(&world, 3), [own]);
    world.ok(adjudicate(&world, 3, AdjudicateDecision::Decide, Some("boundary")));
    world.ok(world.claim(4));
    world.ok(world.sign(4, SignDecision::Reject, H2));
    // What was sent back is their own, and they go on from it.
    world.ok(world.claim(3));
    let again = world.read_of(3);
    assert!(world.effects.contains(&Effect::OpenRead {
        read: again,
        stage: 3,
        user: user(3),
        base: Some(own)
    }));
}

#[test]
fn names_are_hidden_from_whoever_may_judge_until_the_work_is_over() {
    let mut world = World::at_read(AiVisibility::Never);
    world.protocol.stages[2].blind = vec![Blinding::Names];
    let hidden =
        |world: &World, n: u128, roles: &[Role]| hides_names(&world.protocol, &world.state, user(n), roles);
    assert!(!hidden(&world, 1, &[Role::Annotator]), "who reads is no reviewer");
    assert!(hidden(&world, 2, &[Role::Reviewer]), "before they have claimed it");
    world.ok(world.claim(1));
    world.ok(world.submit(1, H1));
    world.ok(world.claim(2));
    assert!(hidden(&world, 2, &[]), "while they hold it, whatever roles they have left");
    world.ok(world.review(2, ReviewDecision::Accept, H1));
    assert!(hidden(&world, 2, &[]), "it may come back to them");
    assert!(!hidden(&world, 3, &[Role::Specialist]), "the stage after is not blind");
    world.ok(world.claim(3));
    world.ok(world.sign(3, SignDecision::Sign, H1));
    assert!(!hidden(&world, 2, &[Role::Reviewer]));
}
