// Numbers as people read them, and the ticks of axes.

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

export function number(value, digits = 3) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-2 && size < 1e5) return minus(value.toPrecision(digits));
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return `${minus(mantissa)}·${powerOfTen(Number(exponent))}`;
}

export function decimal(value, decimals = 4) {
  // No minus sign in front of zeros.
  return Number.isFinite(value) ? minus(value.toFixed(decimals).replace(/^-(?=[0.]*$)/, "")) : "–";
}

// As many decimals as show two digits of the error; without an error as any number.
export function inDigitsOf(error, value) {
  if (!(error > 0)) return number(value, 6);
  const decimals = 1 - Math.floor(Math.log10(error));
  return decimals > 8 ? number(value, 6) : decimal(value, Math.max(0, decimals));
}

export function powerOfTen(exponent) {
  return `10${[...String(exponent)].map((sign) => SUPERSCRIPTS[sign]).join("")}`;
}

export function minus(text) {
  return String(text).replace("-", "−");
}

// Round numbers over [low, high]: {values, label}, a common power of ten in `factor`.
export function linearTicks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.75);
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  const values = Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step);
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const exponent = largest >= 1e-2 && largest < 1e4 ? 0 : Math.floor(Math.log10(largest));
  const decimals = Math.max(0, exponent - Math.floor(Math.log10(step) + 1e-9));
  const label = (value) => minus((value / 10 ** exponent + 0).toFixed(decimals).replace(/^-(0(\.0*)?)$/, "$1"));
  return { values, label, factor: exponent ? `×${powerOfTen(exponent)}` : "" };
}

// Decades over [low, high], both powers of ten.
export function logTicks(low, high, count) {
  const first = Math.round(Math.log10(low)), last = Math.round(Math.log10(high));
  const stride = Math.max(1, Math.ceil((last - first) / count));
  const exponents = [];
  for (let exponent = last; exponent >= first; exponent -= stride) exponents.push(exponent);
  return {
    values: exponents.map((exponent) => 10 ** exponent),
    label: (value) => powerOfTen(Math.round(Math.log10(value))),
    factor: "",
  };
}
