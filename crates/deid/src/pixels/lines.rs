//! Strokes to characters, characters to lines.

use super::strokes::Stroke;

/// Smallest and largest height of a character at one level, pixels.
const HEIGHT: (u32, u32) = (4, 34);
/// Least sharpness of a character's ends.
const SHARPNESS: f32 = 0.25;
/// Pens that a character must be wide and high, to be more than a bar or a dot.
const PENS: f32 = 2.7;
/// Largest share of its box that a character covers.
const FILL: f32 = 0.8;
/// Widest pen, as a share of the character's height.
const PEN: f32 = 0.45;
/// Thinnest pen, as a share of the character's height.
const THIN: f32 = 0.055;
/// Longest word whose letters touch, in its heights.
const WORD: f32 = 26.0;
/// Largest height of letters of which more than two touch, pixels of the level.
const TOUCHING_HEIGHT: u32 = 12;
/// Upright strokes per height that touching letters have at least.
const STROKES_PER_HEIGHT: f32 = 0.7;
/// Widest gap between neighbours of a line, in heights of the higher one.
const GAP: f32 = 1.3;
/// Least common height of neighbours, as a share of the lower one.
const OVERLAP: f32 = 0.5;
/// Largest ratio of heights, pens and rises of neighbours.
const RATIO: (f32, f32, f32) = (2.3, 1.9, 1.7);
/// Least points of a line that is looked at further.
const LEAST_POINTS: f32 = 0.3;
/// Most points of one stroke.
const TOUCHING: f32 = 4.0;
/// Factor for a line of one stroke and of two.
const FEW: (f32, f32) = (0.4, 0.7);
/// How far a letter may stand off the line, in heights.
const ALIGNED: f32 = 0.12;
/// Least letters of a line that is not level.
const TURNED_LETTERS: usize = 4;
/// Lines that rise by less than so many heights from end to end are level.
const LEVEL: f32 = 0.5;
/// Highest line, in heights of its median character, once it is turned level.
const TALL: f32 = 2.1;
/// How far above, below and beside a line its dots and accents stand, in heights.
const REACH: f32 = 0.4;
/// How far a line grows by what is attached to it, in heights.
const FARTHEST: f32 = 1.5;
/// Least rise of what is attached, as a share of the line's.
const ATTACHED_RISE: f32 = 0.7;
/// Widest gap to a bar or dot at the end of a line, in heights.
const END_GAP: f32 = 0.6;
/// Height of a bar that is a letter (I, l, 1), in heights.
const FULL: f32 = 0.6;
/// Widest line of one or two strokes, in heights.
const ALONE_WIDTH: f32 = 3.0;
/// Most letters that the slope of a line is taken from.
const MAX_FEET: usize = 40;
/// Steepest line, dy / dx.
const STEEP: f32 = 0.5;

/// A line of text in pixels of a level: a strip along `y = at + slope * x`.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub x0: f32,
    pub x1: f32,
    /// Left and right before anything was attached.
    pub core: (f32, f32),
    /// Rise per pixel to the right.
    pub slope: f32,
    /// Top and bottom at x = 0.
    pub top: f32,
    pub bottom: f32,
    /// Height of its median character, pixels.
    pub height: f32,
    /// Median rise of its letters, stored units.
    pub rise: f32,
    /// Mean sharpness of its letters.
    pub sharpness: f32,
    /// Mean ratio of its letters' rise to the threshold.
    pub beyond: f32,
    /// What its letters are worth, about one each.
    pub score: f32,
    /// Its letters and their worth.
    pub letters: Vec<(Stroke, f32)>,
}

impl Line {
    /// Whether no other stroke is nearer than a height.
    pub fn is_alone(&self, strokes: &[Stroke]) -> bool {
        let (h, own) = (self.height, self.bottom - self.top + 2.0);
        let apart = |s: &Stroke| {
            let (x0, x1, y0, y1) = (s.x0 as f32, s.x1 as f32, s.y0 as f32, s.y1 as f32);
            let inside = x0 >= self.x0 && x1 <= self.x1 && y0 >= self.top && y1 <= self.bottom;
            let away = x1 < self.x0 - h || x0 > self.x1 + h || y1 < self.top - h || y0 > self.bottom + h;
            inside || away || s.area < 3
        };
        self.x1 - self.x0 <= ALONE_WIDTH * own && strokes.iter().all(apart)
    }
}

