from pathlib import Path

import pytest

from serving.configuration import text_config
from serving.configuration.options import BatchingOptions
from serving.configuration.version_policy import VersionPolicy

MODELS = """
model_config_list {
  config {
    name: "ising" base_path: "/models/ising" model_platform: "tensorflow"
    model_version_policy { specific { versions: 2 versions: 5 } }
    version_labels { key: "stable" value: 2 }
  }
  config { name: "all" base_path: "/m" model_platform: "tensorflow"
           model_version_policy { all {} } }
  config { name: "two" base_path: "/m" model_platform: "tensorflow"
           model_version_policy { latest { num_versions: 2 } } }
  config { name: "plain" base_path: "/m" model_platform: "tensorflow" }
}
"""
MODEL = 'model_config_list {{ config {{ name: "m" base_path: "/m" {} }} }}'


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "file.config"
        path.write_text(text)
        return path

    return write


def test_models_are_read_with_policies_and_labels(written):
    ising, every, two, plain = text_config.read_models(written(MODELS))
    assert (ising.name, ising.base_path) == ("ising", Path("/models/ising"))
    assert ising.policy == VersionPolicy(latest=None, specific=(2, 5))
    assert ising.labels == {"stable": 2}
    assert every.policy == VersionPolicy(latest=None)
    assert two.policy == VersionPolicy(latest=2)
    assert plain.policy == VersionPolicy(latest=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_config_list {", "cannot be parsed"),
        ("hello", "cannot be parsed"),
        ("custom_model_config {}", "`custom_model_config` is not supported"),
        ('model_config_list { config { base_path: "/m" } }', "`name` of every model"),
        ('model_config_list { config { name: "m" base_path: "m" } }', "absolute path"),
        (MODEL.format(""), "neither ModelServerConfig::model_type"),
        (
            MODEL.format('model_platform: "tensorflow" model_version_policy { specific {} }'),
            "must name a version",
        ),
    ],
)
def test_wrong_models_are_refused(written, text, message):
    with pytest.raises(ValueError, match=message):
        text_config.read_models(written(text))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(OSError, match=r"absent.config cannot be read: No such file"):
        text_config.read_models(tmp_path / "absent.config")


def test_binary_file_is_refused(tmp_path):
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is no text file"):
        text_config.read_models(path)


def test_batching_is_read(written):
    text = """
    max_batch_size { value: 64 }  # a comment
    batch_timeout_micros { value: 2500 }
    max_enqueued_batches { value: 7 }
    num_batch_threads { value: 3 }
    thread_pool_name { value: "pool" }
    allowed_batch_sizes: 8 allowed_batch_sizes: 64
    pad_variable_length_inputs: true
    """
    assert text_config.read_batching(written(text)) == BatchingOptions(
        max_batch_size=64,
        batch_timeout=0.0025,
        max_enqueued_batches=7,
        num_batch_threads=3,
        allowed_batch_sizes=(8, 64),
    )


def test_splitting_is_read(written):
    text = """
    max_batch_size { value: 64 }
    enable_large_batch_splitting { value: true }
    max_execution_batch_size { value: 16 }
    """
    options = text_config.read_batching(written(text))
    assert options.large_batch_splitting
    assert options.largest_run == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size { value: 0 }", "max_batch_size must be positive; was 0"),
        ("num_batch_threads { value: 0 }", "num_batch_threads must be positive; was 0"),
        (
            "max_execution_batch_size { value: -1 }",
            "max_execution_batch_size must be non-negative; was -1",
        ),
        ("max_enqueued_batches { value: 0 }", "max_enqueued_batches must be positive; was 0"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros must be non-negative; was -1"),
        (
            "max_batch_size { value: 4 } allowed_batch_sizes: 3",
            "must match max_batch_size; last entry was 3; expected 4",
        ),
        (
            "max_batch_size { value: 4 } allowed_batch_sizes: 4 allowed_batch_sizes: 4",
            "must be monotonically increasing",
        ),
        ("max_batch_size: 4", "cannot be parsed"),
    ],
)
def test_wrong_batching_is_refused(written, text, message):
    with pytest.raises(ValueError, match=message):
        text_config.read_batching(written(text))


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("", None),
        ('prometheus_config { path: "/m" }', None),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/m" }', "/m"),
    ],
)
def test_monitoring_is_read(written, text, route):
    assert text_config.read_monitoring(written(text)) == route


def test_wrong_route_is_refused(written):
    with pytest.raises(ValueError, match="must start with `/`, but is `m`"):
        text_config.read_monitoring(written('prometheus_config { enable: true path: "m" }'))


def test_tls_is_read(written):
    files = text_config.read_tls(
        written('server_key: "K" server_cert: "C" custom_ca: "A" client_verify: true')
    )
    assert files == text_config.TlsFiles(b"K", b"C", b"A", True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('server_key: "K"', "`server_cert` must be given"),
        ('server_cert: "C"', "`server_key` must be given"),
        ('server_key: "K" server_cert: "C" client_verify: true', "`custom_ca` must be given"),
    ],
)
def test_wrong_tls_is_refused(written, text, message):
    with pytest.raises(ValueError, match=message):
        text_config.read_tls(written(text))
