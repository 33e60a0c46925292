//! Whether a project has the people that a protocol asks for. Nobody acts at two stages of one item.

use std::collections::{BTreeSet, HashMap};

use countersign_model::{Protocol, READERS_MAX, Role, Stage, UserId};

/// Something that the people on a project cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    /// Stable code.
    pub code: &'static str,
    /// Place in the protocol.
    pub place: String,
    /// In words.
    pub message: String,
}

/// Stages that ask for a qualification that nobody on the project holds now, and whether that was asked for `before`
/// already: what ran out since is a warning, what is newly asked for could never be met.
pub(crate) fn unheld<'a>(
    protocol: &'a Protocol,
    before: &'a Protocol,
    held: &'a BTreeSet<String>,
) -> impl Iterator<Item = (Shortage, bool)> + 'a {
    let stages = protocol.stages.iter().enumerate().filter_map(|(index, stage)| {
        let same = |old: &Stage| old.id == stage.id && old.qualification == stage.qualification;
        let is_old = before.stages.iter().any(same);
        Some((format!("stages[{index}].qualification"), stage.qualification.as_ref()?, is_old))
    });
    let release = protocol.release.qualification.as_ref().map(|expr| {
        let is_old = before.release.qualification.as_ref() == Some(expr);
        ("release.qualification".to_owned(), expr, is_old)
    });
    stages.chain(release).filter_map(|(place, expr, is_old)| {
        let missing: Vec<&str> = expr.missing(held).into_iter().collect();
        let message = format!("nobody on the project holds {}", missing.join(", "));
        (!missing.is_empty()).then_some((Shortage { code: "unheld_qualification", place, message }, is_old))
    })
}

/// The qualifications that a protocol asks for and nobody on the project holds, each once.
pub(crate) fn unheld_names(protocol: &Protocol, held: &BTreeSet<String>) -> Vec<String> {
    let wanted = protocol.stages.iter().filter_map(|stage| stage.qualification.as_ref());
    let missing: BTreeSet<String> = wanted.flat_map(|asked| asked.missing(held)).map(str::to_owned).collect();
    missing.into_iter().collect()
}

/// What the people with these roles cannot do under this protocol.
pub(crate) fn shortages(protocol: &Protocol, grants: &[(UserId, Role)]) -> Vec<Shortage> {
    let holders = |role: Role| -> BTreeSet<UserId> {
        grants.iter().filter(|(_, held)| *held == role).map(|(user, _)| *user).collect()
    };
    let mut found = Vec::new();
    let mut seats: Vec<BTreeSet<UserId>> = Vec::new();
    for (index, stage) in protocol.stages.iter().enumerate() {
        let Some(role) = stage.role else { continue };
        let people = holders(role);
        let wanted = stage.readers_limit() as usize;
        if people.len() < wanted {
            let field = if wanted > 1 { "readers" } else { "role" };
            let message = format!("asks for {wanted} with the role {role}; the project has {}", people.len());
            found.push(short(format!("stages[{index}].{field}"), message));
        } else if stage.fresh_eyes && people.len() < 2 {
            let message = format!(
                "what was done again is for another person with the role {role}; the project has one"
            );
            found.push(short(format!("stages[{index}].fresh_eyes"), message));
        }
        if let Some(to) = stage.escalate_to.filter(|to| holders(*to).is_empty()) {
            let message = format!("nobody on the project has the role {to}");
            found.push(short(format!("stages[{index}].escalate_to"), message));
        }
        seats.extend(std::iter::repeat_n(people, stage.readers.min(READERS_MAX) as usize));
    }
    let filled = most_seated(&seats);
    if found.is_empty() && filled < seats.len() {
        let message = format!(
            "an item needs {} different people; the roles on the project let {filled} take part",
            seats.len()
        );
        found.push(short("stages".into(), message));
    }
    found
}

/// Stages at which whoever sent something back may be the one who looks at it again.
pub(crate) fn same_eyes(protocol: &Protocol) -> impl Iterator<Item = Shortage> + '_ {
    let stages = protocol.stages.iter().enumerate();
    stages.filter(|(_, stage)| stage.reviews() && !stage.fresh_eyes).map(|(index, _)| Shortage {
        code: "same_eyes",
        place: format!("stages[{index}].fresh_eyes"),
        message: "what was done again may be looked at by who sent it back; fresh_eyes: true asks for another person"
            .into(),
    })
}

