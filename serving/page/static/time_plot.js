// Curves over time with a cursor at one step.

import { linearTicks, logTicks, number } from "./numbers.js";
import { dot, mark, svg } from "./svg.js";

const HEIGHT = 250;
const MARGIN = { top: 16, right: 16, bottom: 34, left: 52 };
const MARK_SPACING = 24;

// Errors below are rounding.
const SMALLEST_ERROR = 1e-14;

export class TimePlot {
  // `log`: logarithmic axis; `span`: smallest range of a linear one; `onPick(step)`: a click.
  constructor(figure, { log = false, span = 1e-6, title, onPick }) {
    Object.assign(this, { log, span, title, onPick });
    this.container = figure.querySelector(".plot");
    this.image = svg("svg", { role: "img", height: HEIGHT });
    this.container.append(this.image);
    this.listen();
    new ResizeObserver(() => this.content && this.render()).observe(this.container);
  }

  // `curves`: [{kind, values, shape: "line" | "marks" | "dashes" | "dots", name, errors}]; errors are
  // those of dots. `step`: where the cursor is; undefined: there is none.
  draw(times, curves, step) {
    this.content = { times, curves };
    this.step = step;
    this.render();
  }

  moveTo(step) {
    this.step = step;
    if (!this.content || step === undefined) return;
    const x = this.x(step);
    this.cursor.setAttribute("d", `M${x} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}`);
    this.heads.replaceChildren(...this.lines().flatMap(({ kind, values }) => {
      const y = this.y(values[step]);
      return Number.isFinite(y) ? [svg("circle", { class: `head ${kind}`, cx: x, cy: y, r: 3.6 })] : [];
    }));
  }

  render() {
    this.width = Math.max(200, this.container.clientWidth);
    this.named = this.content.curves.filter((curve) => curve.name);
    const longest = Math.max(0, ...this.named.map(({ name }) => name.length));
    this.right = MARGIN.right + 8 * longest;
    this.range = this.log ? logRange(this.content.curves) : linearRange(this.content.curves, this.span);
    this.image.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.image.setAttribute("aria-label", this.summary());
    this.cursor = svg("path", { class: "cursor" });
    this.heads = svg("g");
    this.image.replaceChildren(...this.axes(), this.cursor, ...this.drawn(), this.heads, ...this.names());
    const last = this.content.times.length - 1;
    this.moveTo(this.step === undefined ? undefined : Math.min(this.step, last));
  }

  lines() {
    return this.content.curves.filter((curve) => curve.shape === "line");
  }

  x(step) {
    const last = this.content.times.length - 1;
    return round(MARGIN.left + (step / last) * (this.width - MARGIN.left - this.right));
  }

