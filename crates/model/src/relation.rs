//! Relations: what one object has to do with another of its read, such as a wheel with the car that it is part of.
//!
//! A relation is kept with the object that it goes out from, in its [`crate::Arrangement`], and not as an annotation of its own:
//! so it is versioned, hashed, signed, copied, hidden from blind readers, exported and erased with that object, and nothing that
//! counts, compares or certifies marks ever takes a relation for one. An object that has none is spelled as before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Annotation, AnnotationId, Class, Protocol, ProtocolError};

/// Most relations in one read.
pub const RELATIONS_PER_READ_MAX: usize = 10_000;
/// Most types of relations in one protocol.
pub const RELATION_TYPES_MAX: usize = 100;
/// Longest id of a type, bytes; longest name, characters.
const WORD_MAX: usize = 100;

/// A relation from the object that holds it to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The relation through all versions of its object; made by the page.
    pub id: Uuid,
    /// Id of its type in the protocol.
    #[serde(rename = "type")]
    pub kind: String,
    /// The object that it goes to.
    pub to: AnnotationId,
}

/// A type of relations that the ontology knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RelationType {
    /// Stable id, `[a-z0-9_]+`.
    pub id: String,
    /// Name shown to people, such as `part of`.
    pub name: String,
    /// It goes from one object to the other; absent: it does. Else both stand to it alike.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub directed: bool,
    /// Ids of the classes that it may go out from; any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Ids of the classes that it may go to; any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Nobody draws it any more; its id is never given again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_yes(flag: &bool) -> bool {
    *flag
}

impl RelationType {
    /// Whether it may go from an object of one class to one of another. Where it is not directed either may come first.
    pub fn allows(&self, from: &str, to: &str) -> bool {
        let takes =
            |classes: &[String], class: &str| classes.is_empty() || classes.iter().any(|one| one == class);
        let way = |from, to| takes(&self.from, from) && takes(&self.to, to);
        way(from, to) || (!self.directed && way(to, from))
    }

    fn problem(&self, classes: &[Class]) -> Option<(&'static str, String)> {
        let plain = !self.id.is_empty()
            && self.id.len() <= WORD_MAX
            && self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let unknown =
            |ids: &[String]| ids.iter().find(|id| !classes.iter().any(|class| class.id == **id)).cloned();
        if !plain {
            return Some(("id", "use a-z, 0-9 and _ only, at most 100".into()));
        }
        let length = self.name.chars().count();
        if self.name.trim().is_empty() || length > WORD_MAX || self.name.contains('\0') {
            return Some(("name", format!("between 1 and {WORD_MAX} characters")));
        }
        let wrong =
            unknown(&self.from).map(|id| ("from", id)).or_else(|| unknown(&self.to).map(|id| ("to", id)));
        wrong.map(|(field, id)| (field, format!("there is no class {id:?}")))
    }
}

/// What keeps the types of a protocol from being worked under.
pub(crate) fn type_problems(types: &[RelationType], classes: &[Class]) -> Vec<ProtocolError> {
    if types.len() > RELATION_TYPES_MAX {
        let message = format!("at most {RELATION_TYPES_MAX} types of relations");
        return vec![ProtocolError::new("relations".into(), message)];
    }
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (index, one) in types.iter().enumerate() {
        if !seen.insert(one.id.as_str()) {
            problems.push(ProtocolError::new(format!("relations[{index}].id"), "is used twice"));
        }
        let problem = one.problem(classes);
        problems.extend(
            problem.map(|(field, said)| ProtocolError::new(format!("relations[{index}].{field}"), said)),
        );
    }
    problems
}

