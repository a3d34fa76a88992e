// The choice in the address, so that a link shows the same page.

const NUMBERS = ["version", "n", "seed", "steps", "step"];
const WORDS = ["model", "state", "view"];

export function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const choice = {};
  for (const name of WORDS) if (given.has(name)) choice[name] = given.get(name);
  for (const name of NUMBERS) {
    const value = Number(given.get(name) ?? NaN);
    if (Number.isSafeInteger(value) && value >= 0) choice[name] = value;
  }
  return choice;
}

export function writeAddress(choice) {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(choice)) {
    if (value !== undefined) given.set(name, value);
  }
  history.replaceState(null, "", `#${given}`);
}
