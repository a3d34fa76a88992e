// How far a model can be trusted: its error in validation beside the error seen.

import { number } from "./numbers.js";

// `errors`: relative entropy of every step.
export function trustSentence({ model, n, steps }, errors) {
  const known = model.validation?.relative_entropy?.[n];
  const validated = known === undefined ? steps : model.validation.n_steps;
  const step = Math.min(validated, steps);
  const seen = `This state is off by a relative entropy of ${number(errors[step])} after ${words(step)}`;
  if (known === undefined) return `${seen}. The model does not tell its error in validation for n\u00a0=\u00a0${n}.`;
  const trained = `in validation it was ${number(known)} after ${words(validated)}, on average over states of the training’s law`;
  const further = step < validated ? " Errors grow with the number of steps." : "";
  return `${seen}; ${trained}.${further} States of other laws and longer times may be further off.`;
}

function words(steps) {
  return steps === 1 ? "1 step" : `${steps} steps`;
}
