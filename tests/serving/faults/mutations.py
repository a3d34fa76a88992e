"""Valid requests made wrong at random, reproducibly: bytes, values, fields, routes."""

import copy
import gzip
import json
import random

import numpy as np
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from tests.serving.faults.clients import http_request
from tests.serving.running_server import predict_request

PREDICTION = "/tensorflow.serving.PredictionService/"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

# name of the model, signature, inputs that are right
VALID = (
    ("heavy", "", {"x": [1.0, 2.5]}),
    ("heavy", "many", {"x": [1.0, 2.5]}),
    ("heavy", "parsed", {"text": ["1", "2.5"]}),
    ("zoo", "echo_float", {"x": [[1.0, 2.0], [3.0, 4.0]]}),
    ("zoo", "echo_double", {"x": 1e300}),
    ("zoo", "echo_int32", {"x": [[[7]]]}),
    ("zoo", "echo_int64", {"x": [2**40]}),
    ("zoo", "echo_uint8", {"x": [255, 0]}),
    ("zoo", "echo_bool", {"x": [True, False]}),
    ("zoo", "echo_string", {"x": ["a", "b"]}),
    ("zoo", "pair", {"a": [1.0, 2.0], "b": [3.0, 4.0]}),
    ("zoo", "matrix", {"x": [[1.0, 2.0]]}),
    ("zoo", "checked", {"x": [4.0, 9.0]}),
)
_DTYPES = {"echo_double": "float64", "echo_int32": "int32", "echo_int64": "int64"}
_DTYPES |= {"echo_uint8": "uint8", "echo_bool": "bool", "echo_string": "S", "parsed": "S"}

# Texts that stand where a value was.
_VALUES = (
    *(
        "null",
        "true",
        "{}",
        "[]",
        '""',
        "[[]]",
        '"a"',
        "NaN",
        "-Infinity",
        "-0",
        "1e400",
        "-1e-400",
    ),
    *("16777217", "9007199254740993", "2147483648", "18446744073709551616", "-9223372036854775809"),
    *('{"b64": "AA=="}', '{"b64": "?"}', '{"b64": 1}', '{"b64": "AA==", "x": 1}', '"\\ud800"'),
    *('"\\u0000"', '{"x": 1, "x": [2]}', "[1, [2]]", "[1, true, null]", '{"": []}', "1.0", "[1.0]"),
    *(
        "[" * 70 + "1.0" + "]" * 70,
        "[" * 70 + '"a"' + "]" * 70,
        "[" * 900 + "]" * 900,
        "[" * 20000,
        '{"a":' * 5000,
        "9" * 5000,
    ),
)
_PATHS = (
    *("/", "/v1", "/v1/", "/v1/models", "/v1/models/", "/v1/models/heavy", "/V1/MODELS/heavy"),
    *("/v1/models/heavy/metadata", "/v1/models/absent", "/v1/models/heavy/versions/1"),
    *("/v1/models/heavy/versions/1:predict", "/v1/models/heavy/versions/2:predict"),
    *("/v1/models/heavy/versions/-1", "/v1/models/heavy/versions/" + "9" * 25),
    *("/v1/models/heavy/versions/" + "0" * 5000 + "1", "/v1/models/heavy/labels/x:predict"),
    *("/v1/models/heavy:classify", "/v1/models/heavy:regress", "/v1/models/heavy:PREDICT"),
    *("/v1/models/%ff%fe:predict", "/v1/models/%00:predict", "/v1/models/a%2Fb:predict"),
    *("/v1/models//heavy:predict", "/v1/models/heavy:predict/", "/v1/models/heavy:predict?x=%zz"),
    *("/page/models", "/page/state", "/page/exact", "/page/absent", "/monitoring"),
    *("/monitoring/prometheus/metrics", "//", "/%2e%2e/", "/v1/models/" + "a" * 9000),
)
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE")
_HEADERS = (
    *("", "", "", "Content-Type: text/plain\r\n", "Content-Encoding: gzip\r\n"),
    *("Content-Encoding: br\r\n", "Expect: 100-continue\r\n", "Accept: image/png\r\n"),
    *("Range: bytes=5-2\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Cookie: \xff\r\n"),
)
_AXES = (-1, -(2**63), 0, 1, 2, 3, 1000, 2**20, 2**26, 2**31, 2**62, 2**63 - 1)


