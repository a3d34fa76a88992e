"""The two ways to write spins, checked where users pass them."""

from typing import Any

from qtf.autoregressive.inputs import checked_members


def checked_bits(bits: Any, n_sites: int | None = None, *, name: str = "bits") -> Any:
    """Returns bits of any numeric type as int32, 0 for spin up (Z = +1) and 1 for spin down.

    Args:
        bits: (batch, n_sites).
        n_sites: Number of sites; None: any.
        name: Of the argument, for messages.

    Raises:
        ValueError: A value is neither 0 nor 1, as those of spins +1 and -1, or the shape
            another.

    Example:
        >>> from qtf.physics import all_bits
        >>> checked_bits(all_bits(1))
        array([[0],
               [1]], dtype=int32)
    """
    rule = "bits 0 (spin up) and 1 (spin down)"
    return checked_members(name, bits, (0, 1), rule=rule, width=n_sites)


def checked_spins(spins: Any, n_sites: int) -> Any:
    """Returns spins of any numeric type as int32, +1 for spin up and -1 for spin down.

    Args:
        spins: (batch, n_sites).
        n_sites: Number of sites.

    Raises:
        ValueError: A value is neither +1 nor -1, as that of a bit 0, or the shape another.

    Example:
        >>> checked_spins([[1.0, -1.0]], 2)
        array([[ 1, -1]], dtype=int32)
    """
    rule = "spins +1 (up) and -1 (down)"
    return checked_members("spins", spins, (1, -1), rule=rule, width=n_sites)
