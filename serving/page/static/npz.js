// NumPy's archives: a ZIP file without compression that holds a NPY file for each array.

const ITEMS = { "<f8": Float64Array, "<c8": Float32Array, "<c16": Float64Array };
const TEXT = new TextEncoder();

// A NPY file; of complex numbers `values` are real and imaginary parts in turn.
export function array(values, shape, dtype) {
  const described = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  // The numbers begin at a multiple of 64 bytes; the header ends with a line break.
  const padding = " ".repeat(63 - ((10 + described.length) % 64));
  const header = TEXT.encode(`${described}${padding}\n`);
  const start = new Uint8Array([0x93, ...TEXT.encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  return joined([start, header, new Uint8Array(ITEMS[dtype].from(values).buffer)]);
}

// The archive of files by name, as bytes.
export function npz(arrays) {
  const parts = [], entries = [];
  let offset = 0;
  for (const [name, content] of Object.entries(arrays)) {
    const file = TEXT.encode(`${name}.npy`);
    const common = fields([[20, 2], [0, 2], [0, 2], [0, 2], [0x21, 2], [crc32(content), 4], [content.length, 4],
      [content.length, 4], [file.length, 2], [0, 2]]);
    const local = joined([fields([[0x04034b50, 4]]), common, file]);
    entries.push(joined([fields([[0x02014b50, 4], [20, 2]]), common, fields([[0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]]), file]));
    parts.push(local, content);
    offset += local.length + content.length;
  }
  const size = entries.reduce((sum, entry) => sum + entry.length, 0), count = entries.length;
  const end = fields([[0x06054b50, 4], [0, 2], [0, 2], [count, 2], [count, 2], [size, 4], [offset, 4], [0, 2]]);
  return joined([...parts, ...entries, end]);
}

// Numbers [value, bytes], the lowest byte first.
function fields(numbers) {
  return new Uint8Array(numbers.flatMap(([value, bytes]) => Array.from({ length: bytes }, (_, k) => (value >>> (8 * k)) & 255)));
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let k = 0; k < 8; k++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
