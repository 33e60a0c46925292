//! Vectors, rays and the solids that a scene is built from. Metres; x forward, y left, z up.

use super::paint::Material;

/// A vector.
pub type V = [f64; 3];

pub fn dot(a: V, b: V) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn scaled(a: V, by: f64) -> V {
    a.map(|part| part * by)
}

pub fn add(a: V, b: V) -> V {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub fn unit(a: V) -> V {
    scaled(a, 1.0 / dot(a, a).sqrt().max(1e-12))
}

/// Turns a vector about the vertical.
pub fn turned(a: V, (sin, cos): (f64, f64)) -> V {
    [a[0] * cos - a[1] * sin, a[0] * sin + a[1] * cos, a[2]]
}

/// The form of a solid around its middle.
#[derive(Debug, Clone)]
pub enum Form {
    /// Planes `n · p <= d`, all around the middle.
    Convex(Vec<(V, f64)>),
    Ellipsoid,
    /// Only the rim of an ellipsoid, seen from its side (y): a bicycle wheel.
    Rim,
}

/// A solid in the world.
#[derive(Debug, Clone)]
pub struct Solid {
    pub centre: V,
    /// Half sides of the box around it, before turning.
    pub half: V,
    /// Sine and cosine of its heading.
    pub heading: (f64, f64),
    pub form: Form,
    pub material: Material,
    /// The actor that it belongs to, if any.
    pub owner: Option<usize>,
}

/// Where a ray meets a solid.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// Distance along the ray, in lengths of its direction.
    pub distance: f64,
    /// Outward, in the world, of length one.
    pub normal: V,
    /// Outward, in the solid's own axes.
    pub own_normal: V,
    /// Place in the solid's own axes, from its middle.
    pub place: V,
}

impl Solid {
    /// A box whose top is drawn in: `(front, back, sides)` in metres.
    pub fn tapered(centre: V, half: V, heading: f64, taper: (f64, f64, f64), material: Material) -> Self {
        let tall = 2.0 * half[2];
        // A wall that leans in by `by` over the height, through its edge at the foot.
        let wall = |axis: usize, sign: f64, by: f64| {
            let mut normal = [0.0; 3];
            normal[axis] = sign;
            normal[2] = by / tall;
            let normal = unit(normal);
            let mut foot = [0.0, 0.0, -half[2]];
            foot[axis] = sign * half[axis];
            (normal, dot(normal, foot))
        };
        let planes = vec![
            wall(0, 1.0, taper.0),
            wall(0, -1.0, taper.1),
            wall(1, 1.0, taper.2),
            wall(1, -1.0, taper.2),
            ([0.0, 0.0, 1.0], half[2]),
            ([0.0, 0.0, -1.0], half[2]),
        ];
        let heading = heading.sin_cos();
        Self { centre, half, heading, form: Form::Convex(planes), material, owner: None }
    }

    pub fn cuboid(centre: V, half: V, heading: f64, material: Material) -> Self {
        Self::tapered(centre, half, heading, (0.0, 0.0, 0.0), material)
    }

    pub fn ellipsoid(centre: V, half: V, heading: f64, material: Material) -> Self {
        Self { centre, half, heading: heading.sin_cos(), form: Form::Ellipsoid, material, owner: None }
    }

    /// The eight corners of the box around it, in the world.
    pub fn corners(&self) -> [V; 8] {
        std::array::from_fn(|i| {
            let sign = |bit: usize| if i >> bit & 1 == 1 { 1.0 } else { -1.0 };
            let own = [sign(0) * self.half[0], sign(1) * self.half[1], sign(2) * self.half[2]];
            add(self.centre, turned(own, self.heading))
        })
    }

