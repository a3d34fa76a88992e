// Small pieces of SVG.

const NAMESPACE = "http://www.w3.org/2000/svg";

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Open marks tell the axes apart without colour.
export function mark(kind, x, y) {
  const attributes = { class: `mark ${kind}` };
  if (kind === "y") return svg("rect", { ...attributes, x: x - 3, y: y - 3, width: 6, height: 6 });
  if (kind === "z") return svg("path", { ...attributes, d: `M${x - 3.8} ${y + 2.8}h7.6l-3.8 -6.6z` });
  return svg("circle", { ...attributes, cx: x, cy: y, r: 3.2 });
}

// A measured value with its error bar, both ends given.
export function dot(kind, x, y, low, high) {
  return [
    svg("path", { class: `bar_of_error ${kind}`, d: `M${x} ${low}V${high}` }),
    svg("circle", { class: `dot ${kind}`, cx: x, cy: y, r: 3 }),
  ];
}

// A key of the legend: a sample beside its text.
export function key(sample, text) {
  const item = document.createElement("span");
  item.className = "key";
  item.append(svg("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true" }, ...sample), text);
  return item;
}
