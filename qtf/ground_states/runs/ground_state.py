"""A wave function that was searched for, and what one asks of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from keras import ops
from matplotlib.figure import Figure

from qtf.autoregressive.draws import draw
from qtf.autoregressive.estimates import Estimate, Estimates
from qtf.checks import ARGUMENT, Number, OneOf, Several, check
from qtf.files import read_object
from qtf.ground_states import observables
from qtf.ground_states.estimates import EnergyEstimate, energy_estimate, v_score
from qtf.ground_states.every_configuration import EveryConfiguration
from qtf.ground_states.last_part import last_part
from qtf.ground_states.local_energy import log_psi_in_pieces
from qtf.ground_states.runs.facts import Facts
from qtf.ground_states.runs.refinement import run_and_refine
from qtf.ground_states.runs.report import RESULT, measure, write_result
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings, make_part
from qtf.ground_states.sampled_wave_function import SampledWaveFunction
from qtf.ground_states.settings import MAX_LISTED_SITES
from qtf.physics import PauliSum, PauliTerm, all_bits
from qtf.physics import expectation as exact_expectation
from qtf.physics.known_energies import KnownEnergy
from qtf.physics.operators import check_number_of_spins
from qtf.pictures import plot_correlations, plot_learning
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from qtf.typing import Array

# Samples of an estimate.
N_SAMPLES = 4096


@dataclass(frozen=True, eq=False)
class GroundState:
    """A wave function that was searched for.

    Up to 16 sites what it is asked for are sums over all configurations, without an error;
    beyond, means over samples, each with its error.

    Attributes:
        psi: The wave function, a Keras model: bits (batch, n_sites) -> log |psi| and phase.
        settings: Settings of the run.
        rows: Its validations, oldest first, as in `metrics.jsonl`.
        reference: Ground energy where it is known.
        warnings: Why it may not be the ground state, one sentence each.
    """

    psi: SampledWaveFunction
    settings: RunSettings
    rows: Sequence[Mapping[str, float]] = field(default=(), repr=False)
    reference: KnownEnergy | None = None
    warnings: tuple[str, ...] = ()

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.psi.n_sites

    @cached_property
    def hamiltonian(self) -> PauliSum:
        """The Hamiltonian."""
        return self.settings.physics.hamiltonian.build()

    @cached_property
    def energy(self) -> EnergyEstimate:
        """The energy, with its variance and V-score."""
        if self.is_listed:
            return self._exact_energy()
        bits = self.sample(N_SAMPLES)
        real, imaginary = observables.local_values(self.psi, self.hamiltonian, bits)
        return energy_estimate(real, imaginary, self.n_sites)

    def sample(self, n_samples: int, seed: int = 0) -> Array:
        """Draws independent spins from |psi|^2.

        Args:
            n_samples: Their number.
            seed: The same gives the same spins.

        Returns:
            Bits, int32 (n_samples, n_sites); 0 is spin up.

        Raises:
            ValueError: A number is out of range.
        """
        return draw(self.psi, n_samples, seed)

    def expectation(self, operator: PauliSum, *, n_samples: int = N_SAMPLES) -> Estimate:
        """Returns <psi| O |psi>.

        Args:
            operator: O, any sum of Pauli strings.
            n_samples: Samples of the mean, where there are too many configurations.

        Raises:
            ValueError: The operator acts on another number of spins.
        """
        check_number_of_spins(operator, self.n_sites)
        if self.is_listed:
            return Estimate(float(exact_expectation(operator, self.vector)), 0.0)
        return observables.expectation(self.psi, operator, self.sample(n_samples))

    def profile(self, pauli: str = "Z", *, n_samples: int = N_SAMPLES) -> Estimates:
        """Returns <P_i> of every site, (n_sites,); arguments as those of `correlations`.

        Raises:
            ValueError: The letter is none of X, Y, Z.
        """
        check("pauli", pauli, OneOf(("X", "Y", "Z")), kind=ARGUMENT)
        places = [(site,) for site in range(self.n_sites)]
        return self._strings(pauli, places, n_samples)

    def correlations(self, paulis: str = "ZZ", *, n_samples: int = N_SAMPLES) -> Estimates:
        """Returns <P_i P_j> of every two sites, not connected; 1 on the diagonal.

        Args:
            paulis: "XX", "YY" or "ZZ".
            n_samples: Samples of the means, where there are too many configurations.

        Returns:
            Means and errors, (n_sites, n_sites).

        Raises:
            ValueError: The letters are others.
        """
        check("paulis", paulis, OneOf(("XX", "YY", "ZZ")), kind=ARGUMENT)
        return Estimates.of_pairs(
            self.n_sites, lambda pairs: self._strings(paulis, pairs, n_samples)
        )

    def renyi2(self, region: Sequence[int], *, n_samples: int = N_SAMPLES) -> Estimate:
        """Returns the second Renyi entropy of some sites, S_2 = -log tr rho_A^2.

        Args:
            region: Sites of A.
            n_samples: Samples of the mean, where there are too many configurations.

        Raises:
            ValueError: A site is out of range or repeated, or the samples are too few.
        """
        site = Number(least=0, most=self.n_sites - 1, integer=True)
        check("region", list(region), Several(site, at_least=1), kind=ARGUMENT)
        if len(set(region)) < len(region):
            raise ValueError(f"Argument `region` must not repeat a site, but is {region}.")
        if not self.is_listed:
            return observables.renyi_entropy(self.psi, self.sample(n_samples), region)
        tensor = self.vector.reshape((2,) * self.n_sites)
        matrix = np.moveaxis(tensor, region, range(len(region))).reshape(2 ** len(region), -1)
        smaller = matrix if len(matrix) <= matrix.shape[1] else matrix.T
        purity = np.linalg.norm(smaller @ smaller.conj().T) ** 2
        return Estimate(max(0.0, -float(np.log(purity))), 0.0)

    def plot(self) -> Figure:
        """Draws how energy and variance have fallen, beside what is known."""
        reference = None if self.reference is None else self.reference.energy
        return plot_learning(self.rows, reference=reference, title=self.title)

    def plot_correlations(self, paulis: str = "ZZ") -> Figure:
        """Draws `correlations` of every two sites."""
        return plot_correlations(self.correlations(paulis), paulis=paulis, title=self.title)

    @property
    def title(self) -> str:
        """Model, lattice and size in a few words."""
        return self.settings.physics.hamiltonian.describe()

    @property
    def is_listed(self) -> bool:
        """Whether there are so few sites that all configurations are listed."""
        return self.n_sites <= MAX_LISTED_SITES

    @cached_property
    def vector(self) -> Array:
        """All amplitudes, complex128 (2**n_sites,), of norm 1; the first site is the leading bit.

        Raises:
            ValueError: There are too many sites.
        """
        every = EveryConfiguration(self.psi)
        log_modulus, phase = log_psi_in_pieces(self.psi, ops.convert_to_tensor(every.bits))
        log_psi = every.look_up(self.psi, log_modulus, phase)
        bits = ops.convert_to_tensor(all_bits(self.n_sites).astype(np.int32))
        modulus, angle = (np.asarray(part, np.float64) for part in log_psi(bits))
        vector = np.exp(modulus + 1j * angle)
        return vector / np.linalg.norm(vector)

    def _strings(self, paulis: str, places: Sequence[tuple[int, ...]], n_samples: int) -> Estimates:
        """Returns the means of a Pauli string at several places, from the same samples."""
        operators = (PauliSum(self.n_sites, [PauliTerm(1.0, sites, paulis)]) for sites in places)
        if self.is_listed:
            return Estimates.of(self.expectation(operator) for operator in operators)
        bits = self.sample(n_samples)
        if set(paulis) == {"Z"}:
            spins = 1.0 - 2.0 * bits
            return Estimates.of(Estimate.of(spins[:, sites].prod(axis=1)) for sites in places)
        return Estimates.of(
            observables.expectation(self.psi, operator, bits) for operator in operators
        )

    def _exact_energy(self) -> EnergyEstimate:
        image = self.hamiltonian.apply(self.vector)
        energy = float(np.vdot(self.vector, image).real)
        variance = float(np.linalg.norm(image - energy * self.vector) ** 2)
        return EnergyEstimate(energy, 0.0, variance, v_score(variance, energy, self.n_sites), 0.0)


def search(settings: GroundStateSettings, facts: Facts, workdir: Path | str) -> GroundState:
    """Searches a ground state in the run folder `workdir`, as the command does.

    Args:
        settings: Settings of the command, without a growth.
        facts: What `find_facts` has shown for them.
        workdir: The run folder.

    Raises:
        ValueError: The settings or a run folder do not fit.
    """
    training = run_and_refine(settings, facts, workdir)
    result = measure(training, workdir, facts.reference)
    write_result(result, workdir)
    return GroundState(
        training.model,
        make_part(RunSettings, settings),
        read_rows(workdir),
        facts.reference,
        result.warnings,
    )


def load_ground_state(workdir: Path | str) -> GroundState:
    """Returns the wave function of a run folder, after its refinement if it has one.

    Args:
        workdir: The run folder; of a growth, whose largest size is taken, or of one of its sizes.

    Raises:
        FileNotFoundError: The folder has no weights.
        ValueError: A file is damaged.
    """
    part = RunFolder(last_part(workdir))
    config = part.load_config()
    names = RunSettings().as_mapping()
    settings = RunSettings.from_mapping({key: config[key] for key in names if key in config})
    reference, warnings = _read_result(part.path, Path(workdir))
    return GroundState(part.load_model(), settings, read_rows(workdir), reference, warnings)


def _read_result(*folders: Path) -> tuple[KnownEnergy | None, tuple[str, ...]]:
    """Returns what a finished run says of the energy that is known, and its warnings."""
    path = next((path for folder in folders if (path := folder / RESULT).exists()), None)
    if path is None:
        return None, ()
    content = read_object(path)
    warnings = tuple(content.get("warnings", ()))
    energy = content.get("reference_energy")
    if energy is None:
        return None, warnings
    words = (content.get(f"reference_{name}") or "" for name in ("source", "kind"))
    return KnownEnergy(energy, content.get("reference_error") or 0.0, *words), warnings


def read_rows(workdir: Path | str) -> list[dict[str, float]]:
    """Returns the validations of a run and, after them, those of its refinement."""
    run, last = RunFolder(workdir), RunFolder(last_part(workdir))
    rows = read_metrics(last.metrics, "validation") if last.metrics.exists() else []
    if last.path == run.path or last.path.parent != run.path or not run.metrics.exists():
        return rows
    before = read_metrics(run.metrics, "validation")
    taken = before[-1]["step"] if before else 0
    return [*before, *({**row, "step": row["step"] + taken} for row in rows)]