    /// The first place beyond the origin where a ray enters.
    pub fn hit(&self, origin: V, direction: V) -> Option<Hit> {
        let back = (-self.heading.0, self.heading.1);
        let o = turned(
            [origin[0] - self.centre[0], origin[1] - self.centre[1], origin[2] - self.centre[2]],
            back,
        );
        let d = turned(direction, back);
        let (distance, own_normal) = match &self.form {
            Form::Convex(planes) => enter(planes, o, d)?,
            Form::Ellipsoid => self.enter_ellipsoid(o, d)?,
            Form::Rim => {
                let (distance, normal) = self.enter_ellipsoid(o, d)?;
                let p = add(o, scaled(d, distance));
                let from_axle = (p[0] / self.half[0]).hypot(p[2] / self.half[2]);
                (from_axle > 0.8).then_some((distance, normal))?
            }
        };
        let place = add(o, scaled(d, distance));
        Some(Hit { distance, normal: turned(own_normal, self.heading), own_normal, place })
    }

    fn enter_ellipsoid(&self, o: V, d: V) -> Option<(f64, V)> {
        let os: V = std::array::from_fn(|axis| o[axis] / self.half[axis]);
        let ds: V = std::array::from_fn(|axis| d[axis] / self.half[axis]);
        let (a, b, c) = (dot(ds, ds), dot(os, ds), dot(os, os) - 1.0);
        let root = b * b - a * c;
        if root < 0.0 {
            return None;
        }
        let distance = (-b - root.sqrt()) / a;
        if distance <= 1e-6 {
            return None;
        }
        let normal: V = std::array::from_fn(|axis| (os[axis] + ds[axis] * distance) / self.half[axis]);
        Some((distance, unit(normal)))
    }
}

/// Where a ray enters a convex body, and through which plane.
fn enter(planes: &[(V, f64)], o: V, d: V) -> Option<(f64, V)> {
    let (mut first, mut last) = (1e-6, f64::INFINITY);
    let mut through = None;
    for &(normal, offset) in planes {
        let (rate, gap) = (dot(normal, d), offset - dot(normal, o));
        if rate.abs() < 1e-12 {
            if gap < 0.0 {
                return None;
            }
        } else if rate < 0.0 {
            if gap / rate > first {
                first = gap / rate;
                through = Some(normal);
            }
        } else {
            last = last.min(gap / rate);
        }
        if first > last {
            return None;
        }
    }
    through.map(|normal| (first, normal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rays_meet_boxes_and_balls_where_geometry_says() {
        let material = Material::Bark;
        let cuboid = Solid::cuboid([10.0, 0.0, 0.0], [1.0, 2.0, 1.0], std::f64::consts::FRAC_PI_2, material);
        // Turned by a quarter, the box is 4 m long along x.
        let hit = cuboid.hit([0.0; 3], [1.0, 0.0, 0.0]).unwrap();
        assert!((hit.distance - 8.0).abs() < 1e-9 && (hit.normal[0] + 1.0).abs() < 1e-9);
        assert!(cuboid.hit([0.0; 3], [-1.0, 0.0, 0.0]).is_none());
        let ball = Solid::ellipsoid([0.0, 5.0, 0.0], [1.0, 1.0, 1.0], 0.0, material);
        let hit = ball.hit([0.0; 3], [0.0, 1.0, 0.0]).unwrap();
        assert!((hit.distance - 4.0).abs() < 1e-9 && (hit.normal[1] + 1.0).abs() < 1e-9);
        assert!(ball.hit([1.01, 0.0, 0.0], [0.0, 1.0, 0.0]).is_none());
    }

    #[test]
    fn a_tapered_box_is_narrower_at_the_top() {
        let solid = Solid::tapered([0.0; 3], [2.0, 1.0, 1.0], 0.0, (1.0, 0.5, 0.2), Material::Bark);
        let from_front = |z: f64| solid.hit([10.0, 0.0, z], [-1.0, 0.0, 0.0]).unwrap().distance;
        assert!((from_front(-0.999) - 8.0).abs() < 1e-2);
        assert!((from_front(0.999) - 9.0).abs() < 1e-2);
    }
}
