//! What is wrong with the stages of a protocol, one by one and as they follow each other.

use std::collections::BTreeSet;

use super::{Agreement, Blinding, READERS_MAX, ReturnTo, Stage, StageKind};
use crate::{ProtocolError, Role, protocol::REWORK_CAP_MAX};

/// Most stages in one protocol.
const STAGES_MAX: usize = 16;
/// Longest lease: one day, minutes.
const LEASE_MINUTES_MAX: u32 = 24 * 60;
/// Longest time before a task that nobody finished is escalated: 90 days, hours.
const ESCALATE_HOURS_MAX: u32 = 90 * 24;

/// Most marks by which readers' counts may be said to agree.
const COUNT_APART_MAX: u32 = 100_000;

impl Agreement {
    fn validate(&self, place: &str) -> Result<(), ProtocolError> {
        let shares = [
            ("box_iou", self.box_iou),
            ("dice", self.dice),
            ("cuboid_iou", self.cuboid_iou),
            ("number_share", self.number_share),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return fail(format!("{place}.{name}"), "between 0 and 1");
            }
        }
        if !(self.point_px.is_finite() && self.point_px > 0.0) {
            return fail(format!("{place}.point_px"), "greater than zero");
        }
        let limits = [
            ("surface_px", self.surface_px),
            ("surface_mm", self.surface_mm),
            ("length_mm", self.length_mm),
            ("area_mm2", self.area_mm2),
            ("number_apart", self.number_apart),
        ];
        for (name, limit) in limits {
            if limit.is_some_and(|limit| !(limit.is_finite() && limit > 0.0)) {
                return fail(format!("{place}.{name}"), "greater than zero");
            }
        }
        match self.count_apart {
            Some(apart) if apart > COUNT_APART_MAX => fail(format!("{place}.count_apart"), "at most 100000"),
            _ => Ok(()),
        }
    }
}

/// Codes of what is wrong with stages; everything else is `bad_value`.
pub(crate) mod codes {
    /// A stage that no item ever comes to, or from which nothing goes on.
    pub const UNREACHABLE_STAGE: &str = "unreachable_stage";
    /// A number of readers that can never decide anything.
    pub const IMPOSSIBLE_QUORUM: &str = "impossible_quorum";
    /// Work that could go round for ever.
    pub const CYCLE_WITHOUT_CAP: &str = "cycle_without_cap";
    /// A qualification that nobody can hold.
    pub const IMPOSSIBLE_QUALIFICATION: &str = "impossible_qualification";
}

fn fail<T>(place: String, message: &str) -> Result<T, ProtocolError> {
    Err(ProtocolError::new(place, message))
}

fn fail_as<T>(code: &'static str, place: String, message: &str) -> Result<T, ProtocolError> {
    Err(ProtocolError { code, ..ProtocolError::new(place, message) })
}

/// What is wrong with the stages, one by one and as they follow each other: at most one fault of each kind per stage.
pub(crate) fn stage_problems(stages: &[Stage]) -> Vec<ProtocolError> {
    if stages.is_empty() || stages.len() > STAGES_MAX {
        return vec![ProtocolError::new("stages".into(), "between 1 and 16 stages")];
    }
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, stage) in stages.iter().enumerate() {
        if stage.id.is_empty() {
            problems.push(ProtocolError::new(format!("stages[{index}].id"), "is empty"));
        } else if !seen.insert(stage.id.as_str()) {
            problems.push(ProtocolError::new(format!("stages[{index}].id"), "is used twice"));
        }
        let checks = [
            validate_who(stage, index),
            validate_order(stages, index),
            validate_readers(stage, index),
            validate_escalation(stage, index),
            validate_extras(stage, index),
            validate_blinding(stage, index),
            validate_qualification(stage, index),
        ];
        problems.extend(checks.into_iter().filter_map(Result::err));
    }
    if !stages.iter().any(|stage| stage.kind == StageKind::Read) {
        problems.push(ProtocolError::new("stages".into(), "at least one read stage"));
    }
    problems
}

