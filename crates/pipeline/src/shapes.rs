//! What a shape must be to be taken in, beyond sound numbers: outlines that do not cross themselves, an area, masks that
//! can be read. What is stored already is never asked again.

pub(crate) use countersign_geometry::COMPARISONS_MAX;
use countersign_geometry::{GeometryError, ImageSize, Point2, RingProblem, Rle, check_rings};
use countersign_model::{AnnotationError, Shape};

/// Checks a shape whose numbers were [validated](Shape::validate). `left` comparisons may be made for it, at most
/// [`COMPARISONS_MAX`] for all shapes of one save: others wait for the writer meanwhile.
pub(crate) fn check_shape(shape: &Shape, left: &mut u64) -> Result<(), AnnotationError> {
    match shape {
        Shape::Polygon { points, holes } => check_area(points, holes, left),
        Shape::Polyline { points } => {
            let length: f64 =
                points.windows(2).map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1])).sum();
            if length > 0.0 {
                Ok(())
            } else {
                Err(AnnotationError::NotPositive { place: "length".to_owned() })
            }
        }
        Shape::Mask { size: [height, width], counts } => {
            let size = ImageSize { height: *height, width: *width };
            let mask = Rle::from_coco_string(size, counts).map_err(|error| unreadable(&error))?;
            if mask.area() > 0 { Ok(()) } else { Err(AnnotationError::NoArea) }
        }
        Shape::Box { .. }
        | Shape::RotatedBox { .. }
        | Shape::Ellipse { .. }
        | Shape::Points { .. }
        | Shape::Skeleton { .. }
        | Shape::Cuboid { .. }
        | Shape::Tag {} => Ok(()),
    }
}

fn check_area(points: &[[f64; 2]], holes: &[Vec<[f64; 2]>], left: &mut u64) -> Result<(), AnnotationError> {
    let ring = |points: &[[f64; 2]]| points.iter().map(|&[x, y]| Point2 { x, y }).collect::<Vec<_>>();
    let rings: Vec<_> = std::iter::once(ring(points)).chain(holes.iter().map(|hole| ring(hole))).collect();
    check_rings(&rings, left).map_err(|problem| match problem {
        RingProblem::Crosses(first, second) => AnnotationError::Crosses { first, second },
        RingProblem::HoleOutside(hole) => AnnotationError::HoleOutside { hole },
        RingProblem::HoleInHole(hole) => AnnotationError::HoleInHole { hole },
        RingProblem::TooIntricate => AnnotationError::TooIntricate,
    })?;
    let enclosed = area(points) - holes.iter().map(|hole| area(hole)).sum::<f64>();
    if enclosed > 0.0 { Ok(()) } else { Err(AnnotationError::NoArea) }
}

/// Shoelace formula about the first point.
fn area(points: &[[f64; 2]]) -> f64 {
    let Some(&[x, y]) = points.first() else { return 0.0 };
    let twice: f64 = points
        .windows(2)
        .map(|pair| (pair[0][0] - x) * (pair[1][1] - y) - (pair[1][0] - x) * (pair[0][1] - y))
        .sum();
    twice.abs() / 2.0
}

fn unreadable(error: &GeometryError) -> AnnotationError {
    AnnotationError::BadMask { message: format!("cannot be read: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_shape(shape: &Shape) -> Result<(), AnnotationError> {
        super::check_shape(shape, &mut COMPARISONS_MAX.clone())
    }

    fn polygon(points: &[[f64; 2]], holes: Vec<Vec<[f64; 2]>>) -> Result<(), AnnotationError> {
        check_shape(&Shape::Polygon { points: points.to_vec(), holes })
    }

    #[test]
    fn outlines_enclose_an_area_without_crossing() {
        let square = [[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]];
        assert_eq!(polygon(&square, vec![]), Ok(()));
        let bow = [[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]];
        assert_eq!(polygon(&bow, vec![]), Err(AnnotationError::Crosses { first: 0, second: 2 }));
        let flat = [[0.0, 0.0], [4.0, 4.0], [2.0, 2.0]];
        assert_eq!(polygon(&flat, vec![]), Err(AnnotationError::NoArea));
        let away = vec![vec![[10.0, 10.0], [12.0, 10.0], [12.0, 12.0]]];
        assert_eq!(polygon(&square, away), Err(AnnotationError::HoleOutside { hole: 0 }));
        assert_eq!(polygon(&square, vec![square.to_vec()]), Err(AnnotationError::NoArea));
    }

    #[test]
    fn masks_cover_their_image_and_hold_something() {
        let mask = |counts: &[u32]| {
            let size = ImageSize { height: 4, width: 4 };
            let counts =
                Rle::from_counts(size, counts).map_or_else(|_| "9".to_owned(), |rle| rle.to_coco_string());
            check_shape(&Shape::Mask { size: [4, 4], counts })
        };
        assert_eq!(mask(&[3, 5, 8]), Ok(()));
        assert_eq!(mask(&[16]), Err(AnnotationError::NoArea));
        assert!(matches!(mask(&[3, 5]), Err(AnnotationError::BadMask { .. })));
    }

    #[test]
    fn a_line_has_a_length() {
        let line = |points: Vec<[f64; 2]>| check_shape(&Shape::Polyline { points });
        assert_eq!(line(vec![[0.0, 0.0], [0.0, 0.5]]), Ok(()));
        assert!(matches!(line(vec![[1.0, 1.0], [1.0, 1.0]]), Err(AnnotationError::NotPositive { .. })));
    }
}