/// What a stroke can be.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// A letter, a digit or a word whose letters touch.
    Letter,
    /// A bar or dot: l, I, 1, comma, hyphen. Alone it is a tick.
    Bar,
}

fn part(s: &Stroke) -> Option<Part> {
    let (w, h) = (s.width(), s.height());
    if h < 2 || h > HEIGHT.1 || s.sharpness() < SHARPNESS {
        return None;
    }
    let (pen, fill) = (s.pen(), s.fill());
    let (wide, high) = (w as f32, h as f32);
    if wide > WORD * high {
        return None;
    }
    let open = wide.min(high) >= PENS * pen && fill <= FILL && (THIN * high..=PEN * high).contains(&pen);
    if open && h >= HEIGHT.0 && w >= 3 {
        if wide <= 1.6 * high {
            return Some(Part::Letter);
        }
        // Upright strokes per row, against the length. Only small letters touch.
        let strokes = s.row_runs as f32 / high / (wide / high);
        let small = h <= TOUCHING_HEIGHT || wide <= 2.6 * high;
        return (small && strokes >= STROKES_PER_HEIGHT).then_some(Part::Letter);
    }
    let bar = wide.max(high) <= 1.2 * HEIGHT.1 as f32 && wide <= 1.5 * high.max(4.0);
    bar.then_some(Part::Bar)
}

struct Candidate {
    stroke: Stroke,
    part: Part,
}

/// Height of the bands that candidates are sorted into, pixels.
const BAND: usize = 16;

/// The lines among the strokes, running along x.
pub(crate) fn lines(strokes: &[Stroke]) -> Vec<Line> {
    let mut candidates: Vec<Candidate> =
        strokes.iter().filter_map(|s| part(s).map(|part| Candidate { stroke: *s, part })).collect();
    if candidates.is_empty() {
        return Vec::new();
    }
    candidates.sort_unstable_by_key(|c| (c.stroke.x0, c.stroke.y0, c.stroke.x1, c.stroke.y1));
    let groups = linked(&candidates);
    groups
        .into_iter()
        .filter_map(|group| {
            let members: Vec<&Candidate> = group.iter().map(|&i| &candidates[i]).collect();
            judged(&members).map(|line| attached(line, strokes))
        })
        .collect()
}

fn similar(a: &Stroke, b: &Stroke) -> bool {
    let ratio = |p: f32, q: f32| p.max(q) / p.min(q).max(1e-6);
    let (ha, hb) = (a.height() as f32, b.height() as f32);
    let common = a.y1.min(b.y1) as f32 - a.y0.max(b.y0) as f32;
    let gap = b.x0 as f32 - a.x1 as f32;
    let high = ha.max(hb);
    gap <= GAP * high + 1.0
        && gap >= -0.5 * high
        && common >= OVERLAP * ha.min(hb)
        && ratio(ha, hb) <= RATIO.0 + 1.0 / ha.min(hb) * 2.0
        && ratio(a.pen(), b.pen()) <= RATIO.1
        && ratio(a.rise, b.rise) <= RATIO.2
}

