"""XLA is off in a served model unless asked for, as in TensorFlow Serving."""

import ctypes
from pathlib import Path

# The C++ function that tensorflow_model_server calls at start; Python has no door to it.
_DISABLE = "_ZN10tensorflow21DisableXlaCompilationEv"


def disable_xla() -> None:
    """Makes every XLA compilation of this process fail, for good.

    Raises:
        OSError: This TensorFlow has no such switch.
    """
    import tensorflow as tf

    library = ctypes.CDLL(str(Path(tf.__file__).parent / "libtensorflow_cc.so.2"))
    try:
        disable = getattr(library, _DISABLE)
    except AttributeError:
        raise OSError(
            f"TensorFlow {tf.__version__} cannot switch XLA off; "
            "start with --xla_cpu_compilation_enabled."
        ) from None
    disable()
