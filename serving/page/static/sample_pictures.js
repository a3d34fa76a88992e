// Samples of spins as pictures of their lattice.

import { element } from "./document.js";
import { number } from "./numbers.js";
import { svg } from "./svg.js";

const MOST_PICTURES = 24;
const SHOWN_SITES = 2400;
const SITE_PIXELS = 15;
// The words below have room.
const NARROWEST = 104;
const WIDEST = 320;

export class SamplePictures {
  constructor(figure) {
    this.container = figure.querySelector(".pictures");
  }

  // `rows` of bits, 0 is up; `positions` [x, y] of the sites; `probabilities` of the rows.
  draw(rows, { positions, bonds }, probabilities) {
    const count = Math.max(4, Math.min(MOST_PICTURES, Math.floor(SHOWN_SITES / positions.length), rows.length));
    const place = framed(positions, bonds);
    const width = Math.max(NARROWEST, Math.min(WIDEST, SITE_PIXELS * place.columns));
    this.container.style.setProperty("--picture", `${width}px`);
    this.container.replaceChildren(...rows.slice(0, count).map((bits, k) =>
      element("div", { className: "picture" }, picture(bits, place), words(probabilities[k]))));
  }
}

function words(probability) {
  return element("span", { textContent: `|ψ|² = ${number(probability, 2)}` });
}

// Positions in units of the shortest bond, with half a bond around them.
function framed(positions, bonds) {
  const lengths = bonds.map(([i, j]) => Math.hypot(positions[i][0] - positions[j][0], positions[i][1] - positions[j][1]));
  const unit = Math.min(...lengths.filter((length) => length > 0), Infinity);
  const scale = Number.isFinite(unit) ? 1 / unit : 1;
  const ends = [0, 1].map((axis) => {
    const values = positions.map((position) => position[axis] * scale);
    return [Math.min(...values), Math.max(...values)];
  });
  const [[left, right], [top, bottom]] = ends;
  return {
    at: positions.map(([x, y]) => [x * scale - left + 0.5, y * scale - top + 0.5]),
    columns: right - left + 1,
    rows: bottom - top + 1,
  };
}

function picture(bits, { at, columns, rows }) {
  const down = bits.filter((bit) => bit).length;
  const name = bits.length <= 32
    ? bits.map((bit) => (bit ? "↓" : "↑")).join("")
    : `${bits.length - down} spins up, ${down} down`;
  const discs = (value) => at.filter((_, site) => bits[site] === value).map(([x, y]) => disc(x, y)).join("");
  return svg("svg", { role: "img", "aria-label": name, viewBox: `0 0 ${columns} ${rows}` },
    svg("title", {}, name),
    svg("path", { class: "up", d: discs(0) }),
    svg("path", { class: "down", d: discs(1) }));
}

function disc(x, y) {
  const r = 0.4;
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
}
