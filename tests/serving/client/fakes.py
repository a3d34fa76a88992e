"""A served model in this process: exact evolution over gRPC and REST, with faults on demand."""

import json
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from qtf.physics import Chain, energy, evolve, ising, magnetization, n_sites_of_dimension
from serving.status import Code

DT = 0.002
N_LAYERS, UNITS = 2, 3
VERSION = 7
LABELS = {"stable": VERSION}
SIGNATURES = {
    "rollout": (("psi0_re", "psi0_im", "n_steps"), ("psi_re", "psi_im")),
    "observables": (
        ("psi0_re", "psi0_im", "n_steps"),
        ("norm", "energy", "magnetization_x", "magnetization_y", "magnetization_z"),
    ),
    "step": (("psi_re", "psi_im", "cells"), ("psi_re", "psi_im", "cells")),
}


@dataclass
class Refusal(Exception):
    """An error that the fake answers with."""

    code: Code
    message: str = "refused by the test"


@dataclass
class Seen:
    """A request that arrived."""

    method: str
    signature: str = ""
    version: int | None = None
    label: str | None = None
    inputs: dict = field(default_factory=dict)
    seconds_left: float | None = None
    connection: object = None
    path: str = ""


@dataclass
class FakeModel:
    """The model `ising`; `faults` are taken one for each request, before any answer.

    A fault is a `Refusal`, or for REST a function of the handler that answers itself.
    """

    faults: deque = field(default_factory=deque)
    seen: list = field(default_factory=list)
    # More steps than asked for, as from a server that joins requests.
    extra_steps: int = 0
    version: int = VERSION
    # Changes outputs before they are sent.
    spoil: object = None
    delay: float = 0.0

    def resolve(self, name, version, label):
        if name != "ising":
            raise Refusal(Code.NOT_FOUND, f"Servable not found for request: Latest({name})")
        if label and label not in LABELS:
            raise Refusal(Code.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}")
        if version not in (None, self.version):
            text = f"Servable not found for request: Specific({name}, {version})"
            raise Refusal(Code.NOT_FOUND, text)
        return self.version

    def predict(self, signature, inputs):
        time.sleep(self.delay)
        if signature not in SIGNATURES:
            text = f'Serving signature key "{signature}" not found.'
            raise Refusal(Code.FAILED_PRECONDITION, text)
        answer = getattr(self, f"_{signature}")(**inputs)
        outputs = {name: np.asarray(values, np.float32) for name, values in answer.items()}
        return self.spoil(outputs) if self.spoil else outputs

    def _rollout(self, psi0_re, psi0_im, n_steps):
        psi = self._evolved(psi0_re, psi0_im, n_steps)
        return {"psi_re": psi.real, "psi_im": psi.imag}

    def _observables(self, psi0_re, psi0_im, n_steps):
        psi = self._evolved(psi0_re, psi0_im, n_steps)
        return {
            "norm": np.linalg.norm(psi, axis=-1),
            "energy": energy(_hamiltonian(psi), psi),
            **{f"magnetization_{axis}": magnetization(psi, axis) for axis in "xyz"},
        }

    def _step(self, psi_re, psi_im, cells):
        psi = evolve(_hamiltonian(psi_re), psi_re + 1j * psi_im, [DT])[:, 0]
        return {"psi_re": psi.real, "psi_im": psi.imag, "cells": cells + 1}

    def _evolved(self, real, imaginary, n_steps):
        psi0 = np.asarray(real) + 1j * np.asarray(imaginary)
        if not np.isfinite(psi0).all():
            raise Refusal(Code.INVALID_ARGUMENT, "Input `psi0_re` must be finite")
        norms = np.linalg.norm(psi0, axis=-1)
        if abs(norms - 1).max() > 1e-3:
            raise Refusal(
                Code.INVALID_ARGUMENT,
                "assertion failed: [Input `psi0` must be normalised to 1 within 0.001, but a state"
                f" has the norm] [{norms[0]:g}]\n\t [[{{{{node Assert_5}}}}]]",
            )
        times = DT * np.arange(max(n_steps) + 1 + self.extra_steps)
        return evolve(_hamiltonian(psi0), psi0, times)

    def metadata(self):
        def tensor(name, dtype="DT_FLOAT"):
            sizes = (-1, N_LAYERS, UNITS) if name == "cells" else (-1, -1)
            dtype = "DT_INT32" if name == "n_steps" else dtype
            dims = [{"size": str(size), "name": ""} for size in sizes]
            shape = {"dim": dims, "unknown_rank": False}
            return {"dtype": dtype, "tensor_shape": shape, "name": f"{name}:0"}

        definitions = {
            name: {
                "inputs": {key: tensor(key) for key in inputs},
                "outputs": {key: tensor(key) for key in outputs},
                "method_name": "tensorflow/serving/predict",
            }
            for name, (inputs, outputs) in SIGNATURES.items()
        }
        return {"signature_def": {"signature_def": definitions}}

    def status(self):
        broken = {"error_code": "INTERNAL", "error_message": "no variables"}
        fine = {"error_code": "OK", "error_message": ""}
        return {
            "model_version_status": [
                {"version": str(self.version + 1), "state": "END", "status": broken},
                {"version": str(self.version), "state": "AVAILABLE", "status": fine},
            ]
        }


