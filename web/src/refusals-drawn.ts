/** What is said when something that was drawn cannot be taken. */
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
};
