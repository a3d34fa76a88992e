// The numbers beside the figures.

import { decimal, number } from "./numbers.js";

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
  const rows = ["x", "y", "z"].map((axis) => row(`m_${axis}`, `Magnetisation ${axis}`, {
    predicted: predicted.magnetization[axis][step],
    exact: exact.magnetization[axis][step],
  }, decimal));
  for (const [name, text] of [["energy", "Energy"], ["norm", "Norm"]]) {
    rows.push(row(name, text, { predicted: predicted[name][step], exact: exact[name][step] }, decimal));
  }
  table.tBodies[0].replaceChildren(...rows);
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
  const data = Object.assign(document.createElement("data"), { value, textContent: format(value) });
  const place = document.createElement("td");
  place.dataset.column = column;
  place.append(data);
  return place;
}
