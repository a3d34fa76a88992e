// Elements of the page.

export function at(id) {
  return document.getElementById(id);
}

// Shows what is for a kind of models, and hides what is for others.
export function showFor(kind) {
  for (const element of document.querySelectorAll("[data-for]")) {
    element.hidden = !element.dataset.for.split(" ").includes(kind);
  }
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Radio buttons that look like one segmented button: [[value, text], ...].
export function segments(container, name, choices) {
  container.replaceChildren(...choices.map(([value, text]) => element("label", {},
    element("input", { type: "radio", name, value }),
    element("span", { textContent: text }))));
}

// The number in a field, or an Error that says what it must be.
export function integer(name, text, low, high) {
  const value = Number(text);
  if (text === "" || !Number.isInteger(value) || value < low || value > high) {
    throw new Error(`The ${name} must be an integer from ${low} to ${high}, but is ${text || "empty"}.`);
  }
  return value;
}

export async function timed(promise) {
  const begin = performance.now();
  return [await promise, performance.now() - begin];
}

export function milliseconds(time) {
  return time < 1000 ? `${Math.round(time)}\u00a0ms` : `${(time / 1000).toFixed(1)}\u00a0s`;
}
