"""Lattices: their sites and bonds, and what follows from them."""

from qtf.physics.lattices.bravais import Bravais, Parallelogram
from qtf.physics.lattices.chain import Chain
from qtf.physics.lattices.graph import Graph
from qtf.physics.lattices.honeycomb import Honeycomb
from qtf.physics.lattices.kagome import Kagome
from qtf.physics.lattices.ladder import Ladder
from qtf.physics.lattices.lattice import NEIGHBORS, ORDERS, Bonds, Lattice, Sites, Triangles
from qtf.physics.lattices.rectangle import Rectangle
from qtf.physics.lattices.square import Square
from qtf.physics.lattices.triangular import Triangular

# As configurations name them.
LATTICES: dict[str, type[Lattice]] = {
    lattice.KIND: lattice
    for lattice in (Chain, Ladder, Square, Triangular, Honeycomb, Kagome, Graph)
}

__all__ = [
    "LATTICES",
    "NEIGHBORS",
    "ORDERS",
    "Bonds",
    "Bravais",
    "Chain",
    "Graph",
    "Honeycomb",
    "Kagome",
    "Ladder",
    "Lattice",
    "Parallelogram",
    "Rectangle",
    "Sites",
    "Square",
    "Triangles",
    "Triangular",
]
