"""Lattices: their sites and bonds, and what follows from them."""

from qtf.physics.lattices.chain import Chain
from qtf.physics.lattices.lattice import ORDERS, Bonds, Lattice, Sites
from qtf.physics.lattices.rectangle import Rectangle
from qtf.physics.lattices.square import Square

# As configurations name them.
LATTICES: dict[str, type[Lattice]] = {lattice.KIND: lattice for lattice in (Chain, Square)}

__all__ = ["LATTICES", "ORDERS", "Bonds", "Chain", "Lattice", "Rectangle", "Sites", "Square"]
