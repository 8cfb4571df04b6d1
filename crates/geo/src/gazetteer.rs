//! The gazetteer: every place by its names, in a few megabytes.
//!
//! A service that reads no articles must not pay for places, so the embedded data is unpacked on first use and then
//! kept: two string arenas with offsets, and twenty bytes a place. A name is found by binary search in the order of
//! folded names, folding the names passed on the way; that is a microsecond, and saves an index twice the size of what
//! it would index.

use crate::fold::fold_into;
use crate::pack::{MAGIC, NONE_U8, NONE_U16, NONE_U32, NameSort};
use crate::place::{Place, PlaceId, PlaceKind};
use std::cmp::Ordering;
use std::io::Read;
use std::sync::OnceLock;

/// No gazetteer unpacks to more than this.
const MAX_UNPACKED: u64 = 64 << 20;
/// Names beyond this many places of one name are cut off, largest kept.
pub(crate) const MAX_OF_ONE_NAME: usize = 64;

static EMBEDDED: OnceLock<Result<Gazetteer, GazetteerError>> = OnceLock::new();
static EMBEDDED_BYTES: &[u8] = include_bytes!("../data/gazetteer.bin");

/// Why a compact gazetteer could not be loaded. None of these is mended by trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GazetteerError {
    /// Not in the compact form, or of another edition of it.
    #[error("not a compact gazetteer of this edition")]
    Magic,
    /// The deflated stream is damaged or larger than 64 MB.
    #[error("the compact gazetteer is damaged or too large to unpack")]
    Unpack,
    /// A count, an index or a name does not fit the rest.
    #[error("the compact gazetteer contradicts itself")]
    Content,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    name: u32,
    pub(crate) latitude: i32,
    pub(crate) longitude: i32,
    pub(crate) admin1: u16,
    pub(crate) admin2: u16,
    name_length: u8,
    pub(crate) country: u8,
    pub(crate) class: u8,
    pub(crate) kind: PlaceKind,
}

#[derive(Debug)]
pub(crate) struct Country {
    pub(crate) code: [u8; 2],
    pub(crate) place: u32,
    pub(crate) capital: u32,
    pub(crate) neighbours: Box<[u8]>,
}

#[derive(Debug, Clone, Copy)]
struct OtherName {
    name: u32,
    /// The place in the low 28 bits, the sort of name above.
    place: u32,
}

/// A name's place and in what way the name is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) place: u32,
    pub(crate) sort: NameSort,
}

/// Places by name. Cheap to share, never written after loading.
#[derive(Debug)]
pub struct Gazetteer {
    names: Box<[u8]>,
    places: Box<[Packed]>,
    other_names: Box<[u8]>,
    others: Box<[OtherName]>,
    pub(crate) countries: Box<[Country]>,
    pub(crate) admin1: Box<[u32]>,
    pub(crate) admin2: Box<[u32]>,
}

/// An arena of names with each name's start and length.
type Names = (Box<[u8]>, Vec<(u32, u8)>);

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], GazetteerError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(GazetteerError::Content)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, GazetteerError> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u32, GazetteerError> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    /// `count` numbers of `bytes` bytes each, one plane per byte.
    fn planes(&mut self, count: usize, bytes: usize) -> Result<Vec<u32>, GazetteerError> {
        let mut numbers = vec![0; count];
        for plane in 0..bytes {
            for (number, byte) in numbers.iter_mut().zip(self.take(count)?) {
                *number |= u32::from(*byte) << (8 * plane);
            }
        }
        Ok(numbers)
    }

    /// The names of a front-coded table, given its two columns of lengths: an arena and each name's start and length.
    fn names(&mut self, shared: &[u8], length: &[u8]) -> Result<Names, GazetteerError> {
        let mut arena: Vec<u8> = Vec::new();
        let mut spans = Vec::with_capacity(shared.len());
        let mut before = 0..0;
        for (&shared, &length) in shared.iter().zip(length) {
            let start = arena.len();
            let (shared, length) = (usize::from(shared), usize::from(length));
            if shared > before.len() || shared + length > usize::from(u8::MAX) {
                return Err(GazetteerError::Content);
            }
            arena.extend_from_within(before.start..before.start + shared);
            arena.extend_from_slice(self.take(length)?);
            before = start..arena.len();
            std::str::from_utf8(&arena[before.clone()]).map_err(|_| GazetteerError::Content)?;
            spans.push((start as u32, before.len() as u8));
        }
        arena.shrink_to_fit();
        Ok((arena.into_boxed_slice(), spans))
    }
}

