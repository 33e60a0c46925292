//! Fuzzing without a sanitizer, where libFuzzer cannot be built: `hammer CORPUS SYNTAX|file SECONDS [SEED]`.
//! Each case is a seed of the corpus with a few bytes changed, moved or cut; it is used as a frame of that
//! transfer syntax, or as a whole file. A panic ends the run and names the case by its number.

#[path = "../fuzz/src/lib.rs"]
mod shared;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A generator that needs nothing but its state (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
}

fn mutate(seed: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = seed.to_vec();
    for _ in 0..=dice.roll(6) {
        if out.is_empty() {
            return out;
        }
        let at = dice.roll(out.len());
        match dice.roll(7) {
            0 => out[at] = dice.roll(256) as u8,
            1 => out[at] ^= 1 << dice.roll(8),
            2 => out[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][dice.roll(6)],
            3 => out.truncate(at),
            4 => {
                let end = (at + 1 + dice.roll(16)).min(out.len());
                out.drain(at..end);
            }
            5 => out.insert(at, dice.roll(256) as u8),
            _ => {
                let end = (at + 1 + dice.roll(32)).min(out.len());
                let part = out[at..end].to_vec();
                let to = dice.roll(out.len());
                out.splice(to..to, part);
            }
        }
    }
    out
}

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, syntax, seconds, rest @ ..] = &given[..] else {
        eprintln!("usage: hammer CORPUS SYNTAX|file SECONDS [SEED]");
        return ExitCode::FAILURE;
    };
    let Ok(entries) = std::fs::read_dir(corpus) else {
        eprintln!("no such folder: {corpus}");
        return ExitCode::FAILURE;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().flat_map(std::fs::read).filter(|s| s.len() < 1 << 16).collect();
    let span = Duration::from_secs(seconds.parse().unwrap_or(60));
    let mut dice = Dice(rest.first().and_then(|s| s.parse().ok()).unwrap_or(1) | 1);
    let start = Instant::now();
    let (mut cases, mut slowest) = (0u64, Duration::ZERO);
    while !seeds.is_empty() && start.elapsed() < span {
        let case = mutate(&seeds[dice.roll(seeds.len())], &mut dice);
        let before = Instant::now();
        let done = std::panic::catch_unwind(|| {
            if syntax == "file" { shared::whole_file(&case, true) } else { shared::one_frame(&case, syntax) }
        });
        slowest = slowest.max(before.elapsed());
        if done.is_err() {
            eprintln!("case {cases} of {corpus}");
            let _ = std::fs::write("hammer-find.bin", &case);
            return ExitCode::FAILURE;
        }
        cases += 1;
    }
    println!("{syntax}: {cases} cases from {} seeds, the slowest {slowest:?}", seeds.len());
    ExitCode::SUCCESS
}
