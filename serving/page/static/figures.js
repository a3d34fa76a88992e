// The figures of the page, each with its legend.

import { Bars } from "./bars.js";
import { at } from "./document.js";
import { key, mark, svg } from "./svg.js";
import { TimePlot } from "./time_plot.js";

const AXES = ["x", "y", "z"];

export class Figures {
  // `onPick(step)`: a time was chosen in a figure.
  constructor(onPick) {
    const plot = (id, options) => new TimePlot(at(id), { onPick, ...options });
    this.magnetization = plot("magnetization", { title: "Magnetisation per site", span: 0.02 });
    this.error = plot("error_plot", { title: "Error", log: true });
    this.energy = plot("energy", { title: "Energy minus exact energy at the start" });
    this.norm = plot("norm", { title: "Norm minus 1" });
    this.correlations = plot("correlations", { title: "Correlations of neighbours", span: 0.02 });
    this.entropy = plot("entropy", { title: "Entanglement entropy of half the spins", span: 0.02 });
    this.bars = new Bars(at("amplitudes"));
    this.writeLegends();
  }

  draw({ times, predicted, exact, errors }, step) {
    const e0 = exact.energy[0];
    this.magnetization.draw(times, byAxis(predicted.magnetization, exact.magnetization, (axis) => axis), step);
    this.error.draw(times, [
      { ...curve("entropy", errors.relative_entropy, "line"), label: "relative entropy" },
      { ...curve("infidelity", errors.infidelity, "line"), label: "infidelity" },
    ], step);
    this.energy.draw(times, drift(predicted.energy, exact.energy, e0), step);
    this.norm.draw(times, drift(predicted.norm, exact.norm, 1), step);
    // One spin has no neighbours.
    for (const id of ["correlations", "entropy"]) at(id).hidden = !exact.correlation;
    if (!exact.correlation) return;
    const pair = (axis) => axis.repeat(2);
    this.correlations.draw(times, byAxis(predicted.correlation, exact.correlation, pair), step);
    this.entropy.draw(times, drift(predicted.entropy, exact.entropy, 0), step);
  }

  moveTo(step) {
    const plots = [this.magnetization, this.error, this.energy, this.norm, this.correlations, this.entropy];
    for (const plot of plots) plot.moveTo(step);
  }

  drawAmplitudes(result, view, step) {
    this.bars.draw(result, view, step);
  }

  writeLegends() {
    const line = (kind) => svg("path", { class: `curve line ${kind}`, d: "M1 6H25" });
    const dashes = svg("path", { class: "curve dashes exact", d: "M1 6H25" });
    const level = svg("path", { class: "level", d: "M7 6h12" });
    const box = (kind) => svg("rect", { class: `bar ${kind}`, x: 8, y: 1, width: 10, height: 10 });
    const marks = [mark("x", 4, 6), mark("y", 13, 6), mark("z", 22, 6)];
    for (const id of ["magnetization", "correlations"]) {
      legend(id, key([line("ink")], "predicted"), key(marks.map((each) => each.cloneNode()), "exact"));
    }
    legend("error_plot", key([line("entropy")], "relative entropy"), key([line("infidelity")], "infidelity"));
    for (const id of ["energy", "norm", "entropy"]) {
      legend(id, key([line("predicted")], "predicted"), key([dashes.cloneNode()], "exact"));
    }
    legend("amplitudes", key([box("predicted")], "predicted"), key([box("exact"), level], "exact"));
  }
}

function curve(kind, values, shape) {
  return { kind, values, shape };
}

function byAxis(predicted, exact, nameOf) {
  return [
    ...AXES.map((axis) => curve(axis, exact[axis], "marks")),
    ...AXES.map((axis) => ({ ...curve(axis, predicted[axis], "line"), name: nameOf(axis), label: nameOf(axis) })),
  ];
}

function drift(predicted, exact, start) {
  return [
    curve("exact", exact.map((value) => value - start), "dashes"),
    { ...curve("predicted", predicted.map((value) => value - start), "line"), label: "predicted" },
  ];
}

function legend(id, ...keys) {
  document.querySelector(`#${id} .legend`).replaceChildren(...keys);
}
