//! The compact form of a gazetteer, written.
//!
//! GeoNames' own tables of 145,000 places are six megabytes compressed. This form is a third of that and loads without
//! parsing text: places in the order of their folded names, names front-coded (shared start with the name before,
//! then the rest), and every other field in a column of its own, multi-byte numbers in one plane per byte, so that
//! deflate sees like beside like. Coordinates are in thousandths of a degree, relative to a point of the division the
//! place is in. The reader is [`crate::Gazetteer::load`].
//!
//! | part | content (little endian) |
//! |---|---|
//! | head | `WFG1`, then u32 counts of countries, first-level and second-level divisions, places, other names |
//! | countries | each 2 letters, place u32, capital u32, count u8 and that many neighbours u8 |
//! | divisions | first level: place u32, reference latitude i32 and longitude i32; second level: place u32 |
//! | places | shared u8, length u8, kind u8, country u8, population class u8, first-level u16, second-level u16, latitude and longitude zigzag u32 as byte planes; then the rests of the names |
//! | other names | shared u8, length u8, sort u8, place u32; then the rests |

use crate::fold::fold;
use crate::place::PlaceKind;
use std::io::Write;

/// What stands for "none" in a field of the compact form.
pub(crate) const NONE_U8: u8 = u8::MAX;
pub(crate) const NONE_U16: u16 = u16::MAX;
pub(crate) const NONE_U32: u32 = u32::MAX;
pub(crate) const MAGIC: &[u8; 4] = b"WFG1";

/// A place as the tables have it. Indexes point into [`Source`].
#[derive(Debug, Clone)]
pub struct SourcePlace {
    /// Usual name, at most 255 bytes.
    pub name: String,
    /// What sort of place.
    pub kind: PlaceKind,
    /// Index of the country.
    pub country: Option<u8>,
    /// Index of the first-level division.
    pub admin1: Option<u16>,
    /// Index of the second-level division.
    pub admin2: Option<u16>,
    /// Thousandths of a degree north.
    pub latitude: i32,
    /// Thousandths of a degree east.
    pub longitude: i32,
    /// Inhabitants; 0 where unknown.
    pub population: u64,
}

/// In what way another name is a name of the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NameSort {
    /// As good as the usual one.
    Other = 0,
    /// Only with its full stop: "La.", "Ind.".
    Abbreviation = 1,
    /// An adjective or the people: "Russian", "Americans".
    Demonym = 2,
    /// A county without the word county: "Avoyelles".
    Short = 3,
    /// The usual name. Not written: places carry it themselves.
    Usual = 4,
}

/// A country with what is around it.
#[derive(Debug, Clone)]
pub struct SourceCountry {
    /// ISO code of two letters.
    pub code: [u8; 2],
    /// Index of its place.
    pub place: usize,
    /// Index of its capital.
    pub capital: Option<usize>,
    /// Positions of its neighbours among the countries, at most 255.
    pub neighbours: Vec<u8>,
}

/// Everything that goes into a compact gazetteer.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// All countries; places point at them by position.
    pub countries: Vec<SourceCountry>,
    /// Indexes of the places of the first-level divisions.
    pub admin1: Vec<usize>,
    /// Indexes of the places of the second-level divisions.
    pub admin2: Vec<usize>,
    /// All places.
    pub places: Vec<SourcePlace>,
    /// Other names: the name, in what way, the index of the place.
    pub names: Vec<(String, NameSort, usize)>,
}

/// The population class of a number of inhabitants: eighths of a power of two.
pub(crate) fn class_of(population: u64) -> u8 {
    if population == 0 { 0 } else { ((population as f64).log2() * 8.0).round().clamp(1.0, 254.0) as u8 }
}

fn zigzag(number: i32) -> u32 {
    ((number << 1) ^ (number >> 31)) as u32
}

fn planes(numbers: &[u32], bytes: usize, into: &mut Vec<u8>) {
    for plane in 0..bytes {
        into.extend(numbers.iter().map(|number| (number >> (8 * plane)) as u8));
    }
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(usize::from(u8::MAX));
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// Front-codes names: the lengths as two columns, the rests for later.
fn front_code<'a>(names: impl Iterator<Item = &'a str>, into: &mut Vec<u8>) -> Vec<u8> {
    let (mut shared, mut length, mut rests) = (Vec::new(), Vec::new(), Vec::new());
    let mut before: &[u8] = &[];
    for name in names {
        let name = cut(name).as_bytes();
        let same = before.iter().zip(name).take_while(|(a, b)| a == b).count();
        shared.push(same as u8);
        length.push((name.len() - same) as u8);
        rests.extend_from_slice(&name[same..]);
        before = name;
    }
    into.extend(shared);
    into.extend(length);
    rests
}

