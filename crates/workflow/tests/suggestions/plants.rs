//! Drawing and planting: what is made wrong is wrong, nothing else is touched, and the same number gives the same.

use countersign_model::{Agreement, Annotation, AnnotationId, ItemId, Protocol, Shape, SuggestionPlan};
use countersign_workflow::{
    shipped,
    suggestions::{Arm, Draw, Plant, PlantKind, arm, commitment, plant, survives},
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::drafted;

const FRAME: [f64; 2] = [640.0, 480.0];
const FRESH: AnnotationId = AnnotationId(Uuid::from_u128(0xfff));

fn inspection() -> Protocol {
    let (_, text) = shipped().iter().find(|(id, _)| *id == "inspection").unwrap();
    countersign_workflow::parse_protocol(text).unwrap()
}

fn chance(seed: u8, item: u128) -> Draw {
    Draw::of(&[seed; 32], ItemId(Uuid::from_u128(item)))
}

fn made(draft: &[Annotation], seed: u8, item: u128) -> Option<(Vec<Annotation>, Plant)> {
    let rule = Agreement::default();
    plant(draft, &inspection(), &rule, &|_| Some(FRAME), &mut chance(seed, item), FRESH)
}

/// Boxes as a model of whole pixels draws them, of the classes of the protocol.
fn drafts() -> impl Strategy<Value = Vec<Annotation>> {
    let classes = ["open", "short", "mousebite", "spur"];
    let one = (0_u32..560, 0_u32..400, 6_u32..60, 6_u32..60, 0_usize..4);
    prop::collection::vec(one, 1..12).prop_map(move |boxes| {
        let mark = |(n, (x, y, w, h, class)): (usize, (u32, u32, u32, u32, usize))| {
            drafted(n as u128 + 1, classes[class], [x, y, w, h].map(f64::from))
        };
        boxes.into_iter().enumerate().map(mark).collect()
    })
}

proptest! {
    #[test]
    fn one_label_is_wrong_and_nothing_else_is_touched(draft in drafts(), seed in any::<u8>(), item in any::<u128>()) {
        let Some((shown, plant)) = made(&draft, seed, item) else {
            // Only marks that lie on each other leave no kind at all.
            prop_assert!(draft.len() > 1);
            return Ok(());
        };
        let rule = Agreement::default();
        prop_assert!(survives(&plant, &shown, &rule), "it is wrong in what is shown");
        prop_assert!(!survives(&plant, &draft, &rule), "and right as the model drew it");
        prop_assert_eq!(Some((shown.clone(), plant.clone())), made(&draft, seed, item));
        let expected = match plant.kind {
            PlantKind::Removed => draft.len() - 1,
            PlantKind::Invented => draft.len() + 1,
            PlantKind::ClassSwapped | PlantKind::Moved => draft.len(),
        };
        prop_assert_eq!(shown.len(), expected);
        let same = shown.iter().filter(|mark| draft.contains(mark)).count();
        prop_assert_eq!(same, draft.len() - usize::from(plant.kind != PlantKind::Invented));
        if let Some(planted) = &plant.planted {
            let alike = plant.genuine.as_ref().unwrap_or(&draft[0]);
            // By nothing but the picture can it be told: author, version, kind of shape, whole pixels, within the frame.
            prop_assert_eq!((&planted.author, planted.version, planted.frame), (&alike.author, 1, alike.frame));
            prop_assert!(planted.score.is_some_and(|score| (0.0..=1.0).contains(&score)));
            let Shape::Box { x, y, w, h } = planted.shape else { panic!("a box") };
            prop_assert!([x, y, w, h].iter().all(|value| value.fract() == 0.0), "{planted:?}");
            prop_assert!(x >= 0.0 && y >= 0.0 && x + w <= FRAME[0] && y + h <= FRAME[1], "{planted:?}");
            prop_assert!(inspection().class(&planted.class).is_some());
        }
    }

    /// Whoever puts it right is not said to have followed it, whoever leaves it is, whatever ids their marks have.
    #[test]
    fn who_puts_it_right_has_not_followed_it(draft in drafts(), seed in any::<u8>(), item in any::<u128>()) {
        let Some((mut shown, plant)) = made(&draft, seed, item) else { return Ok(()) };
        let rule = Agreement::default();
        let anew = |marks: &mut [Annotation]| {
            for (n, mark) in marks.iter_mut().enumerate() {
                mark.id = AnnotationId(Uuid::from_u128(0x1000 + n as u128));
            }
        };
        let mut right = draft.clone();
        anew(&mut right);
        anew(&mut shown);
        prop_assert!(!survives(&plant, &right, &rule));
        prop_assert!(survives(&plant, &shown, &rule));
        // Who throws the whole draft away followed it only where something was to be missed.
        prop_assert_eq!(survives(&plant, &[], &rule), plant.kind == PlantKind::Removed);
    }

    #[test]
    fn a_share_that_is_nothing_draws_nobody(seed in any::<u8>(), item in any::<u128>(), share in 0.0..=0.5_f64) {
        let none = SuggestionPlan::default();
        prop_assert_eq!(arm(&none, &mut chance(seed, item)), Arm::Genuine);
        let control = SuggestionPlan { control_share: share, planted_share: 0.0 };
        prop_assert!(arm(&control, &mut chance(seed, item)) != Arm::Planted);
    }
}

#[test]
fn arms_have_their_shares_and_every_kind_is_drawn() {
    let plan = SuggestionPlan { planted_share: 0.2, control_share: 0.3 };
    let (mut arms, mut kinds) = ([0; 3], [0; 4]);
    let draft: Vec<_> =
        (0..4).map(|n| drafted(n + 1, "open", [100.0 * n as f64, 50.0, 20.0, 20.0])).collect();
    for item in 0..10_000 {
        match arm(&plan, &mut chance(7, item)) {
            Arm::Genuine => arms[0] += 1,
            Arm::Planted => arms[1] += 1,
            Arm::Control => arms[2] += 1,
        }
        if item < 1_000 {
            kinds[made(&draft, 7, item).unwrap().1.kind as usize] += 1;
        }
    }
    // Four standard deviations of a binomial count.
    for (count, share) in arms.iter().zip([0.5, 0.2, 0.3]) {
        let apart = (f64::from(*count) - 10_000.0 * share).abs();
        assert!(apart < 4.0 * (10_000.0 * share * (1.0 - share)).sqrt(), "{arms:?}");
    }
    assert!(kinds.iter().all(|count| (190..310).contains(count)), "{kinds:?}");
}

#[test]
fn nothing_can_be_made_wrong_where_the_model_drew_nothing() {
    assert_eq!(made(&[], 1, 1), None);
}

#[test]
fn a_commitment_holds_to_one_thing_said_of_one_item() {
    let (one, other) = (chance(1, 1).number(), chance(1, 2).number());
    assert_eq!(commitment(&one, "a"), commitment(&one, "a"));
    assert_ne!(commitment(&one, "a"), commitment(&one, "b"));
    assert_ne!(commitment(&one, "a"), commitment(&other, "a"));
}

/// A correction that lies between the model's box and the moved one belongs to the nearer of both.
#[test]
fn a_moved_box_is_followed_only_where_it_lies_nearer_to_the_wrong_place() {
    let (right, wrong) =
        (drafted(1, "open", [100.0, 100.0, 40.0, 40.0]), drafted(1, "open", [118.0, 100.0, 40.0, 40.0]));
    let plant =
        Plant { kind: PlantKind::Moved, annotation: right.id, genuine: Some(right), planted: Some(wrong) };
    let at = |x: f64| survives(&plant, &[drafted(9, "open", [x, 100.0, 40.0, 40.0])], &Agreement::default());
    assert!(!at(100.0) && !at(105.0) && at(113.0) && at(118.0));
}

#[test]
fn a_plan_needs_drafts_that_somebody_sees_and_shares_of_at_most_a_half() {
    let places = |protocol: &Protocol| -> Vec<String> {
        protocol.problems().into_iter().map(|problem| problem.place).collect()
    };
    let mut protocol = inspection();
    protocol.suggestions = SuggestionPlan { planted_share: 0.5, control_share: 0.5 };
    assert_eq!(places(&protocol), Vec::<String>::new());
    protocol.suggestions = SuggestionPlan { planted_share: 0.6, control_share: f64::NAN };
    assert_eq!(places(&protocol), ["suggestions.planted_share", "suggestions.control_share"]);
    protocol.suggestions = SuggestionPlan { planted_share: 0.1, control_share: 0.0 };
    protocol.stages.remove(0);
    assert_eq!(places(&protocol), ["suggestions"], "nothing drafts");
}
