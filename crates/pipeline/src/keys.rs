//! The keys that a person chose for the page: a map that ships, and what they changed of it.

use std::collections::BTreeMap;

use countersign_store::{Evidence, user_keys};
use serde::{Deserialize, Serialize};

use crate::{Pipeline, PipelineError, Result, people::Caller};

/// Most actions whose keys may be changed.
const ACTIONS_MAX: usize = 300;
/// Most keys of one action.
const CHORDS_MAX: usize = 8;
/// Longest name of an action or a key, bytes.
const NAME_BYTES_MAX: usize = 48;

/// The maps that ship.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyMapName {
    /// As in CVAT.
    #[default]
    Cvat,
    /// As in Label Studio.
    LabelStudio,
    /// As at radiology workstations.
    Radiology,
}

/// What a person chose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyChoice {
    /// The map; absent for somebody who never chose one.
    #[serde(default)]
    pub map: Option<KeyMapName>,
    /// Keys by action, in the place of those of the map: modifiers and a `KeyboardEvent.code`, such as `Ctrl+Shift+KeyZ`.
    /// An empty list takes an action's keys away.
    #[serde(default)]
    pub changes: BTreeMap<String, Vec<String>>,
}

impl KeyChoice {
    fn check(&self) -> Result<()> {
        let bad = |place: String, message: &str| Err(PipelineError::bad("bad_keys", place, message));
        if self.changes.len() > ACTIONS_MAX {
            return bad("changes".into(), "at most 300 actions");
        }
        let fits = |text: &str, extra: &[u8]| {
            !text.is_empty()
                && text.len() <= NAME_BYTES_MAX
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || extra.contains(&b))
        };
        for (action, chords) in &self.changes {
            // What does not look like a name is not repeated to whoever sent it.
            if !fits(action, b"._") {
                return bad("changes".into(), "is not the name of an action");
            }
            if chords.len() > CHORDS_MAX || !chords.iter().all(|chord| fits(chord, b"+")) {
                return bad(format!("changes.{action}"), "at most 8 keys, each such as Ctrl+KeyZ");
            }
        }
        Ok(())
    }
}

impl Pipeline {
    /// The caller's keys.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keys(&self, caller: &Caller) -> Result<KeyChoice> {
        let kept = user_keys::of(&mut *self.store.read().await?, caller.user()).await?;
        kept.map_or_else(
            || Ok(KeyChoice::default()),
            |row| {
                serde_json::from_str(&row.body)
                    .map_err(|e| PipelineError::Internal(format!("user_keys.body: {e}")))
            },
        )
    }

    /// Keeps the caller's keys.
    ///
    /// # Errors
    /// `bad_keys`.
    pub async fn set_keys(&self, caller: &Caller, choice: &KeyChoice) -> Result<()> {
        choice.check()?;
        let body = serde_json::to_string(choice).map_err(|e| PipelineError::Internal(e.to_string()))?;
        let user = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    user_keys::set(tx, user, &body).await?;
                    tx.record(Evidence::new("keys.changed", "user", user.uuid()))?;
                    Ok(())
                })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(action: &str, chords: &[&str]) -> KeyChoice {
        let chords = chords.iter().map(|chord| (*chord).to_owned()).collect();
        KeyChoice { map: Some(KeyMapName::Radiology), changes: [(action.to_owned(), chords)].into() }
    }

    #[test]
    fn keys_look_like_keys() {
        assert!(choice("tool.box", &["KeyR", "Ctrl+Shift+KeyR"]).check().is_ok());
        assert!(choice("tool.box", &[]).check().is_ok());
        assert!(choice("tool.box", &["<script>"]).check().is_err());
        assert!(choice("tool box", &["KeyR"]).check().is_err());
        assert!(choice("", &["KeyR"]).check().is_err());
        assert!(choice("tool.box", &["KeyA"; 9]).check().is_err());
        assert!(choice(&"a".repeat(49), &["KeyR"]).check().is_err());
    }
}
