"""Initial states by a short name, for the command line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from qtf.physics import n_sites_of_dimension, printed_state, sample_initial_states

FORMS = (
    "paper:N, haar:N[:SEED], random:N[:SEED] (the paper's law), up:N, down:N, neel:N, plus:N"
    " or file.npy"
)
MAX_SITES = 24


def initial_state(text: str) -> np.ndarray:
    """Returns the state that `text` names.

    Args:
        text: One of `FORMS`. paper is the paper's printed state; up, down, neel (up, down,
            up, ...) and plus (all along +x) are product states; a file holds one array
            (2**n,), real or complex.

    Returns:
        complex128 array (2**n,).

    Raises:
        ValueError: The text has another form, N is out of range, or the file holds no state.
        OSError: The file cannot be read.

    Example:
        >>> initial_state("neel:2").tolist()
        [0j, (1+0j), 0j, 0j]
    """
    if text.endswith(".npy"):
        return _from_file(Path(text))
    kind, *numbers = text.split(":")
    if kind in _DRAWN and len(numbers) in (1, 2):
        n_sites, seed = _number(text, numbers[0]), _number(text, (*numbers, "0")[1])
        return sample_initial_states(_DRAWN[kind], _checked_sites(n_sites), 1, seed=seed)[0]
    if kind in _NAMED and len(numbers) == 1:
        return _NAMED[kind](_checked_sites(_number(text, numbers[0])))
    raise _unknown(text)


def _basis_state(n_sites: int, bits: str) -> np.ndarray:
    psi = np.zeros(2**n_sites, np.complex128)
    psi[int(bits, 2)] = 1.0
    return psi


_DRAWN = {"haar": "haar", "random": "paper"}
_NAMED: dict[str, Callable[[int], np.ndarray]] = {
    "paper": printed_state,
    "up": lambda n: _basis_state(n, "0" * n),
    "down": lambda n: _basis_state(n, "1" * n),
    "neel": lambda n: _basis_state(n, ("01" * n)[:n]),
    "plus": lambda n: np.full(2**n, 2.0 ** (-n / 2), np.complex128),
}


def _from_file(path: Path) -> np.ndarray:
    try:
        psi = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"File {path} must hold one NumPy array, but does not.") from error
    if not isinstance(psi, np.ndarray) or psi.ndim != 1 or psi.dtype.kind not in "iufc":
        raise ValueError(
            f"File {path} must hold the 2**n amplitudes of one state, but holds"
            f" {psi.dtype} of shape {psi.shape}."
        )
    n_sites_of_dimension(len(psi))
    return psi.astype(np.complex128)


def _number(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit()):
        raise _unknown(text)
    return int(digits)


def _checked_sites(n_sites: int) -> int:
    if not 1 <= n_sites <= MAX_SITES:
        raise ValueError(
            f"Argument `state` must have N from 1 to {MAX_SITES}, but it is {n_sites}."
        )
    return n_sites


def _unknown(text: str) -> ValueError:
    return ValueError(f"Argument `state` must be {FORMS}, but is {text!r}.")
