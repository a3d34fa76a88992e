"""The state of an open system that was followed or searched for, and what one asks of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure

from qtf.autoregressive.draws import draw
from qtf.autoregressive.estimates import Estimate, Estimates
from qtf.checks import ARGUMENT, OneOf, check
from qtf.open_systems.figures import curves_figure
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.open_systems.runs.assembly import make_measurement, run
from qtf.open_systems.runs.distributions import load_distribution
from qtf.open_systems.runs.report import Validation, curves, measure
from qtf.open_systems.runs.settings import MAX_LISTED_SITES, OpenSystemSettings
from qtf.physics import PauliSum, PauliTerm
from qtf.physics.operators import check_number_of_spins
from qtf.training.run_folder import RunFolder
from qtf.typing import Array

# Samples of an estimate.
N_SAMPLES = 4096


@dataclass(frozen=True, eq=False)
class OpenSystem:
    """The state of an open system as a distribution of outcomes.

    Up to 9 sites what it is asked for are sums over all outcomes, without an error; beyond, means
    over samples, each with its error.

    Attributes:
        distribution: A Keras model: outcomes (batch, n_sites) -> log p.
        settings: Settings of the run.
        time: Time of the state; None: it is the steady state.
        rows: Means after each epoch, which is a step of time where time is followed.
    """

    distribution: keras.Model
    settings: OpenSystemSettings
    time: float | None = None
    rows: Sequence[Validation] = field(default=(), repr=False)

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.distribution.n_sites

    @property
    def is_listed(self) -> bool:
        """Whether there are so few sites that all outcomes are listed."""
        return self.n_sites <= MAX_LISTED_SITES and isinstance(
            self.distribution, OutcomeDistribution
        )

    @cached_property
    def probabilities(self) -> Array:
        """Probabilities of all outcomes, float64 (4**n_sites,); the first site is the leading one.

        Raises:
            ValueError: There are too many sites.
        """
        table = np.exp(np.asarray(log_table(self.distribution), np.float64))
        return table / table.sum()

    def density_matrix(self) -> Array:
        """Returns the density matrix, complex128 (2**n_sites, 2**n_sites), of few spins.

        It has trace 1 and is Hermitian; as far as the network is an approximation, an eigenvalue
        may be slightly negative.

        Raises:
            ValueError: There are too many sites.
        """
        return make_measurement(self.settings).density_matrix(self.probabilities)

    def sample(self, n_samples: int, seed: int = 0) -> Array:
        """Draws independent outcomes.

        Args:
            n_samples: Their number.
            seed: The same gives the same outcomes.

        Returns:
            int32 (n_samples, n_sites), from 0 to 3.

        Raises:
            ValueError: A number is out of range.
        """
        return draw(self.distribution, n_samples, seed)

    def expectation(self, operator: PauliSum, *, n_samples: int = N_SAMPLES) -> Estimate:
        """Returns <O> = tr(O rho).

        Args:
            operator: O, any sum of Pauli strings.
            n_samples: Samples of the mean, where there are too many outcomes.

        Raises:
            ValueError: The operator acts on another number of spins.
        """
        check_number_of_spins(operator, self.n_sites)
        if self.is_listed:
            povm = make_measurement(self.settings)
            return Estimate(float(povm.expectation(operator, self.probabilities)), 0.0)
        return self._mean_of_samples(operator, self.sample(n_samples))

    def profile(self, pauli: str = "Z", *, n_samples: int = N_SAMPLES) -> Estimates:
        """Returns <P_i> of every site, (n_sites,); arguments as those of `correlations`.

        Raises:
            ValueError: The letter is none of X, Y, Z.
        """
        check("pauli", pauli, OneOf(("X", "Y", "Z")), kind=ARGUMENT)
        return self._strings(pauli, [(site,) for site in range(self.n_sites)], n_samples)

    def correlations(self, paulis: str = "ZZ", *, n_samples: int = N_SAMPLES) -> Estimates:
        """Returns <P_i P_j> of every two sites, not connected; 1 on the diagonal.

        Args:
            paulis: "XX", "YY" or "ZZ".
            n_samples: Samples of the means, where there are too many outcomes.

        Returns:
            Means and errors, (n_sites, n_sites).

        Raises:
            ValueError: The letters are others.
        """
        check("paulis", paulis, OneOf(("XX", "YY", "ZZ")), kind=ARGUMENT)
        return Estimates.of_pairs(
            self.n_sites, lambda pairs: self._strings(paulis, pairs, n_samples)
        )

    def plot(self) -> Figure:
        """Draws <X>, <Y> and <Z> after each epoch, beside the exact ones where they are known."""
        rows = [row.as_mapping() for row in self.rows]
        return curves_figure(rows, n_steady=self.settings.steady_state.n_epochs, title=self.title)

    @property
    def title(self) -> str:
        """Model, lattice and size in a few words."""
        return self.settings.physics.describe()

    def _strings(self, paulis: str, places: Sequence[tuple[int, ...]], n_samples: int) -> Estimates:
        """Returns the means of a Pauli string at several places, from the same samples."""
        operators = (PauliSum(self.n_sites, [PauliTerm(1.0, sites, paulis)]) for sites in places)
        if self.is_listed:
            return Estimates.of(self.expectation(operator) for operator in operators)
        outcomes = self.sample(n_samples)
        return Estimates.of(self._mean_of_samples(operator, outcomes) for operator in operators)

    def _mean_of_samples(self, operator: PauliSum, outcomes: Array) -> Estimate:
        povm = make_measurement(self.settings)
        values = np.zeros(len(outcomes))
        for term in operator.terms:
            factors = [
                povm.pauli_values(pauli)[outcomes[:, site]]
                for site, pauli in zip(term.sites, term.paulis, strict=True)
            ]
            values += term.coefficient * np.prod(factors, axis=0)
        return Estimate.of(values)


def solve(settings: OpenSystemSettings, workdir: Path | str) -> OpenSystem:
    """Solves what settings ask for in the run folder `workdir`, as the command does.

    Args:
        settings: Settings of the run.
        workdir: The run folder.

    Raises:
        ValueError: The settings or the run folder do not fit.
    """
    measure(run(settings, workdir), workdir)
    return load_open_system(workdir)


def load_open_system(workdir: Path | str) -> OpenSystem:
    """Returns the state that a run has found, where time was followed that of the last time.

    Args:
        workdir: The run folder.

    Raises:
        FileNotFoundError: The folder has no weights.
        ValueError: A file is damaged.
    """
    folder = RunFolder(workdir)
    distribution, time = load_distribution(folder)
    settings = OpenSystemSettings.from_mapping(folder.load_config())
    rows = curves(folder.path) if folder.metrics.exists() else ()
    return OpenSystem(distribution, settings, time, rows)
