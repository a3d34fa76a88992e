// Measured values with error bars beside exact ones: one place for each site or quantity.

import { linearTicks, number } from "./numbers.js";
import { dot, svg } from "./svg.js";

const HEIGHT = 250;
const MARGIN = { top: 16, right: 12, bottom: 34, left: 52 };
const WIDEST_GROUP = 90;
const WIDEST_LEVEL = 18;

export class PointPlot {
  constructor(figure, { title, axis = "" }) {
    Object.assign(this, { title, axis });
    this.container = figure.querySelector(".plot");
    this.image = svg("svg", { role: "img", height: HEIGHT });
    this.container.append(this.image);
    new ResizeObserver(() => this.content && this.render()).observe(this.container);
  }

  // `places`: labels; `series`: [{kind, name, means: [{value, error}], exact: [value] or undefined}].
  // `together`: whether no two of them have the same place.
  draw(places, series, { together = false } = {}) {
    this.content = { places, series };
    this.together = together;
    this.render();
  }

  render() {
    const { places, series } = this.content;
    this.width = Math.max(200, this.container.clientWidth);
    this.range = rangeOf(series);
    this.group = (this.width - MARGIN.left - MARGIN.right) / places.length;
    // Series stand side by side within the group.
    this.apart = this.together ? 0 : Math.min(this.group, WIDEST_GROUP) / (series.length + 1);
    this.level = Math.min(WIDEST_LEVEL, Math.max(3, 0.8 * (this.together ? this.group : this.apart)));
    this.image.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.image.setAttribute("aria-label", this.summary());
    this.image.replaceChildren(...this.axes(), ...series.flatMap((each, k) => this.points(each, k)));
  }

  x(place, k) {
    const middle = MARGIN.left + (place + 0.5) * this.group;
    return round(middle + (k - (this.content.series.length - 1) / 2) * this.apart);
  }

  y(value) {
    const [low, high] = this.range;
    return round(HEIGHT - MARGIN.bottom - ((value - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom));
  }

  points({ kind, name, means, exact }, k) {
    return means.flatMap(({ value, error }, place) => {
      if (!Number.isFinite(value)) return [];
      const x = this.x(place, k), reference = exact?.[place];
      const told = reference === undefined ? "" : `\nexact ${number(reference, 5)}`;
      const text = `${name}, ${this.content.places[place]}: ${number(value, 5)} ± ${number(error, 2)}${told}`;
      const level = `M${round(x - this.level / 2)} ${this.y(reference)}h${this.level}`;
      return [svg("g", {}, svg("title", {}, text),
        ...(reference === undefined ? [] : [svg("path", { class: `level ${kind}`, d: level })]),
        ...dot(kind, x, this.y(value), this.y(value - error), this.y(value + error)))];
    });
  }

  axes() {
    const { places } = this.content, right = this.width - MARGIN.right, bottom = HEIGHT - MARGIN.bottom;
    const { values, label, factor } = linearTicks(...this.range, 5);
    const rows = values.flatMap((value) => [
      svg("path", { class: Math.abs(value) < 1e-12 ? "zero" : "grid", d: `M${MARGIN.left} ${this.y(value)}H${right}` }),
      svg("text", { class: "tick left", x: MARGIN.left - 8, y: this.y(value) + 4 }, label(value)),
    ]);
    const longest = Math.max(...places.map((place) => String(place).length));
    const stride = Math.ceil((6.2 * longest + 6) / this.group);
    const columns = places.flatMap((place, k) => (k % stride ? [] : [
      svg("text", { class: "tick middle", x: round(MARGIN.left + (k + 0.5) * this.group), y: bottom + 17 }, place),
    ]));
    return [
      ...rows,
      svg("path", { class: "axis", d: `M${MARGIN.left} ${bottom}H${right}` }),
      ...columns,
      svg("text", { class: "tick start", x: 2, y: 9 }, factor),
      svg("text", { class: "tick end", x: right, y: HEIGHT - 2 }, this.axis),
    ];
  }

  summary() {
    const { places, series } = this.content;
    const told = series.map(({ name, means, exact }) => {
      const values = means.map(({ value }) => value).filter(Number.isFinite);
      if (!values.length) return `${name} of nothing`;
      const ends = `${name} from ${number(Math.min(...values))} to ${number(Math.max(...values))}`;
      return exact ? `${ends}, at most ${number(farthest(means, exact), 2)} errors from exact` : ends;
    });
    return `${this.title}, ${places.length} places: ${told.join("; ")}.`;
  }
}

// Largest distance from exact, in standard errors.
function farthest(means, exact) {
  const apart = means.map(({ value, error }, k) => Math.abs(value - exact[k]) / error);
  return Math.max(0, ...apart.filter(Number.isFinite));
}

function rangeOf(series) {
  const values = series.flatMap(({ means, exact }) => [
    ...means.flatMap(({ value, error }) => [value - error, value + error]),
    ...(exact ?? []).filter((_, k) => Number.isFinite(means[k].value)),
  ]).filter(Number.isFinite);
  const low = Math.min(0, ...values), high = Math.max(0, ...values);
  const pad = 0.07 * Math.max(high - low, 0.02);
  return [low - pad, high + pad];
}

function round(value) {
  return Math.round(value * 10) / 10;
}