def _hamiltonian(psi):
    return ising(Chain(n_sites_of_dimension(psi.shape[-1])))


@contextmanager
def rest_server(model, *, context=None):
    """Yields the address of `model` served over HTTP on a free port."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request, client_address):
            pass

    server = Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": model}))
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        scheme = "http" if context is None else "https"
        yield f"{scheme}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are written apart, which Nagle's algorithm would delay.
    disable_nagle_algorithm = True
    model = None

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, verb = self.path.partition(":")
        words = path.strip("/").split("/")
        words = words[words.index("v1") :]
        chosen = dict(zip(words[3::2], words[4::2], strict=False))
        version = int(chosen["versions"]) if "versions" in chosen else None
        seen = Seen(verb or words[-1], "", version, chosen.get("labels"))
        seen.connection, seen.path = self.connection, self.path
        self.model.seen.append(seen)
        try:
            if self.model.faults:
                fault = self.model.faults.popleft()
                if not isinstance(fault, Refusal):
                    fault(self)
                    return
                raise fault
            self.reply(200, self._content(words, verb, seen, body))
        except Refusal as refusal:
            self.reply(refusal.code.http_status, {"error": refusal.message})

    def _content(self, words, verb, seen, body):
        model = self.model
        version = model.resolve(words[2], seen.version, seen.label)
        if verb:
            content = json.loads(body)
            seen.signature, seen.inputs = content["signature_name"], content["inputs"]
            inputs = {
                name: np.array(values, np.int32 if name == "n_steps" else np.float32)
                for name, values in seen.inputs.items()
            }
            outputs = model.predict(seen.signature, inputs)
            return {"outputs": {name: values.tolist() for name, values in outputs.items()}}
        if words[-1] == "metadata":
            spec = {"name": words[2], "signature_name": "", "version": str(version)}
            return {"model_spec": spec, "metadata": model.metadata()}
        return model.status()

    def reply(self, status, content, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextmanager
def grpc_server(model, *, credentials=None):
    """Yields the address of `model` served over gRPC on a free port."""
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    predictions, models = servicers(model)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(predictions, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(models, server)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
        address = f"127.0.0.1:{port}"
    else:
        address = f"grpcs://localhost:{server.add_secure_port('127.0.0.1:0', credentials)}"
    server.start()
    try:
        yield address
    finally:
        server.stop(0).wait(5)


def fill(tensor, values):
    """Writes values into typed fields, which the stock server sends by default."""
    import tensorflow as tf

    tensor.dtype = tf.as_dtype(values.dtype).as_datatype_enum
    tensor.tensor_shape.CopyFrom(tf.TensorShape(values.shape).as_proto())
    tensor.float_val.extend(values.reshape(-1))


def servicers(model):
    import grpc
    import tensorflow as tf
    from google.protobuf import json_format
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    def answered(method, request, context, answer):
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        seen = Seen(method, spec.signature_name, version, spec.version_label or None)
        seen.seconds_left = context.time_remaining()
        model.seen.append(seen)
        try:
            if model.faults:
                raise model.faults.popleft()
            resolved = model.resolve(spec.name, version, seen.label)
            return answer(seen, resolved)
        except Refusal as refusal:
            context.abort(grpc.StatusCode[refusal.code.name], refusal.message)

    class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802
            def answer(seen, version):
                seen.inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
                found = predict_pb2.PredictResponse()
                found.model_spec.name = request.model_spec.name
                found.model_spec.version.value = version
                for name, values in model.predict(seen.signature, seen.inputs).items():
                    fill(found.outputs[name], values)
                return found

            return answered("predict", request, context, answer)

        def GetModelMetadata(self, request, context):  # noqa: N802
            def answer(seen, version):
                found = get_model_metadata_pb2.GetModelMetadataResponse()
                found.model_spec.name = request.model_spec.name
                found.model_spec.version.value = version
                definitions = get_model_metadata_pb2.SignatureDefMap()
                json_format.ParseDict(model.metadata()["signature_def"], definitions)
                found.metadata["signature_def"].Pack(definitions)
                return found

            return answered("metadata", request, context, answer)

    class Models(model_service_pb2_grpc.ModelServiceServicer):
        def GetModelStatus(self, request, context):  # noqa: N802
            def answer(seen, version):
                found = get_model_status_pb2.GetModelStatusResponse()
                return json_format.ParseDict(model.status(), found)

            return answered("status", request, context, answer)

    return Predictions(), Models()


SERVERS = {"grpc": grpc_server, "rest": rest_server}
