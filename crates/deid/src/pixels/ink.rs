//! Completes a piece of text by its ink.
//!
//! An overlay is written with one level. Where the level of a piece stands out of what is around it, what has the same level, the
//! size of a letter, and stands within a space of a letter that was found is of the same text, whatever the net made of it: the end
//! of a string that the net lost, the line between two others.

use super::{area::Area, pieces::Piece, raster::Plane};

/// Pixels around a piece that its levels are held against.
const RING: u32 = 12;
/// Share of a piece's pixels that its ink has, at least and at most.
const SHARE: (f64, f64) = (0.03, 0.5);
/// How many times as dense the ink is in the piece as around it, at least.
const ENRICHED: f64 = 2.5;
/// Share of the range within which levels are near, and the least share of the pixels near the ink that have exactly its level.
const NEAR: f64 = 0.03;
const EXACT: f64 = 0.6;
/// How sure the surest block of a piece must be that is completed.
const SURE: f32 = 0.7;
/// Pixels of the smallest letter, and of the smallest extent of one.
const LEAST_PIXELS: usize = 4;
/// Letters of a piece of which one in five is higher give the size of its letters.
const SIZE_SHARE: f64 = 0.8;
/// Extent of a letter in sizes: at least, at most, and at most across.
const EXTENT: (f32, f32, f32) = (0.3, 1.6, 4.0);
/// Sizes that letters of one text stand apart on a line, and otherwise.
const APART: (f32, f32) = (1.5, 0.8);
/// Sizes around a piece, and pixels at most, in which letters are looked for.
const REACH: (f32, u32) = (8.0, 120);
/// Share of the smaller extent by which two letters on a line overlap across it.
const OVERLAP: f32 = 0.4;
/// Pixels around a letter that are filled with it: what smoothing left.
const MARGIN: u32 = 2;
/// Most letters that are looked at.
const MOST: usize = 4096;

/// A connected part of one level.
#[derive(Debug, Clone, Copy)]
struct Letter {
    area: Area,
    pixels: usize,
}

impl Letter {
    fn extent(&self) -> f32 {
        self.area.width.max(self.area.height) as f32
    }
}

/// What belongs to a piece beside what it has: letters of its ink nearby, with what is between.
pub(super) fn completion(planes: &[Plane], taken: &[bool], piece: &Piece) -> Vec<Area> {
    let Some(around) = bounds(&piece.areas).filter(|_| piece.surest >= SURE) else { return Vec::new() };
    let found = planes.iter().find_map(|plane| Some((plane, ink(plane, taken, piece, &around)?)));
    let Some((plane, ink)) = found else { return Vec::new() };
    let own = letters(plane, ink, &around);
    let mut extents: Vec<f32> = own.iter().filter(|l| l.pixels >= LEAST_PIXELS).map(Letter::extent).collect();
    extents.sort_by(f32::total_cmp);
    let Some(size) = extents.get((extents.len() as f64 * SIZE_SHARE) as usize).or(extents.last()) else {
        return Vec::new();
    };
    let size = *size;
    let reach = ((size * REACH.0) as u32).min(REACH.1);
    let mut open: Vec<Letter> = letters(plane, ink, &grown(&around, reach, plane));
    open.retain(|letter| is_letter(letter, size));
    open.truncate(MOST);
    let inside = |letter: &Letter| {
        let (x, y) = (letter.area.x + letter.area.width / 2, letter.area.y + letter.area.height / 2);
        taken[y as usize * plane.width + x as usize] && piece.areas.iter().any(|a| touches(a, &letter.area))
    };
    let (mut known, mut open): (Vec<Letter>, Vec<Letter>) = open.into_iter().partition(inside);
    let mut out: Vec<Area> = Vec::new();
    let mut at = 0;
    while at < known.len() {
        let from = known[at].area;
        open.retain(|letter| {
            let Some(between) = joined(&from, &letter.area, size) else { return true };
            out.push(grown(&between, MARGIN, plane));
            known.push(*letter);
            false
        });
        at += 1;
    }
    // Letters of the piece itself that stick out of it.
    out.extend(known.iter().map(|letter| grown(&letter.area, MARGIN, plane)));
    out
}

