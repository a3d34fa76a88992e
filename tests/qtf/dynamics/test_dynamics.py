import subprocess
import sys

import pytest

import qtf.dynamics
from qtf.dynamics.local_generator import LocalGenerator


def test_models_are_attributes_of_the_room():
    assert qtf.dynamics.LocalGenerator is LocalGenerator
    assert qtf.dynamics.TransferableSRU.__name__ == "TransferableSRU"


def test_another_attribute_is_an_error():
    with pytest.raises(AttributeError, match="Module `qtf.dynamics` has no attribute `Other`."):
        _ = qtf.dynamics.Other


def test_fits_need_no_keras():
    program = "import sys, qtf.dynamics.generator_report; print('keras' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"
