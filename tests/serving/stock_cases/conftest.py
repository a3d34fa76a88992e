"""Two server processes with the models of the stock server's tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.serving.running_server import RunningServer, model_config, write_text
from tests.serving.stock_cases import saved_models
from tests.serving.stock_cases.saved_models import VERSION

NAMES = ("half_plus_two", "half_plus_two_tf2", "half_plus_three", "counter", "labelled")
SAVED = ("product", "two_signatures", "keras", "keras_on_devices")
MONITORING = "prometheus_config { enable: true path: '/monitoring/prometheus/metrics' }"
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folder of all models, each with the one version 123, whose folder may begin with zeros."""
    root = tmp_path_factory.mktemp("stock_models")

    def version(name):
        return root / name / f"{VERSION:08}"

    keras = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.serving.stock_cases.save_keras",
                version(name),
                n_devices,
            ],
            cwd=ROOT,
        )
        for name, n_devices in (("keras", "1"), ("keras_on_devices", "2"))
    ]
    saved_models.save_half_plus(version("half_plus_two"), 2.0)
    saved_models.save_half_plus(version("half_plus_three"), 3.0)
    saved_models.save_half_plus_two_tf2(version("half_plus_two_tf2"))
    saved_models.save_counter(version("counter"))
    saved_models.save_product(version("product"))
    saved_models.save_two_signatures(version("two_signatures"))
    saved_models.save_labelled(version("labelled"))
    for process in keras:
        assert process.wait(timeout=300) == 0
    return root


@pytest.fixture(scope="session")
def server(models, tmp_path_factory):
    """A server with all models from a file that is read once, and a label."""
    folder = tmp_path_factory.mktemp("stock_server")
    labels = {"version_labels": {"Version_Label": VERSION}}
    configs = [model_config(models, name, **labels) for name in (*NAMES, *SAVED)]
    (folder / "monitoring.config").write_text(MONITORING)
    flags = [
        f"--model_config_file={write_text(folder / 'models.config', configs)}",
        f"--monitoring_config_file={folder / 'monitoring.config'}",
        f"--grpc_socket_path={folder / 'socket'}",
        "--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb",
        "--model_config_file_poll_wait_seconds=0",
        "--allow_version_labels_for_unavailable_models",
    ]
    with RunningServer.started(flags, folder) as running:
        running.folder = folder
        yield running


@pytest.fixture(scope="session")
def checking_server(models, tmp_path_factory):
    """A server that rereads its file of models, and holds signatures to their methods."""
    folder = tmp_path_factory.mktemp("checking_server")
    configs = [model_config(models, name) for name in NAMES]
    flags = [
        f"--model_config_file={write_text(folder / 'models.config', configs)}",
        "--model_config_file_poll_wait_seconds=0.2",
        "--enable_signature_method_name_check",
    ]
    with RunningServer.started(flags, folder) as running:
        running.folder = folder
        yield running
