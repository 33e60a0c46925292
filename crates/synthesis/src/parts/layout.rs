//! Where copper lies on a made-up board: footprints, traces on a grid, vias, test pads.

use crate::random::Random;

/// Distance between routing tracks, in pixels.
const PITCH_PX: f64 = 20.0;
/// The eight directions of a trace, in tracks.
const DIRECTIONS: [(i32, i32); 8] = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];

/// A point, in pixels.
pub type Point = (f64, f64);

/// A straight piece of copper with round ends.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    pub from: Point,
    pub to: Point,
    /// Half its width, in pixels.
    pub half: f64,
    /// Which net it belongs to.
    pub net: usize,
}

/// A pad: a rectangle with rounded corners, or a disc when both half sides are its radius.
#[derive(Debug, Clone, Copy)]
pub struct Pad {
    pub centre: Point,
    pub half: Point,
    pub corner: f64,
    /// Radius of the drilled hole, in pixels; 0 for none.
    pub hole: f64,
    pub net: usize,
}

/// All copper of a board.
#[derive(Debug, Clone)]
pub struct Layout {
    pub segments: Vec<Segment>,
    pub pads: Vec<Pad>,
    pub seed: u64,
}

/// How much of each pixel is copper, 0 to 1, in row order of a square.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    pub side: usize,
    pub values: Vec<f32>,
}

impl Coverage {
    /// Blends `value` in where `distance` (negative inside, in pixels) says so, within `reach` of `centre`.
    pub fn paint(&mut self, centre: Point, reach: Point, value: f32, distance: impl Fn(Point) -> f64) {
        let side = self.side as f64;
        let span = |c: f64, r: f64| {
            let low = (c - r - 2.0).clamp(0.0, side);
            let high = (c + r + 2.0).clamp(0.0, side);
            low as usize..high as usize
        };
        for y in span(centre.1, reach.1) {
            for x in span(centre.0, reach.0) {
                let share = (0.5 - distance((x as f64 + 0.5, y as f64 + 0.5))).clamp(0.0, 1.0) as f32;
                let at = &mut self.values[y * self.side + x];
                *at += (value - *at) * share;
            }
        }
    }
}

