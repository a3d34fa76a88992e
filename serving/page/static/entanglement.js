// Entanglement entropy of pure states, by the singular values of the amplitudes as a matrix.

// -sum w ln w in nats of the first half of the spins, of every state of {re, im}.
export function entropies(psi, nSites) {
  if (nSites < 2) return undefined;
  const left = 2 ** Math.floor(nSites / 2);
  return psi.re.map((re, k) => entropy(re, psi.im[k], left));
}

export function entropy(re, im, left) {
  const weights = squaredSingularValues(re, im, left);
  const norm = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.reduce((sum, weight) => (weight > 0 ? sum - (weight / norm) * Math.log(weight / norm) : sum), 0);
}

const MOST_SWEEPS = 30;
const NEGLIGIBLE = 1e-24;

// One-sided Jacobi: rows are turned in pairs until all are orthogonal; then their squared norms are
// the squares of the singular values, the small ones as exact as the large ones.
function squaredSingularValues(re, im, left) {
  const width = re.length / left;
  const rows = Array.from({ length: left }, (_, k) => ({
    re: Float64Array.from(re.slice(k * width, (k + 1) * width)),
    im: Float64Array.from(im.slice(k * width, (k + 1) * width)),
  }));
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let isDone = true;
    for (let p = 0; p < left; p++) {
      for (let q = p + 1; q < left; q++) isDone = !turnApart(rows[p], rows[q]) && isDone;
    }
    if (isDone) break;
  }
  return rows.map((row) => squaredNorm(row));
}

// Makes two rows orthogonal; returns whether they were not.
function turnApart(a, b) {
  const alpha = squaredNorm(a), beta = squaredNorm(b);
  let re = 0, im = 0;
  for (let k = 0; k < a.re.length; k++) {
    re += a.re[k] * b.re[k] + a.im[k] * b.im[k];
    im += a.re[k] * b.im[k] - a.im[k] * b.re[k];
  }
  const squared = re * re + im * im;
  if (!(squared > NEGLIGIBLE * alpha * beta)) return false;
  // <a|b> = size exp(i phase): b is turned by -phase, then both by a real angle.
  const size = Math.sqrt(squared), cosPhase = re / size, sinPhase = im / size;
  const zeta = (beta - alpha) / (2 * size);
  const tangent = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent), sine = cosine * tangent;
  for (let k = 0; k < a.re.length; k++) {
    const bRe = b.re[k] * cosPhase + b.im[k] * sinPhase, bIm = b.im[k] * cosPhase - b.re[k] * sinPhase;
    [a.re[k], b.re[k]] = [cosine * a.re[k] - sine * bRe, sine * a.re[k] + cosine * bRe];
    [a.im[k], b.im[k]] = [cosine * a.im[k] - sine * bIm, sine * a.im[k] + cosine * bIm];
  }
  return true;
}

function squaredNorm({ re, im }) {
  let sum = 0;
  for (let k = 0; k < re.length; k++) sum += re[k] * re[k] + im[k] * im[k];
  return sum;
}
