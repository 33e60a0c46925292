//! Named paths through an item's life, one per rule.

use crate::world::{ALL_ROLES, World, hold, read, signature, user};
use countersign_model::{AiVisibility, Instant, ReadId, ReleaseId, Role};
use countersign_workflow::{
    Act, Effect, Event, ItemState, Missing, OwnerDecision, Phase, ReadStatus, ReviewDecision, SignDecision,
    may_claim, may_save, refusals, visible_reads,
};
use uuid::Uuid;

const H1: &str = "hash-1";
const H2: &str = "hash-2";

fn visible(world: &World, n: u128) -> Vec<ReadId> {
    visible_reads(&world.protocol, &world.state, user(n))
}

/// Read by user 1 under hash `H1`, waiting for review.
fn at_review() -> World {
    let mut world = World::at_read(AiVisibility::AfterOwnRead);
    world.ok(world.claim(1));
    world.ok(world.submit(1, H1));
    world
}

/// Read by user 1, accepted by user 2, claimed by user 3 for signing.
fn at_sign() -> World {
    let mut world = at_review();
    world.ok(world.claim(2));
    world.ok(world.review(2, ReviewDecision::Accept, H1));
    world.ok(world.claim(3));
    world
}

#[test]
fn three_people_carry_an_item_into_a_release() {
    let mut world = at_sign();
    let first = world.state.current.unwrap();
    world.ok(world.sign(3, SignDecision::Sign, H1));
    assert_eq!(world.state.phase, Phase::Accepted);
    assert_eq!(world.effects.last(), Some(&Effect::Accepted { read: first, content_hash: H1.into() }));
    let acts: Vec<_> = world.state.actors.iter().map(|a| (a.user, a.stage, a.act)).collect();
    assert_eq!(acts, [(user(1), 1, Act::Authored), (user(2), 2, Act::Reviewed), (user(3), 3, Act::Signed)]);
    let release = Event::Released { release: ReleaseId(Uuid::from_u128(1)) };
    world.ok(release.clone());
    world.ok(release.clone());
    assert_eq!(world.state.phase, Phase::Released);
    world.ok(Event::Held { hold: hold(1) });
    assert_eq!(world.no(release), refusals::HELD);
}

#[test]
fn nobody_acts_at_two_stages_whatever_their_roles() {
    let mut world = at_review();
    assert_eq!(world.no(world.claim(1)), refusals::SEPARATION_OF_DUTIES);
    let code = may_claim(&world.protocol, &world.state, user(1), ALL_ROLES, world.now).unwrap_err().code;
    assert_eq!(code, refusals::SEPARATION_OF_DUTIES);
    world.ok(world.claim(2));
    world.ok(world.review(2, ReviewDecision::Reject, H2));
    // Back at the read stage: the reviewer may not take over the read either, even when it is freed.
    world.ok(Event::Unreserved { user: user(9), roles: vec![Role::Owner] });
    assert_eq!(world.no(world.claim(2)), refusals::SEPARATION_OF_DUTIES);
    world.ok(world.claim(5));
}

#[test]
fn a_role_is_needed_and_an_owner_has_no_other() {
    let mut world = World::at_read(AiVisibility::Always);
    let task = world.task().id;
    let claim = |roles: &[Role]| Event::Claimed {
        task,
        user: user(1),
        roles: roles.to_vec(),
        now: Instant(0),
        read: read(1),
    };
    assert_eq!(world.no(claim(&[])), refusals::NOT_IN_ROLE);
    assert_eq!(world.no(claim(&[Role::Owner, Role::Reviewer])), refusals::NOT_IN_ROLE);
    world.ok(claim(&[Role::Annotator]));
}

