"""One server process without batching, one with it, and models of every awkward kind."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests import preloaded
from tests.serving.conformance import saved_models
from tests.serving.half_plus_two import save_half_plus_two
from tests.serving.running_server import RunningServer, model_config, write_text

# Failures are wanted here, so nobody waits a minute between two tries.
LOAD_FLAGS = ("--max_num_load_retries=1", "--load_retry_interval_micros=1000")
BATCHING = """
max_batch_size { value: 4 }
batch_timeout_micros { value: 100000 }
max_enqueued_batches { value: 4 }
num_batch_threads { value: 2 }
allowed_batch_sizes: 1
allowed_batch_sizes: 2
allowed_batch_sizes: 4
"""
MONITORING = "prometheus_config { enable: true path: '%s' }"


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder of all models; each test that changes one has its own."""
    root = tmp_path_factory.mktemp("models")
    made = root / "made"
    for version in (1, 2, 3):
        saved_models.save_half_plus(made / str(version), version)
    saved_models.save_zoo(root / "zoo" / "1")
    save_half_plus_two(root / "half_plus_two" / "1")
    for name, versions in {
        "half": (1, 2, 3),
        "moving": (1,),
        "rollback": (1,),
        "leaving": (1,),
    }.items():
        (root / name).mkdir()
        for version in versions:
            saved_models.copy_into_place(made / str(version), root / name, version)
    _add_oddly_named(root, made)
    _add_warmed_up(root)
    saved_models.save_broken(root / "broken" / "1")
    return SimpleNamespace(root=root, made=made)


def _add_oddly_named(root, made):
    odd = root / "odd"
    (odd / "notes").mkdir(parents=True)
    (odd / "best.9").mkdir()
    (odd / "README").write_text("no version")
    saved_models.copy_into_place(made / "2", odd, "00007")


def _add_warmed_up(root):
    for name in (
        "warm",
        "cold",
        "warm_bad_request",
        "warm_bad_record",
        "warm_no_records",
        "warm_too_many",
    ):
        saved_models.save_counter(root / name / "1")
    saved_models.write_warm_up(root / "warm" / "1", n_requests=3)
    saved_models.write_warm_up(root / "warm_bad_request" / "1", n_requests=1, signature="absent")
    saved_models.write_warm_up(root / "warm_too_many" / "1", n_requests=1001)
    saved_models.write_garbage_record(root / "warm_bad_record" / "1")
    saved_models.warm_up_file(root / "warm_no_records" / "1").write_bytes(b"0123456789" * 5)


def _main_configs(root):
    every = {"model_version_policy": {"all": {}}}
    names = ["zoo", "half_plus_two", "moving", "rollback", "odd", "broken", "cold", "warm"]
    names += ["warm_bad_request", "warm_bad_record", "warm_no_records", "warm_too_many"]
    return [model_config(root, "half", **every), *(model_config(root, name) for name in names)]


@pytest.fixture(scope="session")
def main_config(models):
    """The models of the server without batching; a reload must end with these again."""
    return _main_configs(models.root)


@pytest.fixture(scope="session")
def server(models, main_config, tmp_path_factory):
    """A server process as a user starts it, without batching."""
    folder = tmp_path_factory.mktemp("server")
    flags = [
        f"--model_config_file={write_text(folder / 'models.config', main_config)}",
        f"--monitoring_config_file={_monitoring(folder, '/monitoring/prometheus/metrics')}",
        "--allow_reload_config",
        *LOAD_FLAGS,
    ]
    with RunningServer.started(flags, folder) as running:
        yield running


@pytest.fixture(scope="session")
def batching_server(models, tmp_path_factory):
    """A server process with batching, labels from the start, no warm-up and other flags set."""
    folder = tmp_path_factory.mktemp("batching_server")
    root = models.root
    labels = {"version_labels": {"stable": 1, "canary": 3}}
    configs = [
        model_config(
            root, "half", model_version_policy={"specific": {"versions": [1, 3]}}, **labels
        ),
        model_config(root, "zoo"),
        model_config(root, "half_plus_two"),
        model_config(root, "warm"),
        model_config(root, "cold"),
    ]
    (folder / "batching.config").write_text(BATCHING)
    flags = [
        f"--model_config_file={write_text(folder / 'models.config', configs)}",
        f"--monitoring_config_file={_monitoring(folder, '/my/metrics')}",
        f"--batching_parameters_file={folder / 'batching.config'}",
        "--enable_batching",
        "--enable_model_warmup=false",
        "--allow_version_labels_for_unavailable_models",
        "--enable_serialization_as_tensor_content",
        "--allow_reload_config",
        "--rest_api_timeout_in_ms=1500",
        *LOAD_FLAGS,
    ]
    with RunningServer.started(flags, folder) as running:
        yield running


def _monitoring(folder, path):
    file = folder / "monitoring.config"
    file.write_text(MONITORING % path)
    return file


@pytest.fixture(scope="session")
def start_and_fail(tmp_path_factory):
    """Function of flags: the finished process of a server that cannot start."""
    processes = []

    def start(*flags):
        command = [sys.executable, "-m", "serving.server", "--port=0", "--rest_api_port=0", *flags]
        # The caller starts several before it waits for the first.
        process = preloaded.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()
