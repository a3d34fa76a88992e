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
from qtf.physics.diagonalization import Eigenbasis
from qtf.physics.evolution import evolve
from qtf.physics.ground_energies import (
    heisenberg_chain_ground_energy,
    lanczos_ground_energy,
)
from qtf.physics.hamiltonian_settings import HamiltonianSettings, from_config
from qtf.physics.hamiltonians import HAMILTONIANS, custom, heisenberg, ising, j1j2, xxz, xyz
from qtf.physics.initial_states import INITIAL_STATE_LAWS, printed_state, sample_initial_states
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
from qtf.physics.operators import PauliSum, PauliTerm
from qtf.physics.povm import MEASUREMENTS, OutcomeGenerator, Povm, four_pauli, tetrahedral
from qtf.physics.trajectories import sample_trajectories

__all__ = [
    "HAMILTONIANS",
    "INITIAL_STATE_LAWS",
    "JUMP_MATRICES",
    "LATTICES",
    "MEASUREMENTS",
    "NEIGHBORS",
    "OBSERVABLES",
    "Chain",
    "Eigenbasis",
    "Graph",
    "HamiltonianSettings",
    "Honeycomb",
    "JumpOperator",
    "Kagome",
    "Ladder",
    "Lattice",
    "Lindbladian",
    "OutcomeGenerator",
    "PauliSum",
    "PauliTerm",
    "Povm",
    "SeveralSteadyStates",
    "Square",
    "Triangular",
    "all_bits",
    "all_spins",
    "chebyshev_evolve",
    "chebyshev_step",
    "correlation",
    "custom",
    "decay",
    "energy",
    "entanglement_entropy",
    "evolve",
    "expectation",
    "fidelity",
    "find_ground_energy",
    "four_pauli",
    "from_config",
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
    "printed_state",
    "published_energies",
    "sample_initial_states",
    "sample_trajectories",
    "spins_of_index",
    "tetrahedral",
    "xxz",
    "xyz",
]