/// Groups of neighbours, by index.
fn linked(candidates: &[Candidate]) -> Vec<Vec<usize>> {
    let bottom = candidates.iter().map(|c| c.stroke.y1).max().unwrap_or(0) as usize;
    let mut bands: Vec<Vec<usize>> = vec![Vec::new(); bottom / BAND + 1];
    for (i, c) in candidates.iter().enumerate() {
        let (from, to) = (c.stroke.y0 as usize / BAND, (c.stroke.y1 as usize - 1) / BAND);
        bands[from..=to].iter_mut().for_each(|band| band.push(i));
    }
    let mut parent: Vec<usize> = (0..candidates.len()).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for band in &bands {
        for (place, &i) in band.iter().enumerate() {
            let a = &candidates[i].stroke;
            let reach = a.x1 as f32 + GAP * HEIGHT.1 as f32;
            for &j in band[place + 1..].iter().take_while(|&&j| candidates[j].stroke.x0 as f32 <= reach) {
                if similar(a, &candidates[j].stroke) {
                    let (p, q) = (root(&mut parent, i), root(&mut parent, j));
                    parent[p.max(q)] = p.min(q);
                }
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); candidates.len()];
    for i in 0..candidates.len() {
        let own = root(&mut parent, i);
        groups[own].push(i);
    }
    groups.retain(|g| !g.is_empty());
    groups
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    values[values.len() / 2]
}

/// The line that a group makes, if it is one.
fn judged(members: &[&Candidate]) -> Option<Line> {
    let letters: Vec<&Stroke> =
        members.iter().filter(|c| c.part == Part::Letter).map(|c| &c.stroke).collect();
    if letters.is_empty() {
        return None;
    }
    let height = median(letters.iter().map(|s| s.height() as f32));
    let members = trimmed(members, height);
    let members = &members[..];
    let x0 = members.iter().map(|c| c.stroke.x0).min()? as f32;
    let x1 = members.iter().map(|c| c.stroke.x1).max()? as f32;
    let slope = if x1 - x0 > 4.0 * height { slope(members, height) } else { 0.0 };
    let slope = if slope.abs() * (x1 - x0) < LEVEL * height { 0.0 } else { slope };
    if slope.abs() > STEEP {
        return None;
    }
    let middle = |s: &Stroke| (s.x0 + s.x1) as f32 / 2.0;
    let half = |s: &Stroke| s.width() as f32 / 2.0 * slope.abs();
    let top = |s: &Stroke| s.y0 as f32 - slope * middle(s) + half(s);
    let bottom = |s: &Stroke| s.y1 as f32 - slope * middle(s) - half(s);
    let highest = members.iter().map(|c| top(&c.stroke)).fold(f32::MAX, f32::min);
    let lowest = members.iter().map(|c| bottom(&c.stroke)).fold(f32::MIN, f32::max);
    if lowest - highest > TALL * height + 1.0 {
        return None;
    }
    if slope != 0.0 && letters.len() < TURNED_LETTERS {
        return None;
    }
    let score = points(&letters, members, height, top, bottom);
    if score < LEAST_POINTS {
        return None;
    }
    let rise = median(letters.iter().map(|s| s.rise));
    let mean = |f: &dyn Fn(&Stroke) -> f32| letters.iter().map(|s| f(s)).sum::<f32>() / letters.len() as f32;
    let (sharpness, beyond) = (mean(&Stroke::sharpness), mean(&|s| s.rise / s.limit));
    let letters = letters.iter().map(|s| (**s, worth(s) * letter_count(s))).collect();
    Some(Line {
        x0,
        x1,
        core: (x0, x1),
        slope,
        top: highest,
        bottom: lowest,
        height,
        rise,
        sharpness,
        beyond,
        score,
        letters,
    })
}

/// Without the bars and dots at both ends that stand apart from the letters.
fn trimmed<'a>(members: &[&'a Candidate], height: f32) -> Vec<&'a Candidate> {
    let mut kept = members.to_vec();
    kept.sort_unstable_by_key(|c| (c.stroke.x0, c.stroke.x1));
    let apart =
        |a: &Candidate, b: &Candidate| b.stroke.x0 as f32 - a.stroke.x1 as f32 > END_GAP * height + 1.0;
    let low = |c: &Candidate| c.part == Part::Bar && (c.stroke.height() as f32) < FULL * height;
    while let [.., before, last] = kept[..]
        && low(last)
        && apart(before, last)
    {
        kept.pop();
    }
    while let [first, second, ..] = kept[..]
        && low(first)
        && apart(first, second)
    {
        kept.remove(0);
    }
    kept
}

