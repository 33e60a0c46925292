//! The evidence log for those who check it from outside.

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
};

impl Pipeline {
    /// A file of the log: `checkpoint` or `tile/…`.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to read the log, and for what is no path of a log.
    pub async fn log_file(&self, caller: &Caller, path: &str) -> Result<Vec<u8>> {
        self.require(caller, Action::ViewLog, &Resource::Installation)?;
        self.store.log_file(path).await?.ok_or(PipelineError::NotFound)
    }

    /// The public key that checkpoints are signed with, as one line.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to read the log.
    pub fn log_key(&self, caller: &Caller) -> Result<String> {
        self.require(caller, Action::ViewLog, &Resource::Installation)?;
        Ok(self.store.log_key())
    }
}
