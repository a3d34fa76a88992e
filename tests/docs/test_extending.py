"""Sections of docs/extending.md are executed as a reader would enter them."""

import importlib
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from qtf.autoregressive.settings import NETWORKS
from qtf.dynamics.metrics import METRICS
from qtf.physics import HAMILTONIANS, JUMP_MATRICES, LATTICES, OBSERVABLES
from qtf.training.optimizers import OPTIMIZERS

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S))
TABLES = (HAMILTONIANS, JUMP_MATRICES, LATTICES, METRICS, NETWORKS, OBSERVABLES, OPTIMIZERS)
FILE = r"(?:qtf|trainers|serving)/[\w/]+\.py"


@pytest.fixture(autouse=True)
def unchanged_tables():
    before = [dict(table) for table in TABLES]
    yield
    for table, entries in zip(TABLES, before, strict=True):
        table.clear()
        table.update(entries)


class Reader:
    """Enters blocks into files: new ones beside those of a room, others at their end."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.monkeypatch = folder, monkeypatch

    def enter(self, file, block):
        """Returns the names of the file."""
        name = file.removesuffix(".py").replace("/", ".")
        if find_spec(name) is None:
            self._make_file(name, block)
        else:
            names = vars(importlib.import_module(name))
            changed = dict(names)
            exec(compile(block, file, "exec"), changed)
            for key in changed.keys() - names.keys():
                self.monkeypatch.setitem(names, key, changed[key])
        return vars(importlib.import_module(name))

    def _make_file(self, name, block):
        room, _, stem = name.rpartition(".")
        (self.folder / f"{stem}.py").write_text(block)
        path = importlib.import_module(room).__path__
        self.monkeypatch.setattr(sys.modules[room], "__path__", [*path, str(self.folder)])
        self.monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()


@pytest.fixture
def reader(tmp_path, monkeypatch):
    return Reader(tmp_path, monkeypatch)


@pytest.mark.parametrize("title", SECTIONS)
def test_section_does_what_it_says(title, reader):
    blocks = re.findall(r"^```python\n(.*?)^```", SECTIONS[title], re.M | re.S)
    assert blocks
    namespace = {"__name__": "extending"}
    for number, block in enumerate(blocks):
        file = re.match(rf"# ({FILE})\n", block)
        if file:
            namespace |= reader.enter(file[1], block)
        else:
            exec(compile(block, f"{title}, block {number}", "exec"), namespace)


@pytest.mark.parametrize("title", SECTIONS)
def test_section_names_at_most_two_files(title):
    files = set(re.findall(rf"\b{FILE}\b", SECTIONS[title]))
    assert 1 <= len(files - {"qtf/physics/lattices/chain.py"}) <= 2


LIEB = {"name": "heisenberg", "lattice": "lieb", "n_rows": 2, "n_columns": 2}


@pytest.fixture
def lieb():
    blocks = re.findall(r"^```python\n(.*?)^```", SECTIONS["A lattice"], re.M | re.S)
    namespace = {"__name__": "extending"}
    for block in blocks[:2]:
        exec(block, namespace)


@pytest.mark.usefixtures("lieb")
def test_ground_states_are_searched_on_a_new_lattice():
    from qtf.ground_states.runs.assembly import make_wave_function
    from qtf.ground_states.runs.facts import find_facts
    from qtf.ground_states.runs.settings import RunSettings

    def settings(**wave_function):
        return RunSettings.from_mapping(
            {
                "physics": {"hamiltonian": LIEB},
                "network": {"name": "lstm_2d", "units": 4},
                "wave_function": wave_function,
                "symmetry": {"group": "lattice", "in_training": True},
                "sampling": {"n_prefixes": 1},
            }
        )

    facts = find_facts(settings())
    assert facts.reference.kind == "exact"
    psi = make_wave_function(settings(), facts)
    assert psi.n_symmetries == 2
    assert psi(np.zeros((2, 12), np.int32))[0].shape == (2,)
    # Its corners are every second site.
    assert find_facts(settings(marshall_sign=True)).sign_sites == (0, 3, 6, 9)


@pytest.mark.usefixtures("lieb")
def test_open_systems_have_the_strings_of_a_new_lattice():
    from qtf.open_systems.runs.assembly import make_distribution
    from qtf.open_systems.runs.settings import OpenSystemSettings

    settings = OpenSystemSettings.from_mapping(
        {
            "physics": {"hamiltonian": LIEB},
            "network": {"name": "gated_2d", "units": 4},
            "objective": {"every_outcome": False},
            "strings": 2,
        }
    )
    assert make_distribution(settings).strings[0] == (0, 1, 2, 3, 4, 5, 11, 10, 9, 8, 7, 6)
