// Puts the page together: choice -> predicted and exact trajectory -> figures and numbers.

import { readAddress, writeAddress } from "./address.js";
import * as api from "./api.js";
import { VIEWS } from "./bars.js";
import { Controls, segments } from "./controls.js";
import { Figures } from "./figures.js";
import { minus, number } from "./numbers.js";
import { compare } from "./physics.js";
import { showErrors, showValues } from "./tables.js";

const PLAY_SECONDS = 6;
const LONGEST_SHOWN = 60;

const at = (id) => document.getElementById(id);
const figures = new Figures((step) => (stop(), show(step)));

let controls, choice, result;
let step, view = "probability";
let running = new AbortController();
let playing = 0;
let notice = "";

async function start() {
  listen();
  try {
    const catalogue = await api.models();
    markNewest(catalogue.models);
    if (!catalogue.models.some((model) => model.explorable)) throw new Error(whyNone(catalogue.models));
    controls = new Controls(at("controls"), catalogue, () => ((notice = ""), run()));
    // Until here it could do nothing.
    at("controls").hidden = at("facts").hidden = false;
    restore();
  } catch (error) {
    fail(error);
  }
}

function restore() {
  const [wanted, refused] = readAddress();
  const isView = Object.hasOwn(VIEWS, wanted.view ?? "");
  view = isView ? wanted.view : "probability";
  if (wanted.view !== undefined && !isView) refused.push(["view", wanted.view]);
  at("view").querySelector(`input[value=${view}]`).checked = true;
  const [missing, unknown] = controls.write(wanted);
  notice = missing + notTaken([...refused, ...unknown]);
  result = undefined;
  step = wanted.step;
  run();
}

// A newer choice takes the place of one that still runs.
async function run() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  stop();
  try {
    describe(controls.model());
    const next = controls.read();
    busy(true);
    const [compared, took] = await compute(next, signal);
    if (signal.aborted) return;
    const wasAtEnd = result && step === result.times.length - 1;
    [choice, result] = [next, compared];
    finish(wasAtEnd ? next.steps : step, took);
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

async function compute({ model, n, state, seed, steps }, signal) {
  const psi0 = await api.initialState({ n, state, seed }, signal);
  const [predicted, predictTime] = await timed(api.predict(model, psi0, steps, signal));
  const [exact, exactTime] = await timed(api.exact(model, psi0, steps, signal));
  return [compare(predicted, exact), { predictTime, exactTime }];
}

async function timed(promise) {
  const begin = performance.now();
  return [await promise, performance.now() - begin];
}

function finish(wantedStep, { predictTime, exactTime }) {
  busy(false);
  at("error").hidden = true;
  document.querySelector("main").classList.remove("empty");
  at("step").max = choice.steps;
  const last = choice.steps;
  figures.draw(result, last);
  show(Math.min(wantedStep ?? last, last));
  const steps = choice.steps === 1 ? "1 step" : `${choice.steps} steps`;
  at("status").textContent = `${notice}${steps} predicted in ${milliseconds(predictTime)}, `
    + `exact evolution in ${milliseconds(exactTime)}; round trips included.`;
}

// Shows one moment of the result everywhere.
function show(wanted) {
  if (!result) return;
  step = wanted;
  const time = `t = ${minus(Number(result.times[step].toPrecision(6)))}`;
  at("step").value = step;
  at("step").setAttribute("aria-valuetext", `${time}, step ${step} of ${choice.steps}`);
  at("time").textContent = `${time}, step ${step} of ${choice.steps}`;
  for (const head of document.querySelectorAll(".now")) head.textContent = `at ${time}`;
  figures.moveTo(step);
  figures.drawAmplitudes(result, view, step);
  showErrors(at("errors"), result, step);
  showValues(at("values"), result, step);
  if (!playing) remember();
}

function remember() {
  const { model, n, state, seed, steps } = choice;
  const version = model.newest ? undefined : model.version;
  const isSeeded = controls.state().seeded;
  writeAddress({ model: model.name, version, n, state, seed: isSeeded ? seed : undefined, steps, step, view });
}

function describe(model) {
  at("hamiltonian").textContent = model.hamiltonian_text;
  at("status_link").href = api.modelPath(model);
  at("metadata_link").href = `${api.modelPath(model)}/metadata`;
}

function busy(isBusy) {
  at("results").setAttribute("aria-busy", isBusy);
  if (isBusy) at("status").textContent = "Predicting …";
}

function fail(error) {
  busy(false);
  at("error").textContent = error.message;
  at("error").hidden = false;
  at("status").textContent = notice + (result ? "The figures show the last result." : "");
}

function play() {
  if (!result) return;
  const last = choice.steps, from = step === last ? 0 : step;
  const begin = performance.now() - (from / last) * PLAY_SECONDS * 1000;
  const frame = (now) => {
    const next = Math.min(last, Math.max(0, Math.round(((now - begin) / 1000 / PLAY_SECONDS) * last)));
    show(next);
    if (next === last) stop();
    else playing = requestAnimationFrame(frame);
  };
  setPlaying(true);
  playing = requestAnimationFrame(frame);
}

function stop() {
  if (!playing) return;
  cancelAnimationFrame(playing);
  playing = 0;
  setPlaying(false);
  remember();
}

function setPlaying(isPlaying) {
  at("play").setAttribute("aria-pressed", isPlaying);
  at("play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
}

function listen() {
  segments(at("view"), "view", Object.entries(VIEWS).map(([name, { text }]) => [name, text]));
  at("view").addEventListener("change", (event) => {
    view = event.target.value;
    show(step);
  });
  at("step").addEventListener("input", (event) => (stop(), show(Number(event.target.value))));
  at("play").addEventListener("click", () => (playing ? stop() : play()));
  addEventListener("hashchange", () => controls && restore());
}

// Versions of a model come newest first.
function markNewest(models) {
  const seen = new Set();
  for (const model of models) {
    model.newest = !seen.has(model.name);
    seen.add(model.name);
  }
}

function whyNone(models) {
  if (!models.length) return "The server serves no model at this moment.";
  const reasons = models.map((model) => `${model.name}, version ${model.version}: ${model.reason}`);
  return `No served model can be explored. ${reasons.join(" ")}`;
}

function notTaken(refused) {
  const list = refused.map(([name, value]) => `${name} = ${value}`.slice(0, LONGEST_SHOWN));
  return list.length ? `Not taken from the link: ${list.join(", ")}. ` : "";
}

function milliseconds(time) {
  return time < 1000 ? `${Math.round(time)}\u00a0ms` : `${(time / 1000).toFixed(1)}\u00a0s`;
}

start();
