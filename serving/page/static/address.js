// The choice in the address, so that a link shows the same page.

const NUMBERS = ["version", "n", "seed", "steps", "step", "samples", "site"];
const WORDS = ["model", "state", "view", "angles", "amplitudes"];

// Returns the choice, and [name, text] of everything that is no choice.
export function readAddress() {
  const choice = {}, refused = [];
  for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
    const isNumber = NUMBERS.includes(name) && /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
    if (isNumber) choice[name] = Number(text);
    else if (WORDS.includes(name)) choice[name] = text;
    else refused.push([name, text]);
  }
  return [choice, refused];
}

export function writeAddress(choice) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(choice)) {
    if (value !== undefined) given.set(name, value);
  }
  history.replaceState(null, "", `#${given}`);
}
