//! Relations of independent reads: readers who agree on two objects may differ about what these have to do with each other, and
//! what they agree on goes with the merged marks.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{Annotation, AnnotationId, Protocol, Relation};
use uuid::Uuid;

use super::{Comparison, Difference};

/// Which finding a mark of a reader belongs to.
struct Places<'a>(BTreeMap<(usize, AnnotationId), usize>, &'a [&'a [Annotation]]);

impl<'a> Places<'a> {
    fn of(reads: &'a [&'a [Annotation]], comparison: &Comparison) -> Self {
        let of = |(place, finding): (usize, &super::Finding)| {
            let marks = finding.marks.clone();
            marks.into_iter().map(move |(reader, index)| ((reader, reads[reader][index].id), place))
        };
        Self(comparison.findings.iter().enumerate().flat_map(of).collect(), reads)
    }

    /// What one reader says: type, finding that it goes out from, finding that it goes to. Where a type is not directed, the
    /// lower of the two comes first.
    fn said(&self, reader: usize, protocol: &Protocol) -> BTreeSet<(&'a str, usize, usize)> {
        let ends = |mark: &'a Annotation, relation: &'a Relation| {
            let (from, to) = (*self.0.get(&(reader, mark.id))?, *self.0.get(&(reader, relation.to))?);
            let directed = protocol.relation(&relation.kind).is_none_or(|one| one.directed);
            let (from, to) = if directed || from <= to { (from, to) } else { (to, from) };
            Some((relation.kind.as_str(), from, to))
        };
        let marks = self.1[reader].iter();
        marks
            .flat_map(|mark| mark.arrangement.relations.iter().filter_map(move |one| ends(mark, one)))
            .collect()
    }
}

/// Notes where readers who agree on both ends differ about a relation between them: a difference of the finding that it goes out
/// from. Comparisons of reads without relations stay as they are.
pub fn compare_relations(reads: &[&[Annotation]], comparison: &mut Comparison, protocol: &Protocol) {
    if reads.iter().all(|marks| marks.iter().all(|mark| mark.arrangement.relations.is_empty())) {
        return;
    }
    let places = Places::of(reads, comparison);
    let said: Vec<_> = (0..reads.len()).map(|reader| places.said(reader, protocol)).collect();
    let all: BTreeSet<_> = said.iter().flatten().copied().collect();
    for (kind, from, to) in all {
        let stands = |place: usize, reader: usize| comparison.findings[place].standing.contains(&reader);
        let both: Vec<usize> =
            (0..reads.len()).filter(|one| stands(from, *one) && stands(to, *one)).collect();
        let drew = both.iter().filter(|reader| said[**reader].contains(&(kind, from, to))).count();
        if drew > 0 && drew < both.len() {
            let finding = &mut comparison.findings[from];
            finding.differences = vec![Difference::Relation];
        }
    }
    // What stands for a finding is settled only now, so that the order of findings makes no difference.
    for finding in &mut comparison.findings {
        if finding.differences == [Difference::Relation] {
            finding.standing.clear();
        }
    }
}

/// Most ids that merging takes of reads: one for each mark, one for each relation.
pub fn merged_ids_max(reads: &[Vec<Annotation>]) -> usize {
    reads.iter().flatten().map(|mark| 1 + mark.arrangement.relations.len()).sum()
}

/// Gives merged marks the relations of the mark that each was made of, between merged marks only: a relation to something that
/// readers differ about is drawn anew by whoever decides. `made` are the finding, the reader whose mark came first, and the place
/// of the merged mark. Ids are new: those of a reader would give them away.
pub(super) fn carry(
    reads: &[&[Annotation]],
    comparison: &Comparison,
    made: &[(usize, usize)],
    merged: &mut [Annotation],
    ids: &mut dyn FnMut() -> Uuid,
) {
    if merged.iter().all(|mark| mark.arrangement.relations.is_empty()) {
        return;
    }
    let places = Places::of(reads, comparison);
    let by_finding: BTreeMap<usize, AnnotationId> =
        made.iter().zip(&*merged).map(|((place, _), mark)| (*place, mark.id)).collect();
    for ((_, reader), mark) in made.iter().zip(merged) {
        let carried = mark.arrangement.relations.drain(..).filter_map(|relation| {
            let to = *by_finding.get(places.0.get(&(*reader, relation.to))?)?;
            Some(Relation { id: ids(), kind: relation.kind, to })
        });
        mark.arrangement.relations = carried.collect();
    }
}
