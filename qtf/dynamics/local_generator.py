"""A model that learns what drives a chain, and so predicts chains of any length."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from qtf.checks import COUNT, Number, Optional, check_arguments
from qtf.dynamics.local_action import (
    MAX_ORDER,
    MAX_PHASE,
    LocalAction,
    evolve_columns,
    local_action,
    needed_order,
    norm_bound,
    sites_of,
)
from qtf.dynamics.local_terms import LocalTerms
from qtf.layers.spin_encoding import check_parts
from qtf.physics import PauliSum
from qtf.typing import Index, Pair, Tensor

# Indices of amplitudes are int32.
MAX_SITES = 30


@keras.saving.register_keras_serializable("qtf")
class LocalGenerator(keras.Model):
    """Predicts psi(t + dt) = exp(-i dt G) psi(t) with a learned local G   (hbar = 1).

    G is a sum of Pauli strings on sites at most `interaction_range` apart, with the same
    learned coefficients everywhere along the chain (see `LocalTerms` for their names, for
    what else acts at the two ends, and for chains that differ from site to site). It is
    Hermitian, so the prediction is unitary; it knows no Hamiltonian, only that
    interactions are local and the same everywhere. What was learned from short chains
    therefore holds for long ones.

    The exponential is a Taylor series of G applied string by string, never a matrix: a
    step of a state of n spins costs about order * n * 2**n. There is no memory, so the
    cell states of `step` are empty.

    Args:
        dt: Time step.
        n_max: Largest number of spins.
        interaction_range: Largest distance of two sites in one term.
        site_dependent: Whether fields are learned for each site of one chain.
        n_sites: Number of spins of that chain.
        fields: Given fields of one chain, whose form is learned.
        order: Of the Taylor series; by default chosen at every step, from dt and a bound
            of |G|, so that the remainder is below 1e-16.
        **kwargs: Of `keras.Model`; the dtype is float64 by default.

    Call arguments:
        psi: Real and imaginary parts at successive times, (batch, time, 2, 2**n).
        training: Makes no difference.

    Returns:
        The predicted states one step later, (batch, time, 2, 2**n).

    Raises:
        ValueError: An argument is out of range, or the input is complex or of another shape.

    Example:
        >>> from qtf.physics import PauliTerm
        >>> model = LocalGenerator(dt=0.002)
        >>> bond = np.zeros(20)
        >>> bond[model.terms.names.index("Z_i Z_{i+1}")] = -1.0
        >>> _ = model.coefficients.assign(bond)
        >>> model.hamiltonian(3).terms[0]
        PauliTerm(coefficient=-1.0, sites=(0, 1), paulis='ZZ')
        >>> tuple(model(np.ones((2, 5, 2, 8))).shape)
        (2, 5, 2, 8)
    """

    # What the rollout, the export and the report ask of every model.
    n_layers = 0
    units = 0
    predicts = "state"

    def __init__(
        self,
        dt: float,
        *,
        n_max: int = 16,
        interaction_range: int = 1,
        site_dependent: bool = False,
        n_sites: int | None = None,
        fields: Sequence[float] | None = None,
        order: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **{"dtype": "float64", **kwargs})
        if not 0 < dt < np.inf:
            raise ValueError(f"Argument `dt` must be positive and finite, but is {dt}.")
        check_arguments(Number(integer=True), n_max=n_max)
        check_arguments(Optional(COUNT), order=order)
        if order is not None and order > MAX_ORDER:
            raise ValueError(f"Argument `order` must be at most {MAX_ORDER}, but is {order}.")
        self.terms = LocalTerms(
            interaction_range, site_dependent, n_sites, None if fields is None else tuple(fields)
        )
        smallest = self.terms.n_sites or 1
        if n_max < smallest:
            raise ValueError(f"Argument `n_max` must be at least {smallest}, but is {n_max}.")
        if n_max > MAX_SITES:
            raise ValueError(f"Argument `n_max` must be at most {MAX_SITES}, but is {n_max}.")
        if interaction_range > max(n_max - 1, 1):
            raise ValueError(
                f"Argument `interaction_range` must be at most {max(n_max - 1, 1)}, below `n_max`,"
                f" but is {interaction_range}."
            )
        self.dt = dt
        self.n_max = n_max
        self.order = order
        self.coefficients = self.add_weight(
            name="coefficients", shape=(self.terms.size,), initializer="zeros"
        )
        self.built = True

    def call(self, psi: Tensor, training: bool = False) -> Tensor:
        """Predicts every next state of whole trajectories."""
        check_parts(psi, self.n_max, axes=("batch", "time"))
        columns = ops.transpose(ops.cast(psi, self.compute_dtype), (3, 2, 0, 1))
        shape = ops.shape(columns)
        evolved = self._evolve(ops.reshape(columns, (*shape[:2], -1)), psi.shape[-1])
        return ops.transpose(ops.reshape(evolved, shape), (2, 3, 1, 0))

    def initial_cells(self, batch_size: Index) -> Tensor:
        """Returns the empty memory before the first step, (0, batch, 0)."""
        return ops.zeros((0, batch_size, 0), self.variable_dtype)

    def step(self, psi: Tensor, cells: Tensor) -> Pair:
        """Advances states by one time step.

        Args:
            psi: (batch, 2, 2**n), of any norm: the prediction is linear.
            cells: (0, batch, 0); there is no memory.

        Returns:
            The next states, shaped as `psi`, and `cells`.
        """
        check_parts(psi, self.n_max, axes=("batch",))
        columns = ops.transpose(ops.cast(psi, self.compute_dtype), (2, 1, 0))
        return ops.transpose(self._evolve(columns, psi.shape[-1]), (2, 1, 0)), cells

    def hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns G of a chain of `n_sites` spins.

        Raises:
            ValueError: These fields belong to a chain of another length.
        """
        return self.terms.pauli_sum(np.asarray(self.coefficients), n_sites)

    def with_fields(self, fields: Sequence[float]) -> "LocalGenerator":
        """Returns the model of a chain in other fields, with the same coefficients.

        Args:
            fields: One for each site, of any number of sites.

        Raises:
            ValueError: This model was not made for given fields.
        """
        if self.terms.fields is None:
            raise ValueError("The model must have been made with `fields` to take other ones.")
        config = {**self.get_config(), "fields": list(fields), "n_sites": None}
        config["n_max"] = max(self.n_max, len(config["fields"]))
        other = type(self).from_config(config)
        other.coefficients.assign(self.coefficients)
        return other

    def taylor_order(self, n_sites: int) -> int:
        """Returns the order that the series needs for chains of `n_sites` spins.

        Raises:
            ValueError: The step is too long for the series to keep its digits, or these
                fields belong to a chain of another length.
        """
        self.terms.check_sites(n_sites)
        phase = self.dt * float(ops.convert_to_numpy(norm_bound(self._action(2**n_sites))))
        if phase > MAX_PHASE:
            raise ValueError(
                f"Argument `dt` times the bound of |G| must be at most {MAX_PHASE:g}, but is"
                f" {phase:.3g} for n = {n_sites}; the Taylor series would lose digits."
            )
        if self.order is not None:
            return self.order
        return int(ops.convert_to_numpy(needed_order(ops.convert_to_tensor(phase, "float64"))))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this model again."""
        arguments = {
            "dt": self.dt,
            "n_max": self.n_max,
            "order": self.order,
            **self.terms.to_dict(),
        }
        base = {key: value for key, value in super().get_config().items() if key != "autocast"}
        return {**base, **arguments}

    def _evolve(self, columns: Tensor, dimension: int | None) -> Tensor:
        """Returns states one step later, as columns (2**n, 2, batch)."""
        if dimension is not None:
            self.terms.check_sites(sites_of(dimension))
        action = self._action(ops.shape(columns)[0])
        return evolve_columns(action, columns, self.dt, self.order)

    def _action(self, dimension: Index) -> LocalAction:
        weights = ops.convert_to_tensor(self.coefficients)
        parts = {
            name: ops.reshape(weights[self.terms.slices[name]], shape)
            for name, shape in self.terms.shapes.items()
        }
        n_sites = sites_of(dimension)
        shift = parts["shift"][0]
        if not self.terms.site_dependent:
            shift = shift + ops.cast(n_sites, shift.dtype) * parts["shift"][1]
        return local_action(self._site_fields(parts, n_sites), parts["bonds"], shift, dimension)

    def _site_fields(self, parts: Mapping[str, Tensor], n_sites: Index) -> Tensor:
        """Returns the coefficients of P_i, (n, 3); see `LocalTerms.site_fields`."""
        if self.terms.site_dependent:
            return parts["site"]
        sites = ops.arange(n_sites, dtype="int32")
        ends = ops.cast(ops.stack([sites == 0, sites == n_sites - 1], axis=1), self.compute_dtype)
        fields = parts["site"] + ops.matmul(ends, parts["edges"])
        if self.terms.fields is None:
            return fields
        given = ops.convert_to_tensor(self.terms.fields, self.compute_dtype)
        return fields + given[:, None] * parts["form"]
