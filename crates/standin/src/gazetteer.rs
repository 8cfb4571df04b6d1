//! A few dozen places on earth, for the model that finds them in articles and for the geocoder that knows where they lie.
//!
//! Countries and their capitals, and some names that are borne more than once, because choosing among these is what a
//! client gets wrong. Coordinates to a tenth of a degree; how well known a place is, roughly.

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Country,
    State,
    City,
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    pub name: &'static str,
    pub kind: Kind,
    /// What it lies in, innermost first; empty for a country.
    pub within: &'static str,
    pub code: &'static str,
    pub latitude: f64,
    pub longitude: f64,
    /// 0–1.
    pub importance: f64,
}

type Country = (&'static str, &'static str, f64, f64, f64, &'static str, f64, f64, f64);

/// Country, code, where it lies, how well known; its capital, likewise.
#[rustfmt::skip]
const COUNTRIES: [Country; 44] = [
    ("Argentina", "AR", -34.0, -65.0, 0.83, "Buenos Aires", -34.6, -58.4, 0.77),
    ("Australia", "AU", -24.8, 134.8, 0.88, "Canberra", -35.3, 149.1, 0.70),
    ("Austria", "AT", 47.6, 14.1, 0.81, "Vienna", 48.2, 16.4, 0.79),
    ("Belarus", "BY", 53.4, 27.7, 0.78, "Minsk", 53.9, 27.6, 0.69),
    ("Belgium", "BE", 50.6, 4.7, 0.82, "Brussels", 50.8, 4.4, 0.74),
    ("Brazil", "BR", -10.3, -53.2, 0.87, "Brasília", -15.8, -47.9, 0.68),
    ("Canada", "CA", 61.1, -107.9, 0.90, "Ottawa", 45.4, -75.7, 0.70),
    ("Chile", "CL", -31.8, -71.3, 0.80, "Santiago", -33.4, -70.6, 0.69),
    ("China", "CN", 35.0, 105.0, 0.89, "Beijing", 39.9, 116.4, 0.78),
    ("Colombia", "CO", 4.1, -72.9, 0.80, "Bogotá", 4.7, -74.1, 0.70),
    ("Czechia", "CZ", 49.7, 15.3, 0.80, "Prague", 50.1, 14.4, 0.77),
    ("Denmark", "DK", 55.7, 10.3, 0.83, "Copenhagen", 55.7, 12.6, 0.75),
    ("Egypt", "EG", 26.3, 29.3, 0.82, "Cairo", 30.0, 31.2, 0.74),
    ("Finland", "FI", 63.2, 25.9, 0.84, "Helsinki", 60.2, 24.9, 0.73),
    ("France", "FR", 46.6, 1.9, 0.93, "Paris", 48.9, 2.3, 0.88),
    ("Georgia", "GE", 42.0, 44.0, 0.76, "Tbilisi", 41.7, 44.8, 0.66),
    ("Germany", "DE", 51.2, 10.4, 0.92, "Berlin", 52.5, 13.4, 0.82),
    ("Greece", "GR", 39.0, 22.0, 0.82, "Athens", 38.0, 23.7, 0.74),
    ("Hungary", "HU", 47.2, 19.5, 0.80, "Budapest", 47.5, 19.0, 0.75),
    ("India", "IN", 22.4, 78.7, 0.90, "New Delhi", 28.6, 77.2, 0.70),
    ("Indonesia", "ID", -2.5, 118.0, 0.83, "Jakarta", -6.2, 106.8, 0.71),
    ("Iran", "IR", 32.6, 54.6, 0.83, "Tehran", 35.7, 51.4, 0.71),
    ("Ireland", "IE", 52.9, -8.0, 0.82, "Dublin", 53.3, -6.3, 0.73),
    ("Israel", "IL", 30.8, 34.9, 0.84, "Jerusalem", 31.8, 35.2, 0.75),
    ("Italy", "IT", 42.6, 12.7, 0.90, "Rome", 41.9, 12.5, 0.82),
    ("Japan", "JP", 36.6, 139.2, 0.90, "Tokyo", 35.7, 139.8, 0.82),
    ("Kenya", "KE", 1.4, 38.4, 0.78, "Nairobi", -1.3, 36.8, 0.67),
    ("Mexico", "MX", 23.7, -102.0, 0.86, "Mexico City", 19.4, -99.1, 0.75),
    ("Netherlands", "NL", 52.2, 5.3, 0.84, "Amsterdam", 52.4, 4.9, 0.77),
    ("Nigeria", "NG", 9.6, 7.9, 0.79, "Abuja", 9.1, 7.5, 0.62),
    ("North Korea", "KP", 40.3, 127.0, 0.80, "Pyongyang", 39.0, 125.8, 0.65),
    ("Norway", "NO", 61.2, 8.9, 0.84, "Oslo", 59.9, 10.7, 0.73),
    ("Poland", "PL", 52.2, 19.1, 0.87, "Warsaw", 52.2, 21.0, 0.76),
    ("Portugal", "PT", 39.7, -8.0, 0.84, "Lisbon", 38.7, -9.1, 0.74),
    ("Romania", "RO", 45.9, 24.7, 0.81, "Bucharest", 44.4, 26.1, 0.70),
    ("Russia", "RU", 64.7, 97.7, 0.89, "Moscow", 55.8, 37.6, 0.80),
    ("South Korea", "KR", 36.6, 127.9, 0.83, "Seoul", 37.6, 127.0, 0.74),
    ("Spain", "ES", 39.3, -4.8, 0.89, "Madrid", 40.4, -3.7, 0.77),
    ("Sweden", "SE", 59.7, 14.5, 0.86, "Stockholm", 59.3, 18.1, 0.75),
    ("Switzerland", "CH", 46.8, 8.2, 0.84, "Bern", 46.9, 7.4, 0.68),
    ("Taiwan", "TW", 23.6, 120.8, 0.80, "Taipei", 25.0, 121.6, 0.69),
    ("Ukraine", "UA", 49.5, 31.3, 0.85, "Kyiv", 50.5, 30.5, 0.72),
    ("United Kingdom", "GB", 54.7, -3.3, 0.91, "London", 51.5, -0.1, 0.88),
    ("United States", "US", 39.8, -100.4, 0.94, "Washington", 38.9, -77.0, 0.79),
];

const fn city(
    name: &'static str,
    within: &'static str,
    code: &'static str,
    latitude: f64,
    longitude: f64,
    importance: f64,
) -> Spot {
    Spot { name, kind: Kind::City, within, code, latitude, longitude, importance }
}

/// Others of the same names, and what these lie in.
const NAMESAKES: [Spot; 6] = [
    Spot { kind: Kind::State, ..city("Georgia", "United States", "US", 32.3, -83.1, 0.74) },
    Spot { kind: Kind::State, ..city("Washington", "United States", "US", 47.3, -120.2, 0.75) },
    city("London", "Ontario, Canada", "CA", 43.0, -81.2, 0.61),
    city("Paris", "Lamar County, Texas, United States", "US", 33.7, -95.6, 0.53),
    city("Athens", "Clarke County, Georgia, United States", "US", 34.0, -83.4, 0.55),
    city("Rome", "Floyd County, Georgia, United States", "US", 34.3, -85.2, 0.47),
];

/// All places, the best known of a name first.
pub(crate) fn spots() -> impl Iterator<Item = Spot> {
    let countries =
        COUNTRIES.iter().flat_map(|&(name, code, latitude, longitude, importance, capital, y, x, known)| {
            let country =
                Spot { name, kind: Kind::Country, within: "", code, latitude, longitude, importance };
            [country, city(capital, name, code, y, x, known)]
        });
    countries.chain(NAMESAKES)
}

#[cfg(test)]
mod tests {
    use super::spots;

    #[test]
    fn every_place_is_on_earth_and_the_best_known_of_a_name_comes_first() {
        let all: Vec<_> = spots().collect();
        for (place, spot) in all.iter().enumerate() {
            assert!(spot.latitude.abs() <= 90.0 && spot.longitude.abs() <= 180.0 && spot.code.len() == 2);
            let first = all.iter().position(|other| other.name == spot.name).unwrap();
            assert!(first == place || all[first].importance > spot.importance, "{spot:?}");
        }
    }
}
