// Browsers write pictures fast rather than small. This packs a PNG's pixels again, with the filter that packs them best; they
// stay the same. Formats and names are those of the PNG specification (ISO/IEC 15948).
import { readFile, writeFile } from "node:fs/promises";
import { deflateSync, inflateSync } from "node:zlib";

const TABLE = Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32 as PNG has it (ISO 3309). */
function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  data.copy(out, 8);
  out.writeUInt32BE(checksum(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

function paeth(left, up, corner) {
  const guess = left + up - corner, [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value));
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

const PREDICT = [() => 0, (left) => left, (left, up) => up, (left, up) => (left + up) >> 1, paeth];

/** Takes the filters off rows of `stride` bytes, `step` bytes a pixel. */
function unfilter(filtered, stride, step) {
  const rows = filtered.length / (stride + 1), pixels = Buffer.alloc(rows * stride);
  for (let row = 0; row < rows; row += 1) {
    const predict = PREDICT[filtered[row * (stride + 1)]];
    for (let at = 0; at < stride; at += 1) {
      const left = at >= step ? pixels[row * stride + at - step] : 0, up = row ? pixels[(row - 1) * stride + at] : 0, corner = row && at >= step ? pixels[(row - 1) * stride + at - step] : 0;
      pixels[row * stride + at] = filtered[row * (stride + 1) + 1 + at] + predict(left, up, corner);
    }
  }
  return pixels;
}

function filter(pixels, stride, step, kind) {
  const rows = pixels.length / stride, filtered = Buffer.alloc(rows * (stride + 1));
  for (let row = 0; row < rows; row += 1) {
    filtered[row * (stride + 1)] = kind;
    for (let at = 0; at < stride; at += 1) {
      const left = at >= step ? pixels[row * stride + at - step] : 0, up = row ? pixels[(row - 1) * stride + at] : 0, corner = row && at >= step ? pixels[(row - 1) * stride + at - step] : 0;
      filtered[row * (stride + 1) + 1 + at] = pixels[row * stride + at] - PREDICT[kind](left, up, corner);
    }
  }
  return filtered;
}

/** Packs the PNG at `path` again; resolves to its size in bytes. */
export async function makeSmaller(path) {
  const png = await readFile(path);
  const packed = [], rest = [];
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at), type = png.toString("latin1", at + 4, at + 8), data = png.subarray(at + 8, at + 8 + length);
    if (type === "IDAT") packed.push(data);
    else if (["IHDR", "PLTE", "tRNS", "IEND"].includes(type)) rest.push(chunk(type, data));
    at += 12 + length;
  }
  // Eight bits a channel, three or four channels, not interlaced: as browsers write them.
  const width = png.readUInt32BE(16), step = png[25] === 6 ? 4 : 3;
  if (png[24] !== 8 || ![2, 6].includes(png[25]) || png[28] !== 0) throw new Error(`${path} is a PNG of a kind that browsers don't write`);
  const pixels = unfilter(inflateSync(Buffer.concat(packed)), width * step, step);
  const tries = PREDICT.map((_, kind) => deflateSync(filter(pixels, width * step, step, kind), { level: 9, memLevel: 9 }));
  const least = tries.reduce((best, each) => (each.length < best.length ? each : best));
  const out = Buffer.concat([png.subarray(0, 8), ...rest.slice(0, -1), chunk("IDAT", least), rest.at(-1)]);
  await writeFile(path, out);
  return out.length;
}
