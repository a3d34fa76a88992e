from dataclasses import replace

import pytest

from reproduce.engine import layout
from reproduce.engine.fingerprints import fingerprint
from reproduce.engine.stages import Stage

CONFIG = """
from ml_collections import ConfigDict
def get_config():
    return ConfigDict({"rate": RATE})
"""


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    (tmp_path / "c.py").write_text(CONFIG.replace("RATE", "1.0"))
    (tmp_path / "input").write_text("a")
    arguments = (f"--out={tmp_path}/out/x",)
    return Stage("s", "m", arguments, tmp_path / "x", inputs=(tmp_path / "input",), config="c.py")


def test_fingerprint_is_the_same_for_the_same_inputs(stage, tmp_path):
    assert fingerprint(stage, tmp_path) == fingerprint(stage, tmp_path)


@pytest.mark.parametrize("change", ["command", "value", "input", "missing"])
def test_fingerprint_changes_with_what_is_computed(stage, tmp_path, change):
    before = fingerprint(stage, tmp_path)
    if change == "command":
        stage = replace(stage, arguments=(*stage.arguments, "--more"))
    elif change == "value":
        (tmp_path / "c.py").write_text(CONFIG.replace("RATE", "2.0"))
    elif change == "input":
        (tmp_path / "input").write_text("b")
    else:
        (tmp_path / "input").unlink()
    assert fingerprint(stage, tmp_path) != before


def test_fingerprint_ignores_comments_and_the_name_of_the_folder(stage, tmp_path):
    before = fingerprint(stage, tmp_path / "out")
    (tmp_path / "c.py").write_text("# A comment." + CONFIG.replace("RATE", "1.0"))
    moved = replace(stage, arguments=(f"--out={tmp_path}/elsewhere/x",))
    assert fingerprint(moved, tmp_path / "elsewhere") == before


def test_fingerprint_stays_when_networks_gain_a_setting_that_is_not_set(stage, tmp_path):
    network = CONFIG.replace('"rate": RATE', '"network": {"width": 3MORE}')
    (tmp_path / "c.py").write_text(network.replace("MORE", ""))
    before = fingerprint(stage, tmp_path)
    (tmp_path / "c.py").write_text(network.replace("MORE", ', "norm_last": None'))
    assert fingerprint(stage, tmp_path) == before
    (tmp_path / "c.py").write_text(network.replace("MORE", ', "norm_last": True'))
    assert fingerprint(stage, tmp_path) != before


def test_fingerprint_stays_when_a_module_moves(stage, tmp_path):
    moved = replace(stage, module="room.m", journal_module="m")
    assert fingerprint(moved, tmp_path) == fingerprint(stage, tmp_path)
    assert moved.command_line.startswith("python -m room.m --config=c.py")


def test_a_missing_configuration_is_named(stage, tmp_path):
    with pytest.raises(FileNotFoundError, match="Configuration .*gone.py does not exist"):
        fingerprint(replace(stage, config="gone.py"), tmp_path)
