//! Whether a read says all that its protocol asks for.

use countersign_model::{Annotation, Protocol, Refusal};

use crate::refusals;

/// Whether every required attribute is answered. Asked before a read is submitted, fixed or accepted; autosave does
/// not ask. Classes that are retired or unknown ask for nothing.
///
/// # Errors
/// `attribute_required`, naming class and attribute of the first mark without an answer and how many there are.
pub fn check_complete(protocol: &Protocol, annotations: &[Annotation]) -> Result<(), Refusal> {
    let open = annotations.iter().flat_map(|annotation| {
        let class = protocol.class(&annotation.class).filter(|class| !class.retired);
        let asked =
            class.into_iter().flat_map(|class| class.attributes.iter().map(move |asked| (class, asked)));
        asked.filter(|(_, asked)| asked.required && !annotation.attributes.contains_key(&asked.id))
    });
    let mut open = open.peekable();
    let Some((class, attribute)) = open.peek().copied() else { return Ok(()) };
    let message = match open.count() {
        1 => format!("{}: answer \"{}\".", class.name, attribute.name),
        count => {
            format!("{}: answer \"{}\" (and {} more).", class.name, attribute.name, count - 1)
        }
    };
    Err(Refusal::new(refusals::ATTRIBUTE_REQUIRED, message))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_model::{AnnotationId, Arrangement, Author, Shape, UserId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn asks_for_what_the_protocol_requires() {
        let mut protocol = crate::parse_protocol(crate::shipped()[0].1).unwrap();
        let mark = |class: &str, answers: &[(&str, &str)]| Annotation {
            id: AnnotationId(Uuid::from_u128(1)),
            version: 1,
            class: class.into(),
            frame: None,
            shape: Shape::Tag {},
            attributes: answers
                .iter()
                .map(|(key, value)| ((*key).into(), (*value).into()))
                .collect::<BTreeMap<_, _>>(),
            author: Author::Human { user: UserId(Uuid::from_u128(2)) },
            score: None,
            arrangement: Arrangement::default(),
            unclear: None,
        };
        let sure = mark("lesion", &[("certainty", "definite")]);
        let open = mark("lesion", &[("margin", "smooth")]);
        let grade = mark("study_quality", &[]);
        assert_eq!(check_complete(&protocol, &[]), Ok(()));
        assert_eq!(
            check_complete(&protocol, &[sure.clone(), mark("fluid", &[]), mark("ghost", &[])]),
            Ok(())
        );
        let refusal = check_complete(&protocol, &[sure.clone(), open.clone()]).unwrap_err();
        assert_eq!(refusal.code, refusals::ATTRIBUTE_REQUIRED);
        assert_eq!(refusal.message, "Lesion: answer \"How sure are you?\".");
        let refusal = check_complete(&protocol, &[open.clone(), grade]).unwrap_err();
        assert_eq!(refusal.message, "Lesion: answer \"How sure are you?\" (and 1 more).");
        protocol.classes[0].retired = true;
        assert_eq!(check_complete(&protocol, &[open]), Ok(()));
    }
}
