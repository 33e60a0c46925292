//! A protocol, ids and random annotations.

use std::collections::BTreeMap;

use countersign_model::{
    Annotation, AnnotationId, Author, FrameRef, ItemId, Protocol, ReadId, Shape, UserId,
};
use proptest::{array::uniform3, prelude::*};
use uuid::Uuid;

pub fn protocol() -> Protocol {
    let (_, document) = countersign_workflow::shipped()[3];
    countersign_workflow::parse_protocol(document).unwrap()
}

pub fn item(n: u128) -> ItemId {
    ItemId(Uuid::from_u128(n))
}

pub fn read(n: u128) -> ReadId {
    ReadId(Uuid::from_u128(0x100 + n))
}

pub fn mark(n: u128, class: &str, shape: Shape, score: Option<f64>) -> Annotation {
    let author = match score {
        Some(_) => Author::Model { name: "difference".into(), version: "1.2".into() },
        None => Author::Human { user: UserId(Uuid::from_u128(7)) },
    };
    Annotation {
        id: AnnotationId(Uuid::from_u128(0x200 + n)),
        version: 1,
        class: class.into(),
        frame: Some(FrameRef { stream: 0, index: 0 }),
        shape,
        attributes: BTreeMap::new(),
        author,
        score,
        arrangement: countersign_model::Arrangement::default(),
        unclear: None,
    }
}

pub fn flat_shapes() -> impl Strategy<Value = Shape> {
    let coordinate = || -1e5..1e5_f64;
    prop_oneof![
        (coordinate(), coordinate(), 0.01..1e4_f64, 0.01..1e4_f64).prop_map(|(x, y, w, h)| Shape::Box {
            x,
            y,
            w,
            h
        }),
        prop::collection::vec([coordinate(), coordinate()], 3..20)
            .prop_map(|points| Shape::Polygon { points, holes: vec![] }),
    ]
}

pub fn shapes() -> impl Strategy<Value = Shape> {
    let solid = (uniform3(-99.0..99.0_f64), uniform3(0.1..20.0_f64), -3.1..3.1_f64).prop_map(
        |(center, size, turn)| Shape::Cuboid {
            center,
            size,
            rotation: [(turn / 2.0).cos(), 0.0, 0.0, (turn / 2.0).sin()],
        },
    );
    prop_oneof![3 => flat_shapes(), 1 => solid, 1 => Just(Shape::Tag {})]
}

/// Annotations with ids in no particular order.
pub fn marks(shapes: impl Strategy<Value = Shape>, most: usize) -> impl Strategy<Value = Vec<Annotation>> {
    let classes = prop::sample::select(vec!["object", "person", "text"]);
    let score = prop::option::of(0.0..1.0_f64);
    prop::collection::vec((shapes, classes, score, any::<bool>()), 0..most).prop_map(|all| {
        let count = all.len() as u128;
        let build = |(index, (shape, class, score, hidden)): (u128, (Shape, &str, Option<f64>, bool))| {
            let mut mark = mark((index * 7919 + 3) % count.max(1), class, shape, score);
            mark.id = AnnotationId(Uuid::from_u128(mark.id.0.as_u128() * 1000 + index));
            if class != "text" && hidden {
                mark.attributes.insert("occluded".into(), true.into());
            }
            mark
        };
        (0..).zip(all).map(build).collect()
    })
}
