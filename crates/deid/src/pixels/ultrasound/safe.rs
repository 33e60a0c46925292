//! The short list of what may stay inside of ultrasound regions though the detector took it for text: ticks of a ruler, and
//! upright crosses of callipers.
//!
//! The detector does not read, so the list is one of shapes, and each of them is one that no letter has. What stays is solid
//! bars of one level and nothing between or beside them: a bar that something of its level stands near, as the strokes of a
//! letter and the letters of a word do, is not on the list. Slanted crosses are letters (X), lone glyphs and logos may be
//! initials, numbers at a ruler may be anything: none of them is on the list.

use std::collections::BTreeMap;

use crate::pixels::{
    area::{Area, Mask},
    raster::Raster,
};

/// Names the list; changes with any of its measures.
pub const SAFE_LIST_VERSION: &str = "ticks-and-crosses-1";
/// Thickest bar, pixels.
const THICK: u32 = 3;
/// Lengths of a bar, and sides of a cross, pixels.
const LENGTHS: std::ops::RangeInclusive<u32> = 3..=25;
/// Fewest ticks of a ruler.
const TICKS: usize = 5;
/// Closest distance of two ticks, pixels; never less than the longest of them is long.
const CLOSEST: u32 = 6;
/// Share of the range by which what touches a shape must differ from it: smoothed lettering has a rim between both levels.
const RIM: f64 = 0.12;
/// Largest side of a dot, pixels: dots of a line between callipers may stand near a cross.
const DOT: u32 = 2;
/// Pixels that are kept of a shape; those of larger ones are only counted.
const SHAPE_PIXELS: usize = 2 * *LENGTHS.end() as usize * THICK as usize;

/// Pixels of one level that hang together.
struct Shape {
    /// What surrounds it.
    area: Area,
    /// Its pixels as places of the frame; not all of those of a large one.
    pixels: Vec<usize>,
    count: usize,
}

impl Shape {
    fn is_dot(&self) -> bool {
        self.area.width <= DOT && self.area.height <= DOT
    }

    /// Whether it fills its rectangle, thin and straight.
    fn is_bar(&self) -> bool {
        let (thick, long) = (self.area.width.min(self.area.height), self.area.width.max(self.area.height));
        self.count == thick as usize * long as usize
            && thick <= THICK
            && long >= 2 * thick
            && LENGTHS.contains(&long)
    }

    /// The two bars of an upright cross whose arms are equally long.
    fn cross(&self, width: usize) -> Option<[Area; 2]> {
        let Area { x, y, width: side, height } = self.area;
        if side != height || !LENGTHS.contains(&side) {
            return None;
        }
        let thick = (1..=THICK).find(|t| self.count == (2 * side * t - t * t) as usize)?;
        let arm = (side - thick) / 2;
        if !(side - thick).is_multiple_of(2) || arm < thick {
            return None;
        }
        let across = Area { x, y: y + arm, width: side, height: thick };
        let down = Area { x: x + arm, y, width: thick, height: side };
        let inside = |area: &Area, at: usize| {
            let (column, row) = ((at % width) as u32, (at / width) as u32);
            (area.x..area.right()).contains(&column) && (area.y..area.bottom()).contains(&row)
        };
        let fits = |at: &usize| inside(&across, *at) || inside(&down, *at);
        self.pixels.iter().all(fits).then_some([across, down])
    }
}

/// A line on which bars of one level and thickness begin or end.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    /// It runs from top to bottom.
    upright: bool,
    /// They end on it.
    at_end: bool,
    /// Column or row.
    place: u32,
    /// How thick they are, pixels.
    thick: u32,
    /// Their value in each plane.
    level: Vec<u16>,
}

/// The shapes of a frame within some regions.
struct Shapes<'a> {
    raster: &'a Raster,
    /// The shape that each pixel belongs to; none outside of the regions.
    of: Vec<Option<u32>>,
    all: Vec<Shape>,
    /// By how much a rim must differ.
    rim: u16,
}

impl<'a> Shapes<'a> {
    fn of(raster: &'a Raster, regions: &[Area]) -> Self {
        let mut inside = Mask::new(raster.width, raster.height);
        regions.iter().for_each(|region| inside.set(region, true));
        let values = &raster.planes[0].values;
        let range = values.iter().max().zip(values.iter().min()).map_or(0, |(high, low)| high - low);
        // A share of a 16-bit number is one.
        let rim = (f64::from(range) * RIM) as u16;
        let mut shapes = Self { raster, of: vec![None; raster.width * raster.height], all: Vec::new(), rim };
        let mut stack = Vec::new();
        for start in 0..shapes.of.len() {
            if inside.marked[start] && shapes.of[start].is_none() {
                shapes.flood(start, &inside.marked, &mut stack);
            }
        }
        shapes
    }

