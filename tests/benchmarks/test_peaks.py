"""Memory of a piece of work, in a process of its own."""

import subprocess
import sys

PROGRAM = """
import numpy as np
from benchmarks.peers.peaks import peak_growth

np.ones(1)
print(peak_growth(lambda: np.ones(8 << 20).sum()), peak_growth(lambda: np.ones(1)))
"""


def test_peak_grows_by_the_array_and_not_a_second_time():
    output = subprocess.check_output([sys.executable, "-c", PROGRAM], text=True)
    first, second = map(float, output.split())
    assert 60 < first < 80
    assert second < 1
