"""Types that rooms share: tensors, arrays, and what one room asks of the objects of another.

Objects fit by their members, not by their classes: a wave function from elsewhere, or of a test,
needs no import from here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

# Of whatever numbers; a function that needs one kind says so in its docstring.
Array: TypeAlias = npt.NDArray[Any]
# What JSON holds, and so a run folder.
Json: TypeAlias = "None | bool | int | float | str | Sequence[Json] | Mapping[str, Json]"
# Sizes of axes; None where only the running graph knows one.
Shape: TypeAlias = tuple[Any, ...]


class Tensor(Protocol):
    """What Keras operations take and give: a tensor of the backend, a variable, an array.

    Operators are those of both backends and of NumPy; everything else is in `keras.ops`.
    """

    @property
    def shape(self) -> Any:
        """Sizes of the axes, those that are known before the graph runs."""

    @property
    def dtype(self) -> Any:
        """Type of the entries, in the backend's words."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __neg__(self) -> Any: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __radd__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __rtruediv__(self, other: Any, /) -> Any: ...
    def __floordiv__(self, other: Any, /) -> Any: ...
    def __mod__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...
    def __lt__(self, other: Any, /) -> Any: ...
    def __le__(self, other: Any, /) -> Any: ...
    def __gt__(self, other: Any, /) -> Any: ...
    def __ge__(self, other: Any, /) -> Any: ...


# An integer, or the scalar tensor that counts a loop of a graph.
Index: TypeAlias = int | Tensor
# Of the entries of tensors: "float32", or what a backend or NumPy calls it.
DType: TypeAlias = str | np.dtype[Any] | type[Any]
Pair: TypeAlias = tuple[Tensor, Tensor]
# What a function under `keras.ops.custom_gradient` returns: its value, and the function that gives
# the gradients in its arguments.
WithGradient: TypeAlias = tuple[Tensor, Callable[..., tuple[Tensor, ...]]]


class Lattice(Protocol):
    """Sites, and whether they stand in rows; `qtf.physics` has more of them."""

    @property
    def n_sites(self) -> int:
        """Number of sites."""

    def rows(self) -> Sequence[Sequence[int]] | None:
        """Returns the sites of each row, all of one length; None for a chain, which has none."""


class InputContext(Protocol):
    """Which part of the batches a process takes, see `tf.distribute.InputContext`."""

    num_input_pipelines: int
    input_pipeline_id: int
    num_replicas_in_sync: int


class RandomSource(Protocol):
    """Uniform random numbers as the data of a training, see `qtf.data.random_source`."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def largest_shape(self) -> tuple[int, ...]:
        """Shape of the numbers of the largest step."""

    def dataset(
        self, start_step: int = 0, *, input_context: InputContext | None = None
    ) -> Iterable[Any]:
        """Returns the endless stream of batches from batch `start_step` on."""

    def batch(self, step: int) -> Mapping[str, np.ndarray]:
        """Returns the batch of a step in NumPy, for engines without `tf.data`."""

    def explain_data_loss(self, error: Exception) -> None:
        """Raises an error in the words of the source, if it can say more."""


# bits (batch, n_sites) -> log |psi| and phase, (batch,) each
LogPsi: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
# outcomes (batch, n_sites) -> log p, (batch,)
LogProb: TypeAlias = Callable[[Tensor], Tensor]
