"""Pictures of samples."""

import numpy as np

from qtf.ground_states.bits import checked_bits

UP, DOWN, BETWEEN = (33, 82, 140), (240, 190, 80), (255, 255, 255)


def sample_picture(
    bits: np.ndarray, shape: tuple[int, int], *, n_samples: int = 32, scale: int = 6
) -> np.ndarray:
    """Returns samples beside one another, spin up dark and spin down light.

    Args:
        bits: (n_samples, n_sites).
        shape: Rows and columns of the lattice.
        n_samples: The first so many are drawn, at most.
        scale: Pixels of a site.

    Returns:
        uint8 (height, width, 3).

    Example:
        >>> sample_picture(np.zeros((2, 6)), (2, 3), scale=1).shape
        (7, 5, 3)
    """
    rows, columns = shape
    shown = checked_bits(bits, rows * columns)[:n_samples].reshape(-1, rows, columns)
    # About as wide as high.
    n_across = max(1, round((len(shown) * rows / columns) ** 0.5))
    n_down = -(-len(shown) // n_across)
    sheet = np.full((n_down, rows + 1, n_across, columns + 1, 3), BETWEEN, np.uint8)
    for i, sample in enumerate(shown):
        colors = np.where(sample[..., None] == 0, UP, DOWN)
        sheet[i // n_across, :rows, i % n_across, :columns] = colors
    flat = sheet.reshape(n_down * (rows + 1), n_across * (columns + 1), 3)
    framed = np.pad(flat, ((1, 0), (1, 0), (0, 0)), constant_values=255)
    return framed.repeat(scale, axis=0).repeat(scale, axis=1)