#[test]
fn a_late_or_outrun_claim_decides_nothing_and_keeps_its_draft() {
    let mut world = World::at_read(AiVisibility::Never);
    world.ok(world.claim(1));
    let (mine, fence, start) = (world.lease_read(), world.fence(), world.now);
    let end = world.lease().until;
    assert_eq!(end, start.plus_seconds(i64::from(crate::world::LEASE_MINUTES) * 60));
    assert_eq!(world.no(world.claim(2)), refusals::ALREADY_LEASED);
    assert_eq!(
        world.no(Event::LeaseExpired { task: world.task().id, now: Instant(end.0 - 1) }),
        refusals::LEASE_RUNNING
    );
    world.now = end;
    assert_eq!(world.no(world.submit(1, H1)), refusals::LEASE_EXPIRED);
    assert_eq!(world.no(Event::Renewed { user: user(1), fence, now: end }), refusals::LEASE_EXPIRED);
    assert_eq!(may_save(&world.state, user(1), fence, end).unwrap_err().code, refusals::LEASE_EXPIRED);
    // The same person comes back: same draft, new fence.
    world.ok(world.claim(1));
    assert!(world.effects.contains(&Effect::ResumeRead { read: mine }));
    assert_eq!(may_save(&world.state, user(1), world.fence(), end).unwrap(), mine);
    assert_eq!(may_save(&world.state, user(1), fence, end).unwrap_err().code, refusals::STALE_FENCE);
    // They go, somebody else comes: the draft ends as void.
    world.ok(Event::GivenBack { user: user(1), fence: world.fence() });
    assert_eq!(world.no(world.submit(1, H1)), refusals::NOT_LEASED);
    world.ok(world.claim(2));
    assert!(world.effects.contains(&Effect::VoidRead { read: mine }));
    assert_eq!(world.no(world.submit(1, H1)), refusals::NOT_LEASED);
    let mut wrong = world.submit(2, H1);
    if let Event::Submitted { read: r, .. } = &mut wrong {
        *r = mine;
    }
    assert_eq!(world.no(wrong), refusals::WRONG_READ);
    world.ok(world.submit(2, H1));
}

#[test]
fn a_lapsed_lease_that_nobody_swept_can_be_claimed() {
    let mut world = World::at_read(AiVisibility::Never);
    world.ok(world.claim(1));
    world.now = world.lease().until;
    world.ok(world.claim(2));
    assert_eq!(world.lease().user, user(2));
}

#[test]
fn a_renewed_lease_runs_from_now_and_never_gets_shorter() {
    let mut world = World::at_read(AiVisibility::Never);
    world.ok(world.claim(1));
    let (fence, end) = (world.fence(), world.lease().until);
    world.ok(Event::Renewed { user: user(1), fence, now: Instant(60_000_000) });
    assert_eq!(world.lease().until, end.plus_seconds(60));
    world.ok(Event::Renewed { user: user(1), fence, now: Instant(-5_000_000) });
    assert_eq!(world.lease().until, end.plus_seconds(60));
}

#[test]
fn a_hold_stops_decisions_but_not_saving() {
    let mut world = World::at_read(AiVisibility::Never);
    let task = world.task().id;
    world.ok(Event::Held { hold: hold(1) });
    assert_eq!(world.effects, [Effect::WithdrawTask { task }]);
    assert_eq!(world.no(world.claim(1)), refusals::HELD);
    assert_eq!(world.no(Event::Held { hold: hold(1) }), refusals::DUPLICATE_HOLD);
    world.ok(Event::Held { hold: hold(2) });
    world.ok(Event::Lifted { hold: hold(1) });
    assert_eq!(world.effects, []);
    assert_eq!(world.no(Event::Lifted { hold: hold(1) }), refusals::NO_SUCH_HOLD);
    world.ok(Event::Lifted { hold: hold(2) });
    assert!(matches!(world.effects[..], [Effect::OpenTask { task: t, .. }] if t == task));
    world.ok(world.claim(1));
    world.ok(Event::Held { hold: hold(3) });
    let fence = world.fence();
    assert_eq!(may_save(&world.state, user(1), fence, world.now).unwrap(), world.lease_read());
    world.ok(Event::Renewed { user: user(1), fence, now: world.now });
    assert_eq!(world.no(world.submit(1, H1)), refusals::HELD);
    world.ok(Event::GivenBack { user: user(1), fence });
    assert_eq!(world.effects, [Effect::WithdrawTask { task }]);
}

