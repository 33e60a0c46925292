//! Whether a project has the people that a protocol asks for. Nobody acts at two stages of one item.

use std::collections::{BTreeSet, HashMap};

use countersign_model::{Instant, ProjectId, Protocol, QualificationExpr, READERS_MAX, Role, Stage, UserId};
use countersign_store::{Conn, projects, qualifications, users};

use crate::Result;

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

/// Roles that sign a release.
const SIGN_RELEASES: [Role; 2] = [Role::DataScientist, Role::Owner];

/// Who has which role on a project, and what each of them holds now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Staff {
    grants: Vec<(UserId, Role)>,
    held: HashMap<UserId, BTreeSet<String>>,
}

impl Staff {
    pub(crate) async fn of(conn: &mut Conn, project: ProjectId, now: Instant) -> Result<Self> {
        let closed: BTreeSet<UserId> =
            users::list(conn).await?.iter().filter(|user| !user.active).map(|user| user.id).collect();
        let grants = projects::grants(conn, project).await?.into_iter();
        let grants = grants.filter(|grant| !closed.contains(&grant.user_id));
        let held = qualifications::held_by_person(conn, project, now).await?;
        Ok(Self::new(grants.map(|grant| (grant.user_id, grant.role)).collect(), held))
    }

    fn new(grants: Vec<(UserId, Role)>, names: Vec<(UserId, String)>) -> Self {
        let mut held: HashMap<UserId, BTreeSet<String>> = HashMap::new();
        for (user, name) in names {
            held.entry(user).or_default().insert(name);
        }
        Self { grants, held }
    }

    pub(crate) fn grants(&self) -> &[(UserId, Role)] {
        &self.grants
    }

    /// Whether one person with the role holds all that is asked for: what two people hold between them lets neither work.
    fn can(&self, role: Role, expr: &QualificationExpr) -> bool {
        let nothing = BTreeSet::new();
        let mut people = self.grants.iter().filter(|(_, held)| *held == role);
        people.any(|(user, _)| expr.holds(self.held.get(user).unwrap_or(&nothing)))
    }

    /// The names that would help and that nobody on the project holds.
    fn unknown<'a>(&self, expr: &'a QualificationExpr) -> BTreeSet<&'a str> {
        expr.missing(&self.held.values().flatten().cloned().collect())
    }

    /// What stands in the way of these roles, of which each must have somebody; `None` when nothing does.
    fn lacks(&self, roles: &[Role], expr: &QualificationExpr) -> Option<String> {
        let role = roles.iter().find(|role| !self.can(**role, expr))?;
        let unknown: Vec<&str> = self.unknown(expr).into_iter().collect();
        Some(if unknown.is_empty() {
            format!("nobody with the role {role} holds {expr}")
        } else {
            format!("nobody on the project holds {}", unknown.join(", "))
        })
    }
}

/// The roles that are given the tasks of a stage.
fn roles_of(stage: &Stage) -> Vec<Role> {
    [stage.role, stage.escalate_to].into_iter().flatten().collect()
}

/// Stages that ask for qualifications that nobody with their roles holds now, and whether that was asked of them `before`
/// already: what ran out since is a warning, what is newly asked for could never be met.
pub(crate) fn unheld<'a>(
    protocol: &'a Protocol,
    before: &'a Protocol,
    staff: &'a Staff,
) -> impl Iterator<Item = (Shortage, bool)> + 'a {
    let stages = protocol.stages.iter().enumerate().filter_map(|(index, stage)| {
        let same = |old: &Stage| {
            old.id == stage.id && old.qualification == stage.qualification && roles_of(old) == roles_of(stage)
        };
        let is_old = before.stages.iter().any(same);
        let message = staff.lacks(&roles_of(stage), stage.qualification.as_ref()?)?;
        Some((format!("stages[{index}].qualification"), message, is_old))
    });
    let release = protocol.release.qualification.as_ref().and_then(|expr| {
        let is_old = before.release.qualification.as_ref() == Some(expr);
        // One of them is enough: whoever may sign a release begins it.
        let able = SIGN_RELEASES.iter().any(|role| staff.can(*role, expr));
        let message = if able { None } else { staff.lacks(&SIGN_RELEASES, expr) };
        Some(("release.qualification".to_owned(), message?, is_old))
    });
    let code = "unheld_qualification";
    stages.chain(release).map(move |(place, message, is_old)| (Shortage { code, place, message }, is_old))
}

