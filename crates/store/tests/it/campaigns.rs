//! Counts of labels by class, on both engines.

use countersign_model::Role;
use countersign_store::campaigns;

use crate::world::{World, both};

both! {
    async fn a_project_without_labels_counts_none(world: World) {
        let (project, _) = world.project(&[Role::Annotator]).await;
        let mut conn = world.store.read().await.unwrap();
        assert_eq!(campaigns::accepted_by_class(&mut conn, project).await.unwrap(), []);
        assert_eq!(campaigns::released_by_class(&mut conn, project).await.unwrap(), []);
    }
}
