"""The Pauli terms of a chain whose interactions are local: their names, order and sums.

NumPy only. The order of the coefficients is the same for the network, the fit, the error
bars and the report.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from qtf.checks import COUNT, check_arguments
from qtf.physics import PauliSum, PauliTerm

PAULIS = "XYZ"


@dataclass(frozen=True)
class LocalTerms:
    """The generators of a chain that has the same interactions everywhere.

        G = sum_i sum_P site_P P_i
          + sum_{r = 1 .. range} sum_i sum_{P, Q} bonds_{r, P, Q} P_i Q_{i+r}
          + sum_P (edges_{1, P} P_1 + edges_{2, P} P_n)
          + shift_1 + n shift_2                                     P, Q in X, Y, Z

    A sum over two-site matrices can be written in many ways; these coefficients are
    those of Pauli strings, and each G has only one set of them.

    A chain of its own may differ from site to site. With `site_dependent`, the fields
    site_{i, P} are learned for each site, which leaves no edges and only the first
    shift. With given `fields` f_i, what is learned is how they act, the form:

        G = ... + sum_i f_i sum_P form_P P_i

    Args:
        interaction_range: Largest distance of two sites in one term.
        site_dependent: Whether the fields are learned for each site.
        n_sites: Number of spins, needed by `site_dependent`; else any n will do.
        fields: The given fields, one for each site.

    Raises:
        ValueError: A number is out of range, or two arguments contradict each other.

    Example:
        >>> terms = LocalTerms()
        >>> len(terms.names), terms.names[:4]
        (20, ('X_i', 'Y_i', 'Z_i', 'X_i X_{i+1}'))
    """

    interaction_range: int = 1
    site_dependent: bool = False
    n_sites: int | None = None
    fields: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_arguments(COUNT, interaction_range=self.interaction_range)
        if self.fields is not None:
            object.__setattr__(self, "fields", _checked_fields(self.fields))
            object.__setattr__(self, "n_sites", _agree(self.n_sites, len(self.fields)))
        if self.site_dependent and self.fields is not None:
            raise ValueError(
                "Arguments `site_dependent` and `fields` exclude each other: fields learned"
                " for each site have no form to learn."
            )
        if self.site_dependent and (self.n_sites is None or self.n_sites < 1):
            raise ValueError(
                "Argument `n_sites` must be the number of spins when `site_dependent` is set,"
                f" but is {self.n_sites}."
            )
        if self.n_sites is not None and not self.site_dependent and self.fields is None:
            raise ValueError(
                "Argument `n_sites` must be left out of a chain that is the same everywhere,"
                f" but is {self.n_sites}."
            )

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the coefficients by group, in their order."""
        bonds = (self.interaction_range, 3, 3)
        if self.site_dependent and self.n_sites:
            return {"site": (self.n_sites, 3), "bonds": bonds, "shift": (1,)}
        form = {} if self.fields is None else {"form": (3,)}
        return {"site": (3,), "bonds": bonds, "edges": (2, 3), **form, "shift": (2,)}

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each group lies in the vector of all coefficients."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes.values()]).tolist()
        starts = [0, *ends[:-1]]
        return {name: slice(*ends) for name, *ends in zip(self.shapes, starts, ends, strict=True)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """One readable name for each coefficient; sites count from 1."""
        if self.site_dependent and self.n_sites:
            site = [f"{p}_{i + 1}" for i in range(self.n_sites) for p in PAULIS]
        else:
            site = [f"{p}_i" for p in PAULIS]
        named = {
            "site": site,
            "bonds": [
                f"{p}_i {q}_{{i+{r + 1}}}"
                for r in range(self.interaction_range)
                for p in PAULIS
                for q in PAULIS
            ],
            "edges": [f"{p}_{end}" for end in "1n" for p in PAULIS],
            "form": [f"f_i {p}_i" for p in PAULIS],
            "shift": ["1", "n"],
        }
        return tuple(
            name
            for group, shape in self.shapes.items()
            for name in named[group][: math.prod(shape)]
        )

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return len(self.names)

    def split(self, coefficients: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the coefficients (size,) by group."""
        return {
            name: coefficients[self.slices[name]].reshape(shape)
            for name, shape in self.shapes.items()
        }

    def site_fields(self, coefficients: np.ndarray, n_sites: int) -> np.ndarray:
        """Returns the coefficients of the one-site terms P_i.

        Args:
            coefficients: (size,).
            n_sites: Number of spins.

        Returns:
            (n_sites, 3): everything that acts on a site alone, edges and form included.

        Raises:
            ValueError: The chain has another number of spins, or the coefficients
                another shape.
        """
        parts = self.split(self._checked(coefficients, n_sites))
        if self.site_dependent:
            return parts["site"].copy()
        fields = np.tile(parts["site"], (n_sites, 1))
        fields[0] += parts["edges"][0]
        fields[-1] += parts["edges"][1]
        if self.fields is not None:
            fields += np.outer(self.fields, parts["form"])
        return fields

    def pauli_sum(self, coefficients: np.ndarray, n_sites: int) -> PauliSum:
        """Returns G as a sum of Pauli strings; those with the coefficient 0 are left out.

        Args:
            coefficients: (size,).
            n_sites: Number of spins.

        Raises:
            ValueError: The chain has another number of spins, or the coefficients
                another shape.

        Example:
            >>> terms = LocalTerms()
            >>> bond = np.zeros(20)
            >>> bond[terms.names.index("Z_i Z_{i+1}")] = -1.0
            >>> terms.pauli_sum(bond, 3).terms[-1]
            PauliTerm(coefficient=-1.0, sites=(1, 2), paulis='ZZ')
        """
        fields = self.site_fields(coefficients, n_sites)
        parts = self.split(np.asarray(coefficients, np.float64))
        shift = parts["shift"] @ np.array([1.0, n_sites])[: len(parts["shift"])]
        terms = [PauliTerm(shift, (), "")]
        for i, field in enumerate(fields.tolist()):
            terms += [PauliTerm(c, (i,), p) for c, p in zip(field, PAULIS, strict=True)]
        for distance, bond in enumerate(parts["bonds"], 1):
            terms += _pair_terms(bond, distance, n_sites)
        return PauliSum(n_sites, [term for term in terms if term.coefficient])

    def operators(self, n_sites: int) -> list[PauliSum]:
        """Returns what each coefficient multiplies: G = sum_k coefficients_k operators_k.

        Raises:
            ValueError: The chain has another number of spins.
        """
        return [self.pauli_sum(unit, n_sites) for unit in np.eye(self.size)]

    def check_sites(self, n_sites: int) -> None:
        """Raises unless these terms describe a chain of so many spins.

        Raises:
            ValueError: They do not.
        """
        if n_sites < 1 or (self.n_sites is not None and n_sites != self.n_sites):
            rule = "positive" if self.n_sites is None else f"{self.n_sites}, as the fields have it"
            raise ValueError(f"Argument `n_sites` must be {rule}, but is {n_sites}.")

    def to_dict(self) -> dict[str, Any]:
        """Returns the arguments as plain values."""
        content = asdict(self)
        return content | {"fields": None if self.fields is None else list(self.fields)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "LocalTerms":
        """Returns the terms that `to_dict` wrote."""
        return cls(**content)

    def _checked(self, coefficients: np.ndarray, n_sites: int) -> np.ndarray:
        self.check_sites(n_sites)
        coefficients = np.asarray(coefficients, np.float64)
        if coefficients.shape != (self.size,):
            raise ValueError(
                f"Argument `coefficients` must have the shape ({self.size},), but has"
                f" {coefficients.shape}."
            )
        return coefficients


def _pair_terms(bond: np.ndarray, distance: int, n_sites: int) -> list[PauliTerm]:
    return [
        PauliTerm(float(bond[a, b]), (i, i + distance), PAULIS[a] + PAULIS[b])
        for i in range(n_sites - distance)
        for a in range(3)
        for b in range(3)
    ]


def _checked_fields(fields: npt.ArrayLike) -> tuple[float, ...]:
    values = np.asarray(fields, np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise ValueError(
            f"Argument `fields` must hold one finite number for each site, but is {fields!r}."
        )
    return tuple(values.tolist())


def _agree(n_sites: int | None, n_fields: int) -> int:
    if n_sites not in (None, n_fields):
        raise ValueError(
            f"Argument `n_sites` must be {n_fields}, the number of fields, but is {n_sites}."
        )
    return n_fields
