//! Relations of readers who agree on both ends: agreed on they go with the merged marks, else they are a difference.

use countersign_model::{Agreement, Annotation, AnnotationId, MergeRule, Relation};
use countersign_workflow::{
    compare::{Comparison, Difference, compare, compare_relations, merge, merged_ids_max},
    parse_protocol, shipped,
};
use uuid::Uuid;

use crate::{mark, rect};

/// Three objects of a reader in a row, with relations between them by their numbers.
fn read(reader: u128, relations: &[(u128, &str, u128)]) -> Vec<Annotation> {
    let id = |n: u128| AnnotationId(Uuid::from_u128(reader << 64 | n));
    let mut marks: Vec<_> =
        (1..=3).map(|n| mark(reader, n, "car", rect(n as f64 * 100.0, 0.0, 10.0, 10.0))).collect();
    for (place, (from, kind, to)) in relations.iter().enumerate() {
        let relation = Relation {
            id: Uuid::from_u128(reader << 96 | place as u128),
            kind: (*kind).to_owned(),
            to: id(*to),
        };
        marks[*from as usize - 1].arrangement.relations.push(relation);
    }
    marks
}

/// `beside` has no direction, all others have one.
fn compared(reads: &[Vec<Annotation>]) -> Comparison {
    let mut protocol = parse_protocol(shipped()[0].1).unwrap();
    protocol.relations = serde_json::from_value(serde_json::json!([
        { "id": "behind", "name": "behind" },
        { "id": "beside", "name": "beside", "directed": false },
    ]))
    .unwrap();
    let views: Vec<&[Annotation]> = reads.iter().map(Vec::as_slice).collect();
    let mut comparison = compare(&views, &Agreement::default(), &[]).unwrap();
    let before = comparison.clone();
    compare_relations(&views, &mut comparison, &protocol);
    if reads.iter().flatten().all(|mark| mark.arrangement.relations.is_empty()) {
        assert_eq!(before, comparison);
    }
    comparison
}

fn differing(reads: &[Vec<Annotation>]) -> Vec<usize> {
    let findings = compared(reads).findings.into_iter().enumerate();
    findings
        .filter(|(_, finding)| finding.differences == [Difference::Relation])
        .inspect(|(_, finding)| assert!(finding.standing.is_empty()))
        .map(|(place, _)| place)
        .collect()
}

#[test]
fn readers_differ_where_only_some_relate_what_all_drew() {
    let none: [usize; 0] = [];
    assert_eq!(differing(&[read(1, &[]), read(2, &[])]), none);
    assert_eq!(differing(&[read(1, &[(1, "behind", 2)]), read(2, &[(1, "behind", 2)])]), none);
    assert_eq!(differing(&[read(1, &[(1, "behind", 2)]), read(2, &[])]), [0]);
    assert_eq!(differing(&[read(1, &[(1, "behind", 2)]), read(2, &[(2, "behind", 1)])]), [0, 1]);
    assert_eq!(differing(&[read(1, &[(1, "beside", 2)]), read(2, &[(2, "beside", 1)])]), none);
    assert_eq!(differing(&[read(1, &[(3, "behind", 2)]), read(2, &[(3, "beside", 2)])]), [1, 2]);
    // What only one of them drew is a difference already; a relation to it is no second one.
    let mut alone = read(1, &[(1, "behind", 3)]);
    alone[2].shape = rect(900.0, 0.0, 10.0, 10.0);
    assert_eq!(differing(&[alone, read(2, &[])]), none);
}

#[test]
fn merged_marks_have_the_relations_that_were_agreed_on_under_new_ids() {
    let all = [(1, "behind", 2), (3, "beside", 1)];
    let reads = [read(1, &all), read(2, &all)];
    let views: Vec<&[Annotation]> = reads.iter().map(Vec::as_slice).collect();
    let mut given = 0;
    let merged = merge(&views, &compared(&reads), MergeRule::Mean, &mut || {
        given += 1;
        Uuid::from_u128(0xffff_0000 + given)
    })
    .unwrap();
    assert!(given as usize <= merged_ids_max(&reads));
    let told: Vec<_> = merged
        .iter()
        .map(|mark| {
            mark.arrangement.relations.iter().map(|one| (one.kind.as_str(), one.to)).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(told, [vec![("behind", merged[1].id)], vec![], vec![("beside", merged[0].id)]]);
    let known: Vec<_> =
        reads.iter().flatten().flat_map(|mark| &mark.arrangement.relations).map(|one| one.id).collect();
    let new = merged.iter().flat_map(|mark| &mark.arrangement.relations);
    assert!(new.clone().count() == 2 && new.into_iter().all(|one| !known.contains(&one.id)));
}
