"""Frustrated Heisenberg antiferromagnet on an open square, H = sum S S + J2 sum' S S.

    --config=j1j2_square:SIDE,J2[,samples], by default 4,0.5

Marshall's sign rule is the start; the network learns where it fails. On a 4x4 square it is trained
on all configurations: those in question are rare. With `samples` it is trained on samples alone
there, too, some of which are moved to where signs are to be learned.
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import (
    MAX_LISTED_SITES,
    learn_signs_from_samples,
    train_square,
    use_exact_reconfiguration,
)
from trainers.choices import parse_choice, parse_word


def get_config(choice: str = "4,0.5") -> ConfigDict:
    words = (parse_word("samples"),) if choice.count(",") > 1 else ()
    form = "SIDE,J2 or SIDE,J2,samples"
    side, coupling, *by_samples = parse_choice(choice, form, int, float, *words)
    config = train_square(side, signs_known=True)
    config.wave_function.positive = False
    config.physics.hamiltonian.name = "j1j2"
    config.physics.hamiltonian.next_nearest_coupling = coupling
    if by_samples:
        learn_signs_from_samples(config)
    elif side * side <= MAX_LISTED_SITES:
        config.network.units = 48
        use_exact_reconfiguration(config)
    return config
