"""Exact quantum mechanics of spins: Hamiltonians, evolution, states and observables.

hbar = 1 throughout. A basis state has the number whose binary digits are its bits, spin 1
first; bit 0 is spin up, Z = +1.
"""

from qtf.physics._arnoldi import SeveralSteadyStates
from qtf.physics.basis import (
    all_bits,
    all_spins,
    index_of_bits,
    n_sites_of_dimension,
    spins_of_index,
)
from qtf.physics.chebyshev import chebyshev_evolve, chebyshev_step
from qtf.physics.conversions import (
    from_matrix,
    from_openfermion,
    from_qutip,
    to_openfermion,
    to_qutip,
)
from qtf.physics.density_matrices import check_density_matrix, point_spins
from qtf.physics.diagonalization import Eigenbasis
from qtf.physics.drive_settings import build_driven
from qtf.physics.driven import DrivenHamiltonian
from qtf.physics.driven_evolution import DrivenEvolution, evolve_driven
from qtf.physics.driven_lindblad import DrivenLindbladian
from qtf.physics.driven_trajectories import DrivenTrajectorySampler
from qtf.physics.drives import DRIVE_LAWS, SampledFunction
from qtf.physics.evolution import evolve
from qtf.physics.ground_energies import (
    heisenberg_chain_ground_energy,
    lanczos_ground_energy,
)
from qtf.physics.hamiltonian_settings import HamiltonianSettings, from_config
from qtf.physics.hamiltonians import (
    HAMILTONIANS,
    chiral,
    custom,
    dzyaloshinskii_moriya,
    heisenberg,
    ising,
    j1j2,
    xxz,
    xyz,
)
from qtf.physics.initial_states import INITIAL_STATE_LAWS, printed_state, sample_initial_states
from qtf.physics.jump_settings import JumpSettings
from qtf.physics.jumps import JUMP_MATRICES, JumpOperator, decay, jump_operators
from qtf.physics.known_energies import find_ground_energy, published_energies
from qtf.physics.krylov import krylov_evolve, krylov_step
from qtf.physics.lattices import (
    LATTICES,
    NEIGHBORS,
    Chain,
    Graph,
    Honeycomb,
    Kagome,
    Ladder,
    Lattice,
    Square,
    Triangular,
)
from qtf.physics.lindblad import Lindbladian
from qtf.physics.monte_carlo_wave_functions import (
    TrajectoryMeans,
    TrajectorySampler,
    quantum_trajectories,
    steady_trajectories,
    trajectory_values,
)
from qtf.physics.observables import (
    OBSERVABLES,
    correlation,
    energy,
    entanglement_entropy,
    expectation,
    fidelity,
    local_magnetization,
    magnetization,
    observable_operators,
)
from qtf.physics.operators import PauliPolynomial, PauliSum, commutator
from qtf.physics.pauli_strings import PauliTerm
from qtf.physics.povm import MEASUREMENTS, OutcomeGenerator, Povm, four_pauli, tetrahedral
from qtf.physics.trajectories import sample_trajectories

__all__ = [
    "DRIVE_LAWS",
    "HAMILTONIANS",
    "INITIAL_STATE_LAWS",
    "JUMP_MATRICES",
    "LATTICES",
    "MEASUREMENTS",
    "NEIGHBORS",
    "OBSERVABLES",
    "Chain",
    "DrivenEvolution",
    "DrivenHamiltonian",
    "DrivenLindbladian",
    "DrivenTrajectorySampler",
    "Eigenbasis",
    "Graph",
    "HamiltonianSettings",
    "Honeycomb",
    "JumpOperator",
    "JumpSettings",
    "Kagome",
    "Ladder",
    "Lattice",
    "Lindbladian",
    "OutcomeGenerator",
    "PauliPolynomial",
    "PauliSum",
    "PauliTerm",
    "Povm",
    "SampledFunction",
    "SeveralSteadyStates",
    "TrajectoryMeans",
    "TrajectorySampler",
    "Square",
    "Triangular",
    "all_bits",
    "all_spins",
    "build_driven",
    "check_density_matrix",
    "chebyshev_evolve",
    "chebyshev_step",
    "chiral",
    "commutator",
    "correlation",
    "custom",
    "decay",
    "dzyaloshinskii_moriya",
    "energy",
    "entanglement_entropy",
    "evolve",
    "evolve_driven",
    "expectation",
    "fidelity",
    "find_ground_energy",
    "four_pauli",
    "from_config",
    "from_matrix",
    "from_openfermion",
    "from_qutip",
    "heisenberg",
    "heisenberg_chain_ground_energy",
    "index_of_bits",
    "ising",
    "j1j2",
    "jump_operators",
    "krylov_evolve",
    "lanczos_ground_energy",
    "krylov_step",
    "local_magnetization",
    "magnetization",
    "n_sites_of_dimension",
    "observable_operators",
    "point_spins",
    "printed_state",
    "published_energies",
    "quantum_trajectories",
    "sample_initial_states",
    "sample_trajectories",
    "spins_of_index",
    "steady_trajectories",
    "tetrahedral",
    "to_openfermion",
    "to_qutip",
    "trajectory_values",
    "xxz",
    "xyz",
]