/// What a protocol asks for at its stages and nobody who is given their work holds: the names that nobody on the project
/// holds, or the whole of what no one person does. Each once.
pub(crate) fn unheld_names(protocol: &Protocol, staff: &Staff) -> Vec<String> {
    let mut missing = BTreeSet::new();
    for stage in &protocol.stages {
        let Some(expr) = &stage.qualification else { continue };
        if staff.lacks(&roles_of(stage), expr).is_none() {
            continue;
        }
        let unknown = staff.unknown(expr);
        if unknown.is_empty() {
            missing.insert(expr.to_string());
        }
        missing.extend(unknown.into_iter().map(str::to_owned));
    }
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
        let role = protocol.stages[last].role.unwrap();
        let places = |before: &Protocol, held: &[(u128, &str)]| -> Vec<(String, bool)> {
            let names = held.iter().map(|(who, name)| (user(*who), (*name).to_owned())).collect();
            let staff = Staff::new(vec![(user(1), role), (user(2), role), (user(3), Role::Auditor)], names);
            unheld(&protocol, before, &staff).map(|(shortage, is_old)| (shortage.place, is_old)).collect()
        };
        let place = format!("stages[{last}].qualification");
        let refused = [(place.clone(), false)];
        assert_eq!(places(&before, &[(1, "chest_ct")]), refused);
        assert_eq!(places(&protocol, &[(1, "chest_ct")]), [(place, true)]);
        assert_eq!(places(&before, &[(1, "board_certified"), (2, "in_training")]), []);
        assert_eq!(places(&before, &[(1, "board_certified"), (1, "in_training")]), refused, "ruled out");
        assert_eq!(places(&before, &[(3, "board_certified")]), refused, "without the role");
    }

    #[test]
    fn what_two_people_hold_between_them_lets_neither_work() {
        let before = parse_protocol(shipped()[0].1).unwrap();
        let mut protocol = before.clone();
        let last = protocol.stages.len() - 1;
        let role = protocol.stages[last].role.unwrap();
        protocol.stages[last].qualification = Some("radiologist & chest_ct".parse().unwrap());
        protocol.stages[last].escalate_to = None;
        let found = |protocol: &Protocol, held: &[(u128, &str)]| -> Vec<String> {
            let names = held.iter().map(|(who, name)| (user(*who), (*name).to_owned())).collect();
            let staff = Staff::new(vec![(user(1), role), (user(2), role), (user(3), Role::Auditor)], names);
            let found: Vec<_> = unheld(protocol, &before, &staff).map(|(found, _)| found.message).collect();
            assert_eq!(found.is_empty(), unheld_names(protocol, &staff).is_empty());
            found
        };
        let split = found(&protocol, &[(1, "radiologist"), (2, "chest_ct")]);
        assert_eq!(split, [format!("nobody with the role {role} holds radiologist & chest_ct")]);
        assert!(found(&protocol, &[(1, "radiologist"), (1, "chest_ct")]).is_empty());
        // Whoever it is handed on to must hold it too.
        protocol.stages[last].escalate_to = Some(Role::Auditor);
        let held = [(1, "radiologist"), (1, "chest_ct")];
        assert_eq!(found(&protocol, &held), ["nobody with the role auditor holds radiologist & chest_ct"]);
        // A role that nobody has.
        protocol.stages[last].escalate_to = Some(Role::Technician);
        assert_eq!(found(&protocol, &held).len(), 1);
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
