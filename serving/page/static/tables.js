// The numbers beside the figures.

import { element } from "./document.js";
import { decimal, inDigitsOf, number } from "./numbers.js";

const AXES = ["x", "y", "z"];

const ERRORS = {
  relative_entropy: "Relative entropy",
  infidelity: "Infidelity",
  norm_error: "Norm",
  energy_drift: "Energy drift",
  magnetization_error: "Magnetisation z",
};

export function showErrors(table, { errors }, step) {
  const rows = Object.entries(ERRORS).map(([name, text]) => {
    const values = errors[name], later = values.slice(1);
    const mean = later.reduce((sum, value) => sum + value, 0) / later.length;
    return row(name, text, { now: values[step], end: values.at(-1), mean });
  });
  table.tBodies[0].replaceChildren(...rows);
}

export function showValues(table, { predicted, exact }, step) {
  const both = (values) => ({ predicted: values(predicted)?.[step], exact: values(exact)?.[step] });
  const rows = [
    ...AXES.map((axis) => row(`m_${axis}`, `Magnetisation ${axis}`, both((of) => of.magnetization[axis]), decimal)),
    ...AXES.map((axis) => row(`c_${axis}`, `Correlation ${axis.repeat(2)}`, both((of) => of.correlation?.[axis]), decimal)),
    row("entropy", "Entropy", both((of) => of.entropy), decimal),
    row("energy", "Energy", both((of) => of.energy), decimal),
    row("norm", "Norm", both((of) => of.norm), decimal),
  ];
  table.tBodies[0].replaceChildren(...rows);
}

// Rows {name, text, mean: {value, error}, exact}; both may be missing.
export function showMeasured(table, rows) {
  table.tBodies[0].replaceChildren(...rows.map(({ name, text, mean, exact }) => {
    const line = row(name, text, { measured: mean.value, exact }, (value) => inDigitsOf(mean.error, value));
    if (mean.error === undefined) return line;
    const error = element("data", { value: mean.error, textContent: inDigitsOf(mean.error, mean.error) });
    error.dataset.name = "error";
    line.querySelector("[data-column=measured]").append("\u00a0±\u00a0", error);
    return line;
  }));
}

function row(name, text, cells, format = number) {
  const line = document.createElement("tr");
  line.dataset.name = name;
  const head = Object.assign(document.createElement("th"), { scope: "row", textContent: text });
  line.append(head, ...Object.entries(cells).map(([column, value]) => cell(column, value, format)));
  return line;
}

// The attribute keeps all digits.
function cell(column, value, format) {
  const data = element("data", { value, textContent: format(value) });
  const place = document.createElement("td");
  place.dataset.column = column;
  place.append(data);
  return place;
}
