// Wave functions of ground states: energy, V-score, Z and its correlations, samples as pictures.

import { at } from "./document.js";
import { number } from "./numbers.js";
import { SamplePictures } from "./sample_pictures.js";
import { meanOf, pairMeans, siteMeans, varianceOf } from "./statistics.js";
import { key, svg } from "./svg.js";

// Z of the bits: 0 is up.
const Z = [1, -1];

let pictures;

export const GROUND_STATE = {
  title: "Ground state",
  lead: "What samples of a served wave function tell, beside exact values.",
  axes: ["z"],
  siteTitle: "⟨Z⟩ of each site",
  call: "ground_state",

  facts({ n_sites, level, magnetization }) {
    const which = level ? `, above ${level} lower ${level === 1 ? "state" : "states"}` : "";
    const sector = magnetization === null ? "" : `, with ${magnetization} more spins up than down`;
    return `${n_sites} spins${which}${magnetization === 0 ? ", as many up as down" : sector}.`;
  },

  whyNoExact() {
    return "Exact values are there for up to 12 spins.";
  },

  aboutExact(model, { energy, gap, z }) {
    if (energy === null) return "There is no exact level of this number.";
    const next = gap === null ? "" : `The next level lies ${number(gap)} higher. `;
    return next + (z === null ? "The level has several states, so ⟨Z⟩ and ⟨ZZ⟩ have no one exact value." : "");
  },

  measure(model, { bits, log_modulus: logModulus }, values) {
    const energies = values.local_energy_re;
    const energy = meanOf(energies);
    const variance = varianceOf(energies) + varianceOf(values.local_energy_im);
    return {
      bits,
      probabilities: logModulus.map((value) => Math.exp(2 * value)),
      energy,
      variance,
      vScore: (model.n_sites * variance) / energy.value ** 2,
      magnetization: meanOf(values.magnetization),
      absMagnetization: meanOf(values.abs_magnetization),
    };
  },

  rows(model, found, exact) {
    const { energy } = found, reference = exact.energy ?? undefined;
    const perSite = (value) => value / model.n_sites;
    const above = reference && { value: (energy.value - reference) / Math.abs(reference), error: energy.error / Math.abs(reference) };
    const meanZ = exact.z ? exact.z.reduce((sum, value) => sum + value, 0) / model.n_sites : undefined;
    return [
      { name: "energy", text: "Energy", mean: energy, exact: reference },
      { name: "energy_per_site", text: "Energy a site", mean: { value: perSite(energy.value), error: perSite(energy.error) }, exact: reference && perSite(reference) },
      ...(above ? [{ name: "relative_error", text: "Relative error", mean: above, exact: 0 }] : []),
      { name: "variance", text: "Variance", mean: { value: found.variance }, exact: 0 },
      { name: "v_score", text: "V-score", mean: { value: found.vScore }, exact: 0 },
      { name: "magnetization", text: "⟨Z⟩ a site", mean: found.magnetization, exact: meanZ },
      { name: "abs_magnetization", text: "⟨|mean Z|⟩", mean: found.absMagnetization },
    ];
  },

  sites({ bits }, exact) {
    return [{ kind: "z", name: "⟨Z⟩", means: siteMeans(bits, Z), exact: exact.z ?? undefined }];
  },

  pairs({ bits }, exact, site) {
    return [{ kind: "z", name: "⟨ZZ⟩", means: pairMeans(bits, Z, site), exact: exact.zz?.[site] }];
  },

  draw(model, { bits, probabilities }) {
    pictures ??= new SamplePictures(at("samples"));
    pictures.draw(bits, model, probabilities);
    const sample = (name) => [svg("circle", { class: name, cx: 13, cy: 6, r: 5 })];
    at("samples").querySelector(".legend").replaceChildren(key(sample("up"), "up"), key(sample("down"), "down"));
  },
};