/// Distance of a point to a segment's middle line, in pixels.
pub fn to_line(p: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length2 = (dx * dx + dy * dy).max(1e-9);
    let along = (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length2).clamp(0.0, 1.0);
    (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
}

/// Signed distance to a rectangle with rounded corners, in pixels.
fn to_pad(p: Point, pad: &Pad) -> f64 {
    let x = (p.0 - pad.centre.0).abs() - pad.half.0 + pad.corner;
    let y = (p.1 - pad.centre.1).abs() - pad.half.1 + pad.corner;
    x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - pad.corner
}

impl Layout {
    pub fn new(random: &mut Random, side: f64) -> Self {
        let mut router = Router::new(side);
        let mut layout = Self { segments: Vec::new(), pads: Vec::new(), seed: random.bits() };
        for _ in 0..2 + random.below(2) {
            layout.footprint(random, &mut router);
        }
        for _ in 0..3 + random.below(4) {
            layout.round_pad(random, &mut router);
        }
        let starts = 14 + random.below(10);
        for _ in 0..starts {
            layout.lone_trace(random, &mut router);
        }
        layout
    }

    fn next_net(&self) -> usize {
        self.segments.len() + self.pads.len() + 1
    }

    /// Two rows of pads, each with a trace away from it.
    fn footprint(&mut self, random: &mut Random, router: &mut Router) {
        let pins = 3 + random.below(5) as i32;
        let (columns, rows) = (pins + 1, 7);
        let upright = random.chance(0.5);
        let (width, height) = if upright { (rows, columns) } else { (columns, rows) };
        let Some((left, top)) = router.room(random, width + 4, height + 4) else { return };
        router.block(left + 2, top + 2, width, height);
        for row in [1, rows - 2] {
            for pin in 0..pins {
                let (u, v) = (pin + 1, row);
                let cell = if upright { (left + 2 + v, top + 2 + u) } else { (left + 2 + u, top + 2 + v) };
                let outwards = if row == 1 { -1 } else { 1 };
                let direction = if upright { (outwards, 0) } else { (0, outwards) };
                let half = if upright { (13.0, 6.5) } else { (6.5, 13.0) };
                let net = self.next_net();
                self.pads.push(Pad { centre: Router::place(cell), half, corner: 1.5, hole: 0.0, net });
                if random.chance(0.85) {
                    let half = random.pick(&[3.0, 3.5, 4.0]);
                    self.route(random, router, (cell, direction), half, net);
                }
            }
        }
    }

    /// A large round pad, most with a drilled hole, with one or two wide traces.
    fn round_pad(&mut self, random: &mut Random, router: &mut Router) {
        let Some((left, top)) = router.room(random, 5, 5) else { return };
        router.block(left + 1, top + 1, 3, 3);
        let cell = (left + 2, top + 2);
        let radius = random.range(17.0, 25.0);
        let hole = if random.chance(0.7) { radius * random.range(0.35, 0.5) } else { 0.0 };
        let net = self.next_net();
        self.pads.push(Pad {
            centre: Router::place(cell),
            half: (radius, radius),
            corner: radius,
            hole,
            net,
        });
        for _ in 0..1 + random.below(2) {
            let direction = DIRECTIONS[random.below(4) * 2];
            let half = random.range(5.0, 7.0);
            self.route(random, router, (cell, direction), half, net);
        }
    }

    fn lone_trace(&mut self, random: &mut Random, router: &mut Router) {
        let Some(cell) = router.room(random, 1, 1) else { return };
        let net = self.next_net();
        let half = random.pick(&[3.0, 3.0, 3.5, 4.5]);
        let direction = random.pick(&DIRECTIONS);
        if self.route(random, router, (cell, direction), half, net) {
            self.via(cell, half, net);
        }
    }

    fn via(&mut self, cell: (i32, i32), half: f64, net: usize) {
        let radius = half + 4.5;
        let hole = radius * 0.42;
        let centre = Router::place(cell);
        self.pads.push(Pad { centre, half: (radius, radius), corner: radius, hole, net });
    }

    /// A trace that walks over free tracks and ends at a via or beyond the picture. False when it could not
    /// make a single step.
    fn route(
        &mut self,
        random: &mut Random,
        router: &mut Router,
        (mut cell, mut direction): ((i32, i32), (i32, i32)),
        half: f64,
        net: usize,
    ) -> bool {
        let steps = 6 + random.below(26);
        let mut corner = cell;
        let mut walked = 0;
        let mut heading = direction;
        // A trace from a pad first leads out over cells that its footprint blocks itself.
        let mut leaving = if self.pads.last().is_some_and(|pad| pad.net == net) { 3 } else { 0 };
        router.taken(cell);
        while walked < steps {
            let turn = if walked > 2 && random.chance(0.18) { random.pick(&[-1_i32, 1]) } else { 0 };
            let now = DIRECTIONS.iter().position(|d| *d == direction).unwrap_or(0) as i32;
            let choices = [turn, 0, 1, -1].map(|by| DIRECTIONS[(now + by).rem_euclid(8) as usize]);
            let free = |d: &(i32, i32)| router.is_free(cell, *d);
            let next = choices.into_iter().find(free).or((leaving > 0).then_some(direction));
            let Some(next) = next else { break };
            leaving -= 1;
            if next != heading {
                self.segment(corner, cell, half, net);
                corner = cell;
                heading = next;
            }
            direction = next;
            cell = (cell.0 + next.0, cell.1 + next.1);
            router.taken(cell);
            walked += 1;
            if router.outside(cell) {
                break;
            }
        }
        self.segment(corner, cell, half, net);
        if walked > 0 && !router.outside(cell) {
            self.via(cell, half, net);
        }
        walked > 0
    }

    fn segment(&mut self, from: (i32, i32), to: (i32, i32), half: f64, net: usize) {
        if from != to {
            self.segments.push(Segment { from: Router::place(from), to: Router::place(to), half, net });
        }
    }

    /// Draws all copper; drilled holes are drawn by the picture.
    pub fn copper(&self, side: usize) -> Coverage {
        let mut coverage = Coverage { side, values: vec![0.0; side * side] };
        for s in &self.segments {
            let centre = ((s.from.0 + s.to.0) / 2.0, (s.from.1 + s.to.1) / 2.0);
            let reach = ((s.from.0 - s.to.0).abs() / 2.0 + s.half, (s.from.1 - s.to.1).abs() / 2.0 + s.half);
            coverage.paint(centre, reach, 1.0, |p| to_line(p, s.from, s.to) - s.half);
        }
        for pad in &self.pads {
            coverage.paint(pad.centre, pad.half, 1.0, |p| to_pad(p, pad));
        }
        coverage
    }

    /// Distance from a point to the nearest copper that is not of `net`, in pixels; negative inside.
    pub fn clearance(&self, p: Point, net: Option<usize>) -> f64 {
        let other = |own: usize| net != Some(own);
        let lines = self.segments.iter().filter(|s| other(s.net)).map(|s| to_line(p, s.from, s.to) - s.half);
        let pads = self.pads.iter().filter(|pad| other(pad.net)).map(|pad| to_pad(p, pad));
        lines.chain(pads).fold(f64::INFINITY, f64::min)
    }
}

/// Which tracks are taken.
struct Router {
    cells: i32,
    taken: Vec<bool>,
}

impl Router {
    fn new(side: f64) -> Self {
        let cells = (side / PITCH_PX) as i32 + 3;
        Self { cells, taken: vec![false; (cells * cells) as usize] }
    }

    /// Centre of a cell; the first row and column lie outside the picture.
    fn place(cell: (i32, i32)) -> Point {
        ((f64::from(cell.0) - 0.5) * PITCH_PX, (f64::from(cell.1) - 0.5) * PITCH_PX)
    }

    fn outside(&self, cell: (i32, i32)) -> bool {
        cell.0 <= 0 || cell.1 <= 0 || cell.0 >= self.cells - 1 || cell.1 >= self.cells - 1
    }

    fn index(&self, cell: (i32, i32)) -> Option<usize> {
        let inside = (0..self.cells).contains(&cell.0) && (0..self.cells).contains(&cell.1);
        inside.then(|| (cell.1 * self.cells + cell.0) as usize)
    }

    fn taken(&mut self, cell: (i32, i32)) {
        if let Some(at) = self.index(cell) {
            self.taken[at] = true;
        }
    }

    fn block(&mut self, left: i32, top: i32, width: i32, height: i32) {
        for y in top..top + height {
            (left..left + width).for_each(|x| self.taken((x, y)));
        }
    }

    /// Whether the next cell is free, and on a diagonal the cells on both sides too.
    fn is_free(&self, cell: (i32, i32), (dx, dy): (i32, i32)) -> bool {
        let free = |c| self.index(c).is_some_and(|at| !self.taken[at]);
        let sides = dx == 0 || dy == 0 || free((cell.0 + dx, cell.1)) && free((cell.0, cell.1 + dy));
        sides && free((cell.0 + dx, cell.1 + dy))
    }

    /// A free rectangle of this size, if one is found in a few tries.
    fn room(&self, random: &mut Random, width: i32, height: i32) -> Option<(i32, i32)> {
        (0..30).find_map(|_| {
            let left = 1 + random.below((self.cells - width - 1).max(1) as usize) as i32;
            let top = 1 + random.below((self.cells - height - 1).max(1) as usize) as i32;
            let free = |c| self.index(c).is_some_and(|at| !self.taken[at]);
            let all = (top..top + height).all(|y| (left..left + width).all(|x| free((x, y))));
            all.then_some((left, top))
        })
    }
}
