import inspect
import sys

import pytest

from commands import configs
from qtf import configuration_files
from qtf.configuration_files import shipped_folder, shipped_names


@pytest.fixture
def tell(capsys):
    def answer(*names):
        configs._tell([*names])
        return capsys.readouterr().out

    return answer


def test_all_configurations_stand_below_the_command_that_takes_them(tell):
    blocks = tell().split("\n\nqtf ")
    names = [line.split()[0] for block in blocks for line in block.splitlines() if line[:2] == "  "]
    assert len(names) == len(shipped_names())
    ground_state = next(block for block in blocks if block.startswith("ground-state --config="))
    assert "\n  ising_square:SIDE,FIELD " in ground_state
    assert "\n  grow_chain[:desktop|:paper] " in ground_state
    assert "qtf open-system --config=\nqtf trajectories --config=\n\n  " in tell()
    assert "H = -sum Z Z - field sum X. [4,3.0]" in ground_state


def test_every_file_that_takes_a_choice_tells_its_form_and_its_default():
    for path in shipped_folder().glob("*/*.py"):
        about = configs.describe(path)
        assert about.docstring, path
        parameters = inspect.signature(configuration_files._run_file(path).get_config).parameters
        assert bool(about.choices) == bool(parameters), path
        assert about.default == "".join(choice.default for choice in parameters.values()), path


def test_a_name_tells_all_about_it(tell):
    path = shipped_folder() / "ground_state" / "ising_square.py"
    assert tell("ising_square").startswith(f"{path}\n\nIsing model in a transverse field")
    assert "luo2022" in tell("open_system/heisenberg_chain")


def test_names_that_say_too_little_or_too_much_are_one_line(monkeypatch, capsys):
    for names, words in (
        (
            ["heisenberg_chain"],
            "must be named with its folder, ground_state/heisenberg_chain or open_",
        ),
        (["ising_sqare"], "ising_sqare does not exist; did you mean ising_square?"),
        (["a", "b"], "Name one configuration, not 2: a, b."),
    ):
        monkeypatch.setattr(sys, "argv", ["qtf configs", *names])
        with pytest.raises(SystemExit) as end:
            configs.main()
        assert end.value.code == 1
        err = capsys.readouterr().err
        assert err.startswith("qtf configs: error: ")
        assert words in err
        assert err.count("\n") == 1
