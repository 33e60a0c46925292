//! Clinical words as they stand in headers, by kind of image. None of them is a name of a made-up person.

/// What a kind of image is called.
pub struct Words {
    /// Study descriptions.
    pub studies: &'static [&'static str],
    /// Series descriptions.
    pub series: &'static [&'static str],
    /// Protocol names.
    pub protocols: &'static [&'static str],
    /// Body Part Examined.
    pub parts: &'static [&'static str],
}

/// Comments on images.
pub const COMMENTS: [&str; 8] = [
    "motion artifact present",
    "no acute fracture",
    "limited study due to body habitus",
    "compare with prior examination",
    "delayed phase acquired",
    "mild degenerative changes of the lumbar spine",
    "right lower lobe nodule unchanged",
    "metal artifact from hip prosthesis",
];

/// Histories.
pub const HISTORIES: [&str; 8] = [
    "chronic cough and weight loss",
    "history of breast cancer",
    "chest pain and shortness of breath",
    "headache with dizziness",
    "follow up of pulmonary nodule",
    "abdominal pain, suspected appendicitis",
    "fall with pain in the left knee",
    "hypertension and diabetes",
];

/// Words for CT.
pub const CT: Words = Words {
    studies: &[
        "CT chest with contrast",
        "CT abdomen and pelvis",
        "CT head without contrast",
        "CT angiography aorta",
    ],
    series: &["axial 5 mm soft tissue", "lung window", "coronal reformat", "arterial phase", "bone kernel"],
    protocols: &["Chest routine", "Abdomen venous", "Head trauma"],
    parts: &["CHEST", "ABDOMEN", "HEAD"],
};
/// Words for MR.
pub const MR: Words = Words {
    studies: &["MR brain without contrast", "MRI lumbar spine", "MR knee left", "MR liver dynamic"],
    series: &[
        "axial T2 FLAIR",
        "sagittal T1",
        "diffusion ADC",
        "T1 fat saturated post contrast",
        "localizer",
    ],
    protocols: &["Brain routine", "Spine lumbar", "Knee"],
    parts: &["BRAIN", "LSPINE", "KNEE"],
};
/// Words for radiographs.
pub const XRAY: Words = Words {
    studies: &["Chest PA and lateral", "XR hand left", "Abdomen supine", "Pelvis AP"],
    series: &["PA", "lateral", "AP portable"],
    protocols: &["Chest", "Hand", "Pelvis"],
    parts: &["CHEST", "HAND", "PELVIS"],
};
/// Words for ultrasound.
pub const US: Words = Words {
    studies: &["Ultrasound abdomen", "US thyroid", "Echocardiogram", "Doppler carotid"],
    series: &["liver sagittal", "gallbladder", "left kidney", "four chamber view"],
    protocols: &["Abdomen", "Thyroid", "Cardiac"],
    parts: &["ABDOMEN", "THYROID", "HEART"],
};
/// Words for positron emission tomography.
pub const PT: Words = Words {
    studies: &["PET CT whole body", "FDG PET skull base to thigh"],
    series: &["attenuation corrected", "uncorrected emission", "whole body axial"],
    protocols: &["Whole body FDG", "Brain PET"],
    parts: &["WHOLEBODY", "BRAIN"],
};
