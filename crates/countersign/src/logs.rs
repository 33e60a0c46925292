//! Log lines on standard error; how many is set by `COUNTERSIGN_LOG` (`warn`, `info`, `countersign_store=debug` …).

use tracing_subscriber::EnvFilter;

/// The variable that sets the level.
const LEVEL: &str = "COUNTERSIGN_LOG";

/// Starts logging. A level that cannot be read falls back to the command's own.
pub fn start(usual: &str, json: bool) {
    let wanted = std::env::var(LEVEL).unwrap_or_default();
    let filter = if wanted.is_empty() { None } else { EnvFilter::try_new(&wanted).ok() };
    let filter = filter.unwrap_or_else(|| EnvFilter::new(usual));
    let lines =
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).with_target(false);
    // A second start in one process (tests) keeps the first.
    let _ =
        if json { lines.json().try_init() } else { lines.with_ansi(crate::output::is_watched()).try_init() };
}
