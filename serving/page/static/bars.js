// Amplitudes of one state as bars, predicted beside exact.

import { linearTicks, minus, number } from "./numbers.js";
import { svg } from "./svg.js";

const HEIGHT = 240;
const MARGIN = { top: 16, right: 8, bottom: 36, left: 52 };

// Narrower groups have no room for two bars; the exact value becomes a dash across the bar.
const NARROW = 9;

export const VIEWS = {
  probability: { text: "|ψ|²", title: "Probabilities", part: (re, im) => re * re + im * im },
  real: { text: "Re ψ", title: "Real parts", part: (re) => re },
  imaginary: { text: "Im ψ", title: "Imaginary parts", part: (re, im) => im },
};

export class Bars {
  constructor(figure) {
    this.figure = figure;
    this.container = figure.querySelector(".plot");
    this.image = svg("svg", { role: "img", height: HEIGHT });
    this.container.append(this.image);
    new ResizeObserver(() => this.result && this.render()).observe(this.container);
  }

  draw(result, view, step) {
    if (this.result !== result || this.view !== view) this.exact = exactValues(result, view);
    Object.assign(this, { result, view, step });
    this.render();
  }

  render() {
    const { predicted, exact } = this.result;
    this.width = Math.max(200, this.container.clientWidth);
    const values = [predicted, exact].map((psi) => parts(psi, this.step, VIEWS[this.view].part));
    this.range = rangeOf([...this.exact, ...values[0]]);
    this.dimension = values[0].length;
    this.nSites = Math.log2(this.dimension);
    this.group = (this.width - MARGIN.left - MARGIN.right) / this.dimension;
    this.figure.classList.toggle("narrow", this.group < NARROW);
    this.image.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.image.setAttribute("aria-label", this.summary(...values));
    this.image.replaceChildren(...this.axes(), ...values[0].map((value, x) => this.pair(x, value, values[1][x])));
  }

  y(value) {
    const [low, high] = this.range;
    return HEIGHT - MARGIN.bottom - ((value - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  }

  pair(x, predicted, exact) {
    const left = MARGIN.left + x * this.group;
    const text = `${this.spins(x)}  (state ${x})\npredicted ${number(predicted)}\nexact ${number(exact)}`;
    const shapes = this.group < NARROW ? this.narrow(left, predicted, exact) : this.wide(left, predicted, exact);
    return svg("g", {}, svg("title", {}, text), ...shapes);
  }

  wide(left, predicted, exact) {
    const width = Math.min(26, this.group * 0.36), middle = left + this.group / 2;
    return [
      this.bar("predicted", middle - width - 1, width, predicted),
      this.bar("exact", middle + 1.5, width - 1, exact),
    ];
  }

  narrow(left, predicted, exact) {
    const width = Math.max(0.8, this.group * 0.66);
    const dash = { class: "level", d: `M${left} ${this.y(exact)}h${this.group}` };
    return [this.bar("predicted", left + (this.group - width) / 2, width, predicted), svg("path", dash)];
  }

  bar(kind, x, width, value) {
    if (!Number.isFinite(value)) return "";
    const top = this.y(Math.max(value, 0)), bottom = this.y(Math.min(value, 0));
    return svg("rect", { class: `bar ${kind}`, x, width, y: top, height: Math.max(0.01, bottom - top) });
  }

  axes() {
    const right = this.width - MARGIN.right, { values, label, factor } = linearTicks(...this.range, 4);
    const rows = values.flatMap((value) => [
      svg("path", { class: value === 0 ? "zero" : "grid", d: `M${MARGIN.left} ${this.y(value)}H${right}` }),
      svg("text", { class: "tick left", x: MARGIN.left - 8, y: this.y(value) + 4 }, label(value)),
    ]);
    const showsSpins = this.group >= 8 * this.nSites + 6;
    const title = showsSpins ? "basis state, spin 1 first" : "basis state: bits as a number, up = 0";
    return [
      ...rows,
      ...this.stateLabels(showsSpins),
      svg("text", { class: "tick start", x: 2, y: 9 }, factor),
      svg("text", { class: "tick end", x: right, y: HEIGHT - 2 }, title),
    ];
  }

  stateLabels(showsSpins) {
    const stride = showsSpins ? 1 : 2 ** Math.max(0, Math.ceil(Math.log2(26 / this.group)));
    const states = Array.from({ length: Math.ceil(this.dimension / stride) }, (_, k) => k * stride);
    return states.map((x) => {
      const middle = MARGIN.left + (x + 0.5) * this.group;
      return svg("text", { class: "tick middle", x: middle, y: HEIGHT - MARGIN.bottom + 16 },
        showsSpins ? this.spins(x) : String(x));
    });
  }

  spins(x) {
    return x.toString(2).padStart(this.nSites, "0").replaceAll("0", "↑").replaceAll("1", "↓");
  }

  summary(predicted, exact) {
    const apart = predicted.reduce((most, value, x) => Math.max(most, Math.abs(value - exact[x])), 0);
    return `${VIEWS[this.view].title} of the ${this.dimension} basis states at t = `
      + `${minus(number(this.result.times[this.step]))}; predicted and exact differ by at most ${number(apart)}.`;
  }
}

function parts(psi, step, part) {
  return psi.re[step].map((re, x) => part(re, psi.im[step][x]));
}

// At all times: the axis stays while time moves, unless the prediction leaves it.
function exactValues({ exact }, view) {
  return exact.re.flatMap((_, step) => parts(exact, step, VIEWS[view].part));
}

function rangeOf(values) {
  const low = values.reduce((a, b) => (b < a ? b : a), 0);
  const high = values.reduce((a, b) => (b > a ? b : a), 0);
  const pad = 0.05 * (high - low || 1);
  return [low < 0 ? low - pad : 0, high + pad];
}
