/** What is said when something that was drawn cannot be taken, and of models that draw by clicks. */
export const DRAWN: Record<string, { title: string; advice: string }> = {
  outline_crosses: {
    title: "The outline crosses itself",
    advice:
      "Move the points so that no two edges cross, and holes inside. The sentence above names the mark.",
  },
  outside_image: {
    title: "Outside of the image",
    advice: "The mark reaches beyond the image. Move it inside. The sentence above names it.",
  },
  bad_mask: {
    title: "Mask does not fit",
    advice: "The mask is not of this image or cannot be read. Undo the last change.",
  },
  bad_skeleton: {
    title: "Joints do not fit",
    advice: "The class has other joints than this skeleton. Draw it again.",
  },
  unknown_relation: {
    title: "No such relation",
    advice: "The protocol does not know this type of relation, or has retired it. Undo the last change.",
  },
  relation_to_itself: {
    title: "An object related to itself",
    advice: "A relation joins two objects. Undo the last change.",
  },
  relation_object_missing: {
    title: "The other object is gone",
    advice: "A relation leads to an object that is not in this read. Remove the relation, or undo.",
  },
  relation_class: {
    title: "The relation does not fit the classes",
    advice: "This type does not go between objects of these classes. Remove the relation, or change a class.",
  },
  relation_twice: {
    title: "Related already",
    advice: "These two objects have this relation already. Remove one of the two.",
  },
  too_many_relations: {
    title: "Too many relations",
    advice: "A read takes 10,000 relations at most. Remove some.",
  },
  no_click_model: {
    title: "No model is registered",
    advice: "It was retired, or there was none. The page finds the object by itself, without a model.",
  },
  click_model_failed: {
    title: "The model drew nothing",
    advice: "The page finds the object by itself. If it goes on, tell whoever runs the model server.",
  },
  click_model_busy: {
    title: "The model is busy",
    advice: "Others are asking it. The page finds the object by itself; click again soon to ask the model.",
  },
  click_model_in_force: {
    title: "Another model is in force",
    advice: "A project has one model for clicks at a time. Retire that one first, with a reason.",
  },
  click_model_retired: {
    title: "Retired already",
    advice: "Somebody was faster. Reload to see who retired it and why.",
  },
  bad_clicks: {
    title: "Clicks do not fit",
    advice: "One to 64 points on the image, at least one of them in the object. Start again.",
  },
  picture_too_large: {
    title: "Too large for the model",
    advice: "The picture has more pixels than are sent to a model. The page finds the object by itself.",
  },
};
