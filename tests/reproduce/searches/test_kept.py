import json
import shutil

import pytest

from reproduce.engine.weights import count_weights
from reproduce.searches.kept import (
    check_same_search,
    keep_finished,
    numbers_of,
    sizes_of,
    take_up,
)
from tests.reproduce.searches.conftest import HEISENBERG


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_size_is_kept_once_and_only_the_largest_with_its_last_checkpoint(grow, tmp_path):
    kept = tmp_path / "kept"
    assert keep_finished(tmp_path / "nothing", kept) == []
    assert keep_finished(grow(4), kept) == [4]
    checkpoint = ["ckpt-200.data-00000-of-00001", "ckpt-200.index"]
    assert names(kept / "size-004" / "checkpoints") == checkpoint
    assert keep_finished(grow(4, 6), kept) == [6]
    assert names(kept / "size-006" / "checkpoints") == checkpoint
    assert names(kept / "size-004") == [
        "best.weights.h5",
        "config.json",
        "metrics.jsonl",
        "model.json",
        "numbers.json",
        "result.json",
    ]
    assert keep_finished(grow(4, 6), kept) == []
    assert sizes_of(kept) == [4, 6]


def test_numbers_are_those_of_the_run_with_weights_minutes_and_origin(grow, tmp_path):
    kept = tmp_path / "kept"
    keep_finished(grow(4), kept)
    (numbers,) = numbers_of(kept)
    assert numbers["energy"] == pytest.approx(-9.6)
    assert (numbers["n_weights"], numbers["minutes"]) == (3 * 4 + 5, 4.0)
    assert numbers["abs_magnetization"] == 0.16
    assert "cores" in numbers["machine"]
    # There are no records of times.
    assert numbers["curve"] == []
    assert count_weights(tmp_path) is None


def test_a_growth_goes_on_elsewhere_from_what_is_kept(grow, tmp_path):
    kept, workdir = tmp_path / "kept", grow(4, 6)
    keep_finished(workdir, kept)
    # There is a run folder.
    assert take_up(kept, workdir) == []
    before = {name: (workdir / name).read_bytes() for name in ("config.json", "growth.json")}
    weights = (workdir / "size-006" / "best.weights.h5").read_bytes()
    shutil.rmtree(workdir)
    assert take_up(kept, workdir) == [4, 6]
    assert {name: (workdir / name).read_bytes() for name in before} == before
    assert (workdir / "size-006" / "best.weights.h5").read_bytes() == weights
    assert (workdir / "size-006" / "checkpoints" / "ckpt-200.index").exists()
    assert not (workdir / "size-006" / "numbers.json").exists()
    # Nothing is kept twice, and nothing is taken from nowhere.
    assert keep_finished(workdir, kept) == []
    assert take_up(tmp_path / "nowhere", tmp_path / "new") == []


def test_sizes_of_another_search_are_refused(grow, tmp_path):
    kept, workdir = tmp_path / "kept", grow(4)
    check_same_search(workdir, kept)
    keep_finished(workdir, kept)
    config = json.loads((workdir / "config.json").read_text())
    config["growth"]["sizes"] = [4, 6, 8]
    # What an older version did not know.
    config["network"]["patch"] = None
    (workdir / "config.json").write_text(json.dumps(config))
    check_same_search(workdir, kept)
    config["physics"]["hamiltonian"] = {**HEISENBERG, "units": "pauli"}
    (workdir / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="same search, but its `physics.hamiltonian.units` is "):
        keep_finished(workdir, kept)
