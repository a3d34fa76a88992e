"""A strategy with two replicas, in a process of its own: devices are chosen at the start."""

import sys

from tests import preloaded

CODE = """
import sys
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from qtf.data.exact_dataset import exact_dataset
from qtf.data.exact_source import ExactSource
from qtf.data.reader import TrajectoryReader

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
reader = TrajectoryReader(sys.argv[1], batch_size=3, window=4, seed=1)
source = ExactSource({"name": "ising"}, n_sites=(2, 3), batch_size=3, window=4)
for make, mixture in (
    (lambda c: reader.dataset(5, input_context=c), reader.mixture),
    (lambda c: exact_dataset(source, 5, input_context=c), source.mixture),
):
    batches = iter(strategy.distribute_datasets_from_function(make))
    for step in range(5, 15):
        replicas = strategy.experimental_local_results(next(batches)["psi"])
        n = int(mixture.n_sites_at(np.array(step)))
        assert [tuple(r.shape) for r in replicas] == [(3, 4, 2, 2**n)] * 2, (step, n, replicas)
        assert not np.array_equal(*replicas)
"""


def test_replicas_of_a_mirrored_strategy_share_the_length(data_dir):
    done = preloaded.run(
        [sys.executable, "-c", CODE, str(data_dir)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