fn is_letter(letter: &Letter, size: f32) -> bool {
    let (long, short) = (letter.extent(), letter.area.width.min(letter.area.height) as f32);
    letter.pixels >= LEAST_PIXELS
        && long >= EXTENT.0 * size
        && short <= EXTENT.1 * size
        && long <= EXTENT.2 * size
}

/// What two letters of one text span; `None` where they are too far from each other.
fn joined(a: &Area, b: &Area, size: f32) -> Option<Area> {
    let gap =
        |a: u32, a_end: u32, b: u32, b_end: u32| b.saturating_sub(a_end).max(a.saturating_sub(b_end)) as f32;
    let (across, down) = (gap(a.x, a.right(), b.x, b.right()), gap(a.y, a.bottom(), b.y, b.bottom()));
    let shared = |a: u32, a_end: u32, b: u32, b_end: u32| {
        let least = (a_end - a).min(b_end - b) as f32;
        a_end.min(b_end).saturating_sub(a.max(b)) as f32 >= OVERLAP * least
    };
    let on_row = shared(a.y, a.bottom(), b.y, b.bottom());
    let on_column = shared(a.x, a.right(), b.x, b.right());
    let near = across.max(down) <= APART.1 * size;
    let on_line = on_row && across <= APART.0 * size || on_column && down <= APART.0 * size;
    if !near && !on_line {
        return None;
    }
    // Across a line only the letter itself: what lies between two lines may be anything.
    if on_row { bounds(&[*a, *b]) } else { Some(*b) }
}

