//! What a run does to a file, apart from the key: the same settings give the same output.

use countersign_deid::{EDITION, Keys, Profile, Rules};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Code of the Basic Application Level Confidentiality Profile (CID 7050).
const BASIC: &str = "113100";
/// Domain label of what tells two keys apart without naming them.
const KEY_CHECK: &[u8] = b"countersign/key-check/1\0";
/// Bytes of it that are kept.
const CHECK_BYTES: usize = 8;

/// What is done about text in the pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PixelMode {
    /// Quarantine images in which it is not ruled out.
    #[default]
    Hold,
    /// Look for it in these images and paint it over.
    Mask,
}

/// The settings.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Edition of PS3.15.
    pub edition: &'static str,
    /// The profile with its options.
    #[serde(serialize_with = "words")]
    pub profile: Profile,
    /// Codes of the profile and its options (CID 7050).
    pub codes: Vec<&'static str>,
    /// What is done about text in the pixels.
    pub pixels: PixelMode,
    /// Images held only for text in their pixels pass.
    pub trust_pixels: bool,
    /// Rules for tables of records. Told by their version and hash: who issued numbers, and what columns hold, is for
    /// those who have the rules.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rules")]
    pub records: Option<Rules>,
    /// Version of the program.
    pub version: &'static str,
}

impl Settings {
    /// Settings of this program.
    pub fn new(profile: Profile, pixels: PixelMode, trust_pixels: bool, records: Option<Rules>) -> Self {
        let options = profile.options.iter().map(|option| option.code());
        let codes = std::iter::once(BASIC).chain(options).collect();
        Self {
            edition: EDITION,
            profile,
            codes,
            pixels,
            trust_pixels,
            records,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// One text that is the same for the same settings.
    pub fn fingerprint(&self) -> String {
        // A structure of text and flags: there is nothing in it that could fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The profile in words that are the same for the same profile.
    pub fn profile_words(&self) -> String {
        self.profile.to_string()
    }
}

fn words<S: serde::Serializer>(profile: &Profile, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(profile)
}

fn rules<S: serde::Serializer>(rules: &Option<Rules>, serializer: S) -> Result<S::Ok, S::Error> {
    let told = rules.as_ref().map(|rules| {
        // Strings and words alone: there is nothing in it that could fail to be written.
        let hash = Sha256::digest(serde_json::to_vec(rules).unwrap_or_default());
        serde_json::json!({ "version": rules.version, "sha256": hex::encode(hash) })
    });
    told.serialize(serializer)
}

/// Tells whether two runs had the same key; it says nothing about the key.
pub fn key_check(keys: &Keys) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&keys.project_key).expect("HMAC takes a key of any length");
    mac.update(KEY_CHECK);
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    hex::encode(&whole[..CHECK_BYTES])
}
