// Open systems: X, Y and Z at rest or by time, of sites and of pairs.

import { at } from "./document.js";
import { number } from "./numbers.js";
import { PointPlot } from "./point_plot.js";
import { writeLegend } from "./sampled_view.js";
import { meanOf, pairMeans, siteMeans } from "./statistics.js";
import { dot, key, svg } from "./svg.js";
import { TimePlot } from "./time_plot.js";

const AXES = ["x", "y", "z"];

let averages, course;

export const OPEN_SYSTEM = {
  title: "Open system",
  lead: "What samples of served outcomes tell, beside the exact density matrix.",
  axes: AXES,
  siteTitle: "Each site",
  call: "open_system",

  facts({ n_sites, jumps_text, time }) {
    const when = time === null ? "at rest" : `at t = ${number(time)}`;
    return `${n_sites} spins with ${jumps_text}, ${when}.`;
  },

  whyNoExact({ n_sites }) {
    return n_sites > 8
      ? "Exact values are there for up to 8 spins."
      : "There are no exact values, because the start was no product of spins.";
  },

  aboutExact({ time }) {
    return time === null
      ? "Exact values are those of the one density matrix that stays as it is."
      : "Exact values are those of the Lindblad equation.";
  },

  measure(model, { outcomes }, values) {
    const means = Object.fromEntries(Object.entries(values).map(([name, numbers]) => [name, meanOf(numbers)]));
    return { outcomes, means, numbers: model.pauli_values };
  },

  rows(model, { means }, exact) {
    return namesOf(means).map((name) => ({
      name,
      text: `⟨${name.toUpperCase()}⟩`,
      mean: means[name],
      exact: exact.means?.[name].at(-1),
    }));
  },

  sites({ outcomes, numbers }, exact) {
    return AXES.map((axis) => ({
      kind: axis,
      name: `⟨${axis.toUpperCase()}⟩`,
      means: siteMeans(outcomes, numbers[axis]),
      exact: exact.sites?.[axis],
    }));
  },

  pairs({ outcomes, numbers }, exact, site) {
    return AXES.map((axis) => ({
      kind: axis,
      name: `⟨${axis.toUpperCase().repeat(2)}⟩`,
      means: pairMeans(outcomes, numbers[axis], site),
      exact: exact.pairs?.[axis][site],
    }));
  },

  draw(model, { means }, exact) {
    averages ??= new PointPlot(at("averages"), { title: "Averages over sites and neighbours" });
    const names = namesOf(means);
    // One series for each direction: it stands in the places that are its own.
    const series = AXES.map((axis) => ({
      kind: axis,
      name: `mean of ${axis.toUpperCase()}`,
      means: names.map((name) => (name[0] === axis ? means[name] : { value: NaN, error: NaN })),
      exact: exact.means && names.map((name) => exact.means[name].at(-1)),
    }));
    averages.draw(names.map((name) => `⟨${name.toUpperCase()}⟩`), series, { together: true });
    writeLegend(at("averages"), AXES, !exact.missing);
    drawCourse(model, means, exact);
  },
};

// Exact averages over time, and where the model is at its end.
function drawCourse(model, means, exact) {
  const isCourse = exact.times?.length > 1;
  at("course").hidden = !isCourse;
  if (!isCourse) return;
  course ??= new TimePlot(at("course"), { title: "Exact averages over sites", span: 0.02 });
  const last = exact.times.length - 1;
  const atEnd = (value) => exact.times.map((_, step) => (step === last ? value : NaN));
  course.draw(exact.times, AXES.flatMap((axis) => [
    { kind: axis, values: exact.means[axis], shape: "dashes", name: axis, label: axis },
    { kind: axis, values: atEnd(means[axis].value), errors: atEnd(means[axis].error), shape: "dots" },
  ]));
  const dashes = svg("path", { class: "curve dashes ink", d: "M1 6H25" });
  at("course").querySelector(".legend").replaceChildren(key([dashes], "exact"), key(dot("ink", 13, 6, 1, 11), "measured"));
}

function namesOf(means) {
  return ["x", "y", "z", "xx", "yy", "zz"].filter((name) => name in means);
}