#[test]
fn a_reviewer_answers_both_questions_and_the_answers_agree() {
    let mut world = at_review();
    world.ok(world.claim(2));
    let with = |world: &World, decision, hash: &str, answer| {
        let mut event = world.review(2, decision, hash);
        if let Event::Reviewed { missing, .. } = &mut event {
            *missing = answer;
        }
        event
    };
    use ReviewDecision::{Accept, Fix, Reject};
    for (decision, hash, answer, code) in [
        (Accept, H1, None, refusals::MISSING_UNANSWERED),
        (Fix, H2, None, refusals::MISSING_UNANSWERED),
        (Accept, H1, Some(Missing::Added), refusals::MISSING_UNANSWERED),
        (Accept, H2, Some(Missing::Nothing), refusals::CONTENT_CHANGED),
        (Fix, H1, Some(Missing::Added), refusals::NOTHING_FIXED),
    ] {
        let event = with(&world, decision, hash, answer);
        assert_eq!(world.no(event), code);
    }
    let unfounded = [(Reject, H1, None), (Fix, H2, Some(Missing::Nothing))];
    for ((decision, hash, answer), empty) in
        unfounded.into_iter().flat_map(|what| [(what, None), (what, Some("  ".to_owned()))])
    {
        let mut event = with(&world, decision, hash, answer);
        if let Event::Reviewed { reason, .. } = &mut event {
            *reason = empty;
        }
        assert_eq!(world.no(event), refusals::REASON_REQUIRED);
    }
    let (subject, copy) = (world.state.current.unwrap(), world.lease_read());
    let event = with(&world, Fix, H2, Some(Missing::Added));
    world.ok(event);
    assert_eq!(world.state.current, Some(copy));
    assert_eq!(world.state.read(subject).unwrap().status, ReadStatus::Superseded);
    assert!(world.effects.contains(&Effect::SupersedeRead { read: subject }));
}

#[test]
fn a_signature_is_bound_to_what_stands() {
    let mut world = at_sign();
    assert_eq!(world.no(world.sign(3, SignDecision::Sign, H2)), refusals::CONTENT_CHANGED);
    let bare = |decision, reason: Option<&str>, signature| Event::Signed {
        user: user(3),
        fence: world.fence(),
        now: world.now,
        decision,
        reason: reason.map(String::from),
        return_to: None,
        content_hash: H1.into(),
        signature,
    };
    let unsigned = bare(SignDecision::Sign, None, None);
    let unsigned_reject = bare(SignDecision::Reject, Some("missed"), None);
    let mute_reject = bare(SignDecision::Reject, None, signature());
    assert_eq!(world.no(unsigned), refusals::SIGNATURE_REQUIRED);
    assert_eq!(world.no(unsigned_reject), refusals::SIGNATURE_REQUIRED);
    assert_eq!(world.no(mute_reject), refusals::REASON_REQUIRED);
    assert_eq!(world.no(world.submit(3, H1)), refusals::WRONG_STAGE);
    let fence = world.fence();
    assert_eq!(may_save(&world.state, user(3), fence, world.now).unwrap_err().code, refusals::WRONG_STAGE);
}

