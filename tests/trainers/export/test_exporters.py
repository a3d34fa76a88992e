import subprocess
import sys

import pytest

from qtf.dynamics.local_generator import LocalGenerator
from qtf.dynamics.transferable_sru import TransferableSRU
from qtf.export.exporters import served_n_sites

NETWORK = TransferableSRU.from_preset("paper", n_max=10, units=4, n_layers=1)


def generator(n_max=16, **terms):
    return LocalGenerator(0.1, n_max=n_max, **terms)


def test_a_network_is_served_for_what_it_was_trained():
    assert served_n_sites(NETWORK, (2, 3, 5), ()) == (2, 3, 5)
    assert served_n_sites(NETWORK, (2, 3, 5), (3,)) == (3,)


def test_a_generator_is_served_beyond_its_training():
    assert served_n_sites(generator(), (2, 3), ()) == tuple(range(2, 13))
    assert served_n_sites(generator(n_max=4), (2, 3), ()) == (2, 3, 4)
    assert served_n_sites(generator(), (2, 3), (1, 14)) == (1, 14)
    assert served_n_sites(generator(n_max=14), (2, 14), ())[-1] == 14


def test_a_generator_of_one_chain_is_served_for_that_chain():
    assert served_n_sites(generator(site_dependent=True, n_sites=6), (6,), ()) == (6,)


@pytest.mark.parametrize(
    ("model", "asked", "message"),
    [
        (NETWORK, (8,), r"Flag --n_sites must hold n in \(2, 3\), but holds 8."),
        (generator(n_max=4), (2, 5), r"must hold n in \(1, 2, 3, 4\), but holds 5."),
    ],
)
def test_an_unknown_chain_length_is_an_error(model, asked, message):
    with pytest.raises(ValueError, match=message):
        served_n_sites(model, (2, 3), asked)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--max_steps=0", "`max_steps` must be positive, but is 0"),
        ("--max_samples=0", "`max_samples` must be positive, but is 0"),
        ("--n_sites=0", "--n_sites must hold positive integers"),
    ],
)
def test_mistakes_in_flags_are_told_before_tensorflow_is_imported(flag, message):
    program = f"""
import sys
sys.argv = ["x", "--workdir=R", "--model_dir=M", "{flag}"]
from trainers.export.__main__ import main
try:
    main()
finally:
    print(sorted({{"tensorflow", "keras"}} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "[]\n")
    assert message in done.stderr
