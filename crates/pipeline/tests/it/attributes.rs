//! What a new version of the document may do to attributes.

use countersign_model::{Attribute, AttributeKind, Class};
use countersign_pipeline::PipelineError;

use crate::{
    harness::{House, PASSWORD},
    ontology::in_force,
    releases::images,
};

/// An attribute that people may have answered leaves by the ontology alone; one more, or one more choice, is nobody's loss.
#[tokio::test(flavor = "multi_thread")]
async fn an_attribute_keeps_what_it_takes_or_takes_more() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 0).await;
    let (house, current) = (&house, in_force(&house, project).await);
    let put = async |change: &dyn Fn(&mut Class)| {
        let current = in_force(house, project).await;
        let mut next = current.clone();
        next.version += 1;
        change(next.classes.iter_mut().find(|class| class.id == "object").unwrap());
        let text = countersign_workflow::document::write_document(&next).unwrap();
        let put =
            house.pipeline.put_protocol(&crew.owner, project, current.version, &text, Some("tidy"), PASSWORD);
        match put.await {
            Ok(_) => None,
            Err(PipelineError::BadProtocol(faults)) => Some((faults[0].path.clone(), faults[0].code.clone())),
            Err(other) => panic!("{other}"),
        }
    };
    let at = current.classes.iter().position(|class| class.id == "object").unwrap();
    let choice = |choices: &[&str]| Attribute {
        id: "side".into(),
        name: "Side".into(),
        kind: AttributeKind::Choice(choices.iter().map(|choice| (*choice).to_owned()).collect()),
        required: false,
    };
    assert_eq!(put(&|class| class.attributes.push(choice(&["left", "right"]))).await, None);
    let n = current.classes[at].attributes.len();
    let more = choice(&["left", "right", "both"]);
    assert_eq!(put(&|class| class.attributes[n] = more.clone()).await, None);
    let fewer = choice(&["left"]);
    let refused = put(&|class| class.attributes[n] = fewer.clone()).await;
    assert_eq!(refused, Some((format!("classes[{at}].attributes[{n}].kind"), "attribute_changed".into())));
    let gone = put(&|class| class.attributes.truncate(n)).await;
    assert_eq!(gone.unwrap().1, "attribute_left_out");
}
