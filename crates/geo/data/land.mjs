// Makes the land that the page's map shows, of the places that GeoNames lists (CC BY 4.0, geonames.org). A map of somebody
// else's would come from another server or with another licence; the gazetteer is here anyway.
//
//   node crates/geo/data/land.mjs cities1000.csv[.gz] countryInfo.txt > crates/server/page/map-land.js
//
// The first file has lines of `lat,lon,name,admin1,admin2,cc`, the second is GeoNames' own. The land is a raster of cells of
// one degree. A cell with a place is land. Deserts and tundra have none, so each country is filled until its cells have the
// area that GeoNames states for it: first the cells that have places of the country all around them, then the nearer ones.
// `--look` prints the raster instead.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const WIDTH = 360, NORTH = 84, SOUTH = -56, HEIGHT = NORTH - SOUTH;
/** Directions that are looked along, and how far, in cells. */
const RAYS = 24, FAR = 34;
/** What has to be seen of a country around a cell before it may be its land. */
const LEAST_RAYS = 13;
/** Waters that a country lies around: west, south, east, north. */
const WATERS = [[-95, 52, -78, 63], [-88, 42, -82, 46], [-91, 47, -85, 49], [36, 41, 41, 46], [-98, 19, -91, 29], [36, 63.5, 41, 66], [12, 39, 15.5, 44], [48.5, 37, 53, 45], [31, 0, 34, -3]];

const read = (path) => (path.endsWith(".gz") ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString();
const [citiesPath, countriesPath] = process.argv.slice(2).filter((given) => !given.startsWith("--"));
if (!countriesPath) {
  console.error("usage: node land.mjs cities1000.csv[.gz] countryInfo.txt [--look]");
  process.exit(2);
}

const cellArea_km2 = (row) => 111.32 ** 2 * Math.cos(((NORTH - row - 0.5) * Math.PI) / 180);
const cells = new Map(), owner = new Array(WIDTH * HEIGHT).fill(null);

for (const line of read(citiesPath).split("\n").slice(1)) {
  const parts = line.split(","), country = parts.at(-1)?.trim();
  const column = Math.floor(Number(parts[1]) + 180), row = Math.floor(NORTH - Number(parts[0]));
  if (!country || !(row >= 0 && row < HEIGHT) || !(column >= 0 && column < WIDTH)) continue;
  const cell = row * WIDTH + column;
  if (!cells.has(country)) cells.set(country, new Set());
  cells.get(country).add(cell);
  owner[cell] ??= country;
}

const areas = new Map();
for (const line of read(countriesPath).split("\n")) {
  const parts = line.split("\t");
  if (!line.startsWith("#") && parts.length > 8) areas.set(parts[0], Number(parts[6]));
}

const isWater = (row, column) => WATERS.some(([west, south, east, north]) => column - 179.5 > west && column - 179.5 < east && NORTH - row - 0.5 > Math.min(south, north) && NORTH - row - 0.5 < Math.max(south, north));

/** In how many directions a country's places are seen from a cell, and how near the nearest is. */
function around(own, row, column) {
  let seen = 0, nearest = Infinity;
  for (let ray = 0; ray < RAYS; ray += 1) {
    const angle = (ray / RAYS) * 2 * Math.PI;
    // A degree of longitude is shorter in the north: the same distance is more columns.
    const wide = 1 / Math.max(0.3, Math.cos(((NORTH - row - 0.5) * Math.PI) / 180));
    for (let step = 1; step <= FAR; step += 1) {
      const y = Math.round(row + Math.sin(angle) * step), x = (Math.round(column + Math.cos(angle) * step * wide) + WIDTH) % WIDTH;
      if (y < 0 || y >= HEIGHT) break;
      if (!own.has(y * WIDTH + x)) continue;
      seen += 1;
      nearest = Math.min(nearest, step);
      break;
    }
  }
  return { seen, nearest };
}

const land = new Uint8Array(WIDTH * HEIGHT);
owner.forEach((country, cell) => { if (country) land[cell] = 1; });

for (const [country, own] of [...cells].sort(([a], [b]) => (areas.get(b) ?? 0) - (areas.get(a) ?? 0))) {
  let missing = areas.get(country) ?? 0;
  for (const cell of own) missing -= cellArea_km2(Math.floor(cell / WIDTH)) * (owner[cell] === country ? 1 : 0.5);
  if (missing <= 0) continue;
  const candidates = [], rows = [...own].map((cell) => Math.floor(cell / WIDTH)), columns = [...own].map((cell) => cell % WIDTH);
  for (let row = Math.min(...rows); row <= Math.max(...rows); row += 1) {
    for (let column = Math.min(...columns); column <= Math.max(...columns); column += 1) {
      const cell = row * WIDTH + column;
      if (land[cell] || isWater(row, column)) continue;
      const { seen, nearest } = around(own, row, column);
      if (seen >= LEAST_RAYS) candidates.push({ cell, row, value: seen - nearest / 4 });
    }
  }
  candidates.sort((a, b) => b.value - a.value);
  for (const { cell, row } of candidates) {
    if (missing <= 0) break;
    land[cell] = 1;
    missing -= cellArea_km2(row);
  }
}

// What is alone in the raster is a village on an island: it stays. A hole of one cell in land is a lake: it goes.
for (let row = 1; row < HEIGHT - 1; row += 1) {
  for (let column = 1; column < WIDTH - 1; column += 1) {
    const cell = row * WIDTH + column;
    if (!land[cell] && land[cell - 1] && land[cell + 1] && land[cell - WIDTH] && land[cell + WIDTH]) land[cell] = 1;
  }
}

if (process.argv.includes("--look")) {
  for (let row = 0; row < HEIGHT; row += 2) console.log(Array.from({ length: WIDTH / 2 }, (_, half) => (land[row * WIDTH + half * 2] || land[row * WIDTH + half * 2 + 1] ? "#" : " ")).join("").trimEnd());
} else {
  const bits = Buffer.alloc((WIDTH * HEIGHT) / 8);
  land.forEach((is, cell) => { if (is) bits[cell >> 3] |= 128 >> (cell & 7); });
  console.log(`// Land in cells of one degree, row by row from north to south, each row from west to east, a bit a cell. Made by
// crates/geo/data/land.mjs of GeoNames' places (geonames.org, CC BY 4.0).
export const WIDTH = ${WIDTH}, NORTH = ${NORTH}, HEIGHT = ${HEIGHT};
const BITS = "${bits.toString("base64")}";

/** Calls \`visit(latitude, longitude)\` with the middle of each cell that is land. */
export function eachCell(visit) {
  const bytes = Uint8Array.from(atob(BITS), (letter) => letter.charCodeAt(0));
  for (let cell = 0; cell < WIDTH * HEIGHT; cell += 1) {
    if (bytes[cell >> 3] & (128 >> (cell & 7))) visit(NORTH - Math.floor(cell / WIDTH) - 0.5, (cell % WIDTH) - 179.5);
  }
}`);
}
