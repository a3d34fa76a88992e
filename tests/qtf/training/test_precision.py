import dataclasses

import keras
import numpy as np
import pytest

from qtf.training.loop import train

from .test_loop import config, settings


@pytest.mark.parametrize("change", [{"xla": False}, {"precision": "mixed_bfloat16"}])
def test_training_without_xla_and_in_mixed_precision(tmp_path, regression, change):
    # Without dropout: XLA draws other random numbers.
    compiled = settings(xla=True)
    changed = dataclasses.replace(compiled, **change)
    plain = train(regression(dropout=0), compiled, config(), tmp_path / "plain").model
    other = train(regression(dropout=0), changed, config(), tmp_path / "other").model
    tolerance = 1e-5 if "xla" in change else 0.1
    for one, two in zip(plain.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=tolerance)
    assert keras.config.dtype_policy().name == "float32"  # as it was
