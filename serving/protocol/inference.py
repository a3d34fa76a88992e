"""Classify, Regress and MultiInference: signatures whose one input is serialized `tf.Example`s."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.classification_pb2 import ClassificationResult
from tensorflow_serving.apis.inference_pb2 import InferenceTask
from tensorflow_serving.apis.regression_pb2 import RegressionResult

from serving.protocol.prediction import check_type
from serving.protocol.signature import DEFAULT_SIGNATURE, Signature
from serving.status import Code, StatusError, invalid_argument

CLASSIFY, REGRESS = "classify", "regress"
INPUTS = "inputs"
_CLASSES, _SCORES, _OUTPUTS = "classes", "scores", "outputs"
_KINDS = {CLASSIFY: "classification", REGRESS: "regression"}


@dataclass(frozen=True)
class Classes:
    """What a classification says of each example.

    Attributes:
        labels: Names of the classes, bytes, (n_examples, n_classes).
        scores: The score of each, float32, of the same shape.
    """

    labels: np.ndarray
    scores: np.ndarray

    def to_proto(self) -> ClassificationResult:
        """Returns the result as the protocol has it."""
        result = ClassificationResult()
        for labels, scores in zip(self.labels, self.scores, strict=True):
            classes = result.classifications.add().classes
            for label, score in zip(labels, scores.tolist(), strict=True):
                classes.add(label=label.decode("utf-8", "replace"), score=score)
        return result


@dataclass(frozen=True)
class Task:
    """A signature, and what is done with it.

    Attributes:
        method: CLASSIFY or REGRESS.
        signature: The signature, whose inputs and outputs are those of the method.
    """

    method: str
    signature: Signature

    @property
    def outputs(self) -> tuple[str, ...]:
        """Aliases of the outputs that are needed."""
        wanted = (_OUTPUTS,) if self.method == REGRESS else (_CLASSES, _SCORES)
        return tuple(alias for alias in wanted if alias in self.signature.outputs)

    def result(self, outputs: Mapping[str, np.ndarray], n_examples: int) -> "Classes | np.ndarray":
        """Returns what the outputs say of each example.

        Args:
            outputs: alias -> array, for `self.outputs`.
            n_examples: Number of examples that were sent.

        Returns:
            Classes, or of a regression values in float32, (n_examples,).

        Raises:
            StatusError: INVALID_ARGUMENT, an output has another type or shape.
        """
        if self.method == REGRESS:
            return self._values(outputs[_OUTPUTS], n_examples)
        for alias, array in outputs.items():
            self._check_classes(alias, array, n_examples)
        shapes = {array.shape for array in outputs.values()}
        if len(shapes) > 1:
            raise invalid_argument(
                "Tensors class and score should match in dim_size(1). Got "
                f"{outputs[_CLASSES].shape[1]} vs. {outputs[_SCORES].shape[1]}"
            )
        (shape,) = shapes
        labels = outputs.get(_CLASSES, np.full(shape, b"", object))
        return Classes(labels, outputs.get(_SCORES, np.zeros(shape, np.float32)))

    def _check_classes(self, alias: str, array: np.ndarray, n_examples: int) -> None:
        if array.ndim != 2:
            raise invalid_argument(
                "Expected Tensor shape: [batch_size num_classes] but got "
                f"[{','.join(map(str, array.shape))}]"
            )
        self._check_dtype(alias, tf.string if alias == _CLASSES else tf.float32)
        if len(array) != n_examples:
            raise invalid_argument(
                f"Expected {alias} output batch size of {n_examples}. Got: {len(array)}"
            )

    def _values(self, array: np.ndarray, n_examples: int) -> np.ndarray:
        if array.ndim != 1 and (array.ndim != 2 or array.shape[1] != 1):
            raise invalid_argument(
                "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] "
                f"but got [{','.join(map(str, array.shape))}]"
            )
        if len(array) != n_examples:
            raise invalid_argument(
                f"Input batch size did not match output batch size: {n_examples} vs. {len(array)}"
            )
        self._check_dtype(_OUTPUTS, tf.float32)
        return array.ravel()

    def _check_dtype(self, alias: str, dtype: tf.DType) -> None:
        found = self.signature.outputs[alias].dtype
        if found != dtype:
            names = [f"DT_{name.upper()}" for name in (_short(dtype), _short(found))]
            raise invalid_argument(f"Expected {alias} Tensor of {names[0]}. Got: {names[1]}")


def regression_proto(values: np.ndarray) -> RegressionResult:
    """Returns values of a regression, (n_examples,), as the protocol has them."""
    result = RegressionResult()
    for value in values.tolist():
        result.regressions.add(value=value)
    return result


def find_task(
    signatures: Mapping[str, Signature], key: str, method: str, *, by_name: bool = False
) -> Task:
    """Returns the signature that a request names, checked to be one of its method.

    Args:
        signatures: Signatures of the model.
        key: Name of the signature; the default one where it is empty.
        method: CLASSIFY or REGRESS.
        by_name: Whether it must also say to be one.

    Raises:
        StatusError: INVALID_ARGUMENT, there is no such signature, or it is none of its method.
    """
    key = key or DEFAULT_SIGNATURE
    if key not in signatures:
        raise invalid_argument(f"No signature was found with the name: {key}")
    return _task(signatures[key], method, by_name=by_name)


def find_tasks(
    signatures: Mapping[str, Signature], tasks: Sequence[InferenceTask], *, by_name: bool = False
) -> list[Task]:
    """Returns what a list of tasks asks of one model, see `find_task`.

    Raises:
        StatusError: INVALID_ARGUMENT or UNIMPLEMENTED, one of them cannot be done.
    """
    if len({task.model_spec.name for task in tasks}) > 1:
        raise invalid_argument(
            "All ModelSpecs in a MultiInferenceRequest must access the same model name."
        )
    found: dict[str, Task] = {}
    for task in tasks:
        key = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if key in found:
            raise invalid_argument(f"Duplicate evaluation of signature: {key}")
        if key not in signatures:
            raise invalid_argument(f"Requested signature not found in model graph: {key}")
        method = task.method_name.removeprefix("tensorflow/serving/")
        if method not in _KINDS:
            raise StatusError(
                Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        found[key] = _task(signatures[key], method, by_name=by_name)
    return list(found.values())


def _task(signature: Signature, method: str, *, by_name: bool) -> Task:
    kind, wanted = _KINDS[method], f"tensorflow/serving/{method}"
    if by_name and signature.method_name != wanted:
        raise invalid_argument(
            f"Expected {kind} signature method_name to be {wanted}. Was: {signature.method_name}"
        )
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    n_outputs = len(signature.outputs)
    if method == REGRESS and n_outputs != 1:
        raise invalid_argument("Expected one output Tensor.")
    if n_outputs not in (1, 2):
        raise invalid_argument(f"Expected one or two output Tensors, found {n_outputs}")
    if INPUTS not in signature.inputs:
        raise invalid_argument(f"No {kind} inputs found in SignatureDef: {_describe(signature)}")
    task = Task(method, signature)
    if not task.outputs:
        raise _no_outputs(signature, method)
    # Examples are strings; what else the graph wants is told.
    check_type(INPUTS, tf.string, signature)
    return task


def _no_outputs(signature: Signature, method: str) -> StatusError:
    if method == REGRESS:
        return invalid_argument(
            f"No regression outputs found in SignatureDef: {_describe(signature)}"
        )
    return invalid_argument(
        "Expected classification signature outputs to contain at least one of "
        f'"{_CLASSES}" or "{_SCORES}". Signature was: {_describe(signature)}'
    )


def _describe(signature: Signature) -> str:
    inputs, outputs = ",".join(sorted(signature.inputs)), ",".join(signature.output_aliases)
    return f"{signature.name} with inputs {{{inputs}}} and outputs {{{outputs}}}"


def _short(dtype: tf.DType) -> str:
    return {tf.float32: "float", tf.float64: "double"}.get(dtype, dtype.name)
