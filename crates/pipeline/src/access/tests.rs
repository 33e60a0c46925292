//! The shipped policies, asked directly.

use cedar_policy::{ValidationMode, Validator};
use uuid::Uuid;

use super::*;

fn person(n: u128, grants: &[(ProjectId, Role)]) -> Principal {
    Principal {
        user: UserId(Uuid::from_u128(n)),
        active: true,
        system_roles: vec![],
        grants: grants.to_vec(),
        belongs: Belonging::Staff,
    }
}

#[test]
fn policies_fit_the_schema() {
    let policies: PolicySet = POLICIES.parse().unwrap();
    let result = Validator::new(schema().unwrap().clone()).validate(&policies, ValidationMode::Strict);
    assert!(result.validation_passed(), "{result}");
}

#[test]
fn answers_do_not_depend_on_how_much_of_the_stack_is_left() {
    // Cedar refuses where 100 kB are left. A thread that never had more is where a deep call ends up.
    let access = Access::shipped().unwrap();
    let asked = std::thread::Builder::new().stack_size(96 * 1024).spawn(move || {
        let project = ProjectId(Uuid::from_u128(1));
        let annotator = person(7, &[(project, Role::Annotator)]);
        let task = Resource::Task { task: TaskId(Uuid::from_u128(2)), project, actors: vec![], held: false };
        let may = |action, on: &Resource| access.allows(&annotator, action, on);
        let on = Resource::Project(project);
        [may(Action::WorkRead, &task), may(Action::ViewProject, &on), may(Action::WorkReview, &task)]
    });
    assert_eq!(asked.unwrap().join().unwrap(), [true, true, false]);
}

#[test]
fn nobody_countersigns_their_own_work_whatever_their_roles() {
    let access = Access::shipped().unwrap();
    let project = ProjectId(Uuid::from_u128(1));
    let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
    let mut owner = person(7, &everything);
    owner.system_roles = Role::ALL.to_vec();
    let task = |actors: Vec<UserId>| Resource::Task {
        task: TaskId(Uuid::from_u128(2)),
        project,
        actors,
        held: false,
    };
    for action in [Action::WorkRead, Action::WorkReview, Action::WorkAdjudicate, Action::WorkSign] {
        assert!(access.allows(&owner, action, &task(vec![])));
        assert!(!access.allows(&owner, action, &task(vec![owner.user])));
    }
}

#[test]
fn a_release_takes_two_people_who_are_not_its_authors_whatever_their_roles() {
    let access = Access::shipped().unwrap();
    let project = ProjectId(Uuid::from_u128(1));
    let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
    let mut owner = person(7, &everything);
    owner.system_roles = Role::ALL.to_vec();
    let other = UserId(Uuid::from_u128(8));
    let may = |who: &Principal, begun_by: Option<UserId>, authors: &[UserId]| {
        let release = ReleaseId(Uuid::from_u128(5));
        let resource = Resource::Release { release, project, begun_by, authors: authors.to_vec() };
        access.allows(who, Action::SignRelease, &resource)
    };
    assert!(may(&owner, None, &[]) && may(&owner, Some(other), &[other]));
    assert!(!may(&owner, Some(owner.user), &[]), "the same person twice");
    assert!(!may(&owner, None, &[owner.user]) && !may(&owner, Some(other), &[owner.user]), "an author");
    for role in Role::ALL {
        let expected = matches!(role, Role::DataScientist | Role::Owner);
        assert_eq!(may(&person(9, &[(project, *role)]), Some(other), &[]), expected, "{role}");
    }
}

#[test]
fn quarantined_pixels_reach_nobody() {
    let access = Access::shipped().unwrap();
    let project = ProjectId(Uuid::from_u128(1));
    let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
    let owner = person(7, &everything);
    let item = |cleared| Resource::Item {
        item: ItemId(Uuid::from_u128(3)),
        project,
        cleared,
        held: false,
        copy: false,
        participants: vec![owner.user],
    };
    assert!(access.allows(&owner, Action::ViewPixels, &item(true)));
    assert!(!access.allows(&owner, Action::ViewPixels, &item(false)));
}

