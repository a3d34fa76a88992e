"""How open systems begin: products, what another run has reached, density matrices."""

import hashlib
import sys
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from qtf.open_systems.fit import fit_table
from qtf.open_systems.full_sums import log_table
from qtf.open_systems.observables import PauliObservables
from qtf.open_systems.outcome_distribution import FLOOR, OutcomeDistribution
from qtf.open_systems.runs.distributions import load_distribution
from qtf.open_systems.runs.settings import MAX_LISTED_SITES, OpenSystemSettings
from qtf.open_systems.settings import MATRIX_FILES, STARTS
from qtf.physics import Povm, check_density_matrix, point_spins
from qtf.run_kinds import OPEN_SYSTEMS, check_kind
from qtf.training.run_folder import RunFolder
from qtf.typing import Array


class Start(Protocol):
    """How a system begins."""

    @property
    def key(self) -> object:
        """JSON value that tells it from others."""

    def apply(self, distribution: OutcomeDistribution) -> None:
        """Makes a distribution the one at time 0."""

    def table(self) -> Array:
        """Returns the exact probabilities of all outcomes at time 0, (4**n_sites,)."""


class ProductStart:
    """Spins that have nothing to do with one another.

    Args:
        key: What the settings say.
        sites: Probabilities of the outcomes of each site, (n_sites, 4).
    """

    def __init__(self, key: object, sites: Array) -> None:
        self.key = key
        self.sites = sites

    def apply(self, distribution: OutcomeDistribution, *, floor: float = FLOOR) -> None:
        """Makes the outcomes independent, none less probable than `floor`."""
        alike = (self.sites == self.sites[0]).all()
        distribution.start_from_product(self.sites[0] if alike else self.sites, floor=floor)

    def table(self) -> Array:
        """Returns the product."""
        p = np.ones(1)
        for site in self.sites:
            p = np.multiply.outer(p, site).reshape(-1)
        return p


class RunStart:
    """What another run has reached at its end.

    Args:
        settings: Settings of the run that starts.

    Raises:
        FileNotFoundError: There is no such run, or it has no weights.
        ValueError: It has another measurement or network, or is of something else.
    """

    def __init__(self, settings: OpenSystemSettings) -> None:
        self.folder = RunFolder(settings.start)
        check_kind(self.folder.kind, OPEN_SYSTEMS, flag="config.start", folder=settings.start)
        recorded = OpenSystemSettings.from_mapping(self.folder.load_config())
        for name in ("measurement", "network", "strings"):
            theirs, ours = getattr(recorded, name), getattr(settings, name)
            if theirs != ours:
                raise ValueError(
                    f"Setting `{name}` must be that of the run it starts from, {theirs} in"
                    f" {settings.start}, but is {ours}."
                )
        theirs, ours = (each.physics.hamiltonian.lattice.n_sites for each in (recorded, settings))
        if theirs != ours:
            raise ValueError(
                f"The Hamiltonian must have the {theirs} sites of the run that is started from,"
                f" {settings.start}, but has {ours}."
            )

    @cached_property
    def distribution(self) -> OutcomeDistribution:
        """The last distribution of the run."""
        return load_distribution(self.folder)[0]

    @property
    def key(self) -> object:
        """Digest of the weights, which the folder may change."""
        return _digest(self.distribution.get_weights())

    def apply(self, distribution: OutcomeDistribution) -> None:
        """Copies the weights."""
        distribution.offsets = self.distribution.offsets
        distribution.set_weights(self.distribution.get_weights())

    def table(self) -> Array:
        """Returns the probabilities that the run gives."""
        table = np.exp(np.asarray(log_table(self.distribution), np.float64))
        return table / table.sum()


class DensityMatrixStart:
    """A density matrix, whose probabilities a network is fitted to.

    Args:
        settings: Settings of the run that starts.
        povm: Its measurement.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds no density matrix, or there are too many sites.
    """

    def __init__(self, settings: OpenSystemSettings, povm: Povm) -> None:
        n_sites = settings.physics.hamiltonian.lattice.n_sites
        if n_sites > MAX_LISTED_SITES:
            raise ValueError(
                f"A density matrix can be the start of at most {MAX_LISTED_SITES} sites, but there"
                f" are {n_sites}."
            )
        rho = check_density_matrix(read_matrix(Path(settings.start)), n_sites, name="start")
        self.povm = povm
        self._table = np.maximum(povm.probabilities(rho), 0.0)
        self._fitted: tuple[list[list[float]] | None, list[Array]] | None = None

    @property
    def key(self) -> object:
        """Digest of the probabilities."""
        return _digest([self._table])

    def table(self) -> Array:
        """Returns the probabilities of the outcomes of the density matrix."""
        return self._table

    def apply(self, distribution: OutcomeDistribution) -> None:
        """Fits the network, once, and tells how well it could."""
        if self._fitted is None:
            fit_table(distribution, self._table)
            self._tell_error(distribution)
            self._fitted = distribution.offsets, distribution.get_weights()
        distribution.offsets = self._fitted[0]
        distribution.set_weights(self._fitted[1])

    def _tell_error(self, distribution: OutcomeDistribution) -> None:
        q = np.exp(np.asarray(log_table(distribution), np.float64))
        observables = PauliObservables([self.povm.pauli_values(pauli) for pauli in "XYZ"])
        means = (observables.exact_means(p) for p in (self._table, q))
        apart = max(
            abs(one - other) for one, other in zip(*(m.values() for m in means), strict=True)
        )
        tqdm.write(
            f"The network's start is off by {np.abs(q - self._table).sum() / 2:.1e} of all"
            f" probability, its <X>, <Y>, <Z> by at most {apart:.1e}.",
            file=sys.stderr,
        )


def make_start(settings: OpenSystemSettings, povm: Povm) -> Start:
    """Returns how the settings say that the system begins.

    Args:
        settings: Settings of the run.
        povm: Their measurement.

    Raises:
        OSError: What the settings name does not exist or cannot be read.
        ValueError: It does not fit the run.
    """
    n_sites = settings.physics.hamiltonian.lattice.n_sites
    if settings.start_angles is not None:
        states = np.broadcast_to(point_spins(settings.start_angles), (n_sites, 2))
        key = [list(pair) for pair in settings.start_angles]
        return ProductStart(key, povm.site_probabilities(states))
    if settings.start in STARTS:
        states = np.tile(STARTS[settings.start], (n_sites, 1))
        return ProductStart(settings.start, povm.site_probabilities(states))
    path = Path(settings.start)
    if not path.exists():
        raise FileNotFoundError(
            f"Setting `start` names {path}, but there is no such file or folder."
        )
    return RunStart(settings) if path.is_dir() else DensityMatrixStart(settings, povm)


def read_matrix(path: Path) -> Array:
    """Returns the one array of a file of NumPy, .npy or .npz.

    Raises:
        ValueError: The file is none of them, or holds several arrays.
    """
    if path.suffix not in MATRIX_FILES:
        raise ValueError(f"A density matrix is read from .npy or .npz, but `start` is {path}.")
    try:
        content = np.load(path)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"File {path} holds no array of NumPy: {error}") from error
    if isinstance(content, np.ndarray):
        return content
    with content:
        if len(content.files) != 1:
            raise ValueError(
                f"File {path} must hold one array, but holds {', '.join(content.files) or 'none'}."
            )
        return content[content.files[0]]


def _digest(arrays: Sequence[Array]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