#[test]
fn a_rejection_goes_back_to_the_reader_and_past_the_cap_to_the_owner() {
    let mut world = at_sign();
    let rejected = world.state.current.unwrap();
    world.ok(world.sign(3, SignDecision::Reject, H1));
    let task = world.task();
    assert_eq!((task.stage, task.round, task.reserved_for), (1, 2, Some(user(1))));
    assert_eq!(world.state.read(rejected).unwrap().status, ReadStatus::Returned);
    assert_eq!(world.no(world.claim(4)), refusals::RESERVED);
    world.ok(world.claim(1));
    let opened = world.effects.iter().find_map(|effect| match effect {
        Effect::OpenRead { base, .. } => Some(*base),
        _ => None,
    });
    assert_eq!(opened, Some(Some(rejected)));
    world.ok(world.submit(1, H2));
    // Every stage again; the signer of the first round may sign again, the reviewer may review again.
    world.ok(world.claim(2));
    world.ok(world.review(2, ReviewDecision::Reject, H2));
    assert_eq!((world.state.phase, world.effects.last()), (Phase::Escalated, Some(&Effect::NeedsOwner)));
    assert_eq!(world.no(world.claim(1)), refusals::REWORK_CAP);
    let decide = |roles: &[Role], decision, reason: Option<&str>| Event::OwnerDecided {
        user: user(9),
        roles: roles.to_vec(),
        decision,
        reason: reason.map(String::from),
    };
    assert_eq!(world.no(decide(&[Role::Reviewer], OwnerDecision::Reopen, Some("x"))), refusals::NOT_IN_ROLE);
    assert_eq!(world.no(decide(&[Role::Owner], OwnerDecision::Reopen, None)), refusals::REASON_REQUIRED);
    let acted = |n| Event::OwnerDecided {
        user: user(n),
        roles: vec![Role::Owner],
        decision: OwnerDecision::Withdraw,
        reason: Some("not readable".into()),
    };
    assert_eq!(world.no(acted(1)), refusals::SEPARATION_OF_DUTIES, "the reader");
    assert_eq!(world.no(acted(2)), refusals::SEPARATION_OF_DUTIES, "who sent it back");
    let escalated = world.state.clone();
    world.ok(decide(&[Role::Owner], OwnerDecision::Withdraw, Some("not readable")));
    assert_eq!(world.state.phase, Phase::Withdrawn);
    world.state = escalated;
    world.ok(decide(&[Role::Owner], OwnerDecision::Reopen, Some("new guideline")));
    world.ok(world.claim(4));
    world.ok(world.submit(4, H1));
    world.ok(world.claim(2));
    world.ok(world.review(2, ReviewDecision::Reject, H2));
    assert_eq!(world.state.phase, Phase::Escalated, "one more round was granted, not two");
}

#[test]
fn a_stage_with_a_cap_of_its_own_sends_back_no_more_often() {
    let mut world = at_review();
    world.protocol.rework_cap = 9;
    world.protocol.stages[2].rework_cap = Some(1);
    let again = |world: &mut World| {
        world.ok(world.claim(1));
        world.ok(world.submit(1, H1));
        world.ok(world.claim(2));
        world.ok(world.review(2, ReviewDecision::Reject, H2));
    };
    world.ok(world.claim(2));
    world.ok(world.review(2, ReviewDecision::Reject, H2));
    assert_eq!(world.state.phase, Phase::Queued);
    again(&mut world);
    assert_eq!(world.state.phase, Phase::Escalated, "the cap over all stages would allow seven more");
    let reopened = Event::OwnerDecided {
        user: user(9),
        roles: vec![Role::Owner],
        decision: OwnerDecision::Reopen,
        reason: Some("look again".into()),
    };
    world.ok(reopened);
    again(&mut world);
    assert_eq!(world.state.phase, Phase::Escalated, "one more round was granted, not two");
    // A stage without one is held to the cap over all stages alone.
    let text = serde_json::to_string(&at_review().state).unwrap();
    assert!(!text.contains("sent_back"), "{text}");
}

#[test]
fn a_freed_task_does_not_show_the_next_reader_the_last_one() {
    let mut world = at_review();
    world.ok(world.claim(2));
    world.ok(world.review(2, ReviewDecision::Reject, H2));
    let owner = |roles: &[Role]| Event::Unreserved { user: user(9), roles: roles.to_vec() };
    assert_eq!(world.no(owner(&[Role::Specialist])), refusals::NOT_IN_ROLE);
    world.ok(owner(&[Role::Owner]));
    assert!(matches!(world.effects[..], [Effect::OpenTask { reserved_for: None, .. }]));
    assert_eq!(world.no(owner(&[Role::Owner])), refusals::NOT_RESERVED);
    world.ok(world.claim(4));
    assert_eq!(world.no(owner(&[Role::Owner])), refusals::ALREADY_LEASED);
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::OpenRead { base: None, .. })));
    assert_eq!(visible(&world, 4), [world.lease_read()]);
}

