"""Pictures of samples."""

from collections.abc import Sequence

import numpy as np

from qtf.ground_states.bits import checked_bits

UP, DOWN, BETWEEN = (33, 82, 140), (240, 190, 80), (255, 255, 255)


def sample_picture(
    bits: np.ndarray, positions: Sequence[tuple[int, int]], *, n_samples: int = 32, scale: int = 6
) -> np.ndarray:
    """Returns samples beside one another, spin up dark and spin down light.

    Args:
        bits: (n_samples, n_sites).
        positions: Row and column of every site, see `Lattice.positions`.
        n_samples: The first so many are drawn, at most.
        scale: Pixels of a site.

    Returns:
        uint8 (height, width, 3).

    Example:
        >>> from qtf.physics import Square
        >>> sample_picture(np.zeros((2, 6)), Square(2, 3).positions(), scale=1).shape
        (7, 5, 3)
    """
    places = np.array(positions)
    rows, columns = (places.max(axis=0) + 1).tolist()
    shown = checked_bits(bits, len(places))[:n_samples]
    # About as wide as high.
    n_across = max(1, round((len(shown) * rows / columns) ** 0.5))
    n_down = -(-len(shown) // n_across)
    sheet = np.full((n_down, rows + 1, n_across, columns + 1, 3), BETWEEN, np.uint8)
    for i, sample in enumerate(shown):
        colors = np.where(sample[:, None] == 0, UP, DOWN)
        sheet[i // n_across, places[:, 0], i % n_across, places[:, 1]] = colors
    flat = sheet.reshape(n_down * (rows + 1), n_across * (columns + 1), 3)
    framed = np.pad(flat, ((1, 0), (1, 0), (0, 0)), constant_values=255)
    return framed.repeat(scale, axis=0).repeat(scale, axis=1)
