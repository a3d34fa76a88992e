"""Draws every kind of lattice: `python examples/draw_lattices.py FOLDER`."""

import sys
from pathlib import Path

from qtf.physics import Chain, Honeycomb, Kagome, Ladder, Square, Triangular

LATTICES = (
    Chain(6, periodic=True),
    Ladder(6),
    Square(3, 4, periodic=True),
    Triangular(3, 4, periodic=True),
    Honeycomb(3, 3),
    Kagome(2, 2, periodic=True),
)


def main(folder: Path) -> None:
    """Writes a picture of each lattice into a folder."""
    for lattice in LATTICES:
        lattice.plot().savefig(folder / f"lattice_{lattice.KIND}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
