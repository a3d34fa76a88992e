// Puts the page together: which model is asked, by which view, and what the address says.

import { readAddress, writeAddress } from "./address.js";
import * as api from "./api.js";
import { at, showFor } from "./document.js";
import { DynamicsView } from "./dynamics_view.js";
import { GROUND_STATE } from "./ground_state.js";
import { OPEN_SYSTEM } from "./open_system.js";
import { SampledView } from "./sampled_view.js";

const LONGEST_SHOWN = 60;

// Each fits its fields to a model, asks, draws, and knows what of it belongs into the address.
const views = {
  dynamics: new DynamicsView({ onMove: remember, onAsk: ask }),
  ground_state: new SampledView(GROUND_STATE, { onMove: remember, onAsk: ask }),
  open_system: new SampledView(OPEN_SYSTEM, { onMove: remember, onAsk: ask }),
};

let models, view;
let running = new AbortController();
let notice = "";

async function start() {
  try {
    const catalogue = await api.models();
    markNewest(catalogue.models);
    models = catalogue.models.filter((model) => model.explorable);
    if (!models.length) throw new Error(whyNone(catalogue.models));
    views.dynamics.offer(catalogue.initial_states);
    fillModels(catalogue.models);
    listen();
    // Until here it could do nothing.
    at("controls").hidden = at("facts").hidden = false;
    restore();
  } catch (error) {
    fail(error);
  }
}

function listen() {
  const form = at("controls");
  form.addEventListener("submit", (event) => (event.preventDefault(), ask()));
  form.addEventListener("change", (event) => {
    turnTo(chosenModel());
    view.fit(event.target);
    ask();
  });
  addEventListener("hashchange", restore);
}

// Shows what the address says, and tells what of it cannot be shown.
function restore() {
  const [wanted, refused] = readAddress();
  const named = models.filter((model) => model.name === wanted.model);
  const model = named.find((each) => each.version === wanted.version) ?? named[0] ?? models[0];
  at("model").value = keyOf(model);
  turnTo(model);
  view.forget();
  notice = missing(wanted, model) + notTaken([...refused, ...view.write(wanted)]);
  run();
}

function turnTo(model) {
  if (view !== views[model.kind]) {
    view?.leave();
    view = views[model.kind];
    document.querySelector("main").classList.add("empty");
    showFor(model.kind);
    at("title").textContent = view.title;
    at("lead").textContent = view.lead;
    at("ask").textContent = view.verb;
  }
  view.turnTo(model);
}

function ask() {
  notice = "";
  run();
}

// A newer choice takes the place of one that still runs.
async function run() {
  running.abort();
  running = new AbortController();
  const { signal } = running, asked = view;
  try {
    describe(chosenModel());
    const choice = asked.read();
    busy(true);
    const sentence = await asked.run(choice, signal);
    if (signal.aborted) return;
    busy(false);
    at("error").hidden = true;
    document.querySelector("main").classList.remove("empty");
    asked.show();
    at("status").textContent = notice + sentence;
    remember();
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

function remember() {
  const { model, ...rest } = view.address();
  writeAddress({ model: model.name, version: model.newest ? undefined : model.version, ...rest });
}

function describe(model) {
  at("hamiltonian").textContent = model.hamiltonian_text;
  at("system").textContent = view.facts();
  at("status_link").href = api.modelPath(model);
  at("metadata_link").href = `${api.modelPath(model)}/metadata`;
}

function busy(isBusy) {
  for (const results of document.querySelectorAll(".results")) results.setAttribute("aria-busy", isBusy);
  if (isBusy) at("status").textContent = view.waiting;
}

function fail(error) {
  busy(false);
  at("error").textContent = error.message;
  at("error").hidden = false;
  at("status").textContent = notice + (view?.hasResult() ? "The figures show the last result." : "");
}

function fillModels(listed) {
  const options = listed.map((model) => {
    const option = new Option(`${model.name}, version ${model.version}`, keyOf(model));
    if (!model.explorable) {
      option.disabled = true;
      option.text += " (cannot be explored)";
    }
    return option;
  });
  at("model").append(...options);
}

function chosenModel() {
  return models.find((model) => keyOf(model) === at("model").value);
}

function keyOf(model) {
  return `${model.name}/${model.version}`;
}

// Versions of a model come newest first.
function markNewest(listed) {
  const seen = new Set();
  for (const model of listed) {
    model.newest = !seen.has(model.name);
    seen.add(model.name);
  }
}

function missing(wanted, model) {
  const isThere = wanted.model === model.name && model.version === (wanted.version ?? model.version);
  if (wanted.model === undefined || isThere) return "";
  const asked = wanted.version === undefined ? wanted.model : `${wanted.model}, version ${wanted.version}`;
  return `The link names ${asked}, which cannot be explored; this is ${model.name}, version ${model.version}. `;
}

function whyNone(listed) {
  if (!listed.length) return "The server serves no model at this moment.";
  const reasons = listed.map((model) => `${model.name}, version ${model.version}: ${model.reason}`);
  return `No served model can be explored. ${reasons.join(" ")}`;
}

function notTaken(refused) {
  const list = refused.map(([name, value]) => `${name} = ${value}`.slice(0, LONGEST_SHOWN));
  return list.length ? `Not taken from the link: ${list.join(", ")}. ` : "";
}

start();
