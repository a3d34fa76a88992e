"""Says before a training starts that a step of it is out of reach."""

import sys
from collections.abc import Sequence

from tqdm import tqdm

from qtf.pieces import available_memory, shown_bytes


def tell_memory(needed: int, smaller: Sequence[str]) -> None:
    """Writes a line if one step needs more memory than there is.

    Args:
        needed: Bytes of what cannot be done in pieces, roughly.
        smaller: What can be chosen smaller to need less.
    """
    available = available_memory()
    if needed > available:
        tqdm.write(
            f"One step takes about {shown_bytes(needed)} of memory, but {shown_bytes(available)}"
            f" are available; it takes less with a smaller {' or '.join(smaller)}.",
            file=sys.stderr,
        )
