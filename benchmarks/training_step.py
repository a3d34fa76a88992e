"""One full training step: gradients, clipping and Adam, batch 16, 100 steps, seven spins."""

from typing import Any

from benchmarks.bounds import both_passes, network_products
from benchmarks.rows import BOUND, Row, compare
from benchmarks.timing import Run, clock, run_in_turns

ROOM = "training step"
BATCH, N_STEPS, N_SITES = 16, 100, 7
# The recommended network with one layer and with as many as the paper's.
N_LAYERS = (1, 4)
MOST_OF_PRODUCTS = 1.4


def measure(count: int) -> list[Row]:
    """Returns the rows of this room, `count` runs each."""
    rows = []
    for n_layers in N_LAYERS:
        model, step = training_step(n_layers)
        timings = run_in_turns(
            {
                "ours": step,
                "products": both_passes(network_products(model, BATCH * N_STEPS, N_SITES)),
            },
            count,
        )
        rows.append(
            compare(
                ROOM,
                f"`increment`, {n_layers} SRU layer{'s' if n_layers > 1 else ''}",
                timings["ours"],
                "matrix products",
                timings["products"],
                BOUND,
                limit=MOST_OF_PRODUCTS,
            )
        )
    return rows


def training_step(n_layers: int) -> tuple[Any, Run]:
    """Returns the model, and a run of one step of the trainer, without reading and logging."""
    import tensorflow as tf

    from qtf.dynamics.task import next_state_loss
    from qtf.dynamics.transferable_sru import TransferableSRU
    from qtf.training.distribution import make_strategy
    from qtf.training.optimization import make_optimizer
    from qtf.training.settings import TrainingSettings
    from qtf.training.step import TrainingStep

    settings = TrainingSettings.from_mapping({"optimizer": {"clip_norm": 1.0}})
    strategy = make_strategy(settings.strategy)
    with strategy.scope():
        model = TransferableSRU.from_preset("increment", n_max=10, n_layers=n_layers)
        optimizer = make_optimizer(settings)
        optimizer.build(model.trainable_variables)

    def loss(batch: Any) -> Any:
        return next_state_loss(model, batch["psi"], "squared_distance", True)

    step = TrainingStep(strategy, model, optimizer, loss, settings)
    psi = tf.random.normal((BATCH, N_STEPS + 1, 2, 2**N_SITES), stddev=2.0 ** (-N_SITES / 2))
    return model, clock(lambda: step({"psi": psi}))