class Mutations:
    """An endless supply of wrong requests, the same for the same seed."""

    def __init__(self, seed):
        self._random = random.Random(seed)

    def http(self):
        """Returns (method, path, headers, body)."""
        name, signature, inputs = self._random.choice(VALID)
        method, path = "POST", f"/v1/models/{name}:predict"
        if self._chance(0.25):
            path = self._random.choice(_PATHS)
        if self._chance(0.15):
            method = self._random.choice(_METHODS)
        body = self._document(signature, inputs).encode("utf-8", "surrogatepass")
        headers = self._random.choice(_HEADERS)
        if "gzip" in headers and self._chance(0.8):
            body = gzip.compress(body)
        if self._chance(0.25):
            body = self._bytes(body)
        return method, path, headers, body

    def raw_http(self):
        """Returns bytes that are seldom HTTP."""
        method, path, headers, body = self.http()
        return self._bytes(http_request(method, path[:200], body[:500], headers=headers))

    def grpc(self):
        """Returns (method, bytes)."""
        message = self._predict()
        method = PREDICTION + "Predict"
        if self._chance(0.2):
            method, message = self._other_call(message)
        data = message.SerializeToString()
        return method, self._bytes(data) if self._chance(0.4) else data

    def _chance(self, probability):
        return self._random.random() < probability

    def _document(self, signature, inputs):
        by_rows = self._chance(0.4)
        value = copy.deepcopy(inputs)
        if by_rows:
            (value, *_) = value.values() if len(value) == 1 else ([value],)
        document = {"signature_name": signature, "instances" if by_rows else "inputs": value}
        if self._chance(0.1):
            document["inputs"] = document.get("instances")
        if self._chance(0.1):
            document["signature_name"] = self._random.choice(["absent", None, 1, [], "\ud800"])
        if self._chance(0.1):
            document.pop(self._random.choice(list(document)))
        return self._with_other_values(document)

    def _with_other_values(self, document):
        """Writes a document with texts that no document holds at up to two of its places."""
        marks = {}
        for number in range(self._random.choice([0, 1, 1, 2])):
            if places := list(_places(document)):
                holder, key = self._random.choice(places)
                holder[key] = f"mark {number}"
                marks[f'"mark {number}"'] = self._random.choice(_VALUES)
        text = json.dumps(document)
        for mark, value in marks.items():
            text = text.replace(mark, value)
        return text

    def _bytes(self, data):
        data = bytearray(data)
        for _ in range(self._random.randint(1, 4)):
            start = self._random.randint(0, len(data))
            length = self._random.randint(0, 12)
            match self._random.randrange(6):
                case 0:
                    del data[start:]
                case 1:
                    del data[start : start + length]
                case 2:
                    data[start:start] = self._random.randbytes(length)
                case 3:
                    data[start:start] = data[start : start + length] * self._random.randint(1, 20)
                case 4:
                    data = data[start:] + data[:start]
                case _ if start < len(data):
                    data[start] ^= 1 << self._random.randrange(8)
        return bytes(data)

    def _predict(self):
        name, signature, inputs = self._random.choice(VALID)
        dtype = _DTYPES.get(signature, "float32")
        arrays = {key: np.array(value, dtype) for key, value in inputs.items()}
        message = predict_request(name, arrays, signature=signature)
        for _ in range(self._random.choice([0, 1, 1, 2])):
            self._spoil(message)
        return message

    def _spoil(self, message):
        change = self._random.choice(
            [self._spoil_spec, self._spoil_names, self._spoil_shape, self._spoil_values]
        )
        change(message, message.inputs[min(message.inputs)] if message.inputs else None)

    def _spoil_spec(self, message, _):
        spec = message.model_spec
        match self._random.randrange(5):
            case 0:
                message.ClearField("model_spec")
            case 1:
                spec.name = self._random.choice(["", "absent", "\0", "../heavy", "é" * 3000])
            case 2:
                spec.version.value = self._random.choice([-(2**63), -1, 0, 1, 2, 2**63 - 1])
            case 3:
                spec.version_label = self._random.choice(["", "absent", "\0"])
            case 4:
                spec.signature_name = self._random.choice(["absent", "__saved_model_init_op", "é"])

    def _spoil_names(self, message, tensor):
        if tensor is not None and self._chance(0.5):
            message.inputs[self._random.choice(["", "z", "x", "a"])].CopyFrom(tensor)
        elif self._chance(0.3):
            message.ClearField("inputs")
        message.output_filter.extend(self._random.choices(["y", "y0", "y1", "", "é"], k=2))

    def _spoil_shape(self, _, tensor):
        if tensor is None:
            return
        shape = tensor.tensor_shape
        if self._chance(0.2):
            shape.unknown_rank = True
        if self._chance(0.5):
            del shape.dim[:]
        for _ in range(self._random.choice([0, 1, 1, 2, 3, 70, 300])):
            shape.dim.add(size=self._random.choice(_AXES))

    def _spoil_values(self, _, tensor):
        if tensor is None:
            return
        match self._random.randrange(4):
            case 0:
                tensor.dtype = self._random.randrange(0, 140)
            case 1:
                tensor.tensor_content = self._random.randbytes(self._random.choice([0, 1, 7, 8]))
            case 2:
                for field in ("float_val", "int_val", "string_val", "half_val", "bool_val"):
                    tensor.ClearField(field)
            case 3:
                tensor.float_val.extend([float("nan"), float("inf")])
                tensor.half_val.append(2**31 - 1)
                tensor.string_val.append(b"\xff\0")

    def _other_call(self, message):
        spec = message.model_spec
        if self._chance(0.3):
            return STATUS, get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
        if self._chance(0.4):
            request = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec)
            names = ["signature_def", "absent", ""]
            request.metadata_field.extend(self._random.choices(names, k=self._random.randint(0, 2)))
            return PREDICTION + "GetModelMetadata", request
        names = ["Classify", "Regress", "MultiInference", "SessionRun", "Absent", ""]
        return PREDICTION + self._random.choice(names), message


def _places(document):
    """Yields (container, key) of every value inside lists and objects."""
    keys = document if isinstance(document, dict) else range(len(document))
    for key in list(keys):
        yield document, key
        if isinstance(document[key], list | dict):
            yield from _places(document[key])
