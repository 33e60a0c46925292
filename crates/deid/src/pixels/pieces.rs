//! From likelihoods to rectangles: what hangs together and is sure somewhere is a piece of text; a piece grows along its
//! line over what is faint; the blocks that it then has become a few rectangles.

use super::{area::Area, detect::Thresholds, net::Heat};

/// Pixels along one side of a block.
const BLOCK: usize = 2;
/// Fewest blocks of a piece: a letter of the smallest size has more.
const LEAST_BLOCKS: usize = 5;
/// Share of a piece's box that it fills, from which the box is one rectangle.
const BOXED: f64 = 0.9;
/// Blocks that the rectangles of other pieces are high.
const BAND: usize = 2;
/// Blocks between two runs of a band that are closed.
const CLOSED: usize = 3;
/// Degrees between the slants that are tried, up to 45 either way.
const SLANT_STEP: f32 = 1.5;
const SLANTS: i32 = 30;
/// A slanted box is taken when its area is at most this share of the upright one's.
const SLANTED: f32 = 0.85;
/// Heights of a piece that it may grow at each end, and those of one that may be read in either direction.
const REACH: f32 = 3.0;
const REACH_SQUARE: f32 = 1.0;
/// Share of the blocks of the fullest line from which a line of blocks is counted to the body of a piece.
const BODY: f32 = 0.4;
/// Blocks that it may grow to the sides.
const ASIDE: f32 = 0.5;
/// A piece up to this much longer than it is high may be read in either direction, and grows in both.
const SQUARE: f32 = 1.3;

/// A piece of text: rectangles of pixels, and how sure its surest block is.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub areas: Vec<Area>,
    pub surest: f32,
}

/// A box turned by some angle: its sides along and across, in blocks.
#[derive(Debug, Clone, Copy)]
struct Turned {
    sin: f32,
    cos: f32,
    along: (f32, f32),
    across: (f32, f32),
}

impl Turned {
    /// The smallest of the boxes around these blocks over all slants; the upright one unless a slanted is much smaller.
    fn around(blocks: &[(f32, f32)]) -> Self {
        let upright = Self::at(0, blocks);
        let slanted = (1..=SLANTS).flat_map(|n| [n, -n]).map(|n| Self::at(n, blocks));
        let least = slanted.min_by(|a, b| a.area().total_cmp(&b.area())).unwrap_or(upright);
        if least.area() <= SLANTED * upright.area() { least } else { upright }
    }

    fn at(step: i32, blocks: &[(f32, f32)]) -> Self {
        let (sin, cos) = (step as f32 * SLANT_STEP).to_radians().sin_cos();
        let mut out = Self { sin, cos, along: (f32::MAX, f32::MIN), across: (f32::MAX, f32::MIN) };
        for (x, y) in blocks {
            let (u, v) = out.turned(*x, *y);
            // A block reaches half its side beyond its middle.
            out.along = (out.along.0.min(u - 0.5), out.along.1.max(u + 0.5));
            out.across = (out.across.0.min(v - 0.5), out.across.1.max(v + 0.5));
        }
        out
    }

    fn turned(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.cos + y * self.sin, y * self.cos - x * self.sin)
    }

    fn sides(&self) -> (f32, f32) {
        (self.along.1 - self.along.0, self.across.1 - self.across.0)
    }

    fn area(&self) -> f32 {
        self.sides().0 * self.sides().1
    }

    fn holds(&self, x: f32, y: f32) -> bool {
        let (u, v) = self.turned(x, y);
        u >= self.along.0 && u <= self.along.1 && v >= self.across.0 && v <= self.across.1
    }

    /// Where the line of a piece in this box may go on: beyond the short sides of its body, or beyond all where the piece is
    /// almost square.
    fn lines(&self, blocks: &[(f32, f32)]) -> Vec<Self> {
        let (long, high) = self.sides();
        let along = body(blocks.iter().map(|(x, y)| self.turned(*x, *y).0), self.along);
        let across = body(blocks.iter().map(|(x, y)| self.turned(*x, *y).1), self.across);
        let square = long.max(high) < SQUARE * long.min(high);
        let reach = if square { REACH_SQUARE } else { REACH };
        let mut out = Vec::with_capacity(2);
        if long * SQUARE >= high {
            let along = grown(self.along, reach * (across.1 - across.0));
            out.push(Self { along, across: grown(across, ASIDE), ..*self });
        }
        if high * SQUARE >= long {
            let across = grown(self.across, reach * (along.1 - along.0));
            out.push(Self { along: grown(along, ASIDE), across, ..*self });
        }
        out
    }
}

