//! Cars, vans, people and cyclists: their boxes and the solids that show them.

use super::paint::{Colour, Material};
use super::space::{Form, Solid, V, add, turned};
use super::world::ROAD_Z;
use crate::random::Random;

/// What an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A passenger car.
    Car,
    /// A delivery van.
    Van,
    /// A person on foot.
    Pedestrian,
    /// A person on a bicycle.
    Cyclist,
}

impl Kind {
    /// The name in KITTI label files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Car => "Car",
            Self::Van => "Van",
            Self::Pedestrian => "Pedestrian",
            Self::Cyclist => "Cyclist",
        }
    }
}

/// Something that takes part in traffic.
#[derive(Debug, Clone)]
pub struct Actor {
    pub kind: Kind,
    /// Length, width, height, in metres.
    pub size: V,
    /// Place at the start, in metres.
    pub place: (f64, f64),
    /// Height that it stands on, in metres.
    pub foot: f64,
    /// Heading, in radians.
    pub heading: f64,
    /// Speed along the heading, in metres per second.
    pub speed: f64,
    colours: [Colour; 2],
    /// Phase of the step, in radians.
    step: f64,
}

const PAINTS: [Colour; 9] = [
    [0.52, 0.53, 0.55],
    [0.75, 0.76, 0.77],
    [0.07, 0.07, 0.08],
    [0.36, 0.06, 0.06],
    [0.08, 0.13, 0.30],
    [0.24, 0.26, 0.28],
    [0.13, 0.22, 0.17],
    [0.60, 0.55, 0.45],
    [0.18, 0.31, 0.47],
];
const CLOTHES: [Colour; 8] = [
    [0.09, 0.10, 0.16],
    [0.45, 0.12, 0.12],
    [0.14, 0.26, 0.40],
    [0.55, 0.53, 0.48],
    [0.11, 0.11, 0.11],
    [0.22, 0.30, 0.17],
    [0.60, 0.50, 0.18],
    [0.33, 0.22, 0.31],
];

impl Actor {
    pub fn new(random: &mut Random, kind: Kind, place: (f64, f64), heading: f64, speed: f64) -> Self {
        let mut near = |value: f64, by: f64| value * random.range(1.0 - by, 1.0 + by);
        let size = match kind {
            Kind::Car => [near(4.25, 0.09), near(1.78, 0.04), near(1.50, 0.06)],
            Kind::Van => [near(5.1, 0.05), near(1.95, 0.03), near(2.15, 0.08)],
            Kind::Pedestrian => [near(0.78, 0.1), near(0.62, 0.06), near(1.73, 0.06)],
            Kind::Cyclist => [near(1.76, 0.02), near(0.60, 0.05), near(1.74, 0.04)],
        };
        let colours = match kind {
            Kind::Car | Kind::Van => [random.pick(&PAINTS); 2],
            Kind::Pedestrian | Kind::Cyclist => [random.pick(&CLOTHES), random.pick(&CLOTHES)],
        };
        let step = random.range(0.0, std::f64::consts::TAU);
        Self { kind, size, place, foot: ROAD_Z, heading, speed, colours, step }
    }

    /// The actor after some seconds.
    pub fn after(&self, seconds: f64) -> Self {
        let way = self.speed * seconds;
        let place = (self.place.0 + way * self.heading.cos(), self.place.1 + way * self.heading.sin());
        Self { place, step: self.step + 4.5 * self.speed.min(1.6) * seconds, ..self.clone() }
    }

    /// Middle of the box.
    pub fn centre(&self) -> V {
        [self.place.0, self.place.1, self.foot + self.size[2] / 2.0]
    }

    /// The solids that show it, in the world.
    pub fn solids(&self) -> Vec<Solid> {
        match self.kind {
            Kind::Car => self.car(),
            Kind::Van => self.van(),
            Kind::Pedestrian => self.person(),
            Kind::Cyclist => self.cyclist(),
        }
    }

    /// A place in the actor's own axes (from the middle of its foot) in the world.
    fn at(&self, own: V) -> V {
        let moved = turned(own, self.heading.sin_cos());
        add([self.place.0, self.place.1, self.foot], moved)
    }

    fn block(&self, own: V, half: V, taper: (f64, f64, f64), material: Material) -> Solid {
        Solid::tapered(self.at(own), half, self.heading, taper, material)
    }

    fn egg(&self, own: V, half: V, material: Material) -> Solid {
        Solid::ellipsoid(self.at(own), half, self.heading, material)
    }

