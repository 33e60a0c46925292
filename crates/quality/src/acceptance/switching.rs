//! Switching between normal, tightened and reduced inspection in the manner of ISO 2859-1: a supplier who is good for long
//! is checked less, one who is not is checked more, and in the end not taken from.

use serde::{Deserialize, Serialize};

/// Of so many batches in a row ...
const WINDOW: usize = 5;
/// ... so many returned tighten.
const TIGHTENS: u32 = 2;
/// So many accepted in a row under tightened inspection go back to normal.
const EASES: u32 = 5;
/// So many returned while tightened end it.
const ENDS: u32 = 5;
/// Score from which inspection is reduced.
const SCORE_REDUCES: u32 = 30;
/// Score for a batch that is accepted with at most one error allowed.
const SCORE_SMALL: u32 = 2;
/// Score for a batch that a plan one step stricter would have accepted too.
const SCORE_STRICT: u32 = 3;

/// How a supplier is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inspection {
    /// As usual.
    Normal,
    /// With fewer errors allowed.
    Tightened,
    /// With smaller samples.
    Reduced,
    /// Not at all: nothing is taken until somebody resumes it.
    Discontinued,
}

/// What was decided about a batch. Resubmitted batches do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspected {
    /// Whether it was accepted.
    pub accepted: bool,
    /// Most errors that the plan accepts.
    pub accept: u64,
    /// Whether the plan one step stricter would have accepted it too. Asked only where two or more errors are allowed.
    pub strictly: bool,
}

/// A change of inspection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// From here.
    pub from: Inspection,
    /// To there.
    pub to: Inspection,
}

/// State of a supplier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switching {
    inspection: Inspection,
    /// Whether the last batches were accepted, the newest last.
    recent: Vec<bool>,
    /// Accepted in a row while tightened.
    in_a_row: u32,
    /// Returned while tightened.
    returned: u32,
    score: u32,
}

impl Default for Switching {
    fn default() -> Self {
        Self { inspection: Inspection::Normal, recent: Vec::new(), in_a_row: 0, returned: 0, score: 0 }
    }
}

impl Switching {
    /// How the next batch is checked.
    #[must_use]
    pub const fn inspection(&self) -> Inspection {
        self.inspection
    }

    /// Takes what was decided about a batch. `steady` says that deliveries are regular and nobody wants more checks: without
    /// it inspection is not reduced, and a reduced one goes back to normal.
    pub fn take(&mut self, batch: Inspected, steady: bool) -> Option<Switch> {
        let from = self.inspection;
        let to = match from {
            Inspection::Normal => self.normal(batch, steady),
            Inspection::Tightened => self.tightened(batch),
            Inspection::Reduced if batch.accepted && steady => Inspection::Reduced,
            Inspection::Reduced => Inspection::Normal,
            Inspection::Discontinued => Inspection::Discontinued,
        };
        self.go(from, to)
    }

    /// Takes up inspection again after the supplier has shown what was changed: tightened, as the standard has it.
    pub fn resume(&mut self) -> Option<Switch> {
        if self.inspection != Inspection::Discontinued {
            return None;
        }
        self.go(Inspection::Discontinued, Inspection::Tightened)
    }

    /// Leaves out what no later decision depends on while `steady` stays as it is: batches that were accepted before the first
    /// returned one that is still counted, and without steady deliveries the score. For a chain with few states.
    pub(super) fn forget(&mut self, steady: bool) {
        let kept = self.recent.iter().position(|accepted| !accepted).unwrap_or(self.recent.len());
        self.recent.drain(..kept);
        // The window of the next decision begins one batch later.
        if self.recent.len() == WINDOW {
            self.recent.remove(0);
            self.forget(steady);
        }
        if !steady {
            self.score = 0;
        }
    }

    fn go(&mut self, from: Inspection, to: Inspection) -> Option<Switch> {
        if from == to {
            return None;
        }
        *self = Self { inspection: to, ..Self::default() };
        Some(Switch { from, to })
    }

    fn normal(&mut self, batch: Inspected, steady: bool) -> Inspection {
        self.recent.push(batch.accepted);
        if self.recent.len() > WINDOW {
            self.recent.remove(0);
        }
        self.score = match batch {
            Inspected { accepted: true, accept: 0 | 1, .. } => self.score + SCORE_SMALL,
            Inspected { accepted: true, strictly: true, .. } => self.score + SCORE_STRICT,
            _ => 0,
        };
        let returned = self.recent.iter().filter(|accepted| !**accepted).count();
        if returned >= TIGHTENS as usize {
            Inspection::Tightened
        } else if self.score >= SCORE_REDUCES && steady {
            Inspection::Reduced
        } else {
            Inspection::Normal
        }
    }

    const fn tightened(&mut self, batch: Inspected) -> Inspection {
        if batch.accepted {
            self.in_a_row += 1;
        } else {
            (self.in_a_row, self.returned) = (0, self.returned + 1);
        }
        if self.returned >= ENDS {
            Inspection::Discontinued
        } else if self.in_a_row >= EASES {
            Inspection::Normal
        } else {
            Inspection::Tightened
        }
    }
}
