"""Flags of TensorFlow Serving that are taken so that its command lines start this server, too.

They have no effect here, which a warning says where they are given.
"""

from collections.abc import Callable
from typing import Any

from absl import flags, logging

# Flag -> its kind there, and why nothing depends on it here.
_LOADS = "versions are loaded one at a time"
_LITE = "only SavedModels are served"
_THREADS = "one event loop takes all requests"
WITHOUT_EFFECT: dict[str, tuple[str, str]] = {
    "rest_api_num_threads": ("integer", _THREADS),
    "grpc_max_threads": ("integer", _THREADS),
    "num_load_threads": ("integer", _LOADS),
    "num_unload_threads": ("integer", _LOADS),
    "flush_filesystem_caches": ("boolean", "files are read by the system's own cache"),
    "tensorflow_session_config_file": ("string", "sessions have the threads of other flags alone"),
    "platform_config_file": ("string", _LITE),
    "per_process_gpu_memory_fraction": ("float", "TensorFlow takes what it needs"),
    "remove_unused_fields_from_bundle_metagraph": ("boolean", "graphs are kept as they are"),
    "prefer_tflite_model": ("boolean", _LITE),
    "num_tflite_pools": ("integer", _LITE),
    "num_tflite_interpreters_per_pool": ("integer", _LITE),
    "xla_gpu_compilation_enabled": ("boolean", "XLA is allowed by --xla_cpu_compilation_enabled"),
    "enable_profiler": ("boolean", "there is no profiler"),
    "thread_pool_factory_config_file": ("string", "sessions have their own threads"),
    "mixed_precision": ("string", "graphs are run in the precision that they are written in"),
    "skip_initialize_tpu": ("boolean", "TPUs are not used"),
    "enable_per_model_batching_parameters": ("boolean", "all models are batched alike"),
}
_DEFINE: dict[str, Callable[..., Any]] = {
    "integer": flags.DEFINE_integer,
    "float": flags.DEFINE_float,
    "boolean": flags.DEFINE_boolean,
    "string": flags.DEFINE_string,
}
_ALTS = "use_alts_credentials"


def define() -> None:
    """Defines them all."""
    for name, (kind, why) in WITHOUT_EFFECT.items():
        _DEFINE[kind](name, None, f"Without effect: {why}.")
    flags.DEFINE_boolean(_ALTS, False, "Not possible here; see --ssl_config_file.")


def check() -> None:
    """Warns of those that were given.

    Raises:
        ValueError: Credentials are asked for that there are not.
    """
    if flags.FLAGS[_ALTS].value:
        raise ValueError(f"Flag --{_ALTS} cannot be honoured; --ssl_config_file encrypts.")
    for name, (_, why) in WITHOUT_EFFECT.items():
        if flags.FLAGS[name].present:
            logging.warning("Flag --%s has no effect here: %s.", name, why)
