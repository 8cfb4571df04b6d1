//! The tables read and joined.

use crate::lists::{COUNTRIES, DIVISIONS, IRISH, Point, REGIONS, bare, names, point, rows};
use crate::middle::middle;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::io::Read;
use std::path::Path;
use watchfire_geo::fold::fold;
use watchfire_geo::pack::{NameSort, Source, SourceCountry, SourcePlace};
use watchfire_geo::{PlaceKind, distance_km};

/// Countries whose second-level divisions are in English-language news by name.
const WITH_ADMIN2: &[&str] = &["US", "GB", "IE", "CA", "AU", "NZ", "FR", "IT", "ES"];

struct Row {
    name: String,
    at: Point,
    country: String,
    admin1: String,
    admin2: String,
    population: u64,
    others: Vec<String>,
}

fn inflate(path: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    Ok(text)
}

fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

fn thousandths(degrees: f64) -> i32 {
    (degrees * 1000.0).round() as i32
}

fn read_towns(folder: &Path) -> Result<Vec<Row>, Box<dyn Error>> {
    let mut towns = Vec::new();
    for line in inflate(&folder.join("cities1000.csv.gz"))?.lines().skip(1) {
        let [latitude, longitude, name, admin1, admin2, country] = &fields(line)[..] else { continue };
        let at = (thousandths(latitude.parse()?), thousandths(longitude.parse()?));
        let row = |field: &String| field.trim().to_owned();
        towns.push(Row {
            name: row(name),
            at,
            country: row(country),
            admin1: row(admin1),
            admin2: row(admin2),
            population: 0,
            others: Vec::new(),
        });
    }
    Ok(towns)
}

fn degrees(at: Point) -> (f64, f64) {
    (f64::from(at.0) / 1000.0, f64::from(at.1) / 1000.0)
}

