// The form of dynamics: what the user chose, within what the model allows.

import { at, element, integer, segments } from "./document.js";
import { AMPLITUDES, BLOCH, basisText, OWN_STATES, parseAmplitudes, parseAngles, productState, stateText, wordsOf } from "./own_states.js";

const DEFAULT_SITES = 4;
const DEFAULT_STEPS = 100;
const DEFAULT_ANGLES = [45, 0];

export class Controls {
  constructor(onAsk) {
    this.sites = at("n_sites");
    at("new_seed").addEventListener("click", () => {
      at("seed").value = Number(at("seed").value) + 1;
      onAsk();
    });
  }

  offer(states) {
    this.states = [...states, ...OWN_STATES];
    at("state").append(...this.states.map(({ name, text }) => new Option(text, name)));
  }

  turnTo(model) {
    if (this.model === model) return;
    this.model = model;
    this.adapt();
  }

  // Fits the fields to each other after one was changed.
  fit(changed) {
    const isText = changed === at("own_amplitudes"), n = isText ? sitesOf(changed.value) : undefined;
    this.adapt(this.model.n_sites.includes(n) ? n : this.n(), isText);
  }

  // Shows a choice; what it leaves open or the model does not have gets a default.
  write(wanted) {
    this.adapt(wanted.n);
    if (this.states.some((state) => state.name === wanted.state)) at("state").value = wanted.state;
    at("seed").value = wanted.seed ?? 0;
    at("steps").value = wanted.steps ?? Math.min(DEFAULT_STEPS, this.maxSteps());
    this.isTyped = wanted.amplitudes !== undefined;
    if (this.isTyped) at("own_amplitudes").value = wanted.amplitudes;
    this.adapt(wanted.n);
    const areAngles = this.writeAngles(wanted.angles);
    return [
      ["n", wanted.n !== undefined && wanted.n !== this.n()],
      ["state", wanted.state !== undefined && wanted.state !== at("state").value],
      ["step", wanted.step > Number(at("steps").value)],
      ["angles", wanted.angles !== undefined && !areAngles],
      ["amplitudes", wanted.amplitudes !== undefined && wanted.amplitudes !== at("own_amplitudes").value],
      ["samples", wanted.samples !== undefined],
      ["site", wanted.site !== undefined],
    ].filter(([, isRefused]) => isRefused).map(([name]) => [name, wanted[name]]);
  }

  // The choice, or an Error that says what cannot be chosen.
  read() {
    const { model } = this, n = this.n();
    const state = at("state").value;
    const seed = this.state().seeded ? integer("seed", at("seed").value, 0, Number.MAX_SAFE_INTEGER) : 0;
    const steps = integer("number of steps", at("steps").value, 1, this.maxSteps());
    return { model, n, state, seed, steps, ...this.own(state, n) };
  }

  // The state that was typed in, and what of it belongs into the address.
  own(state, n) {
    if (state === BLOCH) {
      const text = this.angleInputs().map((pair) => pair.map((input) => input.value).join(",")).join(";");
      return { own: productState(parseAngles(text, n)), angles: text };
    }
    if (state !== AMPLITUDES) return {};
    const text = at("own_amplitudes").value;
    const { norm, ...own } = parseAmplitudes(text, n);
    const isNormal = Math.abs(norm - 1) < 1e-6;
    at("amplitudes_hint").textContent = isNormal ? "Of norm 1." : `Of norm ${norm.toPrecision(6)}, divided by it.`;
    return { own, amplitudes: text };
  }

  address({ n, state, seed, steps, angles, amplitudes }) {
    return { n, state, seed: this.stateNamed(state).seeded ? seed : undefined, steps, angles, amplitudes };
  }

  // Keeps the last state, so that amplitudes of one's own begin with it.
  remember(psi0) {
    this.psi0 = psi0;
  }

  n() {
    return Number(this.sites.querySelector("input:checked").value);
  }

  state() {
    return this.stateNamed(at("state").value);
  }

  stateNamed(name) {
    return this.states.find((state) => state.name === name);
  }

  maxSteps() {
    return this.model.max_steps[this.n()];
  }

  // `keepsText`: amplitudes that do not fit are left to be told of.
  adapt(wanted = this.sites.querySelector("input:checked") && this.n(), keepsText = false) {
    const { model } = this, known = model.n_sites;
    const n = known.includes(wanted) ? wanted : known.includes(DEFAULT_SITES) ? DEFAULT_SITES : known.at(-1);
    if (this.sites.dataset.known !== String(known)) segments(this.sites, "n", known.map((k) => [k, k]));
    this.sites.dataset.known = known;
    this.sites.querySelector(`input[value="${n}"]`).checked = true;
    this.adaptStates(n);
    this.adaptOwn(n, keepsText);
    at("seed_field").hidden = !this.state().seeded;
    at("steps").max = this.maxSteps();
    at("steps_hint").textContent = `One step is dt = ${model.dt}; up to ${this.maxSteps()} steps.`;
  }

  adaptStates(n) {
    for (const option of at("state").options) {
      const limits = this.states[option.index].n_sites;
      option.disabled = limits !== null && (n < limits[0] || n > limits[1]);
    }
    if (at("state").selectedOptions[0]?.disabled ?? true) {
      at("state").value = [...at("state").options].find((option) => !option.disabled).value;
    }
  }

  adaptOwn(n, keepsText) {
    const state = at("state").value;
    at("angles_field").hidden = state !== BLOCH;
    at("amplitudes_field").hidden = state !== AMPLITUDES;
    if (at("angles").childElementCount !== n) this.makeAngles(n);
    if (keepsText) this.isTyped = true;
    else if (!this.isTyped || sitesOf(at("own_amplitudes").value) !== n) {
      this.isTyped = false;
      const isShown = this.psi0?.re.length === 2 ** n;
      at("own_amplitudes").value = isShown ? stateText(this.psi0) : basisText(n);
    }
  }

  makeAngles(n) {
    const kept = this.angleInputs().map((pair) => pair.map((input) => input.value));
    at("angles").replaceChildren(...Array.from({ length: n }, (_, k) => {
      const [theta, phi] = kept[k] ?? DEFAULT_ANGLES;
      const spin = `of spin ${k + 1}`;
      return element("div", {}, word(k + 1), word("θ"), angleInput(`θ ${spin}`, theta), word("φ"), angleInput(`φ ${spin}`, phi));
    }));
  }

  writeAngles(text) {
    try {
      if (text === undefined) return false;
      const pairs = parseAngles(text, this.n());
      this.angleInputs().forEach((inputs, k) => inputs.forEach((input, part) => (input.value = pairs[k][part])));
      return true;
    } catch {
      return false;
    }
  }

  angleInputs() {
    return [...at("angles").children].map((row) => [...row.querySelectorAll("input")]);
  }
}

function word(textContent) {
  return element("span", { textContent });
}

function angleInput(name, value) {
  const input = element("input", { type: "number", step: "any", value });
  input.setAttribute("aria-label", name);
  return input;
}

// Number of spins of so many amplitudes; undefined: of none.
function sitesOf(text) {
  const n = Math.log2(wordsOf(text).length);
  return Number.isInteger(n) && n > 0 ? n : undefined;
}
