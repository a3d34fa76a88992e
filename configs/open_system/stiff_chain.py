"""Periodic Heisenberg chain whose energies are ten times its decay, from <Y> = -1.

    --config=configs/open_system/stiff_chain.py:N,TAU, by default 4,0.0005

From TAU 0.001 on to t = 5 instead of 0.2, and by Adam: natural gradients diverge.

Source: the paper on open systems as probabilities, figures S3 (TAU 0.0005) and S4 (0.0075).
"""

from ml_collections import ConfigDict

from configs.ground_state.recipes import chosen
from configs.open_system import heisenberg_chain
from configs.open_system.recipes import steps_of_the_paper

END_OF_SHORT_TIMES, END_OF_LONG_TIMES = 0.2, 5.0
SHORT_TAU = 0.001


def get_config(choice: str = "4,0.0005") -> ConfigDict:
    n_sites, tau = chosen(choice, "N,TAU", int, float)
    config = heisenberg_chain.get_config(str(n_sites))
    config.physics.hamiltonian.coupling_x = 20.0
    config.physics.hamiltonian.coupling_z = 10.0
    config.physics.hamiltonian.field = 10.0
    config.dynamics.tau = tau
    end = END_OF_SHORT_TIMES
    if tau >= SHORT_TAU:
        end = END_OF_LONG_TIMES
        steps_of_the_paper(config)
    config.training.n_epochs = round(end / (2.0 * tau))
    return config
