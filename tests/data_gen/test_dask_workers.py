import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data_gen import dask_workers
from data_gen.dask_workers import write_with_one_thread
from data_gen.generation import generate
from data_gen.settings import settings_from_config
from qtf import cluster
from qtf.data.writing.shards import Written

ROOT = Path(__file__).parents[2]


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_local_cluster_writes_the_same_bytes_as_processes(config, written, tmp_path):
    pytest.importorskip("distributed")
    # In a process of its own: dask leaves threads and loops behind.
    code = (
        "import json, sys\n"
        "from data_gen.generation import generate\n"
        "from data_gen.settings import settings_from_config\n"
        "if __name__ == '__main__':\n"
        "    settings = settings_from_config(json.loads(sys.argv[1]))\n"
        "    done = generate(settings, sys.argv[2], workers=2, dask_scheduler='local',"
        " progress=False)\n"
        "    print(done.n_written)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    arguments = [sys.executable, script, json.dumps(dict(config)), tmp_path / "data"]
    found = subprocess.run(
        arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    expected = files_of(written)
    assert int(found.stdout) == len(expected) - 1
    assert files_of(tmp_path / "data") == expected


def test_unreachable_scheduler_is_one_clear_error(config, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "CONNECTION_SECONDS", 0.2)
    settings = settings_from_config(config)
    with pytest.raises(ValueError, match=r"must name a scheduler that answers, but is 'tcp://"):
        generate(settings, tmp_path, workers=1, dask_scheduler="tcp://127.0.0.1:9", progress=False)


def test_missing_package_is_one_clear_error(config, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(ValueError, match=r'needs the package dask: pip install "qtf\[dask\]"'):
        generate(
            settings_from_config(config),
            tmp_path,
            workers=1,
            dask_scheduler="local",
            progress=False,
        )


def test_worker_with_several_threads_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    with pytest.raises(ValueError, match="started with OPENBLAS_NUM_THREADS=1, .* but it is 4"):
        write_with_one_thread(None, None, tmp_path)


def test_folder_that_is_not_shared_is_named(tmp_path):
    written = Written(tmp_path / ".shard-x", None)
    with pytest.raises(OSError, match=r"wrote \.shard-x, but this process does not see it"):
        dask_workers._visible(written, tmp_path)
