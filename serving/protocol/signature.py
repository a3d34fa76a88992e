"""Signatures: the named functions of a model, with the types of what goes in and out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo

DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Tensor:
    """One input or output of a signature.

    Attributes:
        name: Name of the tensor in the graph.
        dtype: Type of its entries.
        shape: Sizes of the axes with None for open ones; None when even their number is open.
    """

    name: str
    dtype: tf.DType
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Signature:
    """A named function of the model.

    Attributes:
        name: Key in the SavedModel.
        method_name: Kind of function that it says to be.
        inputs: alias -> tensor.
        outputs: alias -> tensor.
        defaults: alias -> array of the inputs that a request may leave out.
    """

    name: str
    method_name: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    defaults: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def output_aliases(self) -> tuple[str, ...]:
        """The aliases of all outputs in the order of the alphabet."""
        return tuple(sorted(self.outputs))

    @cached_property
    def output_types(self) -> dict[str, tf.DType]:
        """Types of all outputs by their aliases."""
        return {alias: tensor.dtype for alias, tensor in self.outputs.items()}

    @classmethod
    def from_proto(cls, name: str, proto: SignatureDef) -> "Signature":
        """Reads a `SignatureDef`."""
        defaults = {alias: tf.make_ndarray(value) for alias, value in proto.defaults.items()}
        inputs, outputs = _tensors(proto.inputs), _tensors(proto.outputs)
        return cls(name, proto.method_name, inputs, outputs, defaults)


def type_name(dtype: tf.DType) -> str:
    """Returns the name of a type as TensorFlow's C++ side writes it."""
    return {tf.float32: "float", tf.float64: "double", tf.float16: "half"}.get(dtype, dtype.name)


def is_runnable(proto: SignatureDef) -> bool:
    """Whether a `SignatureDef` computes tensors; some only name an operation."""
    tensors = (*proto.inputs.values(), *proto.outputs.values())
    return bool(proto.outputs) and all(tensor.dtype for tensor in tensors)


def _tensors(protos: Mapping[str, TensorInfo]) -> dict[str, Tensor]:
    return {alias: _tensor(proto) for alias, proto in protos.items()}


def _tensor(proto: TensorInfo) -> Tensor:
    shape = tf.TensorShape(proto.tensor_shape)
    axes = None if shape.rank is None else tuple(shape.as_list())
    # Variables of TensorFlow 1 are references; what a run gives is their value.
    return Tensor(proto.name, tf.dtypes.as_dtype(proto.dtype).base_dtype, axes)
