import math

import pytest

from qtf.training.tensor_board import CARDS, TensorBoard


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path_factory.mktemp("trials") / "seed-3" / "tensorboard"
    board = TensorBoard(folder)
    board.hyperparameters(0, {"training.seed": 3})
    values = {"validation/loss": 1e-3, "validation/energy": -2.0, "validation/v_score": 0.0}
    board.scalars(10, values)
    board.scalars(20, {"training/loss": -1.5, "validation/mre": math.inf})
    board.close()
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    return accumulator.Reload()


def test_what_falls_by_orders_of_magnitude_has_its_logarithm_beside_it(events):
    from tensorboard.util.tensor_util import make_ndarray

    tags = events.Tags()["tensors"]
    (logarithm,) = events.Tensors("log10/validation/loss")
    assert float(make_ndarray(logarithm.tensor_proto)) == pytest.approx(-3.0)
    assert {"validation/loss", "validation/energy", "training/loss"} <= set(tags)
    # An energy is no loss that falls, and 0, negative and infinite numbers have no logarithm.
    assert [tag for tag in tags if tag.startswith("log10")] == ["log10/validation/loss"]


def test_energy_and_reference_are_in_one_card(events):
    from tensorboard.plugins.custom_scalar import layout_pb2, metadata
    from tensorboard.util.tensor_util import make_ndarray

    (event,) = events.Tensors(metadata.CONFIG_SUMMARY_TAG)
    layout = layout_pb2.Layout.FromString(make_ndarray(event.tensor_proto).item())
    charts = {chart.title: list(chart.multiline.tag) for chart in layout.category[0].chart}
    assert charts == CARDS
    assert charts["energy and reference"][1].startswith("validation/reference_energy")


def test_a_trial_has_the_name_of_its_run_folder(events):
    from tensorboard.plugins.hparams import metadata

    content = events.summary_metadata[metadata.SESSION_START_INFO_TAG].plugin_data.content
    started = metadata.parse_session_start_info_plugin_data(content)
    assert started.group_name == "seed-3"
