"""Mistakes in flags and configuration files end the start with one line."""

import subprocess

import pytest

from tests.serving.running_server import model_config, write_text


@pytest.fixture(scope="module")
def failed(models, tmp_path_factory, start_and_fail):
    """{case: (exit code, standard error)} of servers that were all started together."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "tokens").write_text("short\n")
    (folder / "wrong.config").write_text("this is { no textproto")
    (folder / "sizes.config").write_text("max_batch_size { value: 4 } allowed_batch_sizes: 3")
    (folder / "ssl.config").write_text('server_key: "garbage" server_cert: "garbage"')
    half = model_config(models.root, "half")
    labelled = model_config(models.root, "half", version_labels={"stable": 9})
    write_text(folder / "twice.config", [half, half])
    write_text(folder / "labelled.config", [labelled])
    base = ["--model_name=half", f"--model_base_path={models.root / 'half'}"]
    sizes = f"--batching_parameters_file={folder / 'sizes.config'}"
    processes = {
        "no model": start_and_fail(),
        "no textproto": start_and_fail(f"--model_config_file={folder / 'wrong.config'}"),
        "model twice": start_and_fail(f"--model_config_file={folder / 'twice.config'}"),
        "early label": start_and_fail(f"--model_config_file={folder / 'labelled.config'}"),
        "batching off": start_and_fail(*base, sizes),
        "batch sizes": start_and_fail(*base, sizes, "--enable_batching"),
        "tls garbage": start_and_fail(*base, f"--ssl_config_file={folder / 'ssl.config'}"),
        "tls missing": start_and_fail(*base, f"--ssl_config_file={folder / 'absent.config'}"),
        "short token": start_and_fail(*base, f"--auth_token_file={folder / 'tokens'}"),
        "no log": start_and_fail(*base, f"--access_log={folder / 'absent' / 'log'}"),
        "no number": start_and_fail(*base, "--drain_seconds=nan"),
        "unknown flag": start_and_fail(*base, "--no_such_flag"),
    }
    return {name: ended(process) for name, process in processes.items()}


def ended(process):
    """Returns exit code and standard error; a server that runs on is ended."""
    try:
        _, stderr = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        return "still running", process.communicate()[1]
    return process.returncode, stderr


MESSAGES = {
    "no model": "model_config_file",
    "no textproto": "wrong.config",
    "model twice": "Illegal to list model half multiple times in config list",
    "early label": "Request to assign label to version 9 of model half, "
    "which is not currently available for inference",
    "tls garbage": "ssl.config must hold the text of PEM certificates, but holds no PEM text",
    "tls missing": "absent.config cannot be read: No such file or directory.",
    "batching off": "enable_batching",
    "no number": "Flag --drain_seconds must be finite, but is nan.",
    "short token": "tokens, line 1: a token must have at least 16 characters, but has 5.",
    "no log": "absent/log",
    "batch sizes": "allowed_batch_sizes",
}


@pytest.mark.parametrize("case", MESSAGES)
def test_mistake_is_named_in_one_line(failed, case):
    code, stderr = failed[case]
    assert code == 1, stderr
    (line,) = [line for line in stderr.splitlines() if line.startswith("qtf-serve: error: ")]
    assert MESSAGES[case] in line
    assert "Traceback" not in stderr


def test_unknown_flag_is_named(failed):
    code, stderr = failed["unknown flag"]
    assert code == 2
    assert "no_such_flag" in stderr