    fn same(&self, a: usize, b: usize) -> bool {
        self.raster.planes.iter().all(|plane| plane.values[a] == plane.values[b])
    }

    fn flood(&mut self, start: usize, inside: &[bool], stack: &mut Vec<usize>) {
        let (width, height) = self.raster.size();
        let number = Some(self.all.len() as u32);
        let (mut pixels, mut count) = (Vec::new(), 0);
        let (mut left, mut right, mut top, mut bottom) = (width, 0, height, 0);
        self.of[start] = number;
        stack.push(start);
        while let Some(at) = stack.pop() {
            let (x, y) = (at % width, at / width);
            (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
            count += 1;
            if pixels.len() < SHAPE_PIXELS {
                pixels.push(at);
            }
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = row * width + column;
                    if inside[next] && self.of[next].is_none() && self.same(at, next) {
                        self.of[next] = number;
                        stack.push(next);
                    }
                }
            }
        }
        let area = Area {
            x: left as u32,
            y: top as u32,
            width: (right - left + 1) as u32,
            height: (bottom - top + 1) as u32,
        };
        self.all.push(Shape { area, pixels, count });
    }

    /// Whether whatever touches a shape is of a clearly different level.
    fn is_crisp(&self, number: usize) -> bool {
        let at = self.all[number].pixels[0];
        let own = Some(number as u32);
        self.around(&self.all[number].area, 1).all(|place| {
            let differs = |values: &[u16]| values[place].abs_diff(values[at]) > self.rim;
            self.of[place] == own || self.raster.planes.iter().any(|plane| differs(&plane.values))
        })
    }

    /// Whether nothing of a shape's level stands within some pixels of an area, but for those that `may`.
    fn is_alone(&self, area: &Area, by: u32, at: usize, may: impl Fn(u32) -> bool) -> bool {
        self.around(area, by).all(|place| !self.same(place, at) || self.of[place].is_some_and(&may))
    }

    /// The places of an area and what lies within some pixels of it, as far as there is a frame.
    fn around(&self, area: &Area, by: u32) -> impl Iterator<Item = usize> + use<> {
        let (width, height) = self.raster.size();
        let rows = area.y.saturating_sub(by) as usize..(area.bottom() + by).min(height as u32) as usize;
        let columns = area.x.saturating_sub(by) as usize..(area.right() + by).min(width as u32) as usize;
        rows.flat_map(move |y| columns.clone().map(move |x| y * width + x))
    }

    fn crosses(&self) -> impl Iterator<Item = Area> + '_ {
        self.all
            .iter()
            .enumerate()
            .filter_map(|(number, shape)| {
                let bars = shape.cross(self.raster.width)?;
                let may = |other: u32| other as usize == number || self.all[other as usize].is_dot();
                let clear = self.is_crisp(number)
                    && self.is_alone(&shape.area, 2 * shape.area.width, shape.pixels[0], may);
                clear.then_some(bars)
            })
            .flatten()
    }

    /// The rulers: bars of one level and thickness that begin or end on one line, at equal distances.
    fn ticks(&self) -> Vec<Area> {
        let mut lines: BTreeMap<Line, Vec<usize>> = BTreeMap::new();
        for (number, shape) in self.all.iter().enumerate() {
            if !shape.is_bar() || !self.is_crisp(number) {
                continue;
            }
            let level: Vec<u16> =
                self.raster.planes.iter().map(|plane| plane.values[shape.pixels[0]]).collect();
            let Area { x, y, width, height } = shape.area;
            let upright = width >= height;
            let (root, end, thick) = if upright { (x, x + width, height) } else { (y, y + height, width) };
            for (at_end, line) in [(false, root), (true, end)] {
                let line = Line { upright, at_end, place: line, thick, level: level.clone() };
                lines.entry(line).or_default().push(number);
            }
        }
        let mut out = Vec::new();
        for (Line { upright, .. }, mut bars) in lines {
            let place = |number: usize| {
                let area = &self.all[number].area;
                if upright { area.y } else { area.x }
            };
            bars.sort_unstable_by_key(|number| place(*number));
            out.extend(
                runs(&bars, place)
                    .filter(|run| self.is_ruler(run, place))
                    .flatten()
                    .map(|number| self.all[*number].area),
            );
        }
        // Bars of one length both begin and end on a line.
        out.sort_unstable_by_key(|area: &Area| (area.y, area.x));
        out.dedup();
        out
    }

    /// Whether bars at equal distances can be nothing but a ruler.
    fn is_ruler(&self, run: &[usize], place: impl Fn(usize) -> u32) -> bool {
        let length = |number: &usize| self.all[*number].area.width.max(self.all[*number].area.height);
        let mut lengths: Vec<u32> = run.iter().map(length).collect();
        lengths.sort_unstable();
        let longest = lengths[lengths.len() - 1];
        lengths.dedup();
        let apart = place(run[1]) - place(run[0]);
        if lengths.len() > 2 || apart < CLOSEST.max(longest) {
            return false;
        }
        let (first, last) = (self.all[run[0]].area, self.all[run[run.len() - 1]].area);
        let (x, y) = (first.x.min(last.x), first.y.min(last.y));
        let area = run.iter().map(|number| self.all[*number].area).fold(
            Area { x, y, width: 1, height: 1 },
            |whole, one| {
                let (x, y) = (whole.x.min(one.x), whole.y.min(one.y));
                let (right, bottom) = (whole.right().max(one.right()), whole.bottom().max(one.bottom()));
                Area { x, y, width: right - x, height: bottom - y }
            },
        );
        let may = |other: u32| run.contains(&(other as usize));
        self.is_alone(&area, longest.max(CLOSEST), self.all[run[0]].pixels[0], may)
    }
}

