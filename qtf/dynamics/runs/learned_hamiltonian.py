"""A local Hamiltonian that was learned from trajectories, and what one asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from qtf.autoregressive.estimates import Estimate
from qtf.checks import COUNT, check_arguments
from qtf.dynamics.generator_fit import FitResult, fit_generator
from qtf.dynamics.generator_report import (
    Identification,
    coefficient_table,
    identify,
    lag_sentence,
)
from qtf.dynamics.local_terms import LocalTerms
from qtf.dynamics.state_checks import checked_batch
from qtf.physics import HAMILTONIANS, HamiltonianSettings, PauliSum, evolve
from qtf.progress import announced

if TYPE_CHECKING:
    from qtf.dynamics.local_generator import LocalGenerator

N_MAX = 16


@dataclass(frozen=True, eq=False)
class LearnedHamiltonian:
    """What the trajectories of a spin chain tell of what drives it; NumPy and SciPy only.

    Attributes:
        fit: Coefficients of all local terms with their errors.
        dt: Time step of the trajectories.
        n_sites: Chain lengths of the trajectories.
    """

    fit: FitResult
    dt: float
    n_sites: tuple[int, ...]

    @property
    def table(self) -> str:
        """All coefficients with their errors, a line each."""
        return coefficient_table(self.fit)

    @cached_property
    def identification(self) -> Identification:
        """The Hamiltonian of `qtf.physics` that explains the coefficients, if any does."""
        return identify(self.fit)

    @property
    def family(self) -> HamiltonianSettings | None:
        """The identified model with its parameters, for chains of any length; None: it is none."""
        identification = self.identification
        if identification.name not in HAMILTONIANS or identification.name == "custom":
            return None
        return HamiltonianSettings(identification.name, identification.parameters)

    @property
    def explains_the_data(self) -> bool | None:
        """Whether local terms explain the trajectories; None: one step alone does not tell."""
        return self.fit.explains_the_data

    @property
    def coefficients(self) -> dict[str, Estimate]:
        """Each coefficient by its name, such as "Z_i Z_{i+1}"."""
        values = zip(
            self.fit.terms.names,
            self.fit.coefficients.tolist(),
            self.fit.errors.tolist(),
            strict=True,
        )
        return {name: Estimate(value, error) for name, value, error in values}

    def hamiltonian(self, n_sites: int) -> PauliSum:
        """Returns the learned terms on a chain of any length, as they were fitted.

        Raises:
            ValueError: The fields that were learned belong to a chain of another length.
        """
        check_arguments(COUNT, n_sites=n_sites)
        return self.fit.hamiltonian(n_sites)

    def rollout(self, psi0: ArrayLike, n_steps: int) -> np.ndarray:
        """Returns the states at steps 0 .. n_steps of the time step of the trajectories.

        Args:
            psi0: Initial states, (batch, 2**n) or (2**n,), of a chain of any length.
            n_steps: Number of steps, at least 1.

        Returns:
            complex128 (batch, n_steps + 1, 2**n), or without the batch axis.

        Raises:
            ValueError: The states have another shape, or `n_steps` is not positive.
        """
        check_arguments(COUNT, n_steps=n_steps)
        states = checked_batch("psi0", psi0)
        n_sites = states.shape[-1].bit_length() - 1
        return evolve(self.hamiltonian(n_sites), states, self.dt * np.arange(n_steps + 1))

    @cached_property
    def model(self) -> "LocalGenerator":
        """The same as a Keras model, for `qtf.export` and for further training."""
        from qtf.dynamics.local_generator import LocalGenerator

        terms = self.fit.terms
        model = LocalGenerator(
            self.dt,
            n_max=max(N_MAX, *self.n_sites),
            interaction_range=terms.interaction_range,
            site_dependent=terms.site_dependent,
            n_sites=terms.n_sites if terms.site_dependent else None,
            fields=terms.fields,
        )
        model.coefficients.assign(self.fit.coefficients)
        return model

    def __str__(self) -> str:
        """Returns the table, whether it explains the data, and which Hamiltonian it is."""
        return "\n".join([self.table, lag_sentence(self.fit), str(self.identification)])


def learn(
    trajectories: Mapping[int, np.ndarray],
    dt: float,
    *,
    interaction_range: int = 1,
    site_dependent: bool = False,
) -> LearnedHamiltonian:
    """Fits local terms to trajectories.

    Args:
        trajectories: n_sites -> complex (n_trajectories, n_times, 2**n_sites), see
            `checked_arrays`.
        dt: Time step.
        interaction_range: Largest distance of two sites in one term.
        site_dependent: Whether each site of the one chain has fields of its own.

    Raises:
        ValueError: Fields of sites need trajectories of one length, or a number is out of range.
    """
    lengths = tuple(trajectories)
    if site_dependent and len(lengths) > 1:
        raise ValueError(
            "Argument `site_dependent` needs trajectories of one chain length, but there are"
            f" {', '.join(map(str, lengths))}."
        )
    chain = lengths[0] if site_dependent else None
    terms = LocalTerms(interaction_range, site_dependent, chain)
    with announced("fitting the local generator"):
        fit = fit_generator([(terms, psi) for psi in trajectories.values()], dt)
    return LearnedHamiltonian(fit, dt, lengths)