#[test]
fn a_request_needs_another_person_and_for_a_name_one_who_did_not_work_on_it() {
    let access = Access::shipped().unwrap();
    let project = ProjectId(Uuid::from_u128(1));
    let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
    let (asker, other) = (person(7, &everything), person(8, &everything));
    let request = |reidentifies, participants: Vec<UserId>| Resource::PrivacyRequest {
        request: PrivacyRequestId(Uuid::from_u128(4)),
        project,
        requester: asker.user,
        reidentifies,
        participants,
    };
    let may = |who: &Principal, on: &Resource| access.allows(who, Action::ApprovePrivacy, on);
    for reidentifies in [false, true] {
        assert!(!may(&asker, &request(reidentifies, vec![])), "nobody approves what they asked for");
        assert!(may(&other, &request(reidentifies, vec![])));
    }
    assert!(!may(&other, &request(true, vec![other.user])));
    assert!(may(&other, &request(false, vec![other.user])), "an erasure tells nobody anything");
    for role in Role::ALL {
        let one = person(9, &[(project, *role)]);
        let expected = matches!(role, Role::PrivacyOfficer | Role::Owner);
        assert_eq!(may(&one, &request(true, vec![])), expected, "{role}");
        let asks = access.allows(&one, Action::RequestPrivacy, &Resource::Project(project));
        assert_eq!(asks, *role == Role::PrivacyOfficer, "{role}");
    }
}

#[test]
fn a_closed_account_may_do_nothing_and_a_stranger_sees_nothing() {
    let access = Access::shipped().unwrap();
    let project = ProjectId(Uuid::from_u128(1));
    let mut closed = person(7, &[(project, Role::Owner)]);
    assert!(access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
    closed.active = false;
    assert!(!access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
    // An answer that was given does not outlive the grant that it came from.
    closed.active = true;
    assert!(access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
    closed.grants.clear();
    assert!(!access.allows(&closed, Action::ViewProject, &Resource::Project(project)));
    let stranger = person(8, &[(ProjectId(Uuid::from_u128(9)), Role::Owner)]);
    assert!(!access.allows(&stranger, Action::ViewProject, &Resource::Project(project)));
}

#[test]
fn who_comes_from_a_vendor_works_and_does_nothing_else_whatever_their_roles() {
    let access = Access::shipped().unwrap();
    let project = ProjectId(Uuid::from_u128(1));
    let everything: Vec<_> = Role::ALL.iter().map(|r| (project, *r)).collect();
    let mut person = person(7, &everything);
    person.system_roles = Role::ALL.to_vec();
    let item = |participants: Vec<UserId>| Resource::Item {
        item: ItemId(Uuid::from_u128(3)),
        project,
        cleared: true,
        held: false,
        copy: false,
        participants,
    };
    let task = Resource::Task { task: TaskId(Uuid::from_u128(2)), project, actors: vec![], held: false };
    let refused = [
        (Action::CreateProject, Resource::Installation),
        (Action::ViewLog, Resource::Installation),
        (Action::DownloadRelease, Resource::Project(project)),
        (Action::ViewReleases, Resource::Project(project)),
        (Action::ViewItems, Resource::Project(project)),
        (Action::ViewTiers, Resource::Project(project)),
        (Action::ViewQuality, Resource::Project(project)),
        (Action::ManagePeople, Resource::Project(project)),
        (Action::AuditLabels, Resource::Project(project)),
        (Action::WorkSign, task.clone()),
        (Action::ViewItem, item(vec![])),
        (Action::ViewPixels, item(vec![])),
        (Action::ViewItemEvidence, item(vec![person.user])),
    ];
    for (action, on) in &refused {
        assert!(access.allows(&person, *action, on), "own staff: {action:?}");
    }
    person.belongs = Belonging::Vendor { under_contract: true };
    for (action, on) in &refused {
        assert!(!access.allows(&person, *action, on), "{action:?}");
    }
    let work = [
        (Action::WorkRead, task),
        (Action::ViewProject, Resource::Project(project)),
        (Action::ViewPixels, item(vec![person.user])),
    ];
    assert!(work.iter().all(|(action, on)| access.allows(&person, *action, on)));
    person.belongs = Belonging::Vendor { under_contract: false };
    assert!(work.iter().all(|(action, on)| !access.allows(&person, *action, on)), "the contract is over");
}
