"""Expectation values of a state whose outcome probabilities are known or sampled."""

import numpy as np
import numpy.typing as npt

from qtf.autoregressive.estimates import Estimate
from qtf.autoregressive.inputs import checked_outcomes
from qtf.open_systems.settings import DIRECTIONS
from qtf.typing import Array


class PauliObservables:
    """Means of Pauli matrices and their products, from outcomes of a measurement.

        <O> = sum_b p(b) Tr(O N^b) = mean over b ~ p of Tr(O N^b)

    Args:
        values: Tr(sigma N^b) of one spin, (3, 4): rows X, Y, Z.

    Raises:
        ValueError: The shape is another.

    Example:
        >>> observables = PauliObservables(np.array([[3.0, -1, -1, -1]] * 3))
        >>> observables.means(np.array([[0, 0], [1, 1]]))["z"]
        Estimate(mean=1.0, error=2.0)

    Source: Luo et al., Phys. Rev. Lett. 128, 090501 (2022).
    """

    def __init__(self, values: npt.ArrayLike) -> None:
        self.values = np.asarray(values, np.float64)
        if self.values.shape != (3, 4):
            raise ValueError(
                f"Argument `values` must have the shape (3, 4), but has {self.values.shape}."
            )

    def means(self, outcomes: npt.ArrayLike) -> dict[str, Estimate]:
        """Returns <X>, <Y> and <Z> averaged over the sites, with error bars.

        Args:
            outcomes: Samples, (n_samples, n_sites).

        Raises:
            ValueError: An outcome is not from 0 to 3.
        """
        checked = checked_outcomes("outcomes", outcomes, 4)
        return {
            name: Estimate.of(row[checked].mean(axis=1))
            for name, row in zip(DIRECTIONS, self.values, strict=True)
        }

    def means_of_probabilities(self, probabilities: npt.ArrayLike) -> dict[str, Estimate]:
        """Returns what `means` estimates, from probabilities instead of outcomes.

        Args:
            probabilities: Of the four outcomes of a site in each sample, averaged over sites,
                (n_samples, 4).
        """
        given = np.asarray(probabilities, np.float64)
        return {
            name: Estimate.of(given @ row)
            for name, row in zip(DIRECTIONS, self.values, strict=True)
        }

    def correlator(
        self, outcomes: npt.ArrayLike, sites: tuple[int, int], paulis: tuple[str, str]
    ) -> Estimate:
        """Returns <sigma_i sigma_j>; subtract the means for the connected correlation.

        Args:
            outcomes: Samples, (n_samples, n_sites).
            sites: i and j, different.
            paulis: One of "x", "y", "z" for each.

        Raises:
            ValueError: The sites are equal, a Pauli matrix is unknown, or an outcome is not from 0
                to 3.
        """
        checked, rows = checked_outcomes("outcomes", outcomes, 4), self._rows(sites, paulis)
        first, second = (row[checked[:, site]] for row, site in zip(rows, sites, strict=True))
        return Estimate.of(first * second)

    def exact_means(self, table: npt.ArrayLike) -> dict[str, float]:
        """Returns what `means` estimates.

        Args:
            table: p of all outcomes, (4**n_sites,), the first site most significant.

        Raises:
            ValueError: The shape is another.
        """
        cube = _cube(table)
        marginals = [_marginal(cube, (site,)) for site in range(cube.ndim)]
        means = np.mean(marginals, axis=0) @ self.values.T
        return dict(zip(DIRECTIONS, means.tolist(), strict=True))

    def exact_correlator(
        self, table: npt.ArrayLike, sites: tuple[int, int], paulis: tuple[str, str]
    ) -> float:
        """Returns what `correlator` estimates; arguments as above.

        Raises:
            ValueError: The sites are equal, a Pauli matrix is unknown, or `table` has another
                shape.
        """
        first, second = self._rows(sites, paulis)
        pair = _marginal(_cube(table), sites)
        if sites[0] > sites[1]:
            pair = pair.T
        return float(first @ pair @ second)

    def _rows(self, sites: tuple[int, int], paulis: tuple[str, str]) -> list[Array]:
        if sites[0] == sites[1]:
            raise ValueError(f"Argument `sites` must hold different sites, but is {sites}.")
        if not set(paulis) <= set("xyz"):
            raise ValueError(f"Argument `paulis` must hold x, y or z, but is {paulis}.")
        return [self.values["xyz".index(pauli)] for pauli in paulis]


def _cube(table: npt.ArrayLike) -> Array:
    given = np.asarray(table, np.float64)
    n_sites = (given.size.bit_length() - 1) // 2
    if given.shape != (4**n_sites,):
        raise ValueError(
            f"Argument `table` must have the shape (4**n_sites,), but has {given.shape}."
        )
    return given.reshape((4,) * n_sites)


def _marginal(cube: Array, sites: tuple[int, ...]) -> Array:
    """Sums over all other sites; axes by ascending site."""
    return cube.sum(axis=tuple(site for site in range(cube.ndim) if site not in sites))