/// What is wrong with a relation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelationError {
    /// A type that the protocol does not know, or that it has retired and that is given anew.
    #[error("relation type {kind:?} is not in the protocol")]
    UnknownType {
        /// The type given.
        kind: String,
    },
    /// Both ends are one object.
    #[error("relation {id} leads from an object to itself")]
    SameObject {
        /// The relation.
        id: Uuid,
    },
    /// It leads to an object that the read does not have, or not any more.
    #[error("relation {id} leads to {to}, which is not in this read")]
    NoSuchObject {
        /// The relation.
        id: Uuid,
        /// The object.
        to: AnnotationId,
    },
    /// The type does not take these classes, in this direction.
    #[error("relation type {kind:?} does not go from {from:?} to {to:?}")]
    ClassNotAllowed {
        /// The type.
        kind: String,
        /// Class that it goes out from.
        from: String,
        /// Class that it goes to.
        to: String,
    },
    /// Two relations have one id, or one type between the same objects.
    #[error("relation {id} is there already")]
    Twice {
        /// The second of them.
        id: Uuid,
    },
    /// More relations than [`RELATIONS_PER_READ_MAX`].
    #[error("a read may hold at most {RELATIONS_PER_READ_MAX} relations, this one has {count}")]
    TooMany {
        /// Relations given.
        count: usize,
    },
}

impl RelationError {
    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownType { .. } => "unknown_relation",
            Self::SameObject { .. } => "relation_to_itself",
            Self::NoSuchObject { .. } => "relation_object_missing",
            Self::ClassNotAllowed { .. } => "relation_class",
            Self::Twice { .. } => "relation_twice",
            Self::TooMany { .. } => "too_many_relations",
        }
    }
}

impl Protocol {
    /// The type of relations with this id, retired or not.
    #[must_use]
    pub fn relation(&self, id: &str) -> Option<&RelationType> {
        self.relations.iter().find(|one| one.id == id)
    }

    /// Checks all relations of a read: it takes all of its annotations, because each end must be one of them. Relations of a retired
    /// type stay; `known` are the ids of those that were there before, all others are drawn anew and need a type in use.
    ///
    /// # Errors
    /// The object that holds the first relation that is wrong, and what is wrong with it.
    pub fn check_relations(
        &self,
        annotations: &[Annotation],
        known: &BTreeSet<Uuid>,
    ) -> Result<(), (AnnotationId, RelationError)> {
        let count: usize = annotations.iter().map(|mark| mark.arrangement.relations.len()).sum();
        let Some(first) = annotations.iter().find(|mark| !mark.arrangement.relations.is_empty()) else {
            return Ok(());
        };
        if count > RELATIONS_PER_READ_MAX {
            return Err((first.id, RelationError::TooMany { count }));
        }
        let marks: BTreeMap<AnnotationId, &Annotation> =
            annotations.iter().map(|mark| (mark.id, mark)).collect();
        let (mut ids, mut ends) = (BTreeSet::new(), BTreeSet::new());
        for mark in annotations {
            for relation in &mark.arrangement.relations {
                let is_new = !known.contains(&relation.id);
                self.check_relation(mark, relation, is_new, &marks).map_err(|error| (mark.id, error))?;
                let directed = self.relation(&relation.kind).is_none_or(|one| one.directed);
                let pair = if directed || mark.id < relation.to {
                    (mark.id, relation.to)
                } else {
                    (relation.to, mark.id)
                };
                if !ids.insert(relation.id) || !ends.insert((relation.kind.as_str(), pair)) {
                    return Err((mark.id, RelationError::Twice { id: relation.id }));
                }
            }
        }
        Ok(())
    }

    fn check_relation(
        &self,
        from: &Annotation,
        relation: &Relation,
        is_new: bool,
        marks: &BTreeMap<AnnotationId, &Annotation>,
    ) -> Result<(), RelationError> {
        let kind = relation.kind.clone();
        let known = self.relation(&kind).filter(|one| !(one.retired && is_new));
        let Some(known) = known else { return Err(RelationError::UnknownType { kind }) };
        if relation.to == from.id {
            return Err(RelationError::SameObject { id: relation.id });
        }
        let Some(to) = marks.get(&relation.to) else {
            return Err(RelationError::NoSuchObject { id: relation.id, to: relation.to });
        };
        // That something cannot be assessed is no object that could stand to another.
        if from.is_answer() || to.is_answer() || !known.allows(&from.class, &to.class) {
            let (from, to) = (from.class.clone(), to.class.clone());
            return Err(RelationError::ClassNotAllowed { kind, from, to });
        }
        Ok(())
    }
}

