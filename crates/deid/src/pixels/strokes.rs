//! Connected strokes of a relief above a threshold, with what their shapes tell.

use super::relief::Relief;

/// A connected component (8 neighbours) of pixels that stand out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stroke {
    /// Left, top, and right and bottom exclusive; pixels of the level.
    pub x0: u32,
    pub y0: u32,
    pub x1: u32,
    pub y1: u32,
    /// Pixels.
    pub area: u32,
    /// Runs along the rows, and down the columns.
    pub row_runs: u32,
    pub column_runs: u32,
    /// Mean rise of its pixels, stored units.
    pub rise: f32,
    /// The threshold that it is above, stored units.
    pub limit: f32,
    /// Mean step from its left and right ends to the pixel outside, stored units.
    pub step: f32,
}

impl Stroke {
    pub fn width(&self) -> u32 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> u32 {
        self.y1 - self.y0
    }

    /// Width of the pen, pixels: twice the area over the outline, exact for long strokes.
    pub fn pen(&self) -> f32 {
        self.area as f32 / (self.row_runs + self.column_runs) as f32
    }

    /// Share of its box that it covers.
    pub fn fill(&self) -> f32 {
        self.area as f32 / (self.width() * self.height()) as f32
    }

    /// Share of its rise that is lost within one pixel at its ends: near 1 for lettering without smoothing.
    pub fn sharpness(&self) -> f32 {
        if self.rise > 0.0 { self.step / self.rise } else { 0.0 }
    }

    /// With x and y exchanged.
    pub fn transposed(self) -> Self {
        Self {
            x0: self.y0,
            y0: self.x0,
            x1: self.y1,
            y1: self.x1,
            row_runs: self.column_runs,
            column_runs: self.row_runs,
            ..self
        }
    }
}

/// A run of pixels of one row.
#[derive(Clone, Copy)]
struct Run {
    from: u32,
    to: u32,
    row: u32,
    parent: u32,
    /// Pixels shared with runs of the row above.
    shared: u32,
    rise: f32,
    step: f32,
    limit: u16,
}

/// Least rise of a stroke, stored units: less is the rounding of the values.
const LEAST_RISE: f32 = 3.0;
/// Most runs of one threshold: beyond that the picture is all noise at this threshold.
const MAX_RUNS: usize = 400_000;

fn root(runs: &mut [Run], mut at: u32) -> u32 {
    while runs[at as usize].parent != at {
        let up = runs[runs[at as usize].parent as usize].parent;
        runs[at as usize].parent = up;
        at = up;
    }
    at
}

/// The strokes whose rise is at least `level` and `sigmas` standard deviations of the noise.
pub(crate) fn strokes(relief: &Relief, level: f32, sigmas: f32) -> Vec<Stroke> {
    let runs = joined(relief, level, sigmas);
    collect(runs)
}

fn joined(relief: &Relief, level: f32, sigmas: f32) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut above = 0..0;
    let mut limits: Vec<u16> = Vec::new();
    for y in 0..relief.height {
        let start = runs.len();
        limits.clear();
        // The cast saturates, as it should: nothing stands out that far.
        limits.extend(
            relief.noise_of_row(y).iter().map(|n| level.max(n * sigmas).max(LEAST_RISE).ceil() as u16),
        );
        row_runs(relief, y, &limits, &mut runs);
        let mut first = above.start;
        for current in start..runs.len() {
            let run = runs[current];
            while first < above.end && runs[first].to < run.from {
                first += 1;
            }
            let mut other = first;
            while other < above.end && runs[other].from <= run.to {
                let upper = runs[other];
                let shared = run.to.min(upper.to).saturating_sub(run.from.max(upper.from));
                runs[current].shared += shared;
                let (a, b) = (root(&mut runs, other as u32), root(&mut runs, current as u32));
                runs[a.max(b) as usize].parent = a.min(b);
                other += 1;
            }
        }
        above = start..runs.len();
        if runs.len() > MAX_RUNS {
            return Vec::new();
        }
    }
    runs
}

fn row_runs(relief: &Relief, y: usize, limits: &[u16], runs: &mut Vec<Run>) {
    let row = &relief.rise[y * relief.width..(y + 1) * relief.width];
    let mut open: Option<usize> = None;
    for (block, part) in row.chunks(Relief::block_width()).enumerate() {
        let limit = limits[block];
        // Most blocks of most rows are empty: this check runs many pixels at a time.
        if part.iter().copied().fold(0, u16::max) < limit {
            if let Some(from) = open.take() {
                push(row, from, block * Relief::block_width(), y, limit, runs);
            }
            continue;
        }
        for (i, &value) in part.iter().enumerate() {
            let x = block * Relief::block_width() + i;
            match (value >= limit, open) {
                (true, None) => open = Some(x),
                (false, Some(from)) => {
                    push(row, from, x, y, limit, runs);
                    open = None;
                }
                _ => {}
            }
        }
    }
    if let Some(from) = open {
        push(row, from, row.len(), y, limits[limits.len() - 1], runs);
    }
}

fn push(row: &[u16], from: usize, to: usize, y: usize, limit: u16, runs: &mut Vec<Run>) {
    let rise: u32 = row[from..to].iter().map(|&v| u32::from(v)).sum();
    let fall = |inside: usize, outside: Option<&u16>| {
        f32::from(row[inside]) - outside.map_or(0.0, |o| f32::from(*o))
    };
    let before = from.checked_sub(1).and_then(|x| row.get(x));
    let step = fall(from, before) + fall(to - 1, row.get(to));
    runs.push(Run {
        from: from as u32,
        to: to as u32,
        row: y as u32,
        parent: runs.len() as u32,
        shared: 0,
        rise: rise as f32,
        step,
        limit,
    });
}

fn collect(mut runs: Vec<Run>) -> Vec<Stroke> {
    let mut number = vec![u32::MAX; runs.len()];
    let mut out: Vec<Stroke> = Vec::new();
    for at in 0..runs.len() {
        let own = root(&mut runs, at as u32) as usize;
        let run = runs[at];
        if number[own] == u32::MAX {
            number[own] = out.len() as u32;
            out.push(Stroke {
                x0: run.from,
                y0: run.row,
                x1: run.to,
                y1: run.row + 1,
                area: 0,
                row_runs: 0,
                column_runs: 0,
                rise: 0.0,
                limit: f32::from(run.limit),
                step: 0.0,
            });
        }
        let stroke = &mut out[number[own] as usize];
        let length = run.to - run.from;
        stroke.x0 = stroke.x0.min(run.from);
        stroke.x1 = stroke.x1.max(run.to);
        stroke.y1 = run.row + 1;
        stroke.area += length;
        stroke.row_runs += 1;
        // A pixel without a neighbour above starts a run down its column.
        stroke.column_runs += length - run.shared.min(length);
        stroke.rise += run.rise;
        stroke.step += run.step;
    }
    for stroke in &mut out {
        stroke.rise /= stroke.area as f32;
        stroke.step /= 2.0 * stroke.row_runs as f32;
    }
    out
}
