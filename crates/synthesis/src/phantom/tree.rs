//! Branching vessels: a tree of capsules that grows from a stem and stays within a shape.

use crate::random::Random;

/// One straight piece.
#[derive(Debug, Clone, Copy)]
pub struct Branch {
    pub from: [f64; 3],
    pub to: [f64; 3],
    /// Radius at both ends, in millimetres.
    pub radius: (f64, f64),
}

/// How a tree grows.
pub struct Growth {
    /// Length of a piece in radii.
    pub length: (f64, f64),
    /// Radius below which it ends, in millimetres.
    pub thinnest: f64,
    /// How far a branch turns away.
    pub spread: f64,
    /// Most pieces.
    pub most: usize,
}

/// Grows a tree from `start` along `direction`; branches that leave `inside` end.
pub fn grow(
    random: &mut Random,
    start: [f64; 3],
    direction: [f64; 3],
    radius: f64,
    growth: &Growth,
    inside: impl Fn([f64; 3]) -> bool,
) -> Vec<Branch> {
    let mut tree = Vec::new();
    let mut open = std::collections::VecDeque::from([(start, unit(direction), radius)]);
    while let Some((from, direction, radius)) = open.pop_front() {
        if radius < growth.thinnest || tree.len() >= growth.most {
            continue;
        }
        let length = radius.max(2.0) * random.range(growth.length.0, growth.length.1);
        let to = [0, 1, 2].map(|axis| from[axis] + direction[axis] * length);
        if !tree.is_empty() && !inside(to) {
            continue;
        }
        let end = radius * 0.96;
        tree.push(Branch { from, to, radius: (radius, end) });
        let forks = if random.chance(0.88) { 2 } else { 1 };
        for fork in 0..forks {
            let (part, turn) =
                if fork == 0 { (random.range(0.8, 0.93), 0.5) } else { (random.range(0.5, 0.78), 1.4) };
            let bent = [0, 1, 2].map(|axis| direction[axis] + random.normal() * growth.spread * turn);
            open.push_back((to, unit(bent), end * part));
        }
    }
    tree
}

fn unit(v: [f64; 3]) -> [f64; 3] {
    let length = (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt().max(1e-9);
    v.map(|part| part / length)
}
