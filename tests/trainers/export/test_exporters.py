from types import SimpleNamespace

import pytest

from qtf.dynamics.local_terms import LocalTerms
from trainers.export.exporters import served_n_sites

NETWORK = SimpleNamespace(n_max=10)


def generator(terms=None, n_max=16):
    return SimpleNamespace(n_max=n_max, terms=terms or LocalTerms())


def test_a_network_is_served_for_what_it_was_trained():
    assert served_n_sites(NETWORK, (2, 3, 5), ()) == (2, 3, 5)
    assert served_n_sites(NETWORK, (2, 3, 5), (3,)) == (3,)


def test_a_generator_is_served_beyond_its_training():
    assert served_n_sites(generator(), (2, 3), ()) == tuple(range(2, 13))
    assert served_n_sites(generator(n_max=4), (2, 3), ()) == (2, 3, 4)
    assert served_n_sites(generator(), (2, 3), (1, 14)) == (1, 14)
    assert served_n_sites(generator(n_max=14), (2, 14), ())[-1] == 14


def test_a_generator_of_one_chain_is_served_for_that_chain():
    terms = LocalTerms(site_dependent=True, n_sites=6)
    assert served_n_sites(generator(terms), (6,), ()) == (6,)


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
