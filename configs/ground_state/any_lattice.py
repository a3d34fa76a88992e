"""Heisenberg antiferromagnet on any lattice, H = sum S S.

    --config=any_lattice:LATTICE,SIZES[,periodic], by default triangular,3,4

chain,12; ladder,6; square,3,4; triangular,3,4; honeycomb,2,3; kagome,2,2: sizes are numbers of
sites, of rungs or, in rows and columns, of cells. graph,0-1,1-2,2-0 names the bonds. Where all
bonds join two sublattices, Marshall's sign rule is built in; elsewhere the network learns the
signs. Up to 16 sites it is trained on all configurations.
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import (
    MAX_LISTED_SITES,
    start,
    use_exact_reconfiguration,
    use_known_signs,
    use_reconfiguration,
)
from qtf.physics import LATTICES, Graph, HamiltonianSettings
from trainers.choices import parse_choice, parse_word

FORM = "LATTICE,SIZES, LATTICE,SIZES,periodic or graph,I-J,K-L and so on"


def get_config(choice: str = "triangular,3,4") -> ConfigDict:
    config = start("heisenberg", **_parse_lattice(choice), coupling=1.0, units="spin")
    lattice = HamiltonianSettings.from_mapping(config.physics.hamiltonian.to_dict()).lattice
    config.network.name = "gru"
    config.network.units = 48
    config.wave_function.order = "snake"
    if lattice.sublattice() is not None:
        use_known_signs(config)
    config.wave_function.zero_magnetization = lattice.n_sites % 2 == 0
    if lattice.n_sites <= MAX_LISTED_SITES:
        use_exact_reconfiguration(config)
        # Which symmetries the ground state of a frustrated magnet has is not known before.
        config.symmetry.in_training = False
        config.training.n_epochs = 40
    else:
        use_reconfiguration(config, n_samples=1024, n_epochs=40, learning_rate=0.05)
    return config


def _parse_lattice(choice: str) -> dict[str, object]:
    """Returns the lattice that a choice names, by the keys of configurations."""
    word, *others = choice.split(",")
    if word == Graph.KIND:
        edges = parse_choice(choice, FORM, str, *[_parse_edge for _ in others])[1:]
        return {"lattice": word, "edges": tuple(edges)}
    sizes = LATTICES[word].SIZES if word in LATTICES else ()
    kinds = [parse_word(*LATTICES), *(int for _ in sizes)]
    edges = [parse_word("periodic")] if len(others) > len(sizes) else []
    kind, *values = parse_choice(choice, FORM, *kinds, *edges)
    closed = {"periodic": True} if edges else {}
    return {"lattice": kind, **dict(zip(sizes, values, strict=False)), **closed}


def _parse_edge(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("-")))
