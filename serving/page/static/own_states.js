// Initial states of one's own: spins along directions, and amplitudes as text.

export const BLOCH = "bloch";
export const AMPLITUDES = "amplitudes";

export const OWN_STATES = [
  { name: BLOCH, text: "Own: Bloch angles", seeded: false, n_sites: null },
  { name: AMPLITUDES, text: "Own: amplitudes", seeded: false, n_sites: null },
];

const NUMBER = String.raw`(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const COMPLEX = new RegExp(`^([+-]?${NUMBER})?(?:([+-]?)(${NUMBER})?\\*?([ij]))?$`, "i");

// Pairs of angles in degrees from "theta,phi;theta,phi".
export function parseAngles(text, n) {
  const pairs = text.split(";").map((pair) => pair.split(",").map((part) => (part.trim() === "" ? NaN : Number(part))));
  if (pairs.length !== n || pairs.some((pair) => pair.length !== 2)) {
    throw new Error(`The Bloch angles must be ${n} pairs of θ and φ, but are ${text || "none"}.`);
  }
  const wrong = pairs.findIndex((pair) => !pair.every(Number.isFinite));
  if (wrong >= 0) throw new Error(`The Bloch angles must be numbers, but those of spin ${wrong + 1} are not.`);
  return pairs;
}

// Product of cos(theta / 2) up + exp(i phi) sin(theta / 2) down, spin 1 first.
export function productState(pairs) {
  let state = [[1, 0]];
  for (const [theta, phi] of pairs.map((pair) => pair.map((angle) => (angle * Math.PI) / 180))) {
    const up = Math.cos(theta / 2), down = Math.sin(theta / 2);
    state = state.flatMap(([re, im]) => [[re * up, im * up], times(re, im, down * Math.cos(phi), down * Math.sin(phi))]);
  }
  return split(state);
}

// Amplitudes such as 0.5, -0.5i, 0.3+0.4j, with spaces, commas or lines between them; brackets are
// left out. Returns them divided by their norm, and the norm.
export function parseAmplitudes(text, n) {
  const words = wordsOf(text);
  if (words.length !== 2 ** n) {
    throw new Error(`The amplitudes must be 2ⁿ = ${2 ** n} numbers for n = ${n}, but are ${words.length}.`);
  }
  const values = words.map(parseComplex);
  const norm = Math.hypot(...values.flat());
  if (!(norm > 0 && Number.isFinite(norm))) throw new Error(`The amplitudes must not all be 0, but have the norm ${norm}.`);
  return { ...split(values.map(([re, im]) => [re / norm, im / norm])), norm };
}

export function wordsOf(text) {
  return text.replace(/[[\](){}"']/g, " ").split(/[\s,;]+/).filter(Boolean);
}

// The state as such a text, in as many digits as single precision has.
export function stateText({ re, im }) {
  return re.map((value, x) => complexText(value, im[x])).join(" ");
}

export function basisText(n) {
  return ["1", ...Array(2 ** n - 1).fill("0")].join(" ");
}

function parseComplex(word) {
  const match = word.match(COMPLEX);
  const isTorn = match?.[1] !== undefined && match[2] === "" && match[3] !== undefined;
  if (!match || isTorn) throw new Error(`The amplitudes must be numbers such as 0.5 or 0.3+0.4i, but one is ${word.slice(0, 30)}.`);
  const [, real, sign, size, unit] = match;
  if (unit === undefined) return [Number(real), 0];
  // Of "0.5i" the number stands where a real part could.
  if (real !== undefined && sign === "" && size === undefined) return [0, Number(real)];
  return [Number(real ?? 0), Number(`${sign}${size ?? 1}`)];
}

function complexText(re, im) {
  const real = String(Number(re.toPrecision(9)));
  if (im === 0) return real;
  const imaginary = `${Number(im.toPrecision(9))}i`;
  if (re === 0) return imaginary;
  return im < 0 ? `${real}${imaginary}` : `${real}+${imaginary}`;
}

function times(re, im, otherRe, otherIm) {
  return [re * otherRe - im * otherIm, re * otherIm + im * otherRe];
}

function split(values) {
  return { re: values.map(([re]) => re), im: values.map(([, im]) => im) };
}
