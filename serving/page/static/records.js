// A result of dynamics as files: numbers over time as CSV, states too as NPZ.

import { array, npz } from "./npz.js";

// Columns as `qtf predict --output` names them; exact ones end in _exact.
export function courseCsv(result) {
  const columns = courses(result);
  const lines = result.times.map((_, step) => Object.values(columns).map((values) => values[step]).join(","));
  return `${[Object.keys(columns).join(","), ...lines].join("\n")}\n`;
}

export function courseNpz(result) {
  const { predicted, exact } = result, shape = [result.times.length, predicted.re[0].length];
  const series = Object.entries(courses(result)).map(([name, values]) => [name, array(values, [values.length], "<f8")]);
  return npz(Object.fromEntries([
    ...series,
    ["psi", array(joined(predicted), shape, "<c8")],
    ["psi_exact", array(joined(exact), shape, "<c16")],
  ]));
}

function courses({ times, predicted, exact, errors }) {
  const columns = { times };
  for (const [ending, of] of [["", predicted], ["_exact", exact]]) {
    columns[`norm${ending}`] = of.norm;
    columns[`energy${ending}`] = of.energy;
    for (const axis of ["x", "y", "z"]) columns[`magnetization_${axis}${ending}`] = of.magnetization[axis];
    for (const axis of ["x", "y", "z"]) if (of.correlation) columns[`correlation_${axis.repeat(2)}${ending}`] = of.correlation[axis];
    if (of.entropy) columns[`entropy${ending}`] = of.entropy;
  }
  return { ...columns, infidelity: errors.infidelity, relative_entropy: errors.relative_entropy };
}

// Real and imaginary parts in turn.
function joined({ re, im }) {
  return re.flatMap((row, step) => row.flatMap((value, x) => [value, im[step][x]]));
}
