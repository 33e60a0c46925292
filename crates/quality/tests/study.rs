//! The attribute study by a table counted by hand, and sizes against known ones.

use countersign_quality::study::{Limits, StudyError, Trial, attribute, difference, items_to_tell};
use countersign_quality::{BoundError, share_lower, share_upper};

fn trials(person: u32, table: &str) -> Vec<Trial> {
    let turn = |item: u32, turns: &str| -> Vec<Trial> {
        (0..).zip(turns.chars()).map(|(turn, mark)| Trial { person, item, turn, bad: mark == 'b' }).collect()
    };
    (0..).zip(table.split(' ')).flat_map(|(item, turns)| turn(item, turns)).collect()
}

const REFERENCE: [bool; 5] = [true, true, false, false, false];

#[test]
fn a_table_is_counted_as_by_hand() {
    let list =
        [trials(0, "bb bb gg gg gg"), trials(1, "bb bg gg gb gg"), trials(2, "gg bb gg gg bb")].concat();
    let found = attribute(&list, &REFERENCE, 0.95).unwrap();
    let counts = |rate: Option<countersign_quality::study::Rate>| rate.map(|rate| (rate.part, rate.of));
    let rows: Vec<_> = found
        .people
        .iter()
        .map(|person| [person.within, person.effectiveness, person.miss, person.false_alarm].map(counts))
        .collect();
    let some = |part, of| Some((part, of));
    assert_eq!(rows[0], [some(5, 5), some(5, 5), some(0, 4), some(0, 6)]);
    assert_eq!(rows[1], [some(3, 5), some(3, 5), some(1, 4), some(1, 6)]);
    assert_eq!(rows[2], [some(5, 5), some(3, 5), some(2, 4), some(2, 6)]);
    // All agree on item 2 alone.
    assert_eq!((counts(found.between), counts(found.with_reference)), (some(1, 5), some(1, 5)));
    let miss = found.people[1].miss.unwrap();
    assert!((miss.low - share_lower(4, 1, 0.975).unwrap()).abs() < 1e-12);
    assert!((miss.high - share_upper(4, 1, 0.975).unwrap()).abs() < 1e-12);
    // The first is faultless, which five items do not show beyond chance.
    assert!(found.people[0].passes(Limits::default()) && !found.people[1].passes(Limits::default()));
    assert!(!found.people[0].passes(Limits { surely: true, ..Limits::default() }));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<countersign_quality::study::Attribute>(&text).unwrap(), found);
}

#[test]
fn what_could_not_tell_is_left_open_and_never_passes() {
    let once = attribute(&trials(0, "b b"), &REFERENCE[..2], 0.95).unwrap();
    assert!(
        once.people[0].within.is_none() && once.people[0].false_alarm.is_none() && once.between.is_none()
    );
    assert!(!once.people[0].passes(Limits::default()));
    assert_eq!(attribute(&[], &REFERENCE, 0.95), Err(StudyError::Trials(0)));
    assert_eq!(attribute(&trials(0, "b b b"), &REFERENCE[..2], 0.95), Err(StudyError::Reference(2)));
    let mut twice = trials(3, "b");
    twice.push(twice[0]);
    assert_eq!(attribute(&twice, &REFERENCE, 0.95), Err(StudyError::Twice { person: 3, item: 0 }));
    let sure = attribute(&trials(0, "b"), &REFERENCE, 1.0);
    assert!(matches!(sure, Err(StudyError::Confidence(BoundError::Fraction(_)))));
}

#[test]
fn two_vendors_are_told_apart_by_enough_items() {
    // statsmodels' and R's usual example: 0.5 against 0.6 at 5 % with a power of 0.8 needs 388 of each.
    assert_eq!(items_to_tell(0.5, 0.6, 0.95, 0.8), Ok(Some(388)));
    assert_eq!(items_to_tell(0.05, 0.05, 0.95, 0.8), Ok(None));
    assert!(items_to_tell(0.05, 1.0, 0.95, 0.8).is_err());
    let needed = items_to_tell(0.02, 0.04, 0.95, 0.9).unwrap().unwrap();
    assert!(items_to_tell(0.02, 0.03, 0.95, 0.9).unwrap().unwrap() > needed);
    assert!(items_to_tell(0.02, 0.04, 0.95, 0.5).unwrap().unwrap() < needed);
    // With that many items, shares that come out as they are do differ.
    let found = |share: f64| ((share * needed as f64).round() as u64, needed);
    let told = difference(found(0.02), found(0.04), 0.95).unwrap();
    assert!(told.difference.high < 0.0, "{told:?}");
    let few = difference((2, 100), (4, 100), 0.95).unwrap();
    assert!(few.difference.low < 0.0 && few.difference.high > 0.0);
    assert!(difference((1, 0), (1, 2), 0.95).is_none() && difference((3, 2), (1, 2), 0.95).is_none());
}