fn unzigzag(number: u32) -> i32 {
    (number >> 1) as i32 ^ -((number & 1) as i32)
}

impl Gazetteer {
    /// The gazetteer that comes with the program, unpacked on the first call (about 30 ms) and kept (about 7 MB).
    pub fn embedded() -> Result<&'static Self, GazetteerError> {
        EMBEDDED.get_or_init(|| Self::load(EMBEDDED_BYTES)).as_ref().map_err(|error| *error)
    }

    /// Loads a gazetteer in the compact form that [`crate::pack::pack`] writes.
    pub fn load(deflated: &[u8]) -> Result<Self, GazetteerError> {
        let mut bytes = Vec::new();
        let inflater = flate2::read::ZlibDecoder::new(deflated);
        let read =
            inflater.take(MAX_UNPACKED + 1).read_to_end(&mut bytes).map_err(|_| GazetteerError::Unpack)?;
        if read as u64 > MAX_UNPACKED {
            return Err(GazetteerError::Unpack);
        }
        let mut reader = Reader { rest: &bytes };
        if reader.take(4)? != MAGIC {
            return Err(GazetteerError::Magic);
        }
        let mut counts = [0; 5];
        for count in &mut counts {
            *count = reader.number()? as usize;
        }
        let [country_count, admin1_count, admin2_count, place_count, other_count] = counts;
        if counts.iter().any(|&count| count > bytes.len()) || place_count >= 1 << 28 {
            return Err(GazetteerError::Content);
        }
        let mut countries = Vec::with_capacity(country_count);
        for _ in 0..country_count {
            let code = [reader.byte()?, reader.byte()?];
            let (place, capital) = (reader.number()?, reader.number()?);
            let neighbours = usize::from(reader.byte()?);
            countries.push(Country { code, place, capital, neighbours: reader.take(neighbours)?.into() });
        }
        let mut admin1 = Vec::with_capacity(admin1_count);
        let mut references = Vec::with_capacity(admin1_count);
        for _ in 0..admin1_count {
            admin1.push(reader.number()?);
            references.push((reader.number()? as i32, reader.number()? as i32));
        }
        let admin2 = (0..admin2_count).map(|_| reader.number()).collect::<Result<Vec<_>, _>>()?;

        let (shared, length) = (reader.take(place_count)?, reader.take(place_count)?);
        let (kinds, country, class) =
            (reader.take(place_count)?, reader.take(place_count)?, reader.take(place_count)?);
        let (first, second) = (reader.planes(place_count, 2)?, reader.planes(place_count, 2)?);
        let (latitude, longitude) = (reader.planes(place_count, 4)?, reader.planes(place_count, 4)?);
        let (names, spans) = reader.names(shared, length)?;
        let mut places = Vec::with_capacity(place_count);
        for (index, (name, name_length)) in spans.into_iter().enumerate() {
            let (admin1, admin2) = (first[index] as u16, second[index] as u16);
            let reference = match admin1 {
                NONE_U16 => (0, 0),
                known => *references.get(usize::from(known)).ok_or(GazetteerError::Content)?,
            };
            if (admin2 != NONE_U16 && usize::from(admin2) >= admin2_count)
                || (country[index] != NONE_U8 && usize::from(country[index]) >= country_count)
            {
                return Err(GazetteerError::Content);
            }
            places.push(Packed {
                name,
                name_length,
                latitude: unzigzag(latitude[index]).wrapping_add(reference.0).clamp(-90_000, 90_000),
                longitude: unzigzag(longitude[index]).wrapping_add(reference.1).clamp(-180_000, 180_000),
                admin1,
                admin2,
                country: country[index],
                class: class[index],
                kind: PlaceKind::from_byte(kinds[index]).ok_or(GazetteerError::Content)?,
            });
        }

        let (shared, length) = (reader.take(other_count)?, reader.take(other_count)?);
        let sorts = reader.take(other_count)?;
        let targets = reader.planes(other_count, 4)?;
        let (other_names, spans) = reader.names(shared, length)?;
        let mut others = Vec::with_capacity(other_count);
        for ((&sort, &target), (name, _)) in sorts.iter().zip(&targets).zip(spans) {
            if target as usize >= place_count || sort > NameSort::Short as u8 {
                return Err(GazetteerError::Content);
            }
            others.push(OtherName { name, place: target | u32::from(sort) << 28 });
        }
        let known = |place: u32| (place as usize) < place_count;
        if !countries.iter().all(|c| known(c.place) && (known(c.capital) || c.capital == NONE_U32))
            || !admin1.iter().chain(&admin2).all(|&place| known(place))
            || !countries.iter().all(|c| c.neighbours.iter().all(|&n| usize::from(n) < country_count))
        {
            return Err(GazetteerError::Content);
        }
        Ok(Self {
            names,
            places: places.into(),
            other_names,
            others: others.into(),
            countries: countries.into(),
            admin1: admin1.into(),
            admin2: admin2.into(),
        })
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes it holds on the heap.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.names)
            + size_of_val(&*self.places)
            + size_of_val(&*self.other_names)
            + size_of_val(&*self.others)
            + size_of_val(&*self.countries)
            + size_of_val(&*self.admin1)
            + size_of_val(&*self.admin2)
    }

    /// The place of an id, if the id is of this gazetteer.
    pub fn place(&self, id: PlaceId) -> Option<Place> {
        let packed = self.places.get(id.0 as usize)?;
        let country = self.countries.get(usize::from(packed.country));
        let admin1 = self.admin1.get(usize::from(packed.admin1)).filter(|&&place| place != id.0);
        Some(Place {
            id,
            name: self.usual_name(id.0).to_owned(),
            kind: packed.kind,
            country: country.map(|country| String::from_utf8_lossy(&country.code).into_owned()),
            admin1: admin1.map(|&place| self.usual_name(place).to_owned()),
            latitude: f64::from(packed.latitude) / 1000.0,
            longitude: f64::from(packed.longitude) / 1000.0,
            population: if packed.class == 0 {
                0
            } else {
                (f64::from(packed.class) / 8.0).exp2().round() as u64
            },
        })
    }

    /// The places a name may mean, in no order of likelihood; at most 64 and mostly one or two.
    pub fn places_named(&self, name: &str) -> Vec<Place> {
        let mut found = Vec::new();
        let mut folded = String::new();
        fold_into(name, &mut folded);
        self.find(&folded, &mut found);
        found.iter().filter_map(|found| self.place(PlaceId(found.place))).collect()
    }

    pub(crate) fn packed(&self, place: u32) -> &Packed {
        &self.places[place as usize]
    }

    pub(crate) fn usual_name(&self, place: u32) -> &str {
        let packed = self.packed(place);
        let start = packed.name as usize;
        std::str::from_utf8(&self.names[start..start + usize::from(packed.name_length)]).unwrap_or_default()
    }

    fn other_name(&self, index: usize) -> &str {
        let start = self.others[index].name as usize;
        let end = self.others.get(index + 1).map_or(self.other_names.len(), |next| next.name as usize);
        std::str::from_utf8(&self.other_names[start..end]).unwrap_or_default()
    }

    /// Appends to `found` the places of a folded name, at most [`MAX_OF_ONE_NAME`], largest kept.
    pub(crate) fn find(&self, folded: &str, found: &mut Vec<Found>) {
        found.clear();
        if folded.is_empty() {
            return;
        }
        let mut buffer = String::new();
        let mut order = |name: &str| -> Ordering {
            fold_into(name, &mut buffer);
            buffer.as_str().cmp(folded)
        };
        let start = partition(self.places.len(), |at| order(self.usual_name(at as u32)) == Ordering::Less);
        for place in start..self.places.len() {
            if order(self.usual_name(place as u32)) != Ordering::Equal {
                break;
            }
            found.push(Found { place: place as u32, sort: NameSort::Usual });
        }
        let start = partition(self.others.len(), |at| order(self.other_name(at)) == Ordering::Less);
        for at in start..self.others.len() {
            if order(self.other_name(at)) != Ordering::Equal {
                break;
            }
            let place = self.others[at].place & 0x0FFF_FFFF;
            let sort = match self.others[at].place >> 28 {
                0 => NameSort::Other,
                1 => NameSort::Abbreviation,
                2 => NameSort::Demonym,
                _ => NameSort::Short,
            };
            if !found.iter().any(|known| known.place == place) {
                found.push(Found { place, sort });
            }
        }
        if found.len() > MAX_OF_ONE_NAME {
            found.sort_by_key(|found| {
                let packed = self.packed(found.place);
                (packed.kind, std::cmp::Reverse(packed.class), found.place)
            });
            found.truncate(MAX_OF_ONE_NAME);
        }
    }
}

/// The first of `count` positions for which `before` no longer holds.
fn partition(count: usize, mut before: impl FnMut(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
#[path = "gazetteer_tests.rs"]
mod tests;
