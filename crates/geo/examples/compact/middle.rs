//! The middle of an area of which only the towns are known.
//!
//! The mean of the towns sits where people live, not in the middle: so the area is cut into cells and each cell with a
//! town counts once.

use std::collections::BTreeSet;

/// The mean of the occupied cells of `cell` thousandths of a degree. Points are thousandths of a degree.
pub fn middle(points: &[(i32, i32)], cell: i32) -> (i32, i32) {
    // An area across the date line is shifted whole, so that its mean is not on the other side of the globe.
    let wraps = points.iter().any(|p| p.1 > 150_000) && points.iter().any(|p| p.1 < -150_000);
    let cells: BTreeSet<(i32, i32)> = points
        .iter()
        .map(|&(north, east)| (north, if wraps && east < 0 { east + 360_000 } else { east }))
        .map(|(north, east)| (north.div_euclid(cell), east.div_euclid(cell)))
        .collect();
    let count = cells.len().max(1) as i64;
    let mean = |sum: i64| (sum * i64::from(cell) / count) as i32 + cell / 2;
    let north = mean(cells.iter().map(|c| i64::from(c.0)).sum());
    let east = mean(cells.iter().map(|c| i64::from(c.1)).sum());
    (north, if east > 180_000 { east - 360_000 } else { east })
}