#[test]
fn what_waits_for_somebody_who_left_is_anybodys() {
    let rejected = || {
        let mut world = at_review();
        world.ok(world.claim(2));
        world.ok(world.review(2, ReviewDecision::Reject, H2));
        world
    };
    let left = |n| Event::ReservationEnded { user: user(n) };
    let mut world = rejected();
    assert_eq!(world.no(left(4)), refusals::NOT_RESERVED, "it waits for another person");
    world.ok(left(1));
    assert!(matches!(world.effects[..], [Effect::OpenTask { reserved_for: None, .. }]));
    world.ok(world.claim(4));
    // On hold it is freed, and offered to anybody once the hold is lifted.
    let mut world = rejected();
    world.ok(Event::Held { hold: hold(1) });
    world.ok(left(1));
    assert!(matches!(world.effects[..], [Effect::FreeTask { .. }]));
    world.ok(Event::Lifted { hold: hold(1) });
    assert!(matches!(world.effects[..], [Effect::OpenTask { reserved_for: None, .. }]));
    // Whoever left in the middle of it keeps the lease for as long as that runs.
    let mut world = rejected();
    world.ok(world.claim(1));
    world.ok(left(1));
    assert_eq!(world.no(world.claim(4)), refusals::ALREADY_LEASED);
    world.now = world.now.plus_seconds(1_000_000);
    world.ok(world.claim(4));
}

#[test]
fn the_draft_shows_when_the_protocol_says() {
    let (draft, mine) = (read(900), read(100));
    for (ai, at_start, asked, after) in [
        (AiVisibility::Never, false, false, false),
        (AiVisibility::AfterOwnRead, false, false, true),
        (AiVisibility::OnRequest, false, true, true),
        (AiVisibility::Always, true, true, true),
    ] {
        let mut world = World::at_read(ai);
        assert_eq!(visible(&world, 1), []);
        world.ok(world.claim(1));
        let base = (ai == AiVisibility::Always).then_some(draft);
        assert!(world.effects.contains(&Effect::OpenRead { read: mine, stage: 1, user: user(1), base }));
        assert_eq!(visible(&world, 1).contains(&draft), at_start, "{ai} at the start");
        let ask = Event::DraftRequested { user: user(1), fence: world.fence(), now: world.now };
        if ai == AiVisibility::OnRequest {
            world.ok(ask);
            assert_eq!(world.effects, [Effect::DraftShown { read: draft, user: user(1) }]);
        } else {
            assert_eq!(world.no(ask), refusals::DRAFT_NOT_OFFERED);
        }
        assert_eq!(visible(&world, 1).contains(&draft), asked, "{ai} when asked for");
        world.ok(world.submit(1, H1));
        assert_eq!(visible(&world, 1).contains(&draft), after, "{ai} after the read");
        assert_eq!(visible(&world, 2), [], "{ai}: nothing for who has no part in it");
        world.ok(world.claim(2));
        assert_eq!(visible(&world, 2).contains(&draft), at_start, "{ai} at review");
        assert!(visible(&world, 2).contains(&mine), "the reviewer sees what they review");
        let copy = world.lease_read();
        world.ok(world.review(2, ReviewDecision::Fix, H2));
        assert!(!visible(&world, 1).contains(&copy), "the reader does not see the review before acceptance");
        world.ok(world.claim(3));
        world.ok(world.sign(3, SignDecision::Sign, H2));
        assert!(visible(&world, 1).contains(&copy), "who took part may learn from what was accepted");
    }
}