fn grown((from, to): (f32, f32), by: f32) -> (f32, f32) {
    (from - by, to + by)
}

/// The part of a range from the first to the last line of blocks that is about as full as the fullest: what bulges at one
/// place does not widen the line that is followed.
fn body(places: impl Iterator<Item = f32>, (from, to): (f32, f32)) -> (f32, f32) {
    let last = ((to - from).ceil() as usize).max(1) - 1;
    let mut counts = vec![0_u32; last + 1];
    places.for_each(|place| counts[((place - from) as usize).min(last)] += 1);
    let least = counts.iter().copied().max().unwrap_or(0) as f32 * BODY;
    let is_full = |count: &u32| *count as f32 >= least;
    let first = counts.iter().position(is_full).unwrap_or(0);
    let end = counts.iter().rposition(is_full).unwrap_or(last);
    (from + first as f32, from + end as f32 + 1.0)
}

/// Blocks that hang together from a start; neighbours are the eight around.
struct Flood<'a> {
    heat: &'a Heat,
    stack: Vec<usize>,
}

impl Flood<'_> {
    /// Adds to `piece` what is reached from it through blocks that `open` lets in. `open` must say yes to a block once.
    fn run(&mut self, piece: &mut Vec<usize>, mut open: impl FnMut(usize) -> bool) {
        let (width, height) = (self.heat.width, self.heat.height);
        self.stack.clear();
        self.stack.extend_from_slice(piece);
        while let Some(at) = self.stack.pop() {
            let (x, y) = (at % width, at / width);
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = row * width + column;
                    if open(next) {
                        piece.push(next);
                        self.stack.push(next);
                    }
                }
            }
        }
    }
}

/// The pieces of text in the heat map of a frame of this size, as rectangles that may overlap.
pub fn pieces(heat: &Heat, (width, height): (usize, usize), at_least: &Thresholds) -> Vec<Piece> {
    // The net's values are 32-bit ones.
    let (faint, likely, sure) = (at_least.faint as f32, at_least.likely as f32, at_least.sure as f32);
    let mut seen: Vec<bool> = heat.values.iter().map(|value| *value < likely).collect();
    // The number of the piece that took a block last.
    let mut taken = vec![0_u32; seen.len()];
    let mut flood = Flood { heat, stack: Vec::new() };
    let (mut out, mut number) = (Vec::new(), 0);
    for start in 0..seen.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut piece = vec![start];
        flood.run(&mut piece, |next| !std::mem::replace(&mut seen[next], true));
        let surest = piece.iter().map(|at| heat.values[*at]).fold(0.0, f32::max);
        if surest < sure || piece.len() < LEAST_BLOCKS {
            continue;
        }
        number += 1;
        piece.iter().for_each(|at| taken[*at] = number);
        let place = |at: usize| ((at % heat.width) as f32, (at / heat.width) as f32);
        let blocks: Vec<(f32, f32)> = piece.iter().map(|at| place(*at)).collect();
        let lines = Turned::around(&ends(&mut piece, heat.width)).lines(&blocks);
        flood.run(&mut piece, |next| {
            let (x, y) = place(next);
            let open = taken[next] != number
                && heat.values[next] >= faint
                && lines.iter().any(|line| line.holds(x, y));
            if open {
                taken[next] = number;
            }
            open
        });
        let areas = rectangles(&mut piece, heat.width).filter_map(|(x, y, across, down)| {
            let [x, y, across, down] = [x, y, across, down].map(|blocks| (blocks * BLOCK) as u32);
            // The net's sides are filled up to a multiple of its step.
            Area { x, y, width: across, height: down }.clipped(width as u32, height as u32)
        });
        let areas: Vec<Area> = areas.collect();
        if !areas.is_empty() {
            out.push(Piece { areas, surest });
        }
    }
    out
}

/// First and last block of every row of a piece: no box around these leaves out another.
fn ends(piece: &mut [usize], width: usize) -> Vec<(f32, f32)> {
    piece.sort_unstable();
    let place = |at: usize| ((at % width) as f32, (at / width) as f32);
    let rows = piece.chunk_by(|a, b| a / width == b / width);
    rows.flat_map(|row| [place(row[0]), place(row[row.len() - 1])]).collect()
}

