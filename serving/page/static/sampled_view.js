// Models that are sampled: wave functions and open systems. What differs is told by a `kind`.

import * as api from "./api.js";
import { at, integer, milliseconds, timed } from "./document.js";
import { PointPlot } from "./point_plot.js";
import { sampledLines, showLines } from "./program.js";
import { dot, key, svg } from "./svg.js";
import { showMeasured } from "./tables.js";

const DEFAULT_SAMPLES = 1024;
const MOST_SAMPLES = 16384;
// Seeds of one call follow one another, those of different ones lie this far apart, as in the
// client; larger seeds are no exact numbers here.
const APART = 2 ** 32;
const LARGEST_SEED = 2 ** 20;

// Both kinds draw into the same two figures.
const plots = {};

export class SampledView {
  constructor(kind, { onMove, onAsk }) {
    const { title, lead } = kind;
    Object.assign(this, { kind, title, lead, onMove, verb: "Measure", waiting: "Measuring …" });
    plots.sites ??= new PointPlot(at("site_means"), { title: "Means of each site", axis: "site" });
    plots.pairs ??= new PointPlot(at("pair_means"), { title: "Correlations with one site", axis: "site" });
    at("new_sample_seed").addEventListener("click", () => {
      if (!this.model) return;
      at("sample_seed").value = Number(at("sample_seed").value) + 1;
      onAsk();
    });
    at("site").addEventListener("change", () => this.model && this.result && this.chooseSite());
  }

  turnTo(model) {
    this.model = model;
    at("site").max = model.n_sites;
    at("n_samples").max = MOST_SAMPLES;
    at("samples_hint").textContent = `${model.n_sites} spins; from 2 to ${MOST_SAMPLES} samples.`;
  }

  fit() {}

  // Shows a choice; returns [name, value] of what was not taken.
  write(wanted) {
    at("n_samples").value = wanted.samples ?? DEFAULT_SAMPLES;
    at("sample_seed").value = wanted.seed ?? 0;
    const isSite = wanted.site >= 1 && wanted.site <= this.model.n_sites;
    at("site").value = isSite ? wanted.site : 1;
    return Object.entries(wanted).filter(([name]) =>
      !["model", "version", "samples", "seed"].includes(name) && !(name === "site" && isSite));
  }

  read() {
    const samples = integer("number of samples", at("n_samples").value, 2, MOST_SAMPLES);
    const seed = integer("seed", at("sample_seed").value, 0, LARGEST_SEED);
    return { model: this.model, samples, seed };
  }

  facts() {
    return this.kind.facts(this.model);
  }

  async run(choice, signal) {
    const { model, samples, seed } = choice;
    const seeds = Array.from({ length: samples }, (_, k) => APART * seed + k);
    const [drawn, drawTime] = await timed(api.sampled(model, "sample", seeds, signal));
    const [values, measureTime] = await timed(api.sampled(model, "observables", seeds, signal));
    const told = `${samples} samples measured in ${milliseconds(drawTime + measureTime)}`;
    const [exact, exactTime] = await timed(this.exact(model, signal));
    if (signal.aborted) return "";
    Object.assign(this, { choice, exactValues: exact, result: this.kind.measure(model, drawn, values) });
    return `${told}${exact.missing ? "" : `, exact values in ${milliseconds(exactTime)}`}; round trips included.`;
  }

  // Exact values, or why there are none.
  async exact(model, signal) {
    if (!model.has_exact) return { missing: this.kind.whyNoExact(model) };
    try {
      return await api.exactValues(model, signal);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      return { missing: error.message };
    }
  }

  show() {
    const { kind, choice, result, exactValues } = this;
    showMeasured(at("measured"), kind.rows(choice.model, result, exactValues));
    at("site_means").querySelector("h2").textContent = kind.siteTitle;
    at("about_exact").textContent = exactValues.missing ?? kind.aboutExact(choice.model, exactValues);
    for (const id of ["site_means", "pair_means"]) writeLegend(at(id), kind.axes, !exactValues.missing);
    plots.sites.draw(siteNames(choice.model), kind.sites(result, exactValues));
    kind.draw(choice.model, result, exactValues);
    showLines(sampledLines(kind.call, choice));
    this.drawPairs();
  }

  chooseSite() {
    this.drawPairs();
    this.onMove();
  }

  drawPairs() {
    const { kind, choice, result, exactValues } = this;
    const wanted = Number(at("site").value), last = choice.model.n_sites;
    const site = Number.isInteger(wanted) ? Math.min(last, Math.max(1, wanted)) : 1;
    at("site").value = site;
    plots.pairs.draw(siteNames(choice.model), kind.pairs(result, exactValues, site - 1));
  }

  address() {
    return { model: this.choice.model, samples: this.choice.samples, seed: this.choice.seed, site: at("site").value };
  }

  hasResult() {
    return this.result !== undefined;
  }

  forget() {
    this.result = undefined;
  }

  leave() {
    this.forget();
    this.model = undefined;
  }
}

export function writeLegend(figure, axes, hasExact) {
  const place = (k) => 13 + 9 * (k - (axes.length - 1) / 2);
  const dots = axes.flatMap((axis, k) => dot(axis, place(k), 6, 1, 11));
  const levels = axes.map((axis, k) => svg("path", { class: `level ${axis}`, d: `M${place(k) - 4} 6h8` }));
  figure.querySelector(".legend").replaceChildren(
    ...(axes.length > 1 ? [nameKeys(axes)] : []),
    key(dots, "measured"),
    ...(hasExact ? [key(levels, "exact")] : []),
  );
}

function nameKeys(axes) {
  return svg("svg", { width: 14 * axes.length, height: 14, role: "img", "aria-label": axes.join(", ") },
    ...axes.map((axis, k) => svg("text", { class: `name ${axis}`, x: 14 * k, y: 11 }, axis)));
}

function siteNames(model) {
  return Array.from({ length: model.n_sites }, (_, k) => String(k + 1));
}
