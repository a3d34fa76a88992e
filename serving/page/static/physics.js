// What is measured on trajectories {re, im}: lists of states, each a list of 2**n numbers.
// Index = bit string, spin 1 first; bit 0 is spin up.

import { entropies } from "./entanglement.js";

const AXES = ["x", "y", "z"];

// Everything the page draws, for prediction and exact evolution.
export function compare(predicted, exact) {
  const nSites = Math.log2(predicted.re[0].length);
  const hamiltonian = pauliSum(exact.terms, nSites);
  const reference = { re: exact.psi_re, im: exact.psi_im };
  const norm = each(predicted, (re, im) => Math.sqrt(squaredNorm(re, im)));
  const energy = expectations(hamiltonian, predicted);
  const magnetization = {}, exactMagnetization = {};
  for (const axis of AXES) {
    magnetization[axis] = expectations(meanSpin(axis, nSites), predicted);
    exactMagnetization[axis] = exact[`magnetization_${axis}`];
  }
  const further = (psi) => ({ correlation: correlations(exact.bonds, nSites, psi), entropy: entropies(psi, nSites) });
  return {
    times: exact.times,
    predicted: { ...predicted, norm, energy, magnetization, ...further(predicted) },
    exact: {
      ...reference,
      norm: norm.map(() => 1),
      energy: exact.energy,
      magnetization: exactMagnetization,
      ...further(reference),
    },
    errors: {
      relative_entropy: pairs(reference, predicted, relativeEntropy),
      infidelity: pairs(reference, predicted, infidelity),
      norm_error: norm.map((value) => Math.abs(value - 1)),
      energy_drift: energy.map((value) => Math.abs(value - exact.energy[0])),
      magnetization_error: magnetization.z.map((m, k) => Math.abs(m - exactMagnetization.z[k])),
    },
  };
}

// sum_x P_x ln(P_x / Q_x) of the absolute amplitudes, each divided by its sum.
export function relativeEntropy(exactRe, exactIm, re, im) {
  const p = exactRe.map((value, x) => Math.hypot(value, exactIm[x]));
  const q = re.map((value, x) => Math.hypot(value, im[x]));
  const sumP = total(p), sumQ = total(q);
  return total(p.map((value, x) => (value > 0 ? (value / sumP) * Math.log((value / sumP) / (q[x] / sumQ)) : 0)));
}

// 1 - |<exact|predicted>|^2, computed from the part orthogonal to the exact state: no cancellation.
export function infidelity(exactRe, exactIm, re, im) {
  const norm = squaredNorm(exactRe, exactIm);
  let overlapRe = 0, overlapIm = 0;
  for (let x = 0; x < re.length; x++) {
    overlapRe += (exactRe[x] * re[x] + exactIm[x] * im[x]) / norm;
    overlapIm += (exactRe[x] * im[x] - exactIm[x] * re[x]) / norm;
  }
  const restRe = re.map((value, x) => value - overlapRe * exactRe[x] + overlapIm * exactIm[x]);
  const restIm = im.map((value, x) => value - overlapRe * exactIm[x] - overlapIm * exactRe[x]);
  return squaredNorm(restRe, restIm) / squaredNorm(re, im);
}

// Each string of Paulis flips bits and multiplies by a phase: a list of [flip, phases re, im].
export function pauliSum(terms, nSites) {
  return terms.map(({ coefficient, sites, paulis }) => {
    const bit = (k) => 1 << (nSites - 1 - sites[k]);
    const mask = (letters) => [...paulis].reduce((m, p, k) => (letters.includes(p) ? m | bit(k) : m), 0);
    const turns = [...paulis].filter((p) => p === "Y").length % 4;
    return { coefficient, flip: mask("XY"), sign: mask("YZ"), turns };
  });
}

function meanSpin(axis, nSites) {
  const sites = Array.from({ length: nSites }, (_, site) => site);
  const term = (site) => ({ coefficient: 1 / nSites, sites: [site], paulis: axis.toUpperCase() });
  return pauliSum(sites.map(term), nSites);
}

// By axis the mean over neighbours of <s_i s_j>; of one spin nothing.
function correlations(bonds, nSites, psi) {
  if (!bonds.length) return undefined;
  const strings = (axis) => bonds.map((sites) => ({ coefficient: 1 / bonds.length, sites, paulis: axis.repeat(2) }));
  return Object.fromEntries(AXES.map((axis) => [axis, expectations(pauliSum(strings(axis.toUpperCase()), nSites), psi)]));
}

// <psi|A|psi> / <psi|psi> of every state.
function expectations(operator, psi) {
  return each(psi, (re, im) => total(operator.map((term) => overlap(term, re, im))) / squaredNorm(re, im));
}

// Real part of c i^turns sum_x conj(psi_x) (+-1) psi_{x ^ flip}; the sign is that before the flip.
function overlap({ coefficient, flip, sign, turns }, re, im) {
  let real = 0, imaginary = 0;
  for (let x = 0; x < re.length; x++) {
    const y = x ^ flip;
    const s = odd(y & sign) ? -1 : 1;
    real += s * (re[x] * re[y] + im[x] * im[y]);
    imaginary += s * (re[x] * im[y] - im[x] * re[y]);
  }
  return coefficient * [real, -imaginary, -real, imaginary][turns];
}

function odd(bits) {
  let count = 0;
  for (; bits; bits &= bits - 1) count++;
  return count % 2 === 1;
}

function squaredNorm(re, im) {
  let sum = 0;
  for (let x = 0; x < re.length; x++) sum += re[x] * re[x] + im[x] * im[x];
  return sum;
}

function each(psi, measure) {
  return psi.re.map((re, k) => measure(re, psi.im[k]));
}

function pairs(exact, predicted, measure) {
  return predicted.re.map((re, k) => measure(exact.re[k], exact.im[k], re, predicted.im[k]));
}

function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}