/// Runs of bars whose distances are equal to a pixel, as far as they have enough for a ruler.
fn runs(bars: &[usize], place: impl Fn(usize) -> u32 + Copy) -> impl Iterator<Item = &[usize]> {
    let mut out = Vec::new();
    let mut from = 0;
    while from + 1 < bars.len() {
        let step = place(bars[from + 1]) - place(bars[from]);
        let more =
            bars[from..].windows(2).take_while(|pair| (place(pair[1]) - place(pair[0])).abs_diff(step) <= 1);
        let to = from + more.count();
        if to - from + 1 >= TICKS {
            out.push(&bars[from..=to]);
        }
        from = to;
    }
    out.into_iter()
}

/// What is on the list in a frame, as the rectangles of its bars. Nothing where there are no regions.
pub fn safe(raster: &Raster, regions: &[Area]) -> Vec<Area> {
    if regions.is_empty() {
        return Vec::new();
    }
    let shapes = Shapes::of(raster, regions);
    shapes.crosses().chain(shapes.ticks()).collect()
}

#[cfg(test)]
mod tests {
    use countersign_synthesis::burned_in::{Content, picture};

    use super::*;

    /// Pictures with text that are looked at.
    const LETTERED: u64 = 30;
    const WIDTH: usize = 160;
    const HEIGHT: usize = 120;
    const INK: u16 = 255;

