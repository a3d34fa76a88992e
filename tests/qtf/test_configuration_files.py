import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ml_collections.config_flags import config_path

from qtf import configuration_files
from qtf.configuration_files import (
    ConfigurationError,
    check_key,
    find_configuration,
    load_configuration,
    make_room,
    shipped_names,
)

ROOT = Path(__file__).parents[2]
ISING = "configs/ground_state/ising_square.py"
HEADER = "from ml_collections import ConfigDict\n"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_configuration_of_the_clone_is_shipped_and_loads_from_any_folder(elsewhere):
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "configs").rglob("*.py"))
    assert shipped_names() == files
    for name in files:
        assert load_configuration(name).is_locked


def test_no_configuration_imports_another():
    for path in (ROOT / "configs").rglob("*.py"):
        assert not re.search(r"^(from|import) configs", path.read_text(), re.MULTILINE), path


def test_a_file_of_that_name_in_the_current_folder_comes_first(elsewhere):
    path = elsewhere / ISING
    path.parent.mkdir(parents=True)
    path.write_text(HEADER + "def get_config(): return ConfigDict({'mine': 1})\n")
    assert load_configuration(ISING).to_dict() == {"mine": 1}
    assert find_configuration(f"./{ISING}").resolve() == path


def test_an_installed_package_holds_its_configurations(tmp_path, monkeypatch):
    module = tmp_path / "qtf" / "configuration_files.py"
    monkeypatch.setattr(configuration_files, "__file__", str(module))
    assert configuration_files.shipped_folder() == tmp_path / "configs"
    (tmp_path / "qtf" / "configs").mkdir(parents=True)
    assert configuration_files.shipped_folder() == tmp_path / "qtf" / "configs"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("configs/ground_state/isng_square.py", f"does not exist; did you mean {ISING}?"),
        ("ising_square.py", f"ising_square.py does not exist; did you mean {ISING}?"),
        ("configs/data", "is a folder; it holds demo.py, driven.py, ising.py, paper.py, small.py."),
        ("zzz", "does not exist; those that come with qtf are in configs/data, configs/dyn"),
        ("", "but an empty one does not exist"),
    ],
)
def test_a_wrong_path_names_what_there_is(elsewhere, path, words):
    if path == "configs/data":
        (elsewhere / path).mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=re.escape(words)):
        find_configuration(path)


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("ising_square", None, ISING),
        ("ising_square", "ground_state", ISING),
        ("ground_state/ising_square", None, ISING),
        ("heisenberg_chain", "open_system", "configs/open_system/heisenberg_chain.py"),
        ("heisenberg_chain", "ground_state", "configs/ground_state/heisenberg_chain.py"),
        ("open_system/heisenberg_chain", None, "configs/open_system/heisenberg_chain.py"),
        ("demo", "data", "configs/data/demo.py"),
    ],
)
def test_a_shipped_configuration_is_named_without_folder_and_suffix(elsewhere, name, folder, file):
    assert find_configuration(name, folder) == ROOT / file
    # A folder of that name, such as that of a run, is in nobody's way; a file is.
    (elsewhere / "ising_square").mkdir()
    assert find_configuration(name, folder) == ROOT / file
    (elsewhere / "demo").write_text("")
    assert (find_configuration(name, folder) == Path("demo")) == (name == "demo")


def test_a_choice_stands_behind_a_name(elsewhere):
    config = load_configuration("ising_square:3,2.5", "ground_state")
    assert config.physics.hamiltonian.transverse_field == 2.5


@pytest.mark.parametrize(
    ("name", "folder", "words"),
    [
        (
            "heisenberg_chain",
            None,
            "Configuration heisenberg_chain must be named with its folder,"
            " ground_state/heisenberg_chain or open_system/heisenberg_chain.",
        ),
        (
            "ising_square",
            "dynamics",
            "Configuration must be one of dynamics, but ising_square is ground_state/ising_square.",
        ),
        (
            "open_system/ising_chain",
            "ground_state",
            "must be one of ground_state, but open_system/ising_chain is open_system/ising_chain.",
        ),
    ],
)
def test_a_name_of_several_or_of_other_configurations_is_told(name, folder, words):
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        find_configuration(name, folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ising_sqare", "ising_sqare does not exist; did you mean ising_square?"),
        ("zzz", ", grow_chain, grow_ising, grow_square, heisenberg_chain, heis"),
        ("smal", ", grow_chain, grow_ising, grow_square, "),
    ],
)
def test_a_wrong_name_is_compared_with_those_that_the_command_takes(elsewhere, name, words):
    with pytest.raises(FileNotFoundError, match=re.escape(words)):
        find_configuration(name, "ground_state")


