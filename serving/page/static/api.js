// Questions to the server. A failed one throws an Error whose message is one readable line.

// Samples of one request, as in the client.
const LONGEST_PIECE = 1024;

export function models(signal) {
  return ask("/page/models", { signal });
}

export async function initialState(choice, signal) {
  const { n, state, seed } = choice;
  const { re, im } = await post("/page/state", { n_sites: n, state, seed }, signal);
  return { re, im };
}

export async function exact(model, psi0, nSteps, signal) {
  const { name, version } = model;
  const body = { model: name, version, psi0_re: psi0.re, psi0_im: psi0.im, n_steps: nSteps };
  return post("/page/exact", body, signal);
}

// The public prediction interface, as any other client uses it.
export async function predict(model, psi0, nSteps, signal) {
  const body = {
    signature_name: "rollout",
    inputs: { psi0_re: [psi0.re], psi0_im: [psi0.im], n_steps: [nSteps] },
  };
  const { outputs } = await post(`${modelPath(model)}:predict`, body, signal);
  return {
    re: trajectory(outputs?.psi_re, nSteps, psi0.re.length),
    im: trajectory(outputs?.psi_im, nSteps, psi0.re.length),
  };
}

// Exact values of a model that is sampled.
export function exactValues(model, signal) {
  return post(`/page/exact_${model.kind}`, { model: model.name, version: model.version }, signal);
}

// What a signature tells of samples, piece by piece, all of one version: a list for each output.
export async function sampled(model, signature, seeds, signal) {
  const outputs = {}, size = Math.min(LONGEST_PIECE, model.max_samples);
  for (let start = 0; start < seeds.length; start += size) {
    const body = { signature_name: signature, inputs: { seed: seeds.slice(start, start + size) } };
    const answer = await post(`${versionPath(model)}:predict`, body, signal);
    for (const [name, values] of Object.entries(answer.outputs ?? {})) (outputs[name] ??= []).push(...values);
  }
  if (Object.values(outputs).some((values) => values.length !== seeds.length) || !Object.keys(outputs).length) {
    throw new Error("The model did not answer with as many samples as were asked for.");
  }
  return outputs;
}

function versionPath(model) {
  return `/v1/models/${encodeURIComponent(model.name)}/versions/${model.version}`;
}

export function modelPath(model) {
  return model.newest ? `/v1/models/${encodeURIComponent(model.name)}` : versionPath(model);
}

// A server that joined requests may have predicted more steps than were asked for.
function trajectory(output, nSteps, width) {
  const states = Array.isArray(output?.[0]) ? output[0].slice(0, nSteps + 1) : [];
  if (states.length !== nSteps + 1 || states.some((state) => state?.length !== width)) {
    throw new Error("The model did not answer with a trajectory of the size that was asked for.");
  }
  return states.map((state) => state.map((value) => value ?? NaN));
}

function post(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

async function ask(path, options) {
  let response, text;
  try {
    response = await fetch(path, { cache: "no-store", ...options });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  const content = parsed(text);
  if (!response.ok) throw new Error(reason(content?.error) ?? `The server answered ${response.status}.`);
  if (content === undefined) throw new Error("The server did not answer with JSON.");
  return content;
}

// TensorFlow Serving writes bare NaN and Infinity, which JSON does not know; they become null.
function parsed(text) {
  for (const candidate of [text, text.replace(/-?\b(NaN|Infinity)\b/g, "null")]) {
    try {
      return JSON.parse(candidate);
    } catch {
      continue;
    }
  }
  return undefined;
}

// A check inside a graph says "assertion failed: [rule] [value]", and the place in the graph on
// further lines.
function reason(message) {
  if (typeof message !== "string") return undefined;
  const line = message.split("\n")[0].trim();
  const check = line.match(/assertion failed: \[(.*)\]$/);
  return check ? `${check[1].replaceAll("] [", " ")}.` : line;
}
