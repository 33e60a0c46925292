//! A drive along a made-up street: camera pictures, LiDAR sweeps, calibration and labels in the KITTI
//! layout, all from one model of the world, so that they fit each other.

mod actors;
mod calibration;
mod camera;
mod lidar;
mod paint;
mod space;
mod world;

use std::fmt::Write as _;

use crate::random::Random;
use actors::Actor;
pub use actors::Kind;
use calibration::Rig;
use space::Solid;
use world::World;

/// Most frames of a scene.
const MAX_FRAMES: usize = 200;
/// Farthest labelled object, in metres.
const MAX_LABEL_M: f64 = 75.0;
/// Lowest labelled object on a full-size picture, in pixels.
const MIN_LABEL_PX: f64 = 10.0;
/// Share of an object that must be seen to be labelled.
const MIN_SEEN_SHARE: f64 = 0.08;

/// How a scene is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Width of the picture, in pixels, 160 to 2484; its height follows.
    pub width_px: u32,
    /// Columns of a LiDAR turn, 90 to 4096; 64 beams each.
    pub azimuths: usize,
    /// Time between frames, in seconds.
    pub interval_s: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { width_px: calibration::FULL_SIZE_PX.0, azimuths: 1800, interval_s: 0.5 }
    }
}

/// One labelled object.
#[derive(Debug, Clone, PartialEq)]
pub struct TruthObject {
    /// What it is.
    pub kind: Kind,
    /// Number of the object, the same in all frames of the scene.
    pub track: usize,
    /// Middle in the LiDAR's frame (x forward, y left, z up), in metres.
    pub centre_m: [f64; 3],
    /// Length, width, height, in metres.
    pub size_m: [f64; 3],
    /// Heading in the LiDAR's frame, in radians.
    pub heading_rad: f64,
    /// Left, upper, right, lower border of its box on the picture, in pixels.
    pub box_px: [f64; 4],
    /// Share of the box that lies outside the picture.
    pub truncated: f64,
    /// 0 seen, 1 partly hidden, 2 mostly hidden.
    pub occluded: u8,
}

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticFrame {
    /// Name without folder and ending, for example `000003`.
    pub stem: String,
    /// Camera picture, PNG.
    pub image: Vec<u8>,
    /// LiDAR points: x, y, z, intensity as little-endian f32.
    pub velodyne: Vec<u8>,
    /// Calibration text.
    pub calibration: String,
    /// Label text.
    pub labels: String,
    /// What the labels say, in the LiDAR's frame.
    pub truth: Vec<TruthObject>,
}

impl SyntheticFrame {
    /// The frame as files that the ordinary intake takes: relative path and bytes. With `labels`, the truth
    /// is one of them.
    #[must_use]
    pub fn files(&self, labels: bool) -> Vec<(String, Vec<u8>)> {
        let stem = &self.stem;
        let mut files = vec![
            (format!("image_2/{stem}.png"), self.image.clone()),
            (format!("velodyne/{stem}.bin"), self.velodyne.clone()),
            (format!("calib/{stem}.txt"), self.calibration.clone().into_bytes()),
        ];
        if labels {
            files.push((format!("label_2/{stem}.txt"), self.labels.clone().into_bytes()));
        }
        files
    }
}

/// A drive.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticScene {
    /// Its frames in order of time.
    pub frames: Vec<SyntheticFrame>,
    /// Speed of the recording car, in metres per second.
    pub speed_m_per_s: f64,
}

/// Makes a drive of `frames` frames; the same seed and options give the same bytes.
#[must_use]
pub fn driving_scene(seed: u64, frames: usize, options: &Options) -> SyntheticScene {
    let options = Options {
        width_px: options.width_px.clamp(160, 2484),
        azimuths: options.azimuths.clamp(90, 4096),
        interval_s: options.interval_s.clamp(0.01, 10.0),
    };
    let world = World::new(&mut Random::new(seed, 0x776f));
    let rig = Rig::new(&mut Random::new(seed, 0x7269), options.width_px);
    let frames: Vec<usize> = (0..frames.min(MAX_FRAMES)).collect();
    // Two frames at a time: each is a function of its number alone.
    let make = |index: &usize| frame(seed, *index, &world, &rig, &options);
    let made = frames
        .chunks(2)
        .flat_map(|pair| {
            std::thread::scope(|scope| {
                let second = pair.get(1).map(|index| scope.spawn(|| make(index)));
                let first = make(&pair[0]);
                let second = second.map(|thread| thread.join().expect("a frame is made without panic"));
                std::iter::once(first).chain(second).collect::<Vec<_>>()
            })
        })
        .collect();
    SyntheticScene { frames: made, speed_m_per_s: world.speed }
}