#[test]
fn in_a_new_round_the_draft_is_asked_for_again() {
    let mut world = World::at_read(AiVisibility::OnRequest);
    let ask =
        |world: &World, n| Event::DraftRequested { user: user(n), fence: world.fence(), now: world.now };
    world.ok(world.claim(1));
    world.ok(ask(&world, 1));
    world.ok(world.submit(1, H1));
    world.ok(world.claim(2));
    world.ok(world.review(2, ReviewDecision::Reject, H2));
    world.ok(world.claim(1));
    assert!(!visible(&world, 1).contains(&read(900)), "nobody asked in this round");
    world.ok(ask(&world, 1));
    assert!(visible(&world, 1).contains(&read(900)));
}

#[test]
fn an_item_ends_under_the_version_that_it_began_with() {
    let mut world = World::new(crate::world::full(AiVisibility::Always));
    world.protocol.version = 7;
    assert_eq!(world.state.protocol_version, None);
    world.ok(Event::Cleared { draw: 0 });
    assert_eq!(world.state.protocol_version, Some(7));
    let before = world.state.clone();
    world.protocol.version = 8;
    assert_eq!(world.no(Event::DraftFailed), refusals::OTHER_PROTOCOL_VERSION);
    assert_eq!(world.state, before);
    world.protocol.version = 7;
    world.ok(Event::DraftFailed);
    // Items of older installations know no version: they run under the one that they are given.
    world.state.protocol_version = None;
    world.protocol.version = 9;
    world.ok(world.claim(1));
}

#[test]
fn the_gate_is_passed_once_and_work_goes_on_without_a_draft() {
    let mut world = World::new(crate::world::full(AiVisibility::Always));
    assert_eq!(world.no(world.claim(1)), refusals::NOT_READY);
    assert_eq!(world.no(Event::DraftFailed), refusals::WRONG_STAGE);
    let quarantined = world.state.clone();
    world.ok(Event::GateRejected);
    assert_eq!(world.no(Event::Cleared { draw: 0 }), refusals::WRONG_STAGE);
    assert_eq!(world.no(Event::Held { hold: hold(1) }), refusals::WRONG_STAGE);
    world.state = quarantined;
    world.ok(Event::Cleared { draw: 0 });
    assert_eq!((world.state.phase, &world.effects[..]), (Phase::Cleared, &[Effect::NeedsDraft][..]));
    assert_eq!(world.no(Event::GateRejected), refusals::WRONG_STAGE);
    world.ok(Event::DraftFailed);
    world.ok(world.claim(1));
    assert!(world.effects.iter().any(|effect| matches!(effect, Effect::OpenRead { base: None, .. })));
}

#[test]
fn codes_are_unique_and_words_are_stable() {
    let codes: std::collections::BTreeSet<_> = refusals::ALL.iter().map(|entry| entry.code).collect();
    assert_eq!(codes.len(), refusals::ALL.len());
    for phase in Phase::ALL {
        assert_eq!(serde_json::to_value(phase).unwrap(), phase.as_str());
        assert_eq!(phase.as_str().parse::<Phase>(), Ok(*phase));
    }
    let mut world = World::at_read(AiVisibility::Never);
    world.ok(world.claim(1));
    let stored = serde_json::to_value(&world.state).unwrap();
    let task = &world.task().id;
    let lease =
        serde_json::json!({"user": user(1), "until": 600_000_000, "fence": 1, "read": read(100).to_string()});
    let open = serde_json::json!({
        "id": task.to_string(), "stage": 1, "round": 1, "fence": 1, "draft": read(100).to_string(), "lease": lease,
    });
    assert_eq!(stored["tasks"], serde_json::json!([open]));
    // Older installations kept one task.
    let mut older = stored.clone();
    older.as_object_mut().unwrap().remove("tasks");
    older["task"] = serde_json::json!({"id": task.to_string(), "stage": 1, "round": 1, "lease": stored["tasks"][0]["lease"]});
    older["fence"] = 1.into();
    let mut old_world = World::new(world.protocol.clone());
    old_world.state = serde_json::from_value(older).unwrap();
    old_world.ok(old_world.submit(1, H1));
    let none: ItemState =
        serde_json::from_value(serde_json::json!({"phase": "accepted", "task": null})).unwrap();
    assert_eq!(none.tasks, []);
}
