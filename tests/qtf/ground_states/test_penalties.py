import numpy as np
import pytest

from qtf.ground_states.penalties import Penalties

BITS = np.array([[0, 0, 0, 1], [1, 1, 0, 0]], "int32")


def test_without_settings_nothing_is_added():
    assert float(Penalties()(BITS, np.zeros(2), 3)) == 0.0


def test_temperature_falls_with_the_step():
    penalties = Penalties(temperature=2.0, temperature_decay=0.5)
    log_modulus = np.array([-1.0, -3.0])
    np.testing.assert_allclose(penalties(BITS, log_modulus, 0), 2.0 / 4 * 2 * log_modulus)
    np.testing.assert_allclose(penalties(BITS, log_modulus, 2), 1.0 / 4 * 2 * log_modulus)


def test_magnetization_of_a_site_is_squared():
    np.testing.assert_allclose(Penalties(magnetization=10.0)(BITS, np.zeros(2), 0), [2.5, 0.0])


def test_negative_settings_are_named():
    with pytest.raises(ValueError, match="penalties.magnetization.* not be negative, but is -1"):
        Penalties(magnetization=-1.0)
