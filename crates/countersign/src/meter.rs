//! Progress on standard error: a bar with rate and time left where somebody looks, a line now and then elsewhere.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::{is_watched, note};

/// Time between two lines where no bar is drawn.
const LINE_SECONDS: u64 = 5;
/// How often a spinner turns, milliseconds.
const TICK_MILLIS: u64 = 120;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Count,
}

/// One piece of work whose progress is shown.
pub struct Meter {
    label: &'static str,
    unit: Unit,
    bar: Option<ProgressBar>,
    total: AtomicU64,
    last_line: Mutex<Instant>,
}

impl Meter {
    /// Begins; a total of 0 is "not known yet".
    pub fn new(label: &'static str, unit: Unit, total: u64) -> Self {
        let bar = is_watched().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(label);
            bar.enable_steady_tick(Duration::from_millis(TICK_MILLIS));
            bar
        });
        let meter =
            Self { label, unit, bar, total: AtomicU64::new(0), last_line: Mutex::new(Instant::now()) };
        meter.style(total);
        if meter.bar.is_none() {
            note(label);
        }
        meter
    }

    fn style(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        let Some(bar) = &self.bar else { return };
        let template = match (self.unit, total) {
            (Unit::Bytes, 0) => "{spinner} {msg}  {bytes}  {bytes_per_sec}",
            (Unit::Count, 0) => "{spinner} {msg}  {pos}  {elapsed}",
            (Unit::Bytes, _) => {
                "{spinner} {msg}  [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left"
            }
            (Unit::Count, _) => "{spinner} {msg}  [{bar:30}] {pos}/{len}  {per_sec}  {eta} left",
        };
        // The templates are constants; a wrong one leaves the plain style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        if total > 0 {
            bar.set_length(total);
        }
    }

    /// How far it has come, and of how much.
    pub fn at(&self, position: u64, total: u64) {
        if self.total.load(Ordering::Relaxed) != total {
            self.style(total);
        }
        if let Some(bar) = &self.bar {
            return bar.set_position(position);
        }
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= Duration::from_secs(LINE_SECONDS) {
            *last = Instant::now();
            let shown = |amount: u64| match self.unit {
                Unit::Bytes => HumanBytes(amount).to_string(),
                Unit::Count => amount.to_string(),
            };
            let of = if total > 0 { format!(" of {}", shown(total)) } else { String::new() };
            note(&format!("{}  {}{of}", self.label, shown(position)));
        }
    }

    /// Ends; the bar goes away.
    pub fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.done();
    }
}