@pytest.mark.parametrize("name", ["a:b.py", "plain.py", "3:4:5.py"])
@pytest.mark.parametrize("choice", ["", ":7", ":x:y"])
def test_a_colon_may_be_part_of_the_path(elsewhere, name, choice):
    content = "def get_config(choice='none'): return ConfigDict({'choice': choice})\n"
    (elsewhere / name).write_text(HEADER + content)
    assert load_configuration(name + choice).choice == (choice[1:] or "none")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("def get_config(:", "cannot be loaded, SyntaxError: "),
        ("import nowhere_at_all", "cannot be loaded, ModuleNotFoundError: "),
        ("import math; math.nothing", "cannot be loaded, AttributeError: module 'math'"),
        ("def get_config(): 1 / 0", "cannot be loaded, ZeroDivisionError: "),
        ("x = 1", "must define the function get_config, but broken.py does not."),
        ("def get_config(): return {'a': 1}", "must return a ConfigDict, but returns dict."),
        ("def get_config(): return None", "must return a ConfigDict, but returns NoneType."),
    ],
)
def test_a_file_without_a_configuration_is_told(elsewhere, content, words):
    Path("broken.py").write_text(content)
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        load_configuration("broken.py")


def test_a_file_of_terms_is_looked_for_beside_the_configuration(elsewhere):
    folder = elsewhere / "systems"
    folder.mkdir()
    section = "{'hamiltonian': {'name': 'custom', 'terms_file': name}, 'other_file': 'own.json'}"
    (folder / "own.py").write_text(HEADER + f"def get_config(name): return ConfigDict({section})")
    (folder / "own.json").write_text("[]")
    config = load_configuration("systems/own.py:own.json")
    assert config.hamiltonian.terms_file == "systems/own.json"
    assert config.other_file == "own.json"
    # Not there: it is one of the current folder.
    config = load_configuration("systems/own.py:here.json")
    assert config.hamiltonian.terms_file == "here.json"


def test_a_choice_for_a_file_that_takes_none_is_told():
    with pytest.raises(ConfigurationError, match="small.py takes nothing behind a colon, .* '3'"):
        load_configuration("configs/data/small.py:3")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("training.sed", "Unknown configuration key `sed`. Did you mean `training.seed`?"),
        ("trainng.seed", "Unknown configuration key `trainng`. Did you mean `training`?"),
        ("learning_rate", "mean `refinement.learning_rate` or `training.optimizer.learning_rate`?"),
        ("symmetry.zzz", "`zzz`. Known in `symmetry` are `group`, `in_training`, `listed`, `weig"),
        ("training.seed.x", "`training.seed` has no keys, but --config.training.seed.x names"),
    ],
)
def test_an_unknown_key_names_the_nearest(key, words):
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        check_key(load_configuration(ISING), key)


def test_flags_may_put_lists_for_numbers_and_sections_into_free_sections(elsewhere):
    config = load_configuration("configs/open_system/ising_chain.py:3,1.0")
    for key in ("physics.jumps.decay", "physics.jumps.own.rate", "training.n_epochs"):
        check_key(config, key)
        make_room(config, key)
    # What flags then set has no type to keep to.
    assert config.physics.jumps.to_dict() == {"own": {}}
    config.physics.jumps.decay = [1.0, 0.0, 0.5]
    config.physics.jumps.own.rate = 0.5
    assert config.training.n_epochs == 10
    make_room(config, "physics.hamiltonian.periodic", "True")
    assert config.physics.hamiltonian.periodic is True


@pytest.mark.parametrize("key", ["network.units", "training.n_epochs"])
def test_flags_may_take_a_number_back(elsewhere, key):
    config = load_configuration("configs/ground_state/grow_square.py")
    make_room(config, key, "7")
    section, name = key.split(".")
    assert config[section][name] > 0
    make_room(config, key, "None")
    assert config[section][name] is None
    assert config_path.get_type(key, config) is object
    with pytest.raises(AttributeError):
        config[section].another = 1


@pytest.mark.parametrize(
    ("module", "config"),
    [
        ("data_gen.generate", "configs/data/small.py"),
        ("trainers.dynamics", "configs/dynamics/transfer_8.py"),
        ("trainers.ground_state", f"{ISING}:3,3.0"),
        ("trainers.open_system", "configs/open_system/ising_chain.py"),
    ],
)
def test_a_hamiltonian_takes_every_key_that_its_name_allows(elsewhere, module, config):
    section = {"data_gen.generate": "", "trainers.dynamics": "exact."}.get(module, "physics.")
    is_folder = importlib.util.find_spec(module).submodule_search_locations is not None
    place = f"{module}.__main__" if is_folder else module
    program = f"""
import sys
sys.argv = ["x", "--config={config}", "--config.{section}hamiltonian.periodic=True"]
from absl import flags
import {place}
flags.FLAGS(sys.argv)
print(flags.FLAGS.config.{section}hamiltonian.to_dict()["periodic"] is True)
print(flags.FLAGS.config.is_locked)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.stdout.split() == ["True", "True"], done.stderr