fn touches(a: &Area, b: &Area) -> bool {
    a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

fn bounds(areas: &[Area]) -> Option<Area> {
    let (x, y) = (areas.iter().map(|a| a.x).min()?, areas.iter().map(|a| a.y).min()?);
    let (right, bottom) = (areas.iter().map(Area::right).max()?, areas.iter().map(Area::bottom).max()?);
    Some(Area { x, y, width: right - x, height: bottom - y })
}

fn grown(area: &Area, by: u32, plane: &Plane) -> Area {
    let (x, y) = (area.x.saturating_sub(by), area.y.saturating_sub(by));
    let right = area.right().saturating_add(by).min(plane.width as u32);
    let bottom = area.bottom().saturating_add(by).min(plane.height as u32);
    Area { x, y, width: right - x, height: bottom - y }
}

/// The level that stands out of what is around a piece; `None` where none does.
fn ink(plane: &Plane, taken: &[bool], piece: &Piece, around: &Area) -> Option<u16> {
    let mut inside = Vec::new();
    for area in &piece.areas {
        for y in area.y..area.bottom() {
            let row = y as usize * plane.width;
            inside.extend_from_slice(&plane.values[row + area.x as usize..row + area.right() as usize]);
        }
    }
    let ring = grown(around, RING, plane);
    let mut beside = Vec::new();
    for y in ring.y..ring.bottom() {
        let row = y as usize * plane.width;
        let places = row + ring.x as usize..row + ring.right() as usize;
        beside.extend(places.filter(|at| !taken[*at]).map(|at| plane.values[at]));
    }
    inside.sort_unstable();
    beside.sort_unstable();
    let (low, high) = (inside.first()?.min(beside.first()?), inside.last()?.max(beside.last()?));
    let spread = (f64::from(high - low) * NEAR) as u16;
    let (level, own) = fullest(&inside, &beside)?;
    let (from, to) = (level.saturating_sub(spread), level.saturating_add(spread));
    // Where levels near it are as common, it is one of many: a texture, or what a lossy codec made of an overlay.
    (own as f64 >= EXACT * count(&inside, from, to) as f64).then_some(level)
}

/// How many of some sorted values lie from one level to another.
fn count(values: &[u16], from: u16, to: u16) -> usize {
    values.partition_point(|v| *v <= to) - values.partition_point(|v| *v < from)
}

/// The level that is most more common in the first values (sorted) than in the others, and how many of the first have it.
fn fullest(inside: &[u16], beside: &[u16]) -> Option<(u16, usize)> {
    let (all, others) = (inside.len() as f64, beside.len().max(1) as f64);
    let mut best: Option<(f64, u16, usize)> = None;
    for same in inside.chunk_by(|a, b| a == b) {
        let share = same.len() as f64 / all;
        if share < SHARE.0 || share > SHARE.1 {
            continue;
        }
        let other = count(beside, same[0], same[0]) as f64 / others;
        let more = share - other;
        if share >= ENRICHED * other && best.is_none_or(|(most, ..)| more > most) {
            best = Some((more, same[0], same.len()));
        }
    }
    best.map(|(_, level, own)| (level, own))
}

/// The connected parts of a level within an area; neighbours are the eight around.
fn letters(plane: &Plane, level: u16, area: &Area) -> Vec<Letter> {
    let (width, height) = (area.width as usize, area.height as usize);
    let mut open = Vec::with_capacity(width * height);
    for y in area.y..area.bottom() {
        let row = y as usize * plane.width;
        let values = &plane.values[row + area.x as usize..row + area.right() as usize];
        open.extend(values.iter().map(|v| *v == level));
    }
    let (mut out, mut stack) = (Vec::new(), Vec::new());
    for start in 0..open.len() {
        if !std::mem::replace(&mut open[start], false) {
            continue;
        }
        stack.push(start);
        let (mut left, mut right, mut top, mut bottom, mut pixels) = (width, 0, height, 0, 0);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % width, at / width);
            (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
            pixels += 1;
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = row * width + column;
                    if std::mem::replace(&mut open[next], false) {
                        stack.push(next);
                    }
                }
            }
        }
        let letter = Area {
            x: area.x + left as u32,
            y: area.y + top as u32,
            width: (right - left + 1) as u32,
            height: (bottom - top + 1) as u32,
        };
        out.push(Letter { area: letter, pixels });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two lines of made-up letters, five by seven pixels each, on a grainy ground, and a long line below.
    fn plane() -> Plane {
        let (width, height) = (120, 60);
        let mut values: Vec<u16> = (0..width * height).map(|i| 100 + (i * 7919 % 61) as u16).collect();
        for (top, count) in [(10, 12), (20, 3)] {
            for letter in 0..count {
                for (x, y) in
                    [0, 4].into_iter().flat_map(|x| (0..7).map(move |y| (x, y))).chain((0..5).map(|x| (x, 3)))
                {
                    values[(top + y) * width + 10 + letter * 7 + x] = 900;
                }
            }
        }
        values[40 * width..41 * width].fill(900);
        Plane { width, height, values }
    }

    #[test]
    fn the_rest_of_a_line_and_the_next_line_follow_and_a_rule_does_not() {
        let plane = plane();
        let piece = Piece { areas: vec![Area { x: 8, y: 8, width: 40, height: 11 }], surest: 1.0 };
        let mut taken = vec![false; plane.values.len()];
        for y in 8..19 {
            taken[y * plane.width + 8..y * plane.width + 48].fill(true);
        }
        let more = completion(std::slice::from_ref(&plane), &taken, &piece);
        let filled = |x: u32, y: u32| {
            taken[y as usize * plane.width + x as usize]
                || more.iter().any(|a| (a.x..a.right()).contains(&x) && (a.y..a.bottom()).contains(&y))
        };
        for at in (0..plane.values.len()).filter(|at| plane.values[*at] == 900) {
            let (x, y) = ((at % plane.width) as u32, (at / plane.width) as u32);
            assert_eq!(filled(x, y), y < 40, "{x} {y}");
        }
        assert!(!filled(110, 13), "beyond the line");
    }

    #[test]
    fn a_piece_without_a_level_of_its_own_stays_as_it_is() {
        let mut plane = plane();
        plane.values.iter_mut().for_each(|v| *v = (*v).min(160));
        let piece = Piece { areas: vec![Area { x: 40, y: 25, width: 40, height: 11 }], surest: 1.0 };
        let taken = vec![false; plane.values.len()];
        assert_eq!(completion(std::slice::from_ref(&plane), &taken, &piece), []);
    }
}
