"""The gradient of the energy, as that of a scalar that automatic differentiation takes."""

from typing import Any

from keras import ops


def gradient_surrogate(log_modulus: Any, phase: Any, real: Any, imaginary: Any, shares: Any) -> Any:
    """Returns a scalar whose gradient is that of the energy, 2 Re < (E - <E>)^* d log psi >.

    Args:
        log_modulus: log |psi| of some configurations, (batch,).
        phase: Phases of psi, (batch,).
        real: Real parts of their local energies, not to be differentiated, (batch,).
        imaginary: Imaginary parts.
        shares: Weight of each in the mean: 1 / batch for samples, |psi|^2 for all
            configurations; not to be differentiated.
    """
    total = ops.zeros((), log_modulus.dtype)
    for energies, part in ((real, log_modulus), (imaginary, phase)):
        centred = 2.0 * shares * (energies - ops.sum(shares * energies))
        total = total + ops.sum(ops.cast(centred, part.dtype) * part)
    return total
