"""Which extra of the package brings what a room needs beyond NumPy and SciPy."""

import importlib.util
import sys

# Module, as it is imported -> the smallest extra that brings it.
EXTRA_OF = {
    "crc32c": "data",
    "tfrecord": "data",
    "h5py": "train",
    "keras": "train",
    "matplotlib": "train",
    "tensorboard": "train",
    "tensorflow": "train",
    "tensorflow_serving": "train",
    "google": "serve",
    "grpc": "serve",
    "grpc_health": "serve",
    "grpc_reflection": "serve",
    "httptools": "serve",
    "orjson": "serve",
    "uvicorn": "serve",
    "uvloop": "serve",
    "tensorflow_probability": "probability",
    "tf_keras": "probability",
    "jax": "jax",
    "dask": "dask",
    "distributed": "dask",
}
# Where a module's name says little.
NAMES = {
    "google": "protobuf",
    "grpc": "grpcio",
    "grpc_health": "grpcio-health-checking",
    "grpc_reflection": "grpcio-reflection",
}
# A room whose extra brings all that it needs, what others need too included.
EXTRA_OF_ROOM = {"serving": "serve"}
OURS = ("qtf", "data_gen", "trainers", "serving")


class MissingExtraError(ModuleNotFoundError):
    """A package that an extra brings is not installed; the message names the extra."""


def missing_extra(module: str | None, room: str) -> str | None:
    """Returns the sentence about a package that is not installed.

    Args:
        module: Name that was imported in vain, as `ModuleNotFoundError.name` has it.
        room: Top-level package that asked for it.

    Returns:
        The sentence, or None if no extra brings the package.

    Example:
        >>> missing_extra("keras", "trainers")
        "The package `keras` is not installed; it comes with pip install 'qtf[train]'."
    """
    package = (module or "").partition(".")[0]
    if package not in EXTRA_OF:
        return None
    extra = EXTRA_OF_ROOM.get(room, EXTRA_OF[package])
    name = NAMES.get(package, package)
    return f"The package `{name}` is not installed; it comes with pip install 'qtf[{extra}]'."


def check_installed(module: str, room: str) -> None:
    """Checks, before anything is written, that a package is installed that is imported later.

    Args:
        module: Module of the package.
        room: Top-level package that needs it.

    Raises:
        MissingExtraError: It is not.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(missing_extra(module, room), name=module)


class ExtrasFinder:
    """Stands last in `sys.meta_path`, and is asked for what all others have not.

    Where a module of ours imports it, the extra is named; other packages, which may only look
    whether it is there, get no answer, as before.
    """

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Raises if a module of ours needs a package that an extra brings.

        Raises:
            MissingExtraError: It does.
        """
        if name in EXTRA_OF and (room := _importing_package()) in OURS:
            raise MissingExtraError(missing_extra(name, room), name=name)


def name_missing_extras() -> None:
    """Lets imports of packages that are not installed name the extra that brings them."""
    if not any(isinstance(finder, ExtrasFinder) for finder in sys.meta_path):
        sys.meta_path.append(ExtrasFinder())


def _importing_package() -> str:
    """Returns the top-level package of the module whose import is under way."""
    # Of `find_spec`, which the machinery of imports has called.
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] == "importlib":
        frame = frame.f_back
    return frame.f_globals["__name__"].partition(".")[0]
