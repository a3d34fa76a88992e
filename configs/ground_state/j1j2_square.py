"""Frustrated Heisenberg antiferromagnet on an open square, H = sum S S + J2 sum' S S.

    --config=configs/ground_state/j1j2_square.py:SIDE,J2, by default 4,0.5

Marshall's sign rule is the start; the network learns where it fails. Small squares have their
symmetries built in: the spins in question are rare, and their images are learned with them.
"""

from ml_collections import ConfigDict

from configs.ground_state import heisenberg_square
from configs.ground_state.recipes import chosen, reconfiguration


def get_config(choice: str = "4,0.5") -> ConfigDict:
    side, coupling = chosen(choice, "SIDE,J2", int, float)
    config = heisenberg_square.get_config(f"{side},sign")
    config.wave_function.positive = False
    config.physics.hamiltonian.name = "j1j2"
    config.physics.hamiltonian.next_nearest_coupling = coupling
    if side <= heisenberg_square.MAX_SMALL_SIDE:
        config.network.units = 48
        config.symmetry.in_training = True
        config.penalties.temperature = 2.0
        config.penalties.temperature_decay = 0.02
        config.sampling.n_prefixes = 1
        # Bounds the memory.
        config.sampling.chunk = 7
        reconfiguration(config, n_samples=512, n_epochs=10, learning_rate=0.05)
    return config
