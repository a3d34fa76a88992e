import json

import pytest

from data_gen.generation import generate
from data_gen.settings import settings_from_config
from qtf.data.schema import Shard
from qtf.data.writing.journal import JOURNAL_NAME, append_to_journal, locked, open_journal

SHARD = Shard("x.tfrecord", "train", 2, 0, 3, 4, "ab")


@pytest.fixture
def settings(config):
    return settings_from_config(config)


def test_finished_shards_are_found_again(tmp_path, settings):
    assert open_journal(tmp_path, settings) == {}
    append_to_journal(tmp_path, SHARD)
    (tmp_path / SHARD.file).write_bytes(b"1234")
    assert open_journal(tmp_path, settings) == {SHARD.file: SHARD}
    assert open_journal(tmp_path, settings) == {SHARD.file: SHARD}


@pytest.mark.parametrize("content", [None, b"123"])
def test_missing_or_cut_shard_is_not_finished(tmp_path, settings, content):
    open_journal(tmp_path, settings)
    append_to_journal(tmp_path, SHARD)
    if content is not None:
        (tmp_path / SHARD.file).write_bytes(content)
    assert open_journal(tmp_path, settings) == {}


def test_torn_last_line_is_left_out(tmp_path, settings):
    open_journal(tmp_path, settings)
    append_to_journal(tmp_path, SHARD)
    (tmp_path / SHARD.file).write_bytes(b"1234")
    with open(tmp_path / JOURNAL_NAME, "a") as file:
        file.write('{"file": "y.tfr')
    assert list(open_journal(tmp_path, settings)) == [SHARD.file]
    append_to_journal(tmp_path, SHARD)
    lines = (tmp_path / JOURNAL_NAME).read_text().splitlines()
    assert [json.loads(line).get("file") for line in lines] == [None, SHARD.file, SHARD.file]


@pytest.mark.parametrize("name", [".shard-x.tfrecord.12", ".manifest.json.ab", "..journal.jsonl.c"])
def test_leftovers_are_removed(tmp_path, settings, name):
    (tmp_path / name).write_bytes(b"half")
    open_journal(tmp_path, settings)
    assert not (tmp_path / name).exists()


def test_foreign_files_fail(tmp_path, settings):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match=r"must be empty or hold .*, but holds `thesis\.tex`"):
        open_journal(tmp_path, settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt": 0.02}, r"`dt` is 0\.01 there, but 0\.02 now"),
        ({"hamiltonian": {"name": "heisenberg"}}, "`hamiltonian.(lattice|name)` is"),
        ({"n_trajectories": {"train": 9, "test": 2}}, r"`n_trajectories\.train` is \[7, 5\]"),
    ],
)
def test_another_config_fails(tmp_path, config, settings, change, message):
    open_journal(tmp_path, settings)
    with pytest.raises(ValueError, match=f"holds data of another config: {message}"):
        open_journal(tmp_path, settings_from_config({**config, **change}))


def test_another_config_fails_in_a_complete_folder(config, written):
    with pytest.raises(ValueError, match="another config: `seed` is 3 there, but 4 now"):
        generate(settings_from_config({**config, "seed": 4}), written, workers=1, progress=False)


def test_folder_is_held_by_one_process(tmp_path):
    held = pytest.raises(OSError, match="is being written to by another process")
    with locked(tmp_path), held, locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
