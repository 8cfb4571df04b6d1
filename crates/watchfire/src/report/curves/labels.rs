//! Where the labels of points stand, so that none covers another, a mark or a line.
//!
//! Greedy, in the order of the points: of eight places around a mark the first that is free is taken; if none is, the
//! first that covers lines only; if there is none of these either, the point has no label, and its number is in the
//! table. That is the simplest of the methods that Christensen, Marks and Shieber compared ("An Empirical Study of
//! Algorithms for Point-Feature Label Placement", 1995), and enough for the few points of an evaluation.

use unicode_width::UnicodeWidthStr;

/// Width of a character and height of a line, in pixels at a size of 12.
const CHARACTER: f64 = 6.4;
const LINE: f64 = 13.0;
/// From the edge of a mark to its label.
const AWAY: f64 = 3.0;
/// Lines are kept clear at points so far apart.
const STRIDE: f64 = 4.0;
/// Points at most along a line.
const MAX_STRIDES: f64 = 400.0;

/// Which side of its mark a label is on: -1, 0 or 1 across and up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Side {
    pub(super) across: i8,
    pub(super) up: i8,
}

/// In the order in which they are tried. Curves fall from left to right, so above right and below left are free of them.
const SIDES: [Side; 8] = [
    Side { across: 1, up: 1 },
    Side { across: -1, up: -1 },
    Side { across: 1, up: 0 },
    Side { across: -1, up: 0 },
    Side { across: 0, up: 1 },
    Side { across: 0, up: -1 },
    Side { across: 1, up: -1 },
    Side { across: -1, up: 1 },
];

/// What is to be labelled.
pub(super) struct Labelled {
    /// Pixels from the left and from the top.
    pub(super) x: f64,
    pub(super) y: f64,
    /// Half of its mark.
    pub(super) reach: f64,
    pub(super) label: String,
}

/// A stretch of a line, in pixels.
pub(super) type Stretch = [(f64, f64); 2];

#[derive(Clone, Copy)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, (x, y): (f64, f64)) -> bool {
        self.left < x && x < self.right && self.top < y && y < self.bottom
    }
}

impl Side {
    /// From the mark's middle to the label's anchor: its beginning, middle or end, on its base line.
    pub(super) fn offset(self, reach: f64) -> (f64, f64) {
        let diagonal = self.across != 0 && self.up != 0;
        let away = (reach + AWAY) * if diagonal { 0.75 } else { 1.0 };
        let y = match self.up {
            1 => -away,
            0 => LINE / 3.0,
            _ => away + LINE * 0.7,
        };
        (f64::from(self.across) * away, y)
    }

    fn around(self, labelled: &Labelled) -> Area {
        let width = labelled.label.width() as f64 * CHARACTER;
        let (dx, dy) = self.offset(labelled.reach);
        let left = labelled.x + dx
            - match self.across {
                1 => 0.0,
                0 => width / 2.0,
                _ => width,
            };
        let bottom = labelled.y + dy + LINE * 0.25;
        Area { left, top: bottom - LINE, right: left + width, bottom }
    }
}

/// A side for each label, within `room` (width and height); those that `given` has a side for keep it or get none.
pub(super) fn place(
    labelled: &[Labelled],
    lines: &[Stretch],
    room: (f64, f64),
    given: Option<&[Option<Side>]>,
) -> Vec<Option<Side>> {
    let mut taken: Vec<Area> = labelled.iter().map(mark).collect();
    let dots: Vec<(f64, f64)> = lines.iter().flat_map(dots).collect();
    let mut sides = Vec::with_capacity(labelled.len());
    for (index, label) in labelled.iter().enumerate() {
        let candidates = match given {
            Some(given) => given.get(index).copied().flatten().into_iter().collect(),
            None => SIDES.to_vec(),
        };
        let is_inside = |around: &Area| {
            around.left >= 0.0 && around.right <= room.0 && around.top >= 0.0 && around.bottom <= room.1
        };
        let free = candidates.into_iter().filter(|side| {
            let around = side.around(label);
            let mut others = taken.iter().enumerate().filter(|(other, _)| *other != index);
            is_inside(&around) && !others.any(|(_, other)| around.meets(other))
        });
        let free: Vec<Side> = free.collect();
        let crosses_nothing = |side: &&Side| {
            let around = side.around(label);
            !dots.iter().any(|dot| around.holds(*dot))
        };
        let side = free.iter().find(crosses_nothing).or(free.first()).copied();
        taken.extend(side.map(|side| side.around(label)));
        sides.push(side);
    }
    sides
}

fn mark(labelled: &Labelled) -> Area {
    let Labelled { x, y, reach, .. } = *labelled;
    Area { left: x - reach, top: y - reach, right: x + reach, bottom: y + reach }
}

fn dots(&[from, to]: &Stretch) -> impl Iterator<Item = (f64, f64)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let count = (dx.hypot(dy) / STRIDE).clamp(1.0, MAX_STRIDES).floor();
    (0..=count as u32).map(move |index| {
        let part = f64::from(index) / count;
        (from.0 + dx * part, from.1 + dy * part)
    })
}

#[cfg(test)]
mod tests {
    use super::{Labelled, Side, place};

    fn at(x: f64, y: f64, label: &str) -> Labelled {
        Labelled { x, y, reach: 6.0, label: label.to_owned() }
    }

    #[test]
    fn no_label_covers_another_or_a_mark() {
        let crowd: Vec<Labelled> =
            (0..20).map(|index| at(200.0 + f64::from(index) * 7.0, 100.0, "4 h")).collect();
        let sides = place(&crowd, &[], (600.0, 300.0), None);
        let boxes: Vec<_> =
            crowd.iter().zip(&sides).filter_map(|(label, side)| Some(side.as_ref()?.around(label))).collect();
        assert!(boxes.len() > 4 && boxes.len() < 20, "{}", boxes.len());
        for (index, a) in boxes.iter().enumerate() {
            assert!(boxes[..index].iter().all(|b| !a.meets(b)));
            assert!(crowd.iter().all(|label| !a.holds((label.x, label.y))));
        }
    }

    #[test]
    fn a_line_is_left_free_where_there_is_room() {
        let lonely = [at(100.0, 100.0, "4 h")];
        let up = [(100.0, 100.0), (140.0, 60.0)];
        let side = |lines: &[_]| place(&lonely, lines, (300.0, 300.0), None)[0];
        assert_eq!(side(&[]), Some(Side { across: 1, up: 1 }));
        assert_eq!(side(&[up]), Some(Side { across: -1, up: -1 }));
    }

    #[test]
    fn labels_stay_inside() {
        assert_eq!(
            place(&[at(295.0, 5.0, "24 h")], &[], (300.0, 300.0), None)[0],
            Some(Side { across: -1, up: -1 })
        );
        assert_eq!(place(&[at(5.0, 5.0, "much too long for it")], &[], (30.0, 30.0), None)[0], None);
    }

    #[test]
    fn a_narrow_drawing_keeps_the_sides_of_the_wide_one_or_drops_labels() {
        let near = [at(50.0, 50.0, "4 h"), at(60.0, 56.0, "24 h")];
        let given = [Some(Side { across: 1, up: 1 }), Some(Side { across: 1, up: 1 })];
        assert_eq!(place(&near, &[], (300.0, 300.0), Some(&given)), [given[0], None]);
    }
}
