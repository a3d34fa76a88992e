"""Two server processes, one of which joins requests, and models that can be made to take long."""

import os
import threading
from types import SimpleNamespace

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.serving.conformance.saved_models import copy_into_place, save_half_plus, save_zoo
from tests.serving.faults.limited_server import COMMON_FLAGS, MAX_CONCURRENT, LimitedServer
from tests.serving.faults.lingering import senders
from tests.serving.faults.saved_models import save_heavy
from tests.serving.running_server import model_config, write_text

N_VERSIONS = 4
# One batch runs, two may wait.
BATCHING = """
max_batch_size { value: 8 }
batch_timeout_micros { value: 2000 }
max_enqueued_batches { value: 2 }
num_batch_threads { value: 1 }
allowed_batch_sizes: 2
allowed_batch_sizes: 8
"""


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder of all models; `made` holds versions that tests publish."""
    root = tmp_path_factory.mktemp("models")
    made = root / "made"
    for version in range(1, 1 + N_VERSIONS):
        save_half_plus(made / str(version), version)
    save_heavy(root / "heavy" / "1")
    save_zoo(root / "zoo" / "1")
    for name in ("swapped", "swapped_in_batches"):
        (root / name).mkdir()
        copy_into_place(made / "1", root / name, 1)
    return SimpleNamespace(root=root, made=made)


@pytest.fixture(scope="session")
def server(models, tmp_path_factory):
    """A server process without batching."""
    folder = tmp_path_factory.mktemp("server")
    configs = [model_config(models.root, name) for name in ("heavy", "zoo", "swapped")]
    flags = [f"--model_config_file={write_text(folder / 'models.config', configs)}"]
    with LimitedServer.started([*flags, *COMMON_FLAGS], folder) as running:
        running.swapped = models.root / "swapped"
        yield running


@pytest.fixture(scope="session", autouse=True)
def lingering(server):
    """Senders that never finish, there from the start, so that no test waits for their end."""
    give_up = threading.Event()
    started = senders()
    for sender in started.values():
        sender.start(server, give_up)
    yield started
    give_up.set()


@pytest.fixture(scope="session")
def batching_server(models, tmp_path_factory):
    """A server process that runs one batch at a time."""
    folder = tmp_path_factory.mktemp("batching_server")
    (folder / "batching.config").write_text(BATCHING)
    configs = [model_config(models.root, name) for name in ("heavy", "swapped_in_batches")]
    flags = [
        f"--model_config_file={write_text(folder / 'models.config', configs)}",
        "--enable_batching",
        f"--batching_parameters_file={folder / 'batching.config'}",
        "--batch_by_value=n_turns",
        f"--max_concurrent_requests={MAX_CONCURRENT}",
    ]
    with LimitedServer.started([*flags, *COMMON_FLAGS], folder) as running:
        running.swapped = models.root / "swapped_in_batches"
        yield running
