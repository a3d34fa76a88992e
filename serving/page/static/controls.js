// The form: what the user chose, within what the model allows.

const DEFAULT_SITES = 4;
const DEFAULT_STEPS = 100;

export class Controls {
  // `onChange()` is called after every change and when the button is pressed.
  constructor(form, { models, initial_states: states }, onChange) {
    this.models = models.filter((model) => model.explorable);
    this.states = states;
    this.fields = form.elements;
    this.sites = form.querySelector("#n_sites");
    this.seedField = form.querySelector("#seed_field");
    this.hint = form.querySelector("#steps_hint");
    this.fillModels(models);
    this.fields.state.append(...states.map(({ name, text }) => new Option(text, name)));
    form.addEventListener("submit", (event) => (event.preventDefault(), onChange()));
    form.addEventListener("change", () => (this.adapt(), onChange()));
    this.fields.new_seed.addEventListener("click", () => {
      this.fields.seed.value = Number(this.fields.seed.value) + 1;
      onChange();
    });
  }

  fillModels(models) {
    const options = models.map((model) => {
      const option = new Option(`${model.name}, version ${model.version}`, keyOf(model));
      if (!model.explorable) {
        option.disabled = true;
        option.text += " (cannot be explored)";
      }
      return option;
    });
    this.fields.model.append(...options);
  }

  // Shows a choice; what it leaves open or the model does not have gets a default. Returns a
  // sentence if the model that it names is not there, and [name, value] of what was not taken.
  write(choice) {
    const named = this.models.filter((model) => model.name === choice.model);
    const model = named.find((m) => m.version === choice.version) ?? named[0] ?? this.models[0];
    this.fields.model.value = keyOf(model);
    this.adapt(choice.n);
    if (this.states.some((state) => state.name === choice.state)) this.fields.state.value = choice.state;
    this.fields.seed.value = choice.seed ?? 0;
    this.fields.steps.value = choice.steps ?? Math.min(DEFAULT_STEPS, this.maxSteps());
    this.adapt(choice.n);
    return [this.missing(choice, model), this.refused(choice)];
  }

  missing(choice, model) {
    const isThere = choice.model === model.name && model.version === (choice.version ?? model.version);
    if (choice.model === undefined || isThere) return "";
    const missing = choice.version === undefined ? choice.model : `${choice.model}, version ${choice.version}`;
    return `The link names ${missing}, which cannot be explored; this is ${model.name}, version ${model.version}. `;
  }

  refused(choice) {
    const { state, steps } = this.fields;
    return [
      ["n", choice.n !== undefined && choice.n !== this.n()],
      ["state", choice.state !== undefined && choice.state !== state.value],
      ["step", choice.step > Number(steps.value)],
    ].filter(([, isRefused]) => isRefused).map(([name]) => [name, choice[name]]);
  }

  // The choice, or an Error that says what cannot be chosen.
  read() {
    const model = this.model(), n = this.n();
    const state = this.fields.state.value;
    const seed = this.state().seeded ? integer("seed", this.fields.seed.value, 0, Number.MAX_SAFE_INTEGER) : 0;
    const steps = integer("number of steps", this.fields.steps.value, 1, this.maxSteps());
    return { model, n, state, seed, steps };
  }

  model() {
    return this.models.find((model) => keyOf(model) === this.fields.model.value);
  }

  n() {
    return Number(this.sites.querySelector("input:checked").value);
  }

  state() {
    return this.states.find((state) => state.name === this.fields.state.value);
  }

  maxSteps() {
    return this.model().max_steps[this.n()];
  }

  // Fits the fields to the model and to each other.
  adapt(wanted = this.sites.querySelector("input:checked") && this.n()) {
    const model = this.model(), known = model.n_sites;
    const n = known.includes(wanted) ? wanted : known.includes(DEFAULT_SITES) ? DEFAULT_SITES : known.at(-1);
    if (this.sites.dataset.known !== String(known)) segments(this.sites, "n", known.map((k) => [k, k]));
    this.sites.dataset.known = known;
    this.sites.querySelector(`input[value="${n}"]`).checked = true;
    this.adaptStates(n);
    this.seedField.hidden = !this.state().seeded;
    this.fields.steps.max = this.maxSteps();
    this.hint.textContent = `One step is dt = ${model.dt}; up to ${this.maxSteps()} steps.`;
  }

  adaptStates(n) {
    for (const option of this.fields.state.options) {
      const limits = this.states[option.index].n_sites;
      option.disabled = limits !== null && (n < limits[0] || n > limits[1]);
    }
    if (this.fields.state.selectedOptions[0]?.disabled ?? true) {
      this.fields.state.value = [...this.fields.state.options].find((option) => !option.disabled).value;
    }
  }
}

// Radio buttons that look like one segmented button: [[value, text], ...].
export function segments(container, name, choices) {
  container.replaceChildren(...choices.map(([value, text]) => {
    const input = Object.assign(document.createElement("input"), { type: "radio", name, value });
    const label = document.createElement("label");
    const span = Object.assign(document.createElement("span"), { textContent: text });
    label.append(input, span);
    return label;
  }));
}

function keyOf(model) {
  return `${model.name}/${model.version}`;
}

function integer(name, text, low, high) {
  const value = Number(text);
  if (text === "" || !Number.isInteger(value) || value < low || value > high) {
    throw new Error(`The ${name} must be an integer from ${low} to ${high}, but is ${text || "empty"}.`);
  }
  return value;
}