fn validate_who(stage: &Stage, index: usize) -> Result<(), ProtocolError> {
    let role = || format!("stages[{index}].role");
    if stage.is_automatic() && stage.role.is_some() {
        return fail(role(), "the machine does this stage: name no role");
    }
    if !stage.is_automatic() && stage.role.is_none() {
        return fail(role(), "is missing");
    }
    if stage.lease_minutes == 0 || stage.lease_minutes > LEASE_MINUTES_MAX {
        return fail(format!("stages[{index}].lease_minutes"), "between 1 and 1440");
    }
    Ok(())
}

fn validate_order(stages: &[Stage], index: usize) -> Result<(), ProtocolError> {
    let stage = &stages[index];
    let before = index.checked_sub(1).map(|before| &stages[before]);
    let after = stages.get(index + 1);
    let read_before = stages[..index].iter().any(|stage| stage.kind == StageKind::Read);
    let kind = |text: &str| fail_as(codes::UNREACHABLE_STAGE, format!("stages[{index}].kind"), text);
    match stage.kind {
        StageKind::Prelabel if index > 0 => kind("prelabel can only come first"),
        StageKind::Read if read_before => kind("one read stage per protocol"),
        StageKind::Read if stage.is_parallel() && after.is_none_or(|s| s.kind != StageKind::Compare) => {
            fail_as(
                codes::UNREACHABLE_STAGE,
                format!("stages[{index}].readers"),
                "several reads need a compare stage right after them",
            )
        }
        StageKind::Compare
            if before.is_some_and(|read| read.readers_max.is_some()) && !stage.agreement.majority =>
        {
            fail_as(
                codes::IMPOSSIBLE_QUORUM,
                format!("stages[{index}].agreement.majority"),
                "readers who are asked one by one settle nothing unless the majority decides",
            )
        }
        StageKind::Compare if !before.is_some_and(Stage::is_parallel) => {
            kind("compare comes right after a read stage with two readers or more")
        }
        StageKind::Compare if after.is_none_or(|s| s.kind != StageKind::Adjudicate) => {
            kind("nobody would decide where reads differ: an adjudicate stage must come next")
        }
        StageKind::Adjudicate if before.is_none_or(|s| s.kind != StageKind::Compare) => {
            kind("cannot be reached: adjudicate comes right after compare")
        }
        StageKind::Review | StageKind::SampleQa | StageKind::Sign if !read_before => {
            kind("needs a read stage before it")
        }
        _ => Ok(()),
    }
}

fn validate_readers(stage: &Stage, index: usize) -> Result<(), ProtocolError> {
    let quorum =
        |field: &str, text: &str| fail_as(codes::IMPOSSIBLE_QUORUM, format!("stages[{index}].{field}"), text);
    if stage.readers == 0 || stage.readers > READERS_MAX {
        return quorum("readers", "between 1 and 9 readers");
    }
    if stage.readers > 1 && stage.kind != StageKind::Read {
        return fail(format!("stages[{index}].readers"), "only a read stage has readers");
    }
    match stage.readers_min {
        Some(least) if least == 0 || least >= stage.readers => {
            return quorum("readers_min", "at least one, and fewer than readers");
        }
        Some(_) if stage.readers_max.is_some() => {
            return quorum("readers_min", "not where readers are asked one by one");
        }
        _ => {}
    }
    match stage.readers_max {
        Some(_) if !stage.is_parallel() => quorum("readers_max", "begin with two readers or more"),
        Some(most) if most <= stage.readers || most > READERS_MAX => {
            quorum("readers_max", "more than readers, and at most 9")
        }
        _ => Ok(()),
    }
}

