// Models of dynamics: predicted and exact trajectory of one initial state.

import * as api from "./api.js";
import { VIEWS } from "./bars.js";
import { Controls } from "./controls.js";
import { at, milliseconds, segments, timed } from "./document.js";
import { download } from "./download.js";
import { Figures } from "./figures.js";
import { minus } from "./numbers.js";
import { compare } from "./physics.js";
import { courseCsv, courseNpz } from "./records.js";
import { dynamicsLines, showLines } from "./program.js";
import { showErrors, showValues } from "./tables.js";
import { trustSentence } from "./trust.js";

const PLAY_SECONDS = 6;

export class DynamicsView {
  title = "Spin dynamics";
  lead = "What a served network predicts, beside exact evolution of the same state.";
  verb = "Predict";
  waiting = "Predicting …";

  // `onMove()`: something else of the same result is shown; `onAsk()`: the choice changed.
  constructor({ onMove, onAsk }) {
    this.onMove = onMove;
    this.part = "probability";
    this.playing = 0;
    this.figures = new Figures((step) => (this.stop(), this.move(step)));
    this.controls = new Controls(onAsk);
    this.listen();
  }

  offer(states) {
    this.controls.offer(states);
  }

  turnTo(model) {
    this.controls.turnTo(model);
  }

  fit(changed) {
    this.controls.fit(changed);
  }

  // Shows a choice; returns [name, value] of what was not taken.
  write(wanted) {
    const isPart = Object.hasOwn(VIEWS, wanted.view ?? "");
    this.part = isPart ? wanted.view : "probability";
    at("view").querySelector(`input[value=${this.part}]`).checked = true;
    this.step = wanted.step;
    const refused = wanted.view !== undefined && !isPart ? [["view", wanted.view]] : [];
    return [...refused, ...this.controls.write(wanted)];
  }

  read() {
    this.stop();
    return this.controls.read();
  }

  facts() {
    return "";
  }

  async run(choice, signal) {
    const psi0 = choice.own ?? await api.initialState(choice, signal);
    const [predicted, predictTime] = await timed(api.predict(choice.model, psi0, choice.steps, signal));
    const [exact, exactTime] = await timed(api.exact(choice.model, psi0, choice.steps, signal));
    const next = compare(predicted, exact);
    if (signal.aborted) return "";
    const wasAtEnd = this.result && this.step === this.result.times.length - 1;
    this.step = Math.min((wasAtEnd ? undefined : this.step) ?? choice.steps, choice.steps);
    Object.assign(this, { choice, result: next, psi0 });
    const steps = choice.steps === 1 ? "1 step" : `${choice.steps} steps`;
    return `${steps} predicted in ${milliseconds(predictTime)}, `
      + `exact evolution in ${milliseconds(exactTime)}; round trips included.`;
  }

  show() {
    const { choice, result, psi0 } = this;
    at("step").max = choice.steps;
    this.controls.remember(psi0);
    this.figures.draw(result, choice.steps);
    at("trust").textContent = trustSentence(choice, result.errors.relative_entropy);
    showLines(dynamicsLines(choice, psi0));
    this.move(this.step);
  }

  // Shows one moment of the result everywhere.
  move(step) {
    const { choice, result } = this;
    if (!result) return;
    this.step = step;
    const time = `t = ${minus(Number(result.times[step].toPrecision(6)))}`;
    const words = `${time}, step ${step} of ${choice.steps}`;
    at("step").value = step;
    at("step").setAttribute("aria-valuetext", words);
    at("time").textContent = words;
    for (const head of document.querySelectorAll(".now")) head.textContent = `at ${time}`;
    this.figures.moveTo(step);
    this.figures.drawAmplitudes(result, this.part, step);
    showErrors(at("errors"), result, step);
    showValues(at("values"), result, step);
    if (!this.playing) this.onMove();
  }

  address() {
    return { model: this.choice.model, ...this.controls.address(this.choice), step: this.step, view: this.part };
  }

  hasResult() {
    return this.result !== undefined;
  }

  forget() {
    this.result = undefined;
  }

  leave() {
    this.stop();
    this.forget();
  }

  play() {
    if (!this.result) return;
    const last = this.choice.steps, from = this.step === last ? 0 : this.step;
    const begin = performance.now() - (from / last) * PLAY_SECONDS * 1000;
    const frame = (now) => {
      const next = Math.min(last, Math.max(0, Math.round(((now - begin) / 1000 / PLAY_SECONDS) * last)));
      this.move(next);
      if (next === last) this.stop();
      else this.playing = requestAnimationFrame(frame);
    };
    markPlaying(true);
    this.playing = requestAnimationFrame(frame);
  }

  stop() {
    if (!this.playing) return;
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    markPlaying(false);
    this.onMove();
  }

  listen() {
    segments(at("view"), "view", Object.entries(VIEWS).map(([name, { text }]) => [name, text]));
    at("view").addEventListener("change", (event) => {
      this.part = event.target.value;
      this.move(this.step);
    });
    at("step").addEventListener("input", (event) => (this.stop(), this.move(Number(event.target.value))));
    at("play").addEventListener("click", () => (this.playing ? this.stop() : this.play()));
    at("csv").addEventListener("click", () => this.save("csv", courseCsv));
    at("npz").addEventListener("click", () => this.save("npz", courseNpz));
  }

  save(ending, write) {
    if (!this.result) return;
    const { model, n, state, steps } = this.choice;
    download(`${model.name}-${model.version}-n${n}-${state}-${steps}.${ending}`, write(this.result));
  }
}

function markPlaying(isPlaying) {
  at("play").setAttribute("aria-pressed", isPlaying);
  at("play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
}
