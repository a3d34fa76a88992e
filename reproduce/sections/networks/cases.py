"""The networks, each trained for the same minutes."""

from reproduce.engine.cases import Case
from reproduce.searches.growths import GrowthCase

SIDE, MINUTES = 6, 10
SHARED = (
    f"--config.growth.sizes=({SIDE},)",
    # Without a second size; as many are taken as the minutes allow.
    "--config.growth.n_steps=(300,)",
    f"--config.growth.minutes={MINUTES}",
    "--config.training.average_last=0.2",
)
TINY = ("--config.growth.sizes=(2,)", "--config.growth.minutes=0")
RASTER = "--config.wave_function.order=raster"
CONTEXT = "--config.network.context=True"


def _case(name: str, words: str, network: str, *flags: str, width: str = "units") -> GrowthCase:
    case = Case(
        name,
        words,
        "trainers.ground_state",
        "configs/ground_state/grow_square.py",
        (*SHARED, f"--config.network.name={network}", *flags),
        # With imports, and exact energies for the reference.
        minutes=MINUTES + 1,
    )
    return GrowthCase(case, tiny=TINY, width=width)


def _units(n: int) -> str:
    return f"--config.network.units={n}"


GROWTHS = (
    _case("gated_2d_32", "gated_2d, 32 units", "gated_2d", _units(32)),
    _case("gated_2d_context_32", "gated_2d, 32 units, context", "gated_2d", _units(32), CONTEXT),
    _case("gated_2d_context_64", "gated_2d, 64 units, context", "gated_2d", _units(64), CONTEXT),
    _case("gru_context_64", "gru, 64 units, context", "gru", _units(64), CONTEXT),
    _case("lstm_2d_32", "lstm_2d, 32 units, 2 layers", "lstm_2d", _units(32), RASTER),
    _case(
        "pixelcnn_32",
        "pixelcnn, 10 layers of width 32",
        "pixelcnn",
        "--config.network.units=None",
        RASTER,
        width="width",
    ),
    _case("transformer_32", "transformer, 32 units, 2 layers", "transformer", _units(32)),
    _case("row_scan_64", "row_scan, 64 units, 2 layers", "row_scan", _units(64), RASTER),
    _case(
        "row_scan_patches_64",
        "row_scan, 64 units, 2 layers, patches of 2 x 2",
        "row_scan",
        _units(64),
        RASTER,
        "--config.wave_function.patch=(2,2)",
    ),
)
