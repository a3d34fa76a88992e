"""How strongly steps are held back, by how the steps before went."""

import keras

HARDER, EASIER = 10.0, 1.0 / 3.0


class Damping:
    """A factor that grows after each step that went wrong, and falls again after good ones.

    It is never below 1.

    Args:
        first: The factor at first.

    Attributes:
        factor: The variable, float64; a training that goes on needs it.

    Example:
        >>> damping = Damping()
        >>> damping.harden()
        >>> damping.ease()
        >>> float(damping.factor.value)
        3.333...

    Source: Marquardt, J. Soc. Indust. Appl. Math. 11, 431 (1963).
    """

    def __init__(self, first: float = 1.0) -> None:
        self.factor = keras.Variable(first, trainable=False, dtype="float64", name="damping")

    def harden(self) -> None:
        """Multiplies the factor after a step that went wrong."""
        self.factor.assign(HARDER * self.factor.value)

    def ease(self) -> None:
        """Lowers the factor after a good step."""
        self.factor.assign(keras.ops.maximum(1.0, EASIER * self.factor.value))

    def release(self) -> None:
        """Makes the factor 1 where no other has helped."""
        self.factor.assign(1.0)
