import json
import subprocess
import sys
from dataclasses import dataclass

import keras
import pytest

from qtf.autoregressive import LSTM2D, NETWORKS, GRUNetwork, PixelCNN, Transformer
from qtf.autoregressive.network import make_network, network_class
from qtf.autoregressive.settings import NetworkSettings, PixelCNNSettings
from qtf.physics import Chain, Square

ON_ROWS = {name for name, kind in NETWORKS.items() if kind.order}


def test_every_network_names_its_settings_and_they_name_it():
    for kind in NETWORKS.values():
        assert network_class(kind).settings_class is kind
        assert kind().section == "network"


def test_networks_on_rows_need_their_order():
    assert {name: NETWORKS[name].order for name in ON_ROWS} == {
        "gated_2d": "snake",
        "lstm_2d": "raster",
        "pixelcnn": "raster",
        "row_scan": "raster",
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_network_of_a_lattice_has_its_sites_and_the_settings(name):
    settings = NetworkSettings(name=name)
    network = make_network(settings, Square(2, 3), heads=(4,), local_dimension=4)
    assert type(network) is network_class(NETWORKS[name])
    assert (network.n_positions, network.heads, network.local_dimension) == (6, (4,), 4)
    assert network.settings == settings.architecture() == NETWORKS[name]()
    assert network.n_together == (3 if name in ON_ROWS else 1)


@pytest.mark.parametrize("name", sorted(ON_ROWS))
def test_chains_have_no_rows(name):
    with pytest.raises(
        ValueError, match=f'^Setting `network.name` = "{name}" needs a lattice with r'
    ):
        make_network(NetworkSettings(name=name), Chain(4), heads=(2,))
    with pytest.raises(ValueError, match=r"^Argument `lattice` must have rows for \w+2?D?\.$"):
        network_class(NETWORKS[name]).for_lattice(Chain(4))


def test_any_object_with_sites_and_rows_is_a_lattice():
    @dataclass
    class Ladder:
        n_sites: int = 6

        def rows(self):
            return ((0, 1, 2), (3, 4, 5))

    network = PixelCNN.for_lattice(Ladder(), PixelCNNSettings(width=2, depth=2), heads=(2,))
    assert network.shape == (2, 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"name": "cnn"},
            "`network.name` must be one of gated_2d, gru, lstm_2d, pixelcnn, row_scan, tra",
        ),
        (
            {"width": 3},
            "`network.width` is none of .* gru, whose are units, context, activation; None takes it"
            " back.$",
        ),
        ({"units": 0}, "`network.units` must be positive, but is 0"),
        (
            {"name": "transformer", "units": 6},
            "`network.n_attention_heads` must divide `network.units` = 6, but is 4",
        ),
        (
            {"name": "transformer", "units": 7, "n_attention_heads": 1, "sinusoidal": True},
            "`network.units` must be even if `network.sinusoidal`, sines and cosines, but is 7",
        ),
        (
            {"name": "pixelcnn", "depth": 4, "residual": True},
            "`network.depth` must be odd if `network.residual`, one and pairs, but is 4",
        ),
    ],
)
def test_mistakes_are_named_as_settings(values, message):
    with pytest.raises(ValueError, match=f"^Setting {message}"):
        NetworkSettings.from_mapping(values)


def test_mistakes_of_arguments_are_named_as_arguments():
    with pytest.raises(
        ValueError, match="^Argument `n_attention_heads` must divide `units` = 6, but is 4.$"
    ):
        Transformer(n_positions=2, units=6)


def test_unknown_and_double_arguments_are_refused():
    with pytest.raises(ValueError, match="Unrecognized keyword arguments .*'unit'"):
        GRUNetwork(n_positions=4, unit=8)
    for network in (LSTM2D, PixelCNN):
        with pytest.raises(TypeError, match="multiple values for keyword argument 'n_positions'"):
            network(shape=(2, 2), n_positions=4)


def test_descriptions_of_older_versions_load():
    config = PixelCNN(shape=(2, 3), width=3, depth=2).get_config()
    assert "n_positions" not in config
    network = PixelCNN.from_config({**config, "n_positions": 6})
    assert (network.shape, network.settings) == ((2, 3), PixelCNNSettings(width=3, depth=2))


@pytest.mark.parametrize("name", NETWORKS)
def test_descriptions_make_the_same_network(name):
    network = make_network(NetworkSettings(name=name), Square(2, 2), heads=(2,))
    described = json.loads(json.dumps(keras.saving.serialize_keras_object(network)))
    copy = keras.saving.deserialize_keras_object(described)
    assert copy.get_config() == network.get_config()


def test_settings_need_no_keras():
    program = (
        "import sys; from qtf.autoregressive.settings import NetworkSettings;"
        "NetworkSettings().architecture(); assert not {'keras', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_descriptions_of_settings_name_their_networks():
    lines = NetworkSettings.__doc__.splitlines()
    units = "        units: Width of the states; of gated_2d, gru, lstm_2d, row_scan, transformer."
    assert units in lines
    assert NetworkSettings().as_mapping()["depth"] is None