/// The median of the slopes between the feet of all pairs (Theil and Sen): descenders do not tilt it.
fn slope(members: &[&Candidate], height: f32) -> f32 {
    let feet: Vec<(f32, f32)> = members
        .iter()
        .filter(|c| c.part == Part::Letter)
        .take(MAX_FEET)
        .map(|c| ((c.stroke.x0 + c.stroke.x1) as f32 / 2.0, c.stroke.y1 as f32))
        .collect();
    let mut slopes = Vec::with_capacity(feet.len() * feet.len() / 2);
    for (i, a) in feet.iter().enumerate() {
        let far = feet[i + 1..].iter().filter(|b| b.0 - a.0 > height);
        slopes.extend(far.map(|b| (b.1 - a.1) / (b.0 - a.0)));
    }
    if slopes.is_empty() { 0.0 } else { median(slopes.into_iter()) }
}

/// How much a stroke is worth as a letter, 0 to 1: it stands out well beyond the threshold, ends sharply and
/// was drawn with a pen of at least a pixel. What noise leaves above a threshold does neither.
fn worth(s: &Stroke) -> f32 {
    let ramp = |v: f32, low: f32, high: f32| ((v - low) / (high - low)).clamp(0.0, 1.0);
    ramp(s.rise / s.limit, 1.1, 1.6)
        * ramp(s.sharpness(), 0.3, 0.65)
        * ramp(s.pen(), 0.5, 0.8)
        * ramp(s.fill(), 0.12, 0.3)
}

/// Letters that a stroke stands for: more than one where they touch.
fn letter_count(s: &Stroke) -> f32 {
    (s.width() as f32 / (0.9 * s.height() as f32)).clamp(1.0, TOUCHING)
}

/// One point per letter, less where they do not stand on one line, differ in height or are few, or where
/// bars and dots are many.
fn points(
    letters: &[&Stroke],
    members: &[&Candidate],
    height: f32,
    top: impl Fn(&Stroke) -> f32,
    bottom: impl Fn(&Stroke) -> f32,
) -> f32 {
    let count: f32 = letters.iter().map(|s| worth(s) * letter_count(s)).sum();
    let share_at = |f: &dyn Fn(&Stroke) -> f32| {
        let base = median(letters.iter().map(|s| f(s)));
        let near = letters.iter().filter(|s| (f(s) - base).abs() <= ALIGNED * height + 1.0).count();
        near as f32 / letters.len() as f32
    };
    let level = share_at(&bottom).max(share_at(&top));
    let share = letters.len() as f32 / members.len() as f32;
    let few = match letters.len() {
        1 => FEW.0,
        2 => FEW.1,
        _ => 1.0,
    };
    count * level.powi(2) * (share * 2.0).min(1.0) * few
}

/// Takes in what belongs to a line but is no letter: dots, accents, commas, what is left of broken letters.
fn attached(mut line: Line, strokes: &[Stroke]) -> Line {
    let reach = REACH * line.height + 1.0;
    let most = 1.3 * (line.bottom - line.top);
    let (left, right) = (line.x0 - FARTHEST * line.height, line.x1 + FARTHEST * line.height);
    let (top_most, bottom_most) = (line.top - reach, line.bottom + reach);
    for _ in 0..3 {
        let before = line.clone();
        for s in strokes {
            let shift = line.slope * (s.x0 + s.x1) as f32 / 2.0;
            let (top, bottom) = (s.y0 as f32 - shift, s.y1 as f32 - shift);
            let (x0, x1) = (s.x0 as f32, s.x1 as f32);
            let beside = x0 - before.x1 <= reach && before.x0 - x1 <= reach;
            let inside = top >= top_most && bottom <= bottom_most && x0 >= left && x1 <= right;
            let alike = s.rise >= ATTACHED_RISE * line.rise
                && s.rise * ATTACHED_RISE <= line.rise
                && s.sharpness() >= SHARPNESS;
            if beside && inside && alike && s.area > 1 && (s.height().max(s.width()) as f32) <= most {
                line.x0 = line.x0.min(x0);
                line.x1 = line.x1.max(x1);
                line.top = line.top.min(top);
                line.bottom = line.bottom.max(bottom);
            }
        }
        if (before.x0, before.x1, before.top, before.bottom) == (line.x0, line.x1, line.top, line.bottom) {
            break;
        }
    }
    line
}
