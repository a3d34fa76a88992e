"""Heisenberg antiferromagnet on any lattice, H = sum S S.

    --config=any_lattice:LATTICE,SIZES[,periodic], by default triangular,3,4

chain,12; ladder,6; square,3,4; triangular,3,4; honeycomb,2,3; kagome,2,2: sizes are numbers of
sites, of rungs or, in rows and columns, of cells. graph,0-1,1-2,2-0 names the bonds. Signs,
magnetisation and symmetries that are proven of the ground state are built in, others are learned.
"""

from ml_collections import ConfigDict
from ml_collections.config_dict import placeholder

from qtf.configuration import config_dict
from qtf.ground_states.runs.presets import make_settings
from qtf.physics import LATTICES, Graph, HamiltonianSettings
from trainers.choices import parse_choice, parse_word

FORM = "LATTICE,SIZES, LATTICE,SIZES,periodic or graph,I-J,K-L and so on"


def get_config(choice: str = "triangular,3,4") -> ConfigDict:
    values = {**_parse_lattice(choice), "coupling": 1.0, "units": "spin"}
    hamiltonian = HamiltonianSettings("heisenberg", values)
    config = config_dict(make_settings(hamiltonian))
    config.physics.hamiltonian = {"periodic": placeholder(bool), **hamiltonian.as_mapping()}
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