fn validate_escalation(stage: &Stage, index: usize) -> Result<(), ProtocolError> {
    let at = |field: &str| format!("stages[{index}].{field}");
    if let Some(to) = stage.escalate_to {
        if stage.is_automatic() {
            return fail(at("escalate_to"), "the machine does this stage: nothing of it is handed on");
        }
        if Some(to) == stage.role {
            let text = "must be another role than the stage's own";
            return fail_as(codes::CYCLE_WITHOUT_CAP, at("escalate_to"), text);
        }
        match (stage.kind, to) {
            (_, Role::QualityEngineer | Role::Specialist) => {}
            (StageKind::Sign, _) => {
                return fail(at("escalate_to"), "a quality engineer or a specialist signs");
            }
            (_, Role::Reviewer) => {}
            _ => return fail(at("escalate_to"), "a reviewer, a quality engineer or a specialist"),
        }
    }
    let by_hand = stage.kind == StageKind::Adjudicate;
    match stage.escalate_hours {
        Some(_) if stage.escalate_to.is_none() => fail(at("escalate_hours"), "say to whom with escalate_to"),
        Some(hours) if hours == 0 || hours > ESCALATE_HOURS_MAX => {
            fail(at("escalate_hours"), "between 1 and 2160")
        }
        None if stage.escalate_to.is_some() && !by_hand => {
            fail(at("escalate_to"), "say after how many hours with escalate_hours")
        }
        _ => Ok(()),
    }
}

fn validate_extras(stage: &Stage, index: usize) -> Result<(), ProtocolError> {
    let at = |field: &str| format!("stages[{index}].{field}");
    if stage.kind != StageKind::Compare && (stage.merge.is_some() || !stage.agreement.is_default()) {
        return fail(at("merge"), "agreement and merge belong to a compare stage");
    }
    stage.agreement.validate(&at("agreement"))?;
    match (stage.kind, stage.share) {
        (StageKind::SampleQa, Some(share)) if share > 0.0 && share <= 1.0 => {}
        (StageKind::SampleQa, _) => return fail(at("share"), "the share of items, above 0 and at most 1"),
        (_, Some(_)) => return fail(at("share"), "only a sample_qa stage takes a share"),
        (_, None) => {}
    }
    let rejects = stage.reviews() || stage.kind == StageKind::Sign;
    if stage.on_reject != ReturnTo::SamePerson && !rejects {
        return fail(at("on_reject"), "nothing is rejected at this stage");
    }
    if stage.fresh_eyes && !rejects {
        return fail(at("fresh_eyes"), "nothing that was done again is looked at in this stage");
    }
    match stage.rework_cap {
        Some(_) if !rejects => return fail(at("rework_cap"), "nothing is sent back from this stage"),
        Some(cap) if cap > REWORK_CAP_MAX => {
            let text = format!("at most {REWORK_CAP_MAX}");
            return fail_as(codes::CYCLE_WITHOUT_CAP, at("rework_cap"), &text);
        }
        _ => {}
    }
    Ok(())
}

fn validate_blinding(stage: &Stage, index: usize) -> Result<(), ProtocolError> {
    for (place, what) in stage.blind.iter().enumerate() {
        let at = || format!("stages[{index}].blind[{place}]");
        if stage.is_automatic() {
            return fail(at(), "the machine does this stage: there is nobody to keep anything from");
        }
        if stage.blind[..place].contains(what) {
            return fail(at(), "is said twice");
        }
        if *what == Blinding::EarlierReads && stage.kind != StageKind::Adjudicate {
            return fail(
                at(),
                "only who decides between reads can do so without them: elsewhere nothing else is shown",
            );
        }
    }
    Ok(())
}