    /// Speckle that is never as bright as what is drawn on it.
    fn speckle() -> Vec<u16> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u16 * 200 / 255
        };
        (0..WIDTH * HEIGHT).map(|_| next()).collect()
    }

    fn fill(values: &mut [u16], (x, y): (usize, usize), (across, down): (usize, usize), level: u16) {
        for row in y..y + down {
            values[row * WIDTH + x..row * WIDTH + x + across].fill(level);
        }
    }

    fn listed(values: &[u16]) -> Vec<Area> {
        let raster = Raster::grey(WIDTH, HEIGHT, values, false).unwrap();
        safe(&raster, &[Area { x: 0, y: 0, width: WIDTH as u32, height: HEIGHT as u32 }])
    }

    /// Rows of `#` and blanks drawn at a place.
    fn draw(values: &mut [u16], (x, y): (usize, usize), rows: &[&str]) {
        for (down, row) in rows.iter().enumerate() {
            for (across, mark) in row.bytes().enumerate() {
                if mark == b'#' {
                    values[(y + down) * WIDTH + x + across] = INK;
                }
            }
        }
    }

    /// A ruler with every fifth tick twice as long, its ticks from the left.
    fn ruler(values: &mut [u16], pitch: usize, count: usize) {
        for tick in 0..count {
            fill(values, (140, 10 + tick * pitch), (if tick % 5 == 0 { 10 } else { 5 }, 1), INK);
        }
    }

    #[test]
    fn a_ruler_and_an_upright_cross_are_on_the_list() {
        let mut values = speckle();
        ruler(&mut values, 12, 8);
        fill(&mut values, (40, 60), (9, 1), INK);
        fill(&mut values, (44, 56), (1, 9), INK);
        // Dots of the line between two callipers.
        for dot in 2..6 {
            fill(&mut values, (44 + 4 * dot, 60 + 3 * dot), (1, 1), INK);
        }
        let found = listed(&values);
        assert_eq!(
            found[..2],
            [Area { x: 40, y: 60, width: 9, height: 1 }, Area { x: 44, y: 56, width: 1, height: 9 },]
        );
        assert_eq!(found.len(), 2 + 8, "{found:?}");
        assert!(found[2..].iter().all(|area| area.x == 140 && area.height == 1));
        // The same lying down.
        let mut values = speckle();
        (0..6).for_each(|tick| fill(&mut values, (10 + 20 * tick, 100), (1, 7), INK));
        assert_eq!(listed(&values).len(), 6);
    }

    #[test]
    fn what_could_be_strokes_of_letters_is_not() {
        let cases: [(&str, &[&str]); 9] = [
            (
                "bars as close as letters",
                &["# # # # # # #", "# # # # # # #", "# # # # # # #", "# # # # # # #"],
            ),
            ("bars a letter apart", &["#    #    #    #    #    #"; 7]),
            ("letters with bars", &["# #  ###", "# #  #  ", "###  ## ", "# #  #  ", "# #  ###"]),
            (
                "a slanted cross",
                &["#     #", " #   # ", "  # #  ", "   #   ", "  # #  ", " #   # ", "#     #"],
            ),
            ("a lone letter", &["#####", "  #  ", "  #  ", "  #  ", "  #  "]),
            ("a cross with long foot", &["  #  ", "#####", "  #  ", "  #  ", "  #  "]),
            (
                "a number that begins with a cross",
                &["  #     # #", "  #     # #", "#####   ###", "  #       #", "  #       #"],
            ),
            (
                "four ticks",
                &[
                    "###", "", "", "", "", "", "", "", "###", "", "", "", "", "", "", "", "###", "", "", "",
                    "", "", "", "", "###",
                ],
            ),
            (
                "a minus and a plus",
                &["         #  ", "         #  ", "###    #####", "         #  ", "         #  "],
            ),
        ];
        for (what, rows) in cases {
            let mut values = speckle();
            draw(&mut values, (60, 40), rows);
            assert_eq!(listed(&values), [], "{what}");
        }
    }

    /// Every font, size and slant of the corpus: whole letters, their strokes, and rows of them.
    #[test]
    fn no_stroke_of_made_up_strings_is() {
        let mut strings = 0;
        for number in 0..LETTERED {
            let p = picture(12, number, Content::Text);
            if p.channels != 1 || p.palette.is_some() {
                continue;
            }
            let raster = Raster::grey(p.width, p.height, &p.frames[0], p.inverted).unwrap();
            let whole = Area { x: 0, y: 0, width: p.width as u32, height: p.height as u32 };
            let found = safe(&raster, &[whole]);
            for at in p.strings.iter().flat_map(|string| string.glyphs.iter().flatten()) {
                let (x, y) = (at % p.width as u32, at / p.width as u32);
                let on = |a: &Area| (a.x..a.right()).contains(&x) && (a.y..a.bottom()).contains(&y);
                assert!(!found.iter().any(on), "picture {number}: a stroke at {x}, {y}");
            }
            strings += p.strings.len();
        }
        assert!(strings > 100, "{strings}");
        println!("{strings} strings, none of whose strokes is on the list");
    }

    #[test]
    fn a_ruler_with_anything_of_its_level_beside_it_is_not() {
        let with = |change: &dyn Fn(&mut [u16])| {
            let mut values = speckle();
            ruler(&mut values, 12, 8);
            change(&mut values);
            listed(&values).len()
        };
        assert_eq!(with(&|_| {}), 8);
        assert_eq!(with(&|values| draw(values, (130, 40), &["# #", "###", "# #"])), 0, "a letter beside it");
        assert_eq!(with(&|values| fill(values, (139, 10), (1, 85), INK)), 0, "a line that joins the ticks");
        assert_eq!(with(&|values| fill(values, (140, 47), (5, 1), INK)), 0, "a bar between two ticks");
        // Smoothed lettering has a rim of levels in between.
        assert_eq!(with(&|values| (0..8).for_each(|n| fill(values, (140, 11 + 12 * n), (5, 1), 240))), 0);
        let mut close = speckle();
        ruler(&mut close, 7, 10);
        assert_eq!(listed(&close).len(), 0, "ticks closer than the longest of them is long");
    }

    #[test]
    fn nothing_is_without_regions_or_outside_of_them() {
        let mut values = speckle();
        ruler(&mut values, 12, 8);
        let raster = Raster::grey(WIDTH, HEIGHT, &values, false).unwrap();
        assert_eq!(safe(&raster, &[]), []);
        assert_eq!(safe(&raster, &[Area { x: 0, y: 0, width: 130, height: 120 }]), []);
        // A region that cuts through the ticks shows only bars of one length, which are a ruler still.
        let cut = safe(&raster, &[Area { x: 0, y: 0, width: 145, height: 120 }]);
        assert!(cut.iter().all(|area| area.right() <= 145), "{cut:?}");
    }
}
