"""What a comparison of samplers can be told."""

from dataclasses import dataclass
from typing import Annotated

from qtf.checks import COUNT, COUNT_OR_0, FINITE, FLAG, POSITIVE, SAMPLES, SEED, Number, require
from qtf.settings import Settings


@dataclass(frozen=True)
class ModesSettings(Settings):
    """How one wave function is sampled in two ways.

    Attributes:
        run: Run folder of `trainers.ground_state`, whose best weights are taken: after a
            refinement the refined ones, of a growth those of its largest size.
        n_chains: Chains; one half starts with all spins up, the other with all down.
        n_kept: Configurations kept of each chain, after a tenth as many that are dropped;
            as many direct samples are drawn as are kept of all chains.
        keep_every: Steps of a chain from one kept configuration to the next; 0: a sweep.
        seed: Seed of all samples.
        symmetrized: Whether its average over the run's `symmetry.group` is sampled instead.
    """

    run: str
    n_chains: int = 4
    # R-hat of both halves of a chain needs a variance within each half.
    n_kept: Annotated[int, Number(least=4, integer=True)] = 1000
    keep_every: Annotated[int, COUNT_OR_0] = 0
    seed: Annotated[int, SEED] = 0
    symmetrized: Annotated[bool, FLAG] = False

    def __post_init__(self) -> None:
        """Checks every rule.

        Raises:
            ValueError: A rule is broken.
        """
        super().__post_init__()
        fits = self.n_chains >= 4 and self.n_chains % 2 == 0
        require(fits, "n_chains", "be even and at least 4", self.n_chains)


@dataclass(frozen=True)
class ChainTrainingSettings(Settings):
    """What all trainings of a comparison share.

    Attributes:
        side: Rows and columns of the open square.
        field: Transverse field; the coupling is 1.
        width: Channels of the PixelCNN.
        depth: Convolutions of the PixelCNN.
        n_samples: Samples of a step, and number of chains.
        n_steps: Optimiser steps.
        n_measured: Samples of a measurement of the energy.
        learning_rate: Learning rate of Adam.
        chunk: Flips evaluated at once in local energies; 0: all.
        seed: Seed of weights and samples.
    """

    side: Annotated[int, Number(least=2, integer=True)] = 4
    field: Annotated[float, FINITE] = 3.0
    width: Annotated[int, COUNT] = 16
    depth: Annotated[int, COUNT] = 4
    n_samples: Annotated[int, SAMPLES] = 128
    n_steps: Annotated[int, COUNT] = 300
    n_measured: Annotated[int, SAMPLES] = 1024
    learning_rate: Annotated[float, POSITIVE] = 2e-3
    chunk: Annotated[int, COUNT_OR_0] = 0
    seed: Annotated[int, SEED] = 0
