//! Answers of accepted reads in what leaves: what could not be assessed is listed, and is no negative.

use countersign_model::{Annotation, CannotAssess, FrameRef};

use super::{material::Material, pack::Contents};

/// Said where an accepted read, or one behind it, holds an answer.
const ANSWERS_FORMAT: &str = "
cannot-assess      The class of an annotation that is no mark: its reader could not assess the frame that it names, or without
                   one the whole item, for the reason that it gives. coco.json lists such images with \"cannot_assess\", and
                   without annotations: that is not a negative example. KITTI frames of it have no label file. \"unclear\" is a
                   reader's doubt about a mark, with how sure they are and why where they said so.
";

/// The same, of packages that are begun now.
const ANSWERS_LISTED_FORMAT: &str = "
cannot-assess      The class of an annotation that is no mark: its reader could not assess the frame that it names, or without
                   one the whole item, for the reason that it gives. Where the accepted read says so, coco.json gives the image of
                   the frame with \"cannot_assess\" and without annotations: that is not a negative example. Said of the whole item
                   - at once, or of each frame one by one - it stands at each image of a part or a plain image, and at the first of
                   each series or camera of a study or scene unless frames were answered by themselves. A KITTI frame has no label
                   file where its points could not be assessed, or the whole scene. Answers of reads behind the accepted one are
                   in reads.jsonl only. \"unclear\" is a reader's doubt about a mark, with how sure
                   they are and why where they said so.
";

/// The first format whose text says exactly where answers are listed.
const WITH_ANSWERS_LISTED: u32 = 5;

/// What packages of a format say about answers; those of before keep their text.
pub(super) const fn answers_format(format: u32) -> &'static str {
    if format >= WITH_ANSWERS_LISTED { ANSWERS_LISTED_FORMAT } else { ANSWERS_FORMAT }
}

/// What the accepted read says of a frame where that cannot be assessed.
pub(super) fn unassessed(annotations: &[Annotation], frame: FrameRef) -> Option<CannotAssess> {
    let mut answers = annotations.iter().filter_map(Annotation::cannot_assess);
    answers.find(|answer| answer.frame.is_none_or(|of| of == frame))
}

impl Contents {
    /// Counts what an accepted read answers beside its marks.
    pub(super) fn add_answers(&mut self, material: &Material) {
        let answers = || material.annotations.iter().filter(|mark| mark.is_answer());
        let unclear = material.annotations.iter().filter(|mark| mark.unclear.is_some()).count() as u64;
        self.answered |= answers().next().is_some() || unclear > 0;
        self.not_assessed += u64::from(material.read.cannot_assess);
        self.frames_not_assessed += answers().filter(|answer| answer.frame.is_some()).count() as u64;
        self.unclear += unclear;
    }

    /// The counts of a certificate that only packages with answers have.
    pub(super) fn answer_counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = [
            ("items_not_assessed", self.not_assessed),
            ("frames_not_assessed", self.frames_not_assessed),
            ("annotations_unclear", self.unclear),
            ("kitti_frames_not_assessed", self.kitti.not_assessed),
        ];
        counts.into_iter().filter(|(_, count)| *count > 0)
    }
}