fn short(place: String, message: String) -> Shortage {
    Shortage { code: "too_few_people", place, message }
}

/// The most seats that can be filled with a person of their own each: augmenting paths of Kuhn's algorithm.
fn most_seated(seats: &[BTreeSet<UserId>]) -> usize {
    let mut taken: HashMap<UserId, usize> = HashMap::new();
    (0..seats.len()).filter(|seat| seated(seats, *seat, &mut taken, &mut BTreeSet::new())).count()
}

fn seated(
    seats: &[BTreeSet<UserId>],
    seat: usize,
    taken: &mut HashMap<UserId, usize>,
    tried: &mut BTreeSet<UserId>,
) -> bool {
    for user in &seats[seat] {
        if !tried.insert(*user) {
            continue;
        }
        let free = match taken.get(user).copied() {
            Some(other) => seated(seats, other, taken, tried),
            None => true,
        };
        if free {
            taken.insert(*user, seat);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use countersign_workflow::{parse_protocol, shipped};
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    #[test]
    fn a_qualification_that_nobody_holds_is_told() {
        let mut protocol = parse_protocol(shipped()[0].1).unwrap();
        let last = protocol.stages.len() - 1;
        protocol.stages[last].qualification = Some("board_certified & !in_training".parse().unwrap());
        let before = parse_protocol(shipped()[0].1).unwrap();
        let places = |before: &Protocol, held: &[&str]| -> Vec<(String, bool)> {
            let held = held.iter().map(|name| (*name).to_owned()).collect();
            unheld(&protocol, before, &held).map(|(shortage, is_old)| (shortage.place, is_old)).collect()
        };
        let place = format!("stages[{last}].qualification");
        assert_eq!(places(&before, &["chest_ct"]), [(place.clone(), false)]);
        assert_eq!(places(&protocol, &["chest_ct"]), [(place, true)]);
        assert_eq!(places(&before, &["board_certified", "in_training"]), []);
    }

    #[test]
    fn a_review_without_fresh_eyes_is_told() {
        let mut protocol =
            parse_protocol(shipped().iter().find(|(id, _)| *id == "radiology").unwrap().1).unwrap();
        let places =
            |protocol: &Protocol| -> Vec<String> { same_eyes(protocol).map(|found| found.place).collect() };
        let review = protocol.stages.iter().position(Stage::reviews).unwrap();
        assert_eq!(places(&protocol), [format!("stages[{review}].fresh_eyes")]);
        protocol.stages[review].fresh_eyes = true;
        assert!(places(&protocol).is_empty());
    }

    #[test]
    fn a_double_read_needs_four_people_a_fifth_for_what_is_sent_back_and_says_who_is_missing() {
        let text = shipped().iter().find(|(id, _)| *id == "radiology_double").unwrap().1;
        let protocol = parse_protocol(text).unwrap();
        let mut grants = vec![
            (user(1), Role::Annotator),
            (user(2), Role::Annotator),
            (user(3), Role::Reviewer),
            (user(4), Role::Specialist),
        ];
        let places = |grants: &[(UserId, Role)]| -> Vec<String> {
            shortages(&protocol, grants).into_iter().map(|shortage| shortage.place).collect()
        };
        // What one specialist sent back is signed by another.
        assert_eq!(places(&grants), ["stages[4].fresh_eyes"]);
        grants.push((user(5), Role::Specialist));
        assert_eq!(shortages(&protocol, &grants), []);
        let reader = grants.remove(1);
        assert_eq!(places(&grants), ["stages[1].readers"]);
        // One person with two roles fills one seat only.
        grants.push((user(3), Role::Annotator));
        assert_eq!(places(&grants), ["stages"]);
        grants.push(reader);
        assert!(places(&grants).is_empty());
        grants.retain(|(_, role)| *role != Role::Specialist);
        assert_eq!(places(&grants), ["stages[3].escalate_to", "stages[4].role"]);
    }
}
