"""Rules of a step of time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """A step from t to t + 2 tau that looks the same from both of its ends.

        sum_k c_k (-tau L)^k p(t + 2 tau) = sum_k c_k (tau L)^k p(t)

    Both sides agree with exp(-+ tau L) p(t + tau) up to a common factor, so that it is a diagonal
    Pade approximant of exp(2 tau L): what decays infinitely fast stays bounded, and the sum of p
    stays 1.

    Attributes:
        coefficients: c_k from k = 0 on.
        order: The error of one step is of the order 2 tau to the power of this and one.

    Example:
        >>> RULES["trapezoid"].forward(0.5)
        (1.0, 0.5)
        >>> RULES["trapezoid"].backward(0.5)
        (1.0, -0.5)
    """

    coefficients: tuple[float, ...]
    order: int

    def forward(self, tau: float) -> tuple[float, ...]:
        """Returns the factors of the powers of L on p(t), from the zeroth on."""
        return tuple(c * tau**k for k, c in enumerate(self.coefficients))

    def backward(self, tau: float) -> tuple[float, ...]:
        """Returns those on p(t + 2 tau)."""
        return self.forward(-tau)


# By their names in settings: the trapezoid rule, Pade (1, 1), and Pade (2, 2).
RULES = {"trapezoid": Rule((1.0, 1.0), 2), "pade": Rule((1.0, 1.0, 1.0 / 3.0), 4)}


def apply_polynomial(apply: Callable[[Any], Any], factors: Sequence[float], table: Any) -> Any:
    """Returns sum_k factor_k L^k p.

    Args:
        apply: Returns L p, in any framework.
        factors: From that of the zeroth power on.
        table: p.

    Example:
        >>> apply_polynomial(lambda p: 10.0 * p, (1.0, 2.0, 3.0), 1.0)
        321.0
    """
    *others, last = factors
    total = last * table
    for factor in reversed(others):
        total = apply(total) + factor * table
    return total
