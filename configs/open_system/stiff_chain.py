"""Periodic Heisenberg chain whose energies are ten times its decay, from <Y> = -1.

    --config=stiff_chain:N,TAU, by default 4,0.0005

From TAU 0.001 on to t = 5 instead of 0.2, and by Adam: natural gradients diverge.

Source: luo2022, figures S3 (TAU 0.0005) and S4 (0.0075).
"""

from ml_collections import ConfigDict

from qtf.open_systems.runs.recipes import follow_in_time, make_heisenberg_chain
from trainers.choices import parse_choice

END_OF_SHORT_TIMES, END_OF_LONG_TIMES = 0.2, 5.0
SHORT_TAU = 0.001


def get_config(choice: str = "4,0.0005") -> ConfigDict:
    n_sites, tau = parse_choice(choice, "N,TAU", int, float)
    config = make_heisenberg_chain(n_sites=n_sites, energy=10.0)
    config.dynamics.tau = tau
    end = END_OF_LONG_TIMES
    if tau < SHORT_TAU:
        end = END_OF_SHORT_TIMES
        # Exact solutions of longer steps need not be probabilities, and natural gradients run
        # after such a solution without end.
        follow_in_time(config, n_sites=n_sites)
    config.training.n_epochs = round(end / (2.0 * tau))
    return config