/// Population and other names of the larger towns, joined by country and place on the map.
fn join_cities(folder: &Path, towns: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let cities: BTreeMap<String, Value> =
        serde_json::from_str(&inflate(&folder.join("cities15000.json.gz"))?)?;
    let mut near: HashMap<(String, i32, i32), Vec<usize>> = HashMap::new();
    for (index, town) in towns.iter().enumerate() {
        near.entry((town.country.clone(), town.at.0.div_euclid(100), town.at.1.div_euclid(100)))
            .or_default()
            .push(index);
    }
    for city in cities.values() {
        let text = |key: &str| city[key].as_str().unwrap_or_default();
        let at = (
            thousandths(city["latitude"].as_f64().unwrap_or(0.0)),
            thousandths(city["longitude"].as_f64().unwrap_or(0.0)),
        );
        let (name, country) = (text("name"), text("countrycode"));
        let alternates: Vec<&str> = city["alternatenames"]
            .as_array()
            .map(|all| all.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let known: BTreeSet<String> = alternates.iter().chain([&name]).map(|name| fold(name)).collect();
        let (cell_north, cell_east) = (at.0.div_euclid(100), at.1.div_euclid(100));
        let around = (-1..=1).flat_map(|n| (-1..=1).map(move |e| (cell_north + n, cell_east + e)));
        let neighbours: Vec<usize> =
            around.filter_map(|(n, e)| near.get(&(country.to_owned(), n, e))).flatten().copied().collect();
        let distance = |index: usize| distance_km(degrees(towns[index].at), degrees(at));
        let best =
            |indexes: Vec<usize>| indexes.into_iter().min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        let named = best(
            neighbours.iter().copied().filter(|&index| known.contains(&fold(&towns[index].name))).collect(),
        );
        let matched = named.or_else(|| best(neighbours.clone()).filter(|&index| distance(index) < 0.3));
        let index = match matched.filter(|&index| distance(index) < 12.0) {
            Some(index) => index,
            None => {
                let (admin1, admin2) = best(neighbours)
                    .map(|i| (towns[i].admin1.clone(), towns[i].admin2.clone()))
                    .unwrap_or_default();
                towns.push(Row {
                    name: plain(name),
                    at,
                    country: country.to_owned(),
                    admin1,
                    admin2,
                    population: 0,
                    others: Vec::new(),
                });
                towns.len() - 1
            }
        };
        let population = city["population"].as_u64().unwrap_or(0);
        if population >= towns[index].population {
            towns[index].population = population;
            towns[index].others = other_names(&towns[index].name, name, &alternates, population);
        }
    }
    Ok(())
}

/// The name as it stands if it is Latin, for it is shown.
fn plain(name: &str) -> String {
    name.replace(['’', '‘'], "'")
}

/// The other names worth keeping: Latin letters, a capital first; of small towns only those like the usual one.
fn other_names(usual: &str, name: &str, alternates: &[&str], population: u64) -> Vec<String> {
    let most = match population {
        500_000.. => 64,
        100_000.. => 12,
        _ => 4,
    };
    let own = fold(usual);
    let mut seen = BTreeSet::from([own.clone()]);
    let mut kept = Vec::new();
    let first = own.chars().next();
    for other in std::iter::once(&name).chain(alternates) {
        let latin = other
            .chars()
            .all(|letter| letter < '\u{250}' && !letter.is_ascii_digit() && !"(),/".contains(letter));
        let folded = fold(other);
        let like = population >= 100_000 || folded.contains(&own) || folded.chars().next() == first;
        let capital = other.chars().next().is_some_and(char::is_uppercase)
            && other.chars().skip(1).any(char::is_lowercase);
        if latin
            && capital
            && like
            && (4..=40).contains(&folded.len())
            && seen.insert(folded.clone())
            && kept.len() < most
        {
            kept.push((*other).to_owned());
        }
    }
    kept
}

struct Builder {
    source: Source,
    country_index: BTreeMap<String, u8>,
}

impl Builder {
    fn add(&mut self, name: &str, kind: PlaceKind, country: Option<u8>, at: Point, population: u64) -> usize {
        self.source.places.push(SourcePlace {
            name: name.to_owned(),
            kind,
            country,
            admin1: None,
            admin2: None,
            latitude: at.0,
            longitude: at.1,
            population,
        });
        self.source.places.len() - 1
    }

    fn name(&mut self, name: &str, sort: NameSort, place: usize) {
        if !fold(name).is_empty() && fold(name) != fold(&self.source.places[place].name) {
            self.source.names.push((name.to_owned(), sort, place));
        }
    }

    /// Names of a hand-written list: with a final full stop and no inner one it is an abbreviation.
    fn listed(&mut self, others: &str, demonyms: &str, place: usize) {
        for other in names(others) {
            let dotted = other.strip_suffix('.').is_some_and(|rest| !rest.contains(['.', ' ']));
            self.name(other, if dotted { NameSort::Abbreviation } else { NameSort::Other }, place);
        }
        for demonym in names(demonyms) {
            self.name(demonym, NameSort::Demonym, place);
        }
    }

    fn countries(&mut self, folder: &Path, towns: &[Row]) -> Result<(), Box<dyn Error>> {
        let listed: HashMap<&str, Vec<&str>> = rows(COUNTRIES).map(|row| (row[0], row)).collect();
        let table: BTreeMap<String, Value> =
            serde_json::from_str(&std::fs::read_to_string(folder.join("countries.json"))?)?;
        let table: Vec<_> =
            table.into_iter().filter(|(code, _)| !matches!(code.as_str(), "CS" | "AN")).collect();
        self.country_index =
            table.iter().enumerate().map(|(at, (code, _))| (code.clone(), at as u8)).collect();
        for (code, country) in &table {
            let index = self.country_index.get(code).copied();
            let list = listed.get(code.as_str());
            let points: Vec<Point> =
                towns.iter().filter(|town| &town.country == code).map(|town| town.at).collect();
            let at = match list.map(|row| point(row[1])).transpose()?.flatten() {
                Some(at) => at,
                None if points.is_empty() => continue,
                None => middle(&points, 500),
            };
            let name = country["name"].as_str().unwrap_or_default();
            let place =
                self.add(name, PlaceKind::Country, index, at, country["population"].as_u64().unwrap_or(0));
            if let Some(row) = list {
                self.listed(row[2], row.get(3).unwrap_or(&""), place);
            }
            if let Some(rest) = name.strip_prefix("The ") {
                self.name(rest, NameSort::Other, place);
            }
            let neighbours =
                names_of_codes(country["neighbours"].as_str().unwrap_or_default(), &self.country_index);
            let mut letters = [0; 2];
            letters.copy_from_slice(&code.as_bytes()[..2]);
            // Countries without a town keep their number, so that numbers and the table agree.
            let nowhere = SourceCountry { code: [b'-'; 2], place, capital: None, neighbours: Vec::new() };
            self.source.countries.resize(usize::from(index.unwrap_or(0)), nowhere);
            self.source.countries.push(SourceCountry { code: letters, place, capital: None, neighbours });
        }
        let capitals: Vec<(String, String)> = table
            .iter()
            .map(|(code, country)| (code.clone(), fold(country["capital"].as_str().unwrap_or_default())))
            .collect();
        self.cities(towns, &capitals)?;
        Ok(())
    }

    fn cities(&mut self, towns: &[Row], capitals: &[(String, String)]) -> Result<(), Box<dyn Error>> {
        let listed: HashMap<(&str, &str), Vec<&str>> =
            rows(DIVISIONS).map(|row| ((row[0], row[1]), row)).collect();
        let mut first: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
        let mut second: BTreeMap<(&str, &str, &str), Vec<&Row>> = BTreeMap::new();
        for town in towns {
            if !town.admin1.is_empty() {
                first.entry((&town.country, &town.admin1)).or_default().push(town);
            }
            if !town.admin2.is_empty() && WITH_ADMIN2.contains(&town.country.as_str()) {
                second.entry((&town.country, &town.admin1, &town.admin2)).or_default().push(town);
            }
        }
        for key in listed.keys() {
            first.entry(*key).or_default();
        }
        let (mut first_index, mut second_index) = (HashMap::new(), HashMap::new());
        for ((country, name), inside) in &first {
            let row = listed.get(&(*country, *name));
            let points: Vec<Point> = inside.iter().map(|town| town.at).collect();
            let at =
                row.map(|row| point(row[2])).transpose()?.flatten().unwrap_or_else(|| middle(&points, 500));
            let population = inside.iter().map(|town| town.population.max(3000)).sum();
            let number = self.country_index.get(*country).copied();
            let place = self.add(name, PlaceKind::Admin1, number, at, population);
            if let Some(row) = row {
                self.listed(row[3], row.get(4).unwrap_or(&""), place);
            }
            if let Some(bare) = bare(name) {
                self.name(bare, NameSort::Other, place);
            }
            let index = self.source.admin1.len() as u16;
            self.source.places[place].admin1 = Some(index);
            first_index.insert((*country, *name), index);
            self.source.admin1.push(place);
        }
        for ((country, admin1, name), inside) in &second {
            let points: Vec<Point> = inside.iter().map(|town| town.at).collect();
            let number = self.country_index.get(*country).copied();
            let population = inside.iter().map(|town| town.population.max(2000)).sum();
            let place = self.add(name, PlaceKind::Admin2, number, middle(&points, 100), population);
            self.source.places[place].admin1 = first_index.get(&(*country, *admin1)).copied();
            let irish = IRISH.iter().find(|(irish, _)| *country == "IE" && irish == name).map(|pair| pair.1);
            let bare = irish.or_else(|| bare(name));
            if let Some(bare) = bare {
                self.name(bare, NameSort::Short, place);
            }
            if *country == "IE" {
                self.name(&format!("County {}", bare.unwrap_or(name)), NameSort::Other, place);
                self.name(&format!("Co {}", bare.unwrap_or(name)), NameSort::Other, place);
            }
            if *country == "US" {
                self.joined(name, place);
            }
            self.source.places[place].admin2 = Some(self.source.admin2.len() as u16);
            second_index.insert((*country, *admin1, *name), self.source.admin2.len() as u16);
            self.source.admin2.push(place);
        }
        for town in towns {
            let number = self.country_index.get(&town.country).copied();
            let place = self.add(&plain(&town.name), PlaceKind::City, number, town.at, town.population);
            let key = (town.country.as_str(), town.admin1.as_str());
            self.source.places[place].admin1 = first_index.get(&key).copied();
            self.source.places[place].admin2 =
                second_index.get(&(key.0, key.1, town.admin2.as_str())).copied();
            for other in &town.others {
                self.name(other, NameSort::Other, place);
            }
            if town.country == "US" {
                self.joined(&town.name, place);
            }
            let is_capital = capitals.iter().any(|(code, capital)| {
                *code == town.country
                    && (*capital == fold(&town.name)
                        || town.others.iter().any(|other| *capital == fold(other)))
            });
            if let (true, Some(number)) = (is_capital, number) {
                let larger = |other: usize| self.source.places[other].population >= town.population;
                let entry = &self.source.countries[usize::from(number)].capital;
                if !entry.is_some_and(larger) {
                    self.source.countries[usize::from(number)].capital = Some(place);
                }
            }
        }
        Ok(())
    }

    /// "De Soto" is also written "DeSoto".
    fn joined(&mut self, name: &str, place: usize) {
        for article in ["De ", "La ", "Le ", "Du ", "Mc "] {
            if let Some(rest) = name.strip_prefix(article) {
                self.name(&format!("{}{rest}", article.trim()), NameSort::Other, place);
            }
        }
    }
}

fn names_of_codes(codes: &str, index: &BTreeMap<String, u8>) -> Vec<u8> {
    codes.split(',').filter_map(|code| index.get(code.trim()).copied()).collect()
}

/// The tables in `folder` and the hand-written lists, joined.
pub fn source(folder: &Path) -> Result<Source, Box<dyn Error>> {
    let mut towns = read_towns(folder)?;
    join_cities(folder, &mut towns)?;
    towns.sort_by(|a, b| {
        (&a.country, &a.admin1, &a.admin2, &a.name, a.at)
            .cmp(&(&b.country, &b.admin1, &b.admin2, &b.name, b.at))
    });
    let mut builder = Builder { source: Source::default(), country_index: BTreeMap::new() };
    builder.countries(folder, &towns)?;
    for row in rows(REGIONS) {
        let Some(at) = point(row[0])? else { continue };
        let place = builder.add(row[1], PlaceKind::Region, None, at, 0);
        builder.listed(row[2], row.get(3).unwrap_or(&""), place);
    }
    Ok(builder.source)
}
