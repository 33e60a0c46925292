use std::collections::BTreeSet;

use countersign_model::{Annotation, Author, Shape, UserId};
use countersign_workflow::{Delta, deltas};
use proptest::prelude::*;
use uuid::Uuid;

use crate::drafted;

const DRAFT: [f64; 4] = [10.0, 10.0, 10.0, 10.0];

fn by_hand(mut mark: Annotation, change: impl Fn(&mut Annotation)) -> Annotation {
    change(&mut mark);
    mark.version += 1;
    mark.author = Author::Human { user: UserId(Uuid::from_u128(9)) };
    mark.score = None;
    mark
}

#[test]
fn each_label_is_named_by_what_became_of_it() {
    let draft: Vec<_> = (1..=5).map(|id| drafted(id, "car", DRAFT)).collect();
    let read = vec![
        draft[0].clone(),
        by_hand(draft[1].clone(), |mark| mark.shape = Shape::Box { x: 15.0, y: 10.0, w: 10.0, h: 10.0 }),
        by_hand(draft[2].clone(), |mark| mark.class = "van".into()),
        by_hand(draft[3].clone(), |mark| {
            mark.attributes.insert("occluded".into(), true.into());
        }),
        by_hand(drafted(7, "car", DRAFT), |_| {}),
    ];
    let found: Vec<_> = deltas(&draft, &read).iter().map(|label| (label.delta, label.overlap)).collect();
    assert_eq!(
        found,
        [
            (Delta::Unchanged, Some(1.0)),
            // 5 of 15 columns are in both.
            (Delta::Moved, Some(1.0 / 3.0)),
            (Delta::Reclassed, Some(1.0)),
            (Delta::Answered, Some(1.0)),
            (Delta::Deleted, None),
            (Delta::Added, None),
        ]
    );
}

#[test]
fn a_label_on_another_frame_has_moved_and_overlaps_nothing() {
    let draft = drafted(1, "car", DRAFT);
    let read = by_hand(draft.clone(), |mark| mark.frame = None);
    let found = deltas(&[draft], &[read]);
    assert_eq!((found[0].delta, found[0].overlap), (Delta::Moved, Some(0.0)));
}

proptest! {
    /// Every label of either is named once; what nobody touched is unchanged, whatever else happened.
    #[test]
    fn nothing_is_left_out_or_named_twice(
        draft in prop::collection::btree_set(1_u128..40, 0..20),
        read in prop::collection::btree_map(1_u128..40, 0_u8..3, 0..20),
    ) {
        let drafts: Vec<_> = draft.iter().map(|id| drafted(*id, "car", DRAFT)).collect();
        let reads: Vec<_> = read
            .iter()
            .map(|(id, what)| {
                let mark = drafted(*id, "car", DRAFT);
                match what {
                    0 => mark,
                    1 => by_hand(mark, |mark| mark.class = "van".into()),
                    _ => by_hand(mark, |mark| mark.shape = Shape::Box { x: 0.0, y: 0.0, w: 1.0, h: 1.0 }),
                }
            })
            .collect();
        let found = deltas(&drafts, &reads);
        let named: BTreeSet<u128> = found.iter().map(|label| label.annotation.0.as_u128()).collect();
        let all: BTreeSet<u128> = draft.iter().chain(read.keys()).copied().collect();
        prop_assert_eq!((named.len(), &named), (found.len(), &all));
        for label in found {
            let id = label.annotation.0.as_u128();
            let expected = match (draft.contains(&id), read.get(&id)) {
                (true, None) => Delta::Deleted,
                (false, _) => Delta::Added,
                (true, Some(0)) => Delta::Unchanged,
                (true, Some(1)) => Delta::Reclassed,
                (true, Some(_)) => Delta::Moved,
            };
            prop_assert_eq!(label.delta, expected);
        }
    }
}