fn validate_qualification(stage: &Stage, index: usize) -> Result<(), ProtocolError> {
    let at = || format!("stages[{index}].qualification");
    match &stage.qualification {
        Some(_) if stage.is_automatic() => {
            fail(at(), "the machine does this stage: ask for no qualification")
        }
        Some(expr) if !expr.can_hold() => {
            fail_as(codes::IMPOSSIBLE_QUALIFICATION, at(), "nobody can ever hold this: it contradicts itself")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;

    fn double() -> Vec<Stage> {
        let read = Stage { readers: 2, ..Stage::plain("read", StageKind::Read, Some(Role::Annotator)) };
        vec![
            read,
            Stage::plain("compare", StageKind::Compare, None),
            Stage {
                escalate_to: Some(Role::Specialist),
                ..Stage::plain("adjudicate", StageKind::Adjudicate, Some(Role::Reviewer))
            },
            Stage::plain("sign", StageKind::Sign, Some(Role::Specialist)),
        ]
    }

    fn place(stages: &[Stage]) -> String {
        stage_problems(stages).remove(0).place
    }

    #[test]
    fn a_double_read_with_adjudication_is_a_protocol() {
        assert_eq!(stage_problems(&double()), []);
    }

    #[test]
    fn what_cannot_be_reached_or_never_ends_is_named() {
        let mut lone = double();
        lone.remove(1);
        assert_eq!(place(&lone), "stages[0].readers");
        let mut undecided = double();
        undecided.remove(2);
        assert_eq!(place(&undecided), "stages[1].kind");
        let mut single = double();
        single[0].readers = 1;
        assert_eq!(place(&single), "stages[1].kind");
        let mut unreachable = double();
        unreachable.swap(2, 3);
        assert_eq!(place(&unreachable), "stages[1].kind");
        let mut impossible = double();
        impossible[0].readers_max = Some(2);
        assert_eq!(place(&impossible), "stages[0].readers_max");
        impossible[0].readers_max = Some(40);
        assert_eq!(place(&impossible), "stages[0].readers_max");
        let mut few = double();
        for (least, most) in [(0, None), (2, None), (1, Some(3))] {
            (few[0].readers_min, few[0].readers_max) = (Some(least), most);
            assert_eq!(place(&few), "stages[0].readers_min");
        }
        (few[0].readers_min, few[0].readers_max) = (Some(1), None);
        assert_eq!(stage_problems(&few), []);
        let mut zero = double();
        zero[0].readers = 0;
        assert_eq!(place(&zero), "stages[0].readers");
        let mut endless = double();
        endless[0].readers_max = Some(5);
        assert_eq!(place(&endless), "stages[1].agreement.majority");
        endless[1].agreement.majority = true;
        assert_eq!(stage_problems(&endless), []);
        let mut nobody = double();
        nobody[2].role = None;
        assert_eq!(place(&nobody), "stages[2].role");
        let mut circle = double();
        circle[2].escalate_to = Some(Role::Reviewer);
        assert_eq!(place(&circle), "stages[2].escalate_to");
    }

    #[test]
    fn every_stage_of_people_may_be_handed_on_after_a_time_and_upwards_only() {
        let mut stages = double();
        stages.push(Stage {
            share: Some(0.1),
            ..Stage::plain("qa", StageKind::SampleQa, Some(Role::Reviewer))
        });
        for (index, to) in [(0, Role::Reviewer), (3, Role::QualityEngineer), (4, Role::Specialist)] {
            let mut stages = stages.clone();
            stages[index].escalate_to = Some(to);
            if stages[index].kind != StageKind::Adjudicate {
                assert_eq!(place(&stages), format!("stages[{index}].escalate_to"), "without a time");
            }
            stages[index].escalate_hours = Some(24);
            assert_eq!(stage_problems(&stages), []);
            stages[index].escalate_to = stages[index].role;
            assert_eq!(place(&stages), format!("stages[{index}].escalate_to"), "to itself");
            stages[index].escalate_to = Some(Role::Owner);
            assert_eq!(place(&stages), format!("stages[{index}].escalate_to"), "to who does no such work");
            stages[index].escalate_to = None;
            assert_eq!(place(&stages), format!("stages[{index}].escalate_hours"), "to nobody");
        }
        stages[3].escalate_to = Some(Role::Reviewer);
        stages[3].escalate_hours = Some(24);
        assert_eq!(place(&stages), "stages[3].escalate_to", "reviewers do not sign");
        stages[3] = Stage { escalate_to: None, escalate_hours: None, ..stages[3].clone() };
        stages[1].escalate_to = Some(Role::Specialist);
        assert_eq!(place(&stages), "stages[1].escalate_to", "the machine is never late");
    }

    #[test]
    fn what_is_kept_from_people_is_said_once_and_where_it_can_be() {
        let mut stages = double();
        stages[0].blind = vec![Blinding::Names];
        stages[2].blind = vec![Blinding::EarlierReads, Blinding::Names];
        stages[3].blind = vec![Blinding::Names];
        assert_eq!(stage_problems(&stages), []);
        for (index, blind, at) in [
            (1, vec![Blinding::Names], "stages[1].blind[0]"),
            (3, vec![Blinding::Names, Blinding::Names], "stages[3].blind[1]"),
            (3, vec![Blinding::EarlierReads], "stages[3].blind[0]"),
        ] {
            let mut stages = stages.clone();
            stages[index].blind = blind;
            assert_eq!(place(&stages), at);
        }
    }

    #[test]
    fn numbers_have_bounds() {
        let mut stages = double();
        stages[1].agreement.box_iou = f64::NAN;
        assert_eq!(place(&stages), "stages[1].agreement.box_iou");
        stages[1].agreement = Agreement { surface_px: Some(0.0), ..Agreement::default() };
        assert_eq!(place(&stages), "stages[1].agreement.surface_px");
        stages[1].agreement = Agreement { area_mm2: Some(f64::INFINITY), ..Agreement::default() };
        assert_eq!(place(&stages), "stages[1].agreement.area_mm2");
        stages[1].agreement = Agreement { number_apart: Some(-1.0), ..Agreement::default() };
        assert_eq!(place(&stages), "stages[1].agreement.number_apart");
        let mut stages = double();
        stages.push(Stage::plain("qa", StageKind::SampleQa, Some(Role::QualityEngineer)));
        assert_eq!(place(&stages), "stages[4].share");
        stages[4].share = Some(0.1);
        assert_eq!(stage_problems(&stages), []);
        stages[3].share = Some(0.1);
        assert_eq!(place(&stages), "stages[3].share");
    }

    #[test]
    fn a_qualification_goes_with_people_and_can_be_held() {
        let mut stages = double();
        stages[3].qualification = Some("board_certified & !in_training".parse().unwrap());
        assert_eq!(stage_problems(&stages), []);
        stages[3].qualification = Some("a & !a".parse().unwrap());
        assert_eq!(place(&stages), "stages[3].qualification");
        let mut stages = double();
        stages[1].qualification = Some("radiologist".parse().unwrap());
        assert_eq!(place(&stages), "stages[1].qualification");
    }

    #[test]
    fn every_stage_that_is_wrong_is_named_with_a_code() {
        let mut stages = double();
        stages[0].readers_max = Some(40);
        stages[1].agreement.majority = true;
        stages[2].escalate_to = Some(Role::Reviewer);
        stages[3].qualification = Some("a & !a".parse().unwrap());
        stages.swap(2, 3);
        let found: Vec<(String, &str)> =
            stage_problems(&stages).into_iter().map(|problem| (problem.place, problem.code)).collect();
        let expected = [
            ("stages[0].readers_max", codes::IMPOSSIBLE_QUORUM),
            ("stages[1].kind", codes::UNREACHABLE_STAGE),
            ("stages[2].qualification", codes::IMPOSSIBLE_QUALIFICATION),
            ("stages[3].kind", codes::UNREACHABLE_STAGE),
            ("stages[3].escalate_to", codes::CYCLE_WITHOUT_CAP),
        ];
        for (place, code) in expected {
            assert!(found.iter().any(|(at, what)| at == place && *what == code), "{place}: {found:?}");
        }
    }
}
