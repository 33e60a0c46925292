//! Changes of an ontology as operations: each has a path for the labels that are there, and none makes a class vanish.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use countersign_model::{Annotation, Attribute, AttributeKind, Class, Protocol, ProtocolError, RelationType};

/// Most operations in one change.
pub const OPERATIONS_MAX: usize = 100;

/// One operation on the classes of a protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum OntologyOperation {
    /// A class more. Older labels know nothing of it.
    Add {
        /// The class.
        class: Class,
    },
    /// Another name for people; the id stays, and so does every label.
    Rename {
        /// Class id.
        class: String,
        /// The new name.
        name: String,
    },
    /// No new labels of it; old ones stay as they are.
    Deprecate {
        /// Class id.
        class: String,
    },
    /// Several classes in the place of one, which is retired: people say of each label which it is.
    Split {
        /// Class id.
        class: String,
        /// What it becomes.
        into: Vec<Class>,
    },
    /// One class in the place of several, which are retired: each label of theirs is one of it.
    Merge {
        /// Class ids.
        classes: Vec<String>,
        /// Class id: one of those that stay.
        into: String,
    },
    /// An attribute more, or another kind of one: values follow by rule.
    SetAttribute {
        /// Class id.
        class: String,
        /// The attribute as it is to be.
        attribute: Attribute,
        /// What becomes of older values.
        #[serde(default)]
        rule: AttributeRule,
    },
    /// An attribute less: its values go when somebody takes up the item again.
    RemoveAttribute {
        /// Class id.
        class: String,
        /// Attribute id.
        attribute: String,
    },
    /// A type of relations more.
    AddRelation {
        /// The type.
        relation: RelationType,
    },
    /// Another name of a type for people; the id stays, and so does every relation.
    RenameRelation {
        /// Id of the type.
        relation: String,
        /// The new name.
        name: String,
    },
    /// No new relations of a type; old ones stay as they are.
    RetireRelation {
        /// Id of the type.
        relation: String,
    },
}

/// What becomes of older values of an attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttributeRule {
    /// New value by old one, spelt as JSON without quotes around text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub values: BTreeMap<String, serde_json::Value>,
    /// The value of labels that had none, or one that is not named; absent where they are left without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<serde_json::Value>))]
    pub otherwise: Option<serde_json::Value>,
}

/// How labels of a class get from one version to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MigrationPath {
    /// They stay as they are.
    Stay,
    /// By themselves.
    Automatic,
    /// By the rule that the change gives.
    Rule,
    /// People look at each of them.
    People,
}

/// A change of an ontology.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OntologyChange(pub Vec<OntologyOperation>);

fn fail<T>(index: usize, field: &str, message: &str) -> Result<T, ProtocolError> {
    Err(ProtocolError {
        place: format!("operations[{index}].{field}"),
        message: message.to_owned(),
        code: "bad_value",
    })
}

