"""A server of the page whose predictions are exact evolution with a small known error."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from qtf.physics import evolve, from_config, magnetization
from serving.page import Page, ServedModel
from tests.serving.page import sampled_stub

DT = 0.002
ISING = {
    "name": "ising",
    "lattice": "chain",
    "periodic": False,
    "coupling": 1.0,
    "transverse_field": -1.05,
    "longitudinal_field": 0.5,
}
CONFIG = {"data": {"n_sites": [2, 3, 4, 7, 8]}, "physics": {"dt": DT, "hamiltonian": ISING}}
SERVED = [
    ServedModel("ising", 1, CONFIG),
    ServedModel("ising", 2, CONFIG),
    ServedModel("half_plus_two", 1, None),
]

# Served beside the models of dynamics where a test asks for it.
SAMPLED = {
    "psi": (sampled_stub.GROUND_STATE, sampled_stub.WaveFunction),
    "open": (sampled_stub.OPEN_SYSTEM, sampled_stub.Outcomes),
    "rest": (sampled_stub.AT_REST, lambda: sampled_stub.Outcomes(sampled_stub.AT_REST)),
}
EVERY_KIND = [*SERVED, *(ServedModel(name, 1, config) for name, (config, _) in SAMPLED.items())]

# Numbers of steps that the stub refuses, and answers with bare NaN.
REFUSED_STEPS = 13
BROKEN_STEPS = 17
REFUSAL = "Input `n_steps` must not be 13, but is"


def predicted_states(psi0, n_steps):
    """The stub's prediction: (n_steps + 1, 2**n), with wrong moduli and phases."""
    n_sites = int(np.log2(len(psi0)))
    hamiltonian = from_config({**ISING, "n_sites": n_sites})
    steps = np.arange(n_steps + 1)
    psi = evolve(hamiltonian, psi0, DT * steps)
    wrong = 1e-4 * steps[:, None] * np.linspace(0.5, 1.5, len(psi0)) * (1 + 0.5j)
    return (psi * (1 + wrong)).astype(np.complex64)


def observables(psi):
    """What the signature of that name answers of one trajectory, without energies."""
    means = {f"magnetization_{axis}": magnetization(psi, axis) for axis in "xyz"}
    courses = {"norm": np.linalg.norm(psi, axis=-1), **means}
    return {name: [values.tolist()] for name, values in courses.items()}


class StubServer:
    """Listens on a free port of the loopback until it is closed."""

    def __init__(self, served=SERVED, predict=predicted_states):
        self.requests = []
        self._is_closed = False
        self.page = Page(lambda: self.served)
        self.served = served
        self._predict = predict
        asked = {model.name for model in served} & set(SAMPLED)
        self.sampled = {name: SAMPLED[name][1]() for name in asked}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/"

    def close(self):
        self._is_closed = True
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def respond(self, method, path, body):
        """Returns status, content type, body and headers."""
        response = self.page.answer(method, path, body)
        if response is not None:
            return response.status, response.content_type, response.body, response.headers
        name = path.removeprefix("/v1/models/").partition("/")[0].partition(":")[0]
        if path.endswith("/metadata"):
            content = sampled_stub.metadata(name, 1, self.sampled[name])
            return 200, "application/json", json.dumps(content).encode(), {}
        if method == "POST" and path.endswith(":predict"):
            request = json.loads(body)
            if name in self.sampled:
                return self._samples(self.sampled[name], request)
            return self._prediction(request)
        return 404, "application/json", b'{"error": "Malformed request"}', {}

    def _samples(self, model, request):
        outputs = getattr(model, request["signature_name"])(request["inputs"]["seed"])
        lists = {name: values.tolist() for name, values in outputs.items()}
        return 200, "application/json", json.dumps({"outputs": lists}).encode(), {}

    def _prediction(self, request):
        inputs = request["inputs"]
        n_steps = inputs["n_steps"][0]
        if n_steps == REFUSED_STEPS:
            error = f"assertion failed: [{REFUSAL}] [13]\n\t [[{{{{node Assert}}}}]]"
            return 400, "application/json", json.dumps({"error": error}).encode(), {}
        psi0 = np.array(inputs["psi0_re"][0]) + 1j * np.array(inputs["psi0_im"][0])
        psi = self._predict(psi0, n_steps)
        if n_steps == BROKEN_STEPS:
            psi[-1] = np.nan
        # As if it had been joined with a request for more steps.
        psi = np.concatenate([psi, np.ones((5, psi.shape[1]))])
        if request["signature_name"] == "observables":
            return 200, "application/json", json.dumps({"outputs": observables(psi)}).encode(), {}
        parts = {"psi_re": [psi.real.tolist()], "psi_im": [psi.imag.tolist()]}
        return 200, "application/json", json.dumps({"outputs": parts}).encode(), {}

    def _handler(stub):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if stub._is_closed:
                    self.close_connection = True
                    return
                stub.requests.append((self.command, self.path))
                status, kind, content, headers = stub.respond(self.command, self.path, body)
                self.send_response(status)
                entries = {"Content-Type": kind, "Content-Length": str(len(content)), **headers}
                for name, value in entries.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

            def log_message(self, *arguments):
                pass

        return Handler