    fn wheels(&self, radius: f64) -> impl Iterator<Item = Solid> + '_ {
        let [long, wide, _] = self.size;
        [(0.31, 0.5), (0.31, -0.5), (-0.30, 0.5), (-0.30, -0.5)].into_iter().map(move |(x, y)| {
            let own = [x * long, y * (wide - 0.22), radius];
            self.egg(own, [radius, 0.13, radius], Material::Rubber)
        })
    }

    fn car(&self) -> Vec<Solid> {
        let [long, wide, tall] = self.size.map(|side| side / 2.0);
        let paint = self.colours[0];
        let (foot, belt) = (0.2, 0.86 * tall + 0.12);
        let lower = (belt - foot) / 2.0;
        let body = Material::Body(paint, long, wide);
        let hood = [0.0, 0.0, foot + lower];
        let upper = (2.0 * tall - belt) / 2.0;
        let glass = Material::Cabin(paint, upper);
        let mut parts: Vec<Solid> = self.wheels(0.32).collect();
        parts.push(self.block(hood, [long, wide, lower], (0.16, 0.10, 0.05), body));
        let cabin = [-0.13 * long, 0.0, belt + upper - 0.01];
        parts.push(self.block(cabin, [0.70 * long, wide - 0.08, upper], (0.62, 0.42, 0.18), glass));
        parts
    }

    fn van(&self) -> Vec<Solid> {
        let [long, wide, tall] = self.size.map(|side| side / 2.0);
        let paint = self.colours[0];
        let lower = 0.42;
        let upper = (2.0 * tall - 0.24 - 2.0 * lower) / 2.0;
        let mut parts: Vec<Solid> = self.wheels(0.34).collect();
        let body = Material::Body(paint, long, wide);
        parts.push(self.block([0.0, 0.0, 0.24 + lower], [long, wide, lower], (0.12, 0.02, 0.02), body));
        let top = 0.24 + 2.0 * lower + upper;
        let cargo = Material::Cloth(paint);
        parts.push(self.block(
            [-0.22 * long, 0.0, top],
            [0.76 * long, wide - 0.03, upper],
            (0.05, 0.04, 0.06),
            cargo,
        ));
        let cab = [0.62 * long, 0.0, top - 0.06];
        let glass = Material::Cabin(paint, upper - 0.06);
        parts.push(self.block(cab, [0.27 * long, wide - 0.06, upper - 0.06], (0.45, 0.0, 0.12), glass));
        parts
    }

    /// Legs, body, arms and head; `lean` moves the upper body forward, in metres.
    fn limbs(&self, hip: f64, lean: f64, stride: f64) -> Vec<Solid> {
        let tall = self.size[2];
        let [coat, trousers] = self.colours.map(Material::Cloth);
        let shoulder = tall - 0.30;
        let trunk = (shoulder - hip) / 2.0 + 0.10;
        let middle = (shoulder + hip) / 2.0;
        let mut parts = Vec::new();
        for side in [-1.0, 1.0] {
            let swing = side * stride;
            let leg = hip / 2.0 + 0.03;
            parts.push(self.egg(
                [swing, side * 0.10, leg],
                [0.095 + 0.3 * stride.abs(), 0.085, leg],
                trousers,
            ));
            let arm = [lean - 0.7 * swing, side * 0.235, middle + 0.02];
            parts.push(self.egg(arm, [0.055 + 0.25 * stride.abs(), 0.055, 0.31], coat));
            parts.push(self.egg(
                [1.6 * swing + 0.05, side * 0.10, 0.045],
                [0.13, 0.05, 0.045],
                Material::Rubber,
            ));
        }
        parts.push(self.egg([0.6 * lean, 0.0, middle], [0.145, 0.21, trunk], coat));
        parts.push(self.egg([0.6 * lean, 0.0, hip + 0.04], [0.14, 0.17, 0.17], trousers));
        parts.push(self.egg([lean, 0.0, tall - 0.135], [0.10, 0.085, 0.125], Material::Skin));
        parts.push(self.egg([lean - 0.02, 0.0, tall - 0.09], [0.105, 0.092, 0.09], Material::Hair));
        parts
    }

    fn person(&self) -> Vec<Solid> {
        let stride = if self.speed > 0.1 { 0.14 * self.step.sin() } else { 0.02 };
        self.limbs(0.47 * self.size[2], 0.0, stride)
    }

    fn cyclist(&self) -> Vec<Solid> {
        let radius = 0.34;
        let axle = self.size[0] / 2.0 - radius;
        let mut parts = self.limbs(0.92, 0.22, 0.10 * self.step.sin());
        for x in [-axle, axle] {
            let mut wheel = self.egg([x, 0.0, radius], [radius, 0.028, radius], Material::Rubber);
            wheel.form = Form::Rim;
            parts.push(wheel);
        }
        let flat = (0.0, 0.0, 0.0);
        for (own, half) in [
            ([0.0, 0.0, 0.62], [0.34, 0.02, 0.025]),
            ([-0.2, 0.0, 0.68], [0.02, 0.02, 0.28]),
            ([0.02, 0.0, 0.36], [0.5, 0.018, 0.02]),
            ([axle - 0.08, 0.0, 0.70], [0.02, 0.02, 0.36]),
            ([axle - 0.1, 0.0, 1.04], [0.03, 0.26, 0.02]),
            ([-0.2, 0.0, 0.95], [0.13, 0.07, 0.03]),
        ] {
            parts.push(self.block(own, half, flat, Material::Metal));
        }
        parts
    }
}