/// A piece as rectangles of blocks: its box where it fills it, bands of runs where it is slanted or bent.
fn rectangles(
    piece: &mut [usize],
    width: usize,
) -> impl Iterator<Item = (usize, usize, usize, usize)> + use<> {
    let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
    for at in &*piece {
        let (x, y) = (at % width, at / width);
        (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
    }
    let (across, down) = (right - left + 1, bottom - top + 1);
    if piece.len() as f64 >= BOXED * (across * down) as f64 {
        return vec![(left, top, across, down)].into_iter();
    }
    let mut out = Vec::new();
    piece.sort_unstable_by_key(|at| ((at / width - top) / BAND, at % width));
    for band in piece.chunk_by(|a, b| (a / width - top) / BAND == (b / width - top) / BAND) {
        let y = top + (band[0] / width - top) / BAND * BAND;
        let high = BAND.min(bottom + 1 - y);
        for run in band.chunk_by(|a, b| b % width <= a % width + 1 + CLOSED) {
            let (from, to) = (run[0] % width, run[run.len() - 1] % width);
            out.push((from, y, to - from + 1, high));
        }
    }
    out.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thresholds of these tests, whatever the version's are.
    const AT: Thresholds = Thresholds { faint: 0.1, likely: 0.3, sure: 0.6 };

    fn heat_of(rows: &[&str]) -> Heat {
        let value = |c: u8| f32::from(c - b'0') / 10.0;
        let values = rows.iter().flat_map(|row| row.bytes().map(value)).collect();
        Heat { width: rows[0].len(), height: rows.len(), values }
    }

    /// The pieces of a whole heat map.
    fn all(heat: &Heat) -> Vec<Piece> {
        pieces(heat, (heat.width * BLOCK, heat.height * BLOCK), &AT)
    }

    /// Whether a block is in a piece.
    fn covered(found: &[Piece], x: usize, y: usize) -> bool {
        let (x, y) = ((x * BLOCK) as u32, (y * BLOCK) as u32);
        let holds = |a: &Area| (a.x..a.right()).contains(&x) && (a.y..a.bottom()).contains(&y);
        found.iter().flat_map(|piece| &piece.areas).any(holds)
    }

    #[test]
    fn a_piece_needs_a_sure_block_and_a_size() {
        let heat = heat_of(&["0000000", "0444440", "0494440", "0000000", "9000000"]);
        let areas = vec![Area { x: 2, y: 2, width: 10, height: 4 }];
        assert_eq!(all(&heat), [Piece { areas, surest: 0.9 }]);
        assert!(all(&heat_of(&["0000000", "0555550", "0555550"])).is_empty());
    }

    #[test]
    fn a_piece_grows_over_what_is_faint_along_its_line_and_not_beside_it() {
        let heat = heat_of(&[
            "0000000000000000000000000",
            "0000002222000000000000000",
            "0000002222000000000000000",
            "0099999999222222220000000",
            "0099999999222222220000222",
            "0000000000000000000000000",
        ]);
        let found = all(&heat);
        assert!((2..16).all(|x| covered(&found, x, 3) && covered(&found, x, 4)), "{found:?}");
        assert!(!covered(&found, 7, 1), "beside: {found:?}");
        assert!(!covered(&found, 22, 4), "nothing leads there: {found:?}");
        // Three heights of two blocks on: 10 to 15.
        assert!(!covered(&found, 17, 3), "too far: {found:?}");
    }

    #[test]
    fn what_is_slanted_grows_along_its_slant() {
        let (width, height) = (60, 40);
        let on_line = |x: usize, y: usize| (x as f32 * 0.5 + 4.0 - y as f32).abs() <= 2.0;
        let mut heat = Heat { width, height, values: vec![0.0; width * height] };
        for at in 0..width * height {
            let (x, y) = (at % width, at / width);
            if on_line(x, y) {
                heat.values[at] = if (10..40).contains(&x) { 0.9 } else { 0.2 };
            }
        }
        let found = all(&heat);
        assert!(found[0].areas.len() > 5, "bands, not the box");
        for x in 4..46 {
            assert!(covered(&found, x, x / 2 + 4), "{x}");
        }
        let areas = found.iter().flat_map(|piece| &piece.areas);
        let area: u32 = areas.map(|a| a.width * a.height).sum();
        assert!((area as usize) < width * height * BLOCK * BLOCK / 4, "{area}");
    }
}
