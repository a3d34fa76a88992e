"""Tells graphs whose inputs bound their work from those with loops or sizes that are sent."""

from collections.abc import Collection, Iterable, Iterator

from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.framework.node_def_pb2 import NodeDef

_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
# The number of values that each of these makes is that of its inputs, or a product of two of them.
_BOUNDED = _CALLS | {
    *("Placeholder", "PlaceholderWithDefault", "Const", "NoOp", "Identity", "IdentityN"),
    *("VariableV2", "VarHandleOp", "ReadVariableOp", "StopGradient", "Cast", "Shape", "Reshape"),
    *("ExpandDims", "Squeeze", "Transpose", "StridedSlice", "Pack", "Unpack", "ConcatV2", "Split"),
    *("Add", "AddV2", "AddN", "Sub", "Mul", "Div", "RealDiv", "Maximum", "Minimum", "Neg", "Abs"),
    *("Square", "SquaredDifference", "Sqrt", "Rsqrt", "Exp", "Log", "Pow", "Sin", "Cos", "Tanh"),
    *("Sigmoid", "Relu", "Elu", "Softplus", "Softmax", "LogSoftmax", "BiasAdd", "MatMul"),
    *("BatchMatMulV2", "Sum", "Mean", "Max", "Min", "Prod", "ArgMax", "Select", "SelectV2"),
    *("Equal", "Less", "LessEqual", "Greater", "GreaterEqual", "LogicalAnd", "LogicalNot"),
}


def is_bounded(graph: GraphDef, inputs: Collection[str], outputs: Iterable[str]) -> bool:
    """Tells whether the sizes of the inputs alone bound the work for some tensors.

    Loops, random numbers, strings and operations that read a size from their input do not count as
    bounded, nor does what is not known here.

    Args:
        graph: The graph with its library of functions.
        inputs: Names of the tensors that are fed; what computes them does not count.
        outputs: Names of the tensors that are computed.
    """
    nodes = {node.name: node for node in graph.node}
    library = {function.signature.name: function.node_def for function in graph.library.function}
    fed = {_node(name) for name in inputs}
    return all(
        _is_bounded(node, library, frozenset()) for node in _behind(nodes, fed, map(_node, outputs))
    )


def _behind(
    nodes: dict[str, NodeDef], fed: Collection[str], names: Iterable[str]
) -> Iterator[NodeDef]:
    """Yields all nodes that some nodes need, without those that are fed and what is behind them."""
    waiting = list(names)
    seen = set(fed)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield nodes[name]
        waiting.extend(map(_node, nodes[name].input))


def _is_bounded(
    node: NodeDef, library: dict[str, Collection[NodeDef]], callers: frozenset[str]
) -> bool:
    if node.op not in _BOUNDED:
        return False
    if node.op not in _CALLS:
        return True
    name = node.attr["f"].func.name
    # A function that calls itself is a loop.
    return name not in callers and all(
        _is_bounded(inner, library, callers | {name}) for inner in library[name]
    )


def _node(tensor: str) -> str:
    """Returns the node of a tensor; the name of one that must only run before begins with ^."""
    return tensor.removeprefix("^").partition(":")[0]
