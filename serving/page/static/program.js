// The lines that give the same from a program and from a shell.

import { at } from "./document.js";
import { modelPath } from "./api.js";

export function showLines({ python, curl }) {
  at("python").textContent = python;
  at("curl").textContent = curl;
}

export function dynamicsLines({ model, steps }, psi0) {
  const numbers = psi0.re.map((value, x) => complexLiteral(value, psi0.im[x]));
  const python = [
    "import numpy as np",
    "from serving.client import Client",
    "",
    `psi0 = np.array([${numbers.join(", ")}])`,
    ...opened(model, [`psi = client.rollout(psi0, ${steps}).psi`, `values = client.observables(psi0, ${steps})`]),
  ];
  return { python: python.join("\n"), curl: curlLine(modelPath(model), {
    signature_name: "rollout",
    inputs: { psi0_re: [psi0.re], psi0_im: [psi0.im], n_steps: [steps] },
  }) };
}

export function sampledLines(call, { model, samples, seed }) {
  const python = [
    "from serving.client import Client",
    "",
    ...opened(model, [`found = client.${call}(${samples}, seed=${seed})`, `drawn = client.sample(${samples}, seed=${seed})`]),
    "print(found)",
  ];
  const first = Array.from({ length: Math.min(samples, 4) }, (_, k) => 2 ** 32 * seed + k);
  return { python: python.join("\n"), curl: curlLine(modelPath(model), { signature_name: "observables", inputs: { seed: first } }) };
}

function opened(model, lines) {
  const version = model.newest ? "" : `, version=${model.version}`;
  return [
    `with Client("${location.origin}", model=${JSON.stringify(model.name)}${version}) as client:`,
    ...lines.map((line) => `    ${line}`),
  ];
}

// JSON of numbers and plain words has no quotes that end the shell's.
function curlLine(path, body) {
  const address = `${location.origin}${path}:predict`.replaceAll("'", "%27");
  return `curl -d '${JSON.stringify(body)}' \\\n  '${address}'`;
}

function complexLiteral(re, im) {
  if (im === 0) return String(re);
  return im < 0 ? `${re}${im}j` : `${re}+${im}j`;
}
