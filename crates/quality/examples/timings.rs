//! Times the quality room on raw arrays, for `bench/run quality`: `timings WHAT FILE NUMBERS…` prints one JSON object with the
//! best of several runs, what came out, and the most memory that was held.

use std::{
    env, fs,
    hint::black_box,
    io::{BufReader, Read as _},
    time::Instant,
};

use countersign_quality::{
    Read, Reads,
    agreement::{Counts, IntervalAlpha, Level, Weights},
    consensus::{Options, dawid_skene, staple},
    label_errors::confident,
    monitor::{Observation, Stream, Watch},
};

const RUNS: usize = 5;
/// How long a run takes at least.
const RUN_SECONDS: f64 = 0.2;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, file, numbers @ ..] = arguments.as_slice() else { panic!("timings WHAT FILE NUMBERS…") };
    let numbers: Vec<usize> = numbers.iter().map(|number| number.parse().expect("a number")).collect();
    if what == "label-errors" {
        return suspects(file, numbers[0]);
    }
    let bytes = fs::read(file).expect("the file");
    let (seconds, value) = match what.as_str() {
        "alpha-interval" => interval(&bytes, numbers[0]),
        "alpha-nominal" => coefficient(&bytes, numbers[0], numbers[1], |counts| counts.alpha(Level::Nominal)),
        "ac1" => coefficient(&bytes, numbers[0], numbers[1], |counts| {
            counts.gwet(Weights::Identity).map(|found| found.value)
        }),
        "dawid-skene" => merged(&bytes, &numbers, Options::default().strength),
        // Without the pooled prior, to be compared with what has none.
        "dawid-skene-plain" => merged(&bytes, &numbers, 0.0),
        "monitor" => watched(&bytes),
        "staple" => fused(&bytes, numbers[0]),
        _ => panic!("there is no {what}"),
    };
    say(seconds, value);
}

fn say(seconds: (f64, f64), value: f64) {
    let (wall, cpu) = seconds;
    let peak = memory("VmHWM");
    println!("{{\"seconds\": {wall}, \"cpu_seconds\": {cpu}, \"value\": {value}, \"peak_mb\": {peak:.1}}}");
}

/// Wall and processor time of the best of several runs, each by itself, and what came out. What is short is run often
/// enough for the clock of the processor, which moves in steps of milliseconds.
fn best(mut run: impl FnMut() -> f64) -> ((f64, f64), f64) {
    let begun = Instant::now();
    let mut value = black_box(run());
    let times = (RUN_SECONDS / begun.elapsed().as_secs_f64()).ceil().clamp(1.0, 1000.0);
    let (mut wall, mut cpu) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..RUNS {
        let (begun, used) = (Instant::now(), processor());
        for _ in 0..times as u32 {
            value = black_box(run());
        }
        wall = wall.min(begun.elapsed().as_secs_f64() / times);
        cpu = cpu.min((processor() - used) / times);
    }
    ((wall, cpu), value)
}

/// Seconds that the one thread of this process has run.
fn processor() -> f64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Megabytes that the system counts for this process.
fn memory(what: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}

/// f64 items x readers; not a number is missing.
fn interval(bytes: &[u8], readers: usize) -> ((f64, f64), f64) {
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    best(|| {
        let (mut alpha, mut given) = (IntervalAlpha::default(), Vec::with_capacity(readers));
        for row in values.chunks_exact(readers) {
            given.clear();
            given.extend(row.iter().filter(|value| !value.is_nan()));
            alpha.item(&given);
        }
        alpha.value().unwrap_or(f64::NAN)
    })
}

/// u8 items x readers; 255 is missing.
fn coefficient(
    bytes: &[u8],
    readers: usize,
    classes: usize,
    of: impl Fn(&Counts) -> Option<f64>,
) -> ((f64, f64), f64) {
    let list: Vec<Read> = bytes
        .iter()
        .enumerate()
        .filter(|(_, class)| **class != u8::MAX)
        .map(|(place, class)| {
            let at = |index: usize| u32::try_from(index).expect("few enough");
            Read { item: at(place / readers), reader: at(place % readers), class: u16::from(*class) }
        })
        .collect();
    best(|| {
        let reads = Reads::new(bytes.len() / readers, readers, classes, &list).expect("reads");
        of(&Counts::new(&reads)).unwrap_or(f64::NAN)
    })
}

/// u32 triples of item, reader, class; numbers of items, readers, classes and iterations. The value is the sum of the highest
/// posteriors.
fn merged(bytes: &[u8], numbers: &[usize], strength: f64) -> ((f64, f64), f64) {
    let [items, readers, classes, iterations] = *numbers else { panic!("four numbers") };
    let cells: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    let list: Vec<Read> = cells
        .as_chunks::<3>()
        .0
        .iter()
        .map(|[item, reader, class]| Read {
            item: *item,
            reader: *reader,
            class: u16::try_from(*class).expect("few enough"),
        })
        .collect();
    drop(cells);
    let options = Options { iterations, tolerance: -1.0, strength };
    best(|| {
        let reads = Reads::new(items, readers, classes, &list).expect("reads");
        let found = dawid_skene(&reads, options).expect("an estimate");
        (0..items).map(|item| found.posterior(item)[usize::from(found.class(item))]).sum()
    })
}

/// u8 each: wrong where it is 0. Five streams of one person in turn; seconds are of one item, the value is the alarms.
fn watched(bytes: &[u8]) -> ((f64, f64), f64) {
    let streams =
        [Stream::Gold, Stream::Peers, Stream::Review, Stream::Overlap, Stream::Class("nodule".to_owned())];
    let ((wall, cpu), alarms) = best(|| {
        let mut watch = Watch::new(5000.0).expect("a watch");
        let mut alarms = 0.0;
        for (place, byte) in bytes.iter().enumerate() {
            let seen = Observation::Judged { wrong: *byte == 0, expected: 0.1 };
            let raised = watch.take(&streams[place % streams.len()], seen).expect("an observation");
            alarms += f64::from(u8::from(raised.is_some()));
        }
        alarms
    });
    let items = bytes.len() as f64;
    ((wall / items, cpu / items), alarms)
}

/// u8 readers x pixels. The value is the number of pixels that are inside.
fn fused(bytes: &[u8], readers: usize) -> ((f64, f64), f64) {
    let masks: Vec<&[u8]> = bytes.chunks_exact(bytes.len() / readers).collect();
    best(|| {
        let found = staple(&masks, 100, 1e-7).expect("an estimate");
        found.inside().filter(|inside| *inside > 0.5).count() as f64
    })
}

/// f32 items x classes, then u16 labels; read piece by piece, so that the memory is that of the probabilities once. The value
/// says which ones are suspects: the sum of their places, from 1.
fn suspects(file: &str, classes: usize) {
    let items =
        usize::try_from(fs::metadata(file).expect("the file").len()).expect("few enough") / (4 * classes + 2);
    let mut from = BufReader::with_capacity(1 << 20, fs::File::open(file).expect("the file"));
    let (mut row, mut label) = (vec![0; 4 * classes], [0; 2]);
    let (mut values, mut labels) = (Vec::with_capacity(items * classes), Vec::with_capacity(items));
    for _ in 0..items {
        from.read_exact(&mut row).expect("a row");
        values.extend(row.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
    }
    for _ in 0..items {
        from.read_exact(&mut label).expect("a label");
        labels.push(u16::from_le_bytes(label));
    }
    let (seconds, value) = best(|| {
        let found = confident(&labels, &values, classes).expect("suspects");
        found.suspects.iter().map(|suspect| suspect.item + 1).sum::<usize>() as f64
    });
    say(seconds, value);
}
