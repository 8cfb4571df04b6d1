//! A place on earth and the distance between two of them.

/// The mean radius of the earth (IUGG), in kilometres.
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// A place of the gazetteer. Ids hold within one edition of the embedded data, not across editions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceId(pub(crate) u32);

impl PlaceId {
    /// The number of the place.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// What sort of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum PlaceKind {
    /// A continent, or a region across or above countries.
    Region = 0,
    /// A country or a territory with an ISO code.
    Country = 1,
    /// A first-level division: state, province, nation of the United Kingdom.
    Admin1 = 2,
    /// A second-level division: county, parish, district, department.
    Admin2 = 3,
    /// A populated place.
    City = 4,
}

impl PlaceKind {
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Region,
            1 => Self::Country,
            2 => Self::Admin1,
            3 => Self::Admin2,
            4 => Self::City,
            _ => return None,
        })
    }

    /// The kind in one lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Country => "country",
            Self::Admin1 => "admin1",
            Self::Admin2 => "admin2",
            Self::City => "city",
        }
    }
}

/// A place with everything the gazetteer knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Which place of the gazetteer.
    pub id: PlaceId,
    /// Its usual name in Latin letters, mostly without accents.
    pub name: String,
    /// What sort of place.
    pub kind: PlaceKind,
    /// ISO 3166 code of two letters; none for regions.
    pub country: Option<String>,
    /// The name of the first-level division it is in; none for countries and regions.
    pub admin1: Option<String>,
    /// Degrees north, to a thousandth; for an area, a point near its middle.
    pub latitude: f64,
    /// Degrees east, to a thousandth.
    pub longitude: f64,
    /// Inhabitants, to within five per cent; 1,000 to 15,000 is not told apart and reads 0.
    pub population: u64,
}

/// The great-circle distance in kilometres between two points in degrees (latitude, longitude), by the haversine
/// formula on a sphere. Wrong by at most 0.6 % against the ellipsoid.
pub fn distance_km(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (latitude, other) = (from.0.to_radians(), to.0.to_radians());
    let half_north = ((other - latitude) / 2.0).sin();
    let half_east = ((to.1 - from.1).to_radians() / 2.0).sin();
    let haversine = half_north * half_north + latitude.cos() * other.cos() * half_east * half_east;
    2.0 * EARTH_RADIUS_KM * haversine.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn distances_are_those_of_the_globe() {
        let london = (51.5085, -0.1257);
        let paris = (48.8534, 2.3488);
        assert!((distance_km(london, paris) - 343.5).abs() < 1.5);
        assert!((distance_km((0.0, 179.5), (0.0, -179.5)) - 111.2).abs() < 0.1);
        assert!(distance_km(london, london) < 1e-9);
    }

    proptest! {
        #[test]
        fn distance_is_the_same_both_ways_and_at_most_half_way_round(
            a in (-90.0..90.0f64, -180.0..180.0f64), b in (-90.0..90.0f64, -180.0..180.0f64)
        ) {
            let there = distance_km(a, b);
            prop_assert!((there - distance_km(b, a)).abs() < 1e-6);
            prop_assert!((0.0..=20_016.0).contains(&there));
        }
    }
}