fn frame(seed: u64, index: usize, world: &World, rig: &Rig, options: &Options) -> SyntheticFrame {
    let seconds = index as f64 * options.interval_s;
    let ahead = world.speed * seconds;
    let actors: Vec<Actor> =
        world.actors.iter().map(|actor| seen_from(actor.after(seconds), ahead)).collect();
    let mut solids: Vec<Solid> = world.fixed.clone();
    for solid in &mut solids {
        solid.centre[0] -= ahead;
    }
    for (owner, actor) in actors.iter().enumerate() {
        solids.extend(actor.solids().into_iter().map(|solid| Solid { owner: Some(owner), ..solid }));
    }
    let mut random = Random::new(seed, 0x6672_0000 + index as u64);
    let view = camera::picture(&mut random, world, rig, &solids, ahead, actors.len());
    let velodyne = lidar::sweep(&mut random, world, &solids, ahead, options.azimuths);
    let truth: Vec<TruthObject> = actors
        .iter()
        .enumerate()
        .filter_map(|(track, actor)| label(rig, actor, track, (view.seen[track], view.alone[track])))
        .collect();
    let labels = truth.iter().fold(String::new(), |mut text, object| {
        write_label(&mut text, rig, object);
        text
    });
    let calibration = rig.text();
    SyntheticFrame { stem: format!("{index:06}"), image: view.png, velodyne, calibration, labels, truth }
}

fn seen_from(mut actor: Actor, ahead: f64) -> Actor {
    actor.place.0 -= ahead;
    actor
}

/// The label of an actor, if it is near and seen enough.
fn label(rig: &Rig, actor: &Actor, track: usize, (seen, alone): (usize, usize)) -> Option<TruthObject> {
    let pose = Pose::of(rig, actor.centre(), actor.size, actor.heading);
    let corners = pose.corners();
    let depth = rig.to_camera(actor.centre())[2];
    if corners.iter().any(|c| c[2] < 0.5) || depth > MAX_LABEL_M || alone == 0 {
        return None;
    }
    let places = corners.map(|corner| rig.project(corner));
    let border =
        |axis: usize, start: f64, pick: fn(f64, f64) -> f64| places.iter().map(|p| p[axis]).fold(start, pick);
    let (left, right) = (border(0, f64::INFINITY, f64::min), border(0, f64::NEG_INFINITY, f64::max));
    let (top, bottom) = (border(1, f64::INFINITY, f64::min), border(1, f64::NEG_INFINITY, f64::max));
    let (width, height) = (f64::from(rig.size_px.0), f64::from(rig.size_px.1));
    let box_px =
        [left.clamp(0.0, width), top.clamp(0.0, height), right.clamp(0.0, width), bottom.clamp(0.0, height)];
    let area = |b: [f64; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let truncated = 1.0 - area(box_px) / area([left, top, right, bottom]);
    let share = seen as f64 / alone as f64;
    let least = MIN_LABEL_PX * width / f64::from(calibration::FULL_SIZE_PX.0);
    if box_px[3] - box_px[1] < least || share < MIN_SEEN_SHARE || truncated > 0.9 {
        return None;
    }
    let occluded = if share > 0.75 { 0 } else { 1 + u8::from(share < 0.35) };
    Some(TruthObject {
        kind: actor.kind,
        track,
        centre_m: actor.centre(),
        size_m: actor.size,
        heading_rad: actor.heading,
        box_px,
        truncated,
        occluded,
    })
}

/// A box as KITTI labels hold it, in the rectified camera (x right, y down, z forward).
struct Pose {
    /// Middle of the floor, in metres.
    floor: [f64; 3],
    /// Turn about y that takes x towards -z, in radians.
    rotation: f64,
    /// Length, width, height, in metres.
    size: [f64; 3],
}

impl Pose {
    fn of(rig: &Rig, [x, y, z]: [f64; 3], size: [f64; 3], heading: f64) -> Self {
        let foot = z - size[2] / 2.0;
        let floor = rig.to_camera([x, y, foot]);
        let nose = rig.to_camera([x + heading.cos(), y + heading.sin(), foot]);
        Self { floor, rotation: (-(nose[2] - floor[2])).atan2(nose[0] - floor[0]), size }
    }

    fn corners(&self) -> [[f64; 3]; 8] {
        let (sin, cos) = self.rotation.sin_cos();
        std::array::from_fn(|i| {
            let along = if i & 1 == 0 { 0.5 } else { -0.5 } * self.size[0];
            let across = if i & 2 == 0 { 0.5 } else { -0.5 } * self.size[1];
            let up = if i & 4 == 0 { 0.0 } else { self.size[2] };
            let [x, y, z] = self.floor;
            [x + along * cos + across * sin, y - up, z - along * sin + across * cos]
        })
    }
}

/// One line of a KITTI label file: the box stands on the middle of its floor, in the rectified camera.
fn write_label(text: &mut String, rig: &Rig, object: &TruthObject) {
    let Pose { floor, rotation, size: [long, wide, tall] } =
        Pose::of(rig, object.centre_m, object.size_m, object.heading_rad);
    let pi = std::f64::consts::PI;
    let alpha = (rotation - floor[0].atan2(floor[2]) + pi).rem_euclid(2.0 * pi) - pi;
    let [left, top, right, bottom] = object.box_px;
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} {:.2} {} {alpha:.2} {left:.2} {top:.2} {right:.2} {bottom:.2} {tall:.2} {wide:.2} {long:.2} {:.2} {:.2} {:.2} {rotation:.2}",
        object.kind.name(),
        object.truncated,
        object.occluded,
        floor[0],
        floor[1],
        floor[2],
    );
}