/// Takes away the relations that lead to objects that are not among these; how many.
///
/// For what is made of a read by leaving objects out: an object that is gone takes its relations along.
pub fn drop_dangling(annotations: &mut [Annotation]) -> usize {
    let there: BTreeSet<AnnotationId> = annotations.iter().map(|mark| mark.id).collect();
    let mut dropped = 0;
    for mark in annotations {
        let relations = &mut mark.arrangement.relations;
        let before = relations.len();
        relations.retain(|relation| there.contains(&relation.to));
        dropped += before - relations.len();
    }
    dropped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Arrangement, Author, Shape, UserId};

    fn kind(id: &str, directed: bool, from: &[&str], to: &[&str]) -> RelationType {
        let words = |classes: &[&str]| classes.iter().map(|class| (*class).to_owned()).collect();
        RelationType {
            id: id.into(),
            name: id.into(),
            directed,
            from: words(from),
            to: words(to),
            retired: false,
        }
    }

    fn object(n: u128, class: &str, relations: &[(u128, &str, u128)]) -> Annotation {
        let relations = relations
            .iter()
            .map(|(id, kind, to)| Relation {
                id: Uuid::from_u128(*id),
                kind: (*kind).into(),
                to: AnnotationId(Uuid::from_u128(*to)),
            })
            .collect();
        Annotation {
            id: AnnotationId(Uuid::from_u128(n)),
            version: 1,
            class: class.into(),
            frame: None,
            shape: Shape::Tag {},
            attributes: BTreeMap::new(),
            author: Author::Human { user: UserId(Uuid::from_u128(2)) },
            score: None,
            arrangement: Arrangement { relations, ..Arrangement::default() },
            unclear: None,
        }
    }

    #[test]
    fn a_type_takes_classes_in_its_direction() {
        let part = kind("part_of", true, &["wheel"], &["car", "van"]);
        assert!(
            part.allows("wheel", "van") && !part.allows("van", "wheel") && !part.allows("wheel", "wheel")
        );
        let pair = kind("pair", false, &["wheel"], &["car"]);
        assert!(pair.allows("wheel", "car") && pair.allows("car", "wheel") && !pair.allows("car", "car"));
        assert!(kind("near", true, &[], &[]).allows("anything", "else"));
        assert!(kind("near", true, &[], &["car"]).allows("anything", "car"));
    }

    #[test]
    fn what_has_no_relations_is_spelled_as_before_and_directions_are_left_out() {
        let text = serde_json::to_string(&object(1, "car", &[])).unwrap();
        assert!(!text.contains("arrangement"), "{text}");
        let text = serde_json::to_string(&object(1, "car", &[(7, "on", 2)])).unwrap();
        let back: Annotation = serde_json::from_str(&text).unwrap();
        assert_eq!(back, object(1, "car", &[(7, "on", 2)]));
        let text = serde_json::to_string(&kind("on", true, &[], &[])).unwrap();
        assert_eq!(text, r#"{"id":"on","name":"on"}"#);
        assert!(
            !serde_json::from_str::<RelationType>(&text.replace("}", r#","directed":false}"#))
                .unwrap()
                .directed
        );
    }

    #[test]
    fn what_leads_nowhere_goes_and_the_rest_stays() {
        let mut marks =
            vec![object(1, "car", &[(7, "on", 2), (8, "on", 9)]), object(2, "car", &[(9, "on", 1)])];
        assert_eq!(drop_dangling(&mut marks), 1);
        assert_eq!(marks, [object(1, "car", &[(7, "on", 2)]), object(2, "car", &[(9, "on", 1)])]);
        marks.remove(0);
        assert_eq!(drop_dangling(&mut marks), 1);
        assert_eq!(marks, [object(2, "car", &[])]);
    }
}