  // NaN where a logarithm cannot be drawn.
  y(value) {
    const [low, high] = this.range.map((end) => (this.log ? Math.log10(end) : end));
    const level = this.log ? Math.log10(value) : value;
    if (!Number.isFinite(level) || level < low - 1e-9) return NaN;
    return round(HEIGHT - MARGIN.bottom - ((level - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom));
  }

  axes() {
    const { times } = this.content, end = times[times.length - 1];
    const right = this.width - this.right, bottom = HEIGHT - MARGIN.bottom;
    const vertical = (this.log ? logTicks : linearTicks)(...this.range, 5);
    const horizontal = linearTicks(0, end, Math.max(2, Math.min(8, this.width / 90)));
    const rows = vertical.values.flatMap((value) => {
      const y = this.y(value);
      const isZero = !this.log && value === 0;
      return [
        svg("path", { class: isZero ? "zero" : "grid", d: `M${MARGIN.left} ${y}H${right}` }),
        svg("text", { class: "tick left", x: MARGIN.left - 8, y: y + 4 }, vertical.label(value)),
      ];
    });
    const columns = horizontal.values.flatMap((time) => {
      const x = this.x((time / end) * (times.length - 1));
      return [
        svg("path", { class: "axis", d: `M${x} ${bottom}v4` }),
        svg("text", { class: "tick middle", x, y: bottom + 17 }, horizontal.label(time)),
      ];
    });
    return [
      ...rows,
      svg("path", { class: "axis", d: `M${MARGIN.left} ${bottom}H${right}` }),
      ...columns,
      svg("text", { class: "tick start", x: 2, y: 9 }, vertical.factor),
      svg("text", { class: "tick end", x: right, y: HEIGHT - 2 }, `time t ${horizontal.factor}`),
    ];
  }

  drawn() {
    return this.content.curves.flatMap(({ kind, values, errors, shape }) => {
      if (shape === "marks") return this.marks(kind, values);
      if (shape === "dots") return this.dots(kind, values, errors);
      return [svg("path", { class: `curve ${shape} ${kind}`, d: this.path(values) })];
    });
  }

  path(values) {
    let pen = "M";
    return values.map((value, k) => {
      const y = this.y(value), from = pen;
      pen = Number.isFinite(y) ? "L" : "M";
      return pen === "L" ? `${from}${this.x(k)} ${y}` : "";
    }).join("");
  }

  marks(kind, values) {
    const count = Math.max(2, Math.round((this.width - MARGIN.left - this.right) / MARK_SPACING));
    const last = values.length - 1;
    const stride = Math.ceil(last / count);
    const steps = Array.from({ length: Math.floor(last / stride) + 1 }, (_, k) => k * stride);
    return [
      svg("path", { class: `curve faint ${kind}`, d: this.path(values) }),
      ...steps.map((k) => mark(kind, this.x(k), this.y(values[k]))),
    ];
  }

  dots(kind, values, errors) {
    return values.flatMap((value, k) => {
      if (!Number.isFinite(value)) return [];
      const ends = [value - errors[k], value + errors[k]].map((end) => this.y(end));
      return dot(kind, this.x(k), this.y(value), ...ends);
    });
  }

  // Names at the ends of the curves, pushed apart where they would touch.
  names() {
    const placed = this.named
      .map(({ name, kind, values }) => ({ name, kind, y: this.y(values[values.length - 1]) }))
      .filter(({ y }) => Number.isFinite(y))
      .sort((a, b) => a.y - b.y);
    placed.forEach((item, k) => {
      if (k) item.y = Math.max(item.y, placed[k - 1].y + 13);
    });
    // Those at the bottom go up again.
    for (let k = placed.length - 1, limit = HEIGHT - MARGIN.bottom; k >= 0; k--, limit -= 13) {
      placed[k].y = Math.min(placed[k].y, limit);
    }
    const x = this.width - this.right + 8;
    return placed.map(({ name, kind, y }) => svg("text", { class: `name ${kind}`, x, y: y + 4 }, name));
  }

  summary() {
    const { times, curves } = this.content;
    const ends = curves.filter(({ label }) => label).map(({ label, values }) =>
      `${label} from ${number(values[0])} to ${number(values[values.length - 1])}`);
    return `${this.title}, t from 0 to ${number(times[times.length - 1])}: ${ends.join(", ") || "nothing"}.`;
  }

  listen() {
    const pick = (event) => {
      if (!this.content || !this.onPick || !event.buttons) return;
      const box = this.image.getBoundingClientRect();
      const share = (event.clientX - box.left - MARGIN.left) / (this.width - MARGIN.left - this.right);
      const last = this.content.times.length - 1;
      this.onPick(Math.round(Math.min(1, Math.max(0, share)) * last));
    };
    this.image.addEventListener("pointerdown", pick);
    this.image.addEventListener("pointermove", pick);
  }
}

function linearRange(curves, span) {
  const values = curves.flatMap((curve) => curve.values).filter(Number.isFinite);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) return [-span, span];
  const missing = Math.max(0, span - (high - low)) / 2, pad = 0.07 * Math.max(high - low, span);
  return [low - missing - pad, high + missing + pad];
}

// Whole decades around the errors after step 0, which has none.
function logRange(curves) {
  const values = curves.flatMap((curve) => curve.values.slice(1))
    .filter((value) => Number.isFinite(value) && value > SMALLEST_ERROR);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  if (low > high) return [1e-8, 1];
  const bottom = Math.floor(Math.log10(low)), top = Math.ceil(Math.log10(high));
  return [10 ** bottom, 10 ** Math.max(top, bottom + 1)];
}

function round(value) {
  return Math.round(value * 10) / 10;
}