/// Writes `source` in the compact form, deflated. The same source gives the same bytes.
pub fn pack(source: &Source) -> std::io::Result<Vec<u8>> {
    let folded: Vec<String> = source.places.iter().map(|place| fold(&place.name)).collect();
    let mut order: Vec<usize> = (0..source.places.len()).collect();
    let place = |index: usize| &source.places[index];
    order.sort_by(|&a, &b| {
        (
            &folded[a],
            place(a).kind,
            place(a).country,
            place(a).admin1,
            place(a).latitude,
            place(a).longitude,
            a,
        )
            .cmp(&(
                &folded[b],
                place(b).kind,
                place(b).country,
                place(b).admin1,
                place(b).latitude,
                place(b).longitude,
                b,
            ))
    });
    let mut position = vec![NONE_U32; order.len()];
    for (to, &from) in order.iter().enumerate() {
        position[from] = to as u32;
    }
    let mut names: Vec<(String, &(String, NameSort, usize))> =
        source.names.iter().map(|name| (fold(&name.0), name)).collect();
    names.sort_by(|a, b| (&a.0, a.1.1 as u8, a.1.2, &a.1.0).cmp(&(&b.0, b.1.1 as u8, b.1.2, &b.1.0)));
    names.dedup_by(|a, b| a.0 == b.0 && a.1.1 == b.1.1 && a.1.2 == b.1.2);

    let mut out = MAGIC.to_vec();
    for count in [source.countries.len(), source.admin1.len(), source.admin2.len(), order.len(), names.len()]
    {
        out.extend((count as u32).to_le_bytes());
    }
    for SourceCountry { code, place: index, capital, neighbours } in &source.countries {
        out.extend(code);
        out.extend(position[*index].to_le_bytes());
        out.extend(capital.map_or(NONE_U32, |capital| position[capital]).to_le_bytes());
        out.push(neighbours.len() as u8);
        out.extend(neighbours);
    }
    for &index in &source.admin1 {
        out.extend(position[index].to_le_bytes());
        out.extend(place(index).latitude.to_le_bytes());
        out.extend(place(index).longitude.to_le_bytes());
    }
    for &index in &source.admin2 {
        out.extend(position[index].to_le_bytes());
    }

    let rests = front_code(order.iter().map(|&index| place(index).name.as_str()), &mut out);
    let column = |field: &dyn Fn(&SourcePlace) -> u32| -> Vec<u32> {
        order.iter().map(|&i| field(place(i))).collect()
    };
    planes(&column(&|p| p.kind as u32), 1, &mut out);
    planes(&column(&|p| u32::from(p.country.unwrap_or(NONE_U8))), 1, &mut out);
    planes(&column(&|p| u32::from(class_of(p.population))), 1, &mut out);
    planes(&column(&|p| u32::from(p.admin1.unwrap_or(NONE_U16))), 2, &mut out);
    planes(&column(&|p| u32::from(p.admin2.unwrap_or(NONE_U16))), 2, &mut out);
    let reference = |p: &SourcePlace| {
        p.admin1.map_or((0, 0), |a| {
            (place(source.admin1[usize::from(a)]).latitude, place(source.admin1[usize::from(a)]).longitude)
        })
    };
    planes(&column(&|p| zigzag(p.latitude - reference(p).0)), 4, &mut out);
    planes(&column(&|p| zigzag(p.longitude - reference(p).1)), 4, &mut out);
    out.extend(rests);

    let rests = front_code(names.iter().map(|name| name.1.0.as_str()), &mut out);
    planes(&names.iter().map(|name| name.1.1 as u32).collect::<Vec<_>>(), 1, &mut out);
    planes(&names.iter().map(|name| position[name.1.2]).collect::<Vec<_>>(), 4, &mut out);
    out.extend(rests);

    let mut deflater = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflater.write_all(&out)?;
    deflater.finish()
}