/// A value as the keys of a rule spell it.
fn spelt(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn fits(kind: &AttributeKind, value: &serde_json::Value) -> bool {
    match kind {
        AttributeKind::Flag => value.is_boolean(),
        AttributeKind::Choice(choices) => {
            value.as_str().is_some_and(|text| choices.iter().any(|c| c == text))
        }
        AttributeKind::Number => value.as_f64().is_some_and(f64::is_finite),
    }
}

impl OntologyChange {
    /// The protocol with the change made, under the next version's number.
    ///
    /// # Errors
    /// [`ProtocolError`] naming the operation and field that is wrong.
    pub fn apply(&self, protocol: &Protocol) -> Result<Protocol, ProtocolError> {
        if self.0.is_empty() || self.0.len() > OPERATIONS_MAX {
            return Err(ProtocolError {
                place: "operations".into(),
                message: "between 1 and 100".into(),
                code: "bad_value",
            });
        }
        let mut next = protocol.clone();
        for (index, operation) in self.0.iter().enumerate() {
            match operation {
                OntologyOperation::AddRelation { .. }
                | OntologyOperation::RenameRelation { .. }
                | OntologyOperation::RetireRelation { .. } => operation.relate(&mut next.relations, index)?,
                _ => operation.apply(&mut next.classes, index)?,
            }
            operation.follow(&mut next.relations);
        }
        if next.classes.iter().all(|class| class.retired) {
            return Err(ProtocolError {
                code: "bad_value",
                place: "operations".into(),
                message: "nothing would be left to label".into(),
            });
        }
        next.version = protocol.version + 1;
        next.validate()?;
        Ok(next)
    }

    /// The classes that were split: no label of theirs is left where people looked at them again.
    pub fn split(&self) -> BTreeSet<&str> {
        fn class(operation: &OntologyOperation) -> Option<&str> {
            match operation {
                OntologyOperation::Split { class, .. } => Some(class.as_str()),
                _ => None,
            }
        }
        self.0.iter().filter_map(class).collect()
    }

    /// The path of each class that is touched.
    pub fn paths(&self) -> BTreeMap<&str, MigrationPath> {
        let mut paths = BTreeMap::new();
        for operation in &self.0 {
            let (classes, path): (Vec<&str>, _) = match operation {
                OntologyOperation::Add { class } => (vec![&class.id], MigrationPath::Stay),
                OntologyOperation::Rename { class, .. } => (vec![class], MigrationPath::Automatic),
                OntologyOperation::Deprecate { class } => (vec![class], MigrationPath::Stay),
                OntologyOperation::Split { class, .. } => (vec![class], MigrationPath::People),
                OntologyOperation::Merge { classes, .. } => {
                    (classes.iter().map(String::as_str).collect(), MigrationPath::Automatic)
                }
                OntologyOperation::SetAttribute { class, .. } => (vec![class], MigrationPath::Rule),
                OntologyOperation::RemoveAttribute { class, .. } => (vec![class], MigrationPath::Automatic),
                // Labels know nothing of a new type, and keep what they have of one that is retired.
                OntologyOperation::AddRelation { .. }
                | OntologyOperation::RenameRelation { .. }
                | OntologyOperation::RetireRelation { .. } => (vec![], MigrationPath::Stay),
            };
            for class in classes {
                let known = paths.entry(class).or_insert(path);
                *known = path.max(*known);
            }
        }
        paths
    }

    /// Carries a label from the version before to the one after, as far as that needs nobody; whether it changed.
    pub fn carry(&self, annotation: &mut Annotation) -> bool {
        let before = annotation.clone();
        for operation in &self.0 {
            match operation {
                OntologyOperation::Merge { classes, into } if classes.contains(&annotation.class) => {
                    annotation.class.clone_from(into);
                }
                OntologyOperation::SetAttribute { class, attribute, rule } if *class == annotation.class => {
                    let old = annotation.attributes.get(&attribute.id);
                    let new = old
                        .and_then(|value| rule.values.get(&spelt(value)))
                        .or_else(|| old.filter(|value| fits(&attribute.kind, value)))
                        .or(rule.otherwise.as_ref())
                        .cloned();
                    match new {
                        Some(value) => annotation.attributes.insert(attribute.id.clone(), value),
                        None => annotation.attributes.remove(&attribute.id),
                    };
                }
                OntologyOperation::RemoveAttribute { class, attribute } if *class == annotation.class => {
                    annotation.attributes.remove(attribute);
                }
                _ => {}
            }
        }
        *annotation != before
    }
}

impl OntologyOperation {
    fn apply(&self, classes: &mut Vec<Class>, index: usize) -> Result<(), ProtocolError> {
        let place = |classes: &[Class], id: &str, field: &str| {
            let found = classes.iter().position(|class| class.id == id);
            found.map_or_else(|| fail(index, field, &format!("there is no class {id:?}")), Ok)
        };
        match self {
            Self::Add { class } => add(classes, class, index, "class"),
            Self::Rename { class, name } => {
                if name.trim().is_empty() {
                    return fail(index, "name", "is empty");
                }
                let at = place(classes, class, "class")?;
                name.trim().clone_into(&mut classes[at].name);
                Ok(())
            }
            Self::Deprecate { class } => {
                let at = place(classes, class, "class")?;
                retire(&mut classes[at], index)
            }
            Self::Split { class, into } => {
                if into.len() < 2 {
                    return fail(index, "into", "two classes or more");
                }
                let at = place(classes, class, "class")?;
                retire(&mut classes[at], index)?;
                into.iter().try_for_each(|class| add(classes, class, index, "into"))
            }
            Self::Merge { classes: merged, into } => {
                let target = place(classes, into, "into")?;
                if classes[target].retired || merged.contains(into) || merged.is_empty() {
                    return fail(index, "into", "a class that stays, in the place of others");
                }
                let shapes: BTreeSet<_> = classes[target].shapes.iter().copied().collect();
                for id in merged {
                    let at = place(classes, id, "classes")?;
                    if !classes[at].shapes.iter().all(|shape| shapes.contains(shape)) {
                        return fail(index, "into", &format!("does not take every shape that {id:?} takes"));
                    }
                    retire(&mut classes[at], index)?;
                }
                Ok(())
            }
            Self::SetAttribute { class, attribute, rule } => {
                let at = place(classes, class, "class")?;
                let values = rule.values.values().chain(&rule.otherwise);
                if !values.into_iter().all(|value| fits(&attribute.kind, value)) {
                    return fail(index, "rule", "gives a value that the attribute does not take");
                }
                let known = &mut classes[at].attributes;
                match known.iter_mut().find(|old| old.id == attribute.id) {
                    Some(old) => *old = attribute.clone(),
                    None => known.push(attribute.clone()),
                }
                Ok(())
            }
            Self::RemoveAttribute { class, attribute } => {
                let at = place(classes, class, "class")?;
                let known = &mut classes[at].attributes;
                match known.iter().position(|old| old.id == *attribute) {
                    Some(place) => drop(known.remove(place)),
                    None => return fail(index, "attribute", &format!("{class:?} has no {attribute:?}")),
                }
                Ok(())
            }
            Self::AddRelation { .. } | Self::RenameRelation { .. } | Self::RetireRelation { .. } => Ok(()),
        }
    }

    /// Does what concerns types of relations.
    fn relate(&self, types: &mut Vec<RelationType>, index: usize) -> Result<(), ProtocolError> {
        let place = |types: &[RelationType], id: &str| {
            let found = types.iter().position(|one| one.id == id && !one.retired);
            found.map_or_else(|| fail(index, "relation", &format!("there is no relation {id:?} in use")), Ok)
        };
        match self {
            Self::AddRelation { relation } => {
                if types.iter().any(|known| known.id == relation.id) {
                    let said = format!("there is a relation {:?} already, or was one", relation.id);
                    return fail(index, "relation", &said);
                }
                if relation.retired {
                    return fail(index, "relation", "a new relation is not retired");
                }
                types.push(relation.clone());
            }
            Self::RenameRelation { relation, name } => {
                let at = place(types, relation)?;
                name.trim().clone_into(&mut types[at].name);
            }
            Self::RetireRelation { relation } => {
                let at = place(types, relation)?;
                types[at].retired = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// What took the place of a class stands in the relations in which it stood.
    fn follow(&self, types: &mut [RelationType]) {
        let (gone, come): (Vec<&String>, Vec<&String>) = match self {
            Self::Merge { classes, into } => (classes.iter().collect(), vec![into]),
            Self::Split { class, into } => (vec![class], into.iter().map(|class| &class.id).collect()),
            _ => return,
        };
        for classes in types.iter_mut().flat_map(|one| [&mut one.from, &mut one.to]) {
            if classes.iter().any(|class| gone.contains(&class)) {
                let new: Vec<String> =
                    come.iter().filter(|id| !classes.contains(id)).map(|id| (*id).clone()).collect();
                classes.extend(new);
            }
        }
    }
}

fn add(classes: &mut Vec<Class>, class: &Class, index: usize, field: &str) -> Result<(), ProtocolError> {
    if classes.iter().any(|known| known.id == class.id) {
        return fail(index, field, &format!("there is a class {:?} already, or was one", class.id));
    }
    if class.retired {
        return fail(index, field, "a new class is not retired");
    }
    classes.push(class.clone());
    Ok(())
}

fn retire(class: &mut Class, index: usize) -> Result<(), ProtocolError> {
    if class.retired {
        return fail(index, "class", &format!("{:?} is retired already", class.id));
    }
    class.retired = true;
    Ok(())
}
