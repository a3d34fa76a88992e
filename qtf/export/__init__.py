"""Writing SavedModels that stock TensorFlow Serving runs.

The package itself can be called: `qtf.export(result, folder)`, see `export_result`.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from qtf.lazy_names import lazy_names

if TYPE_CHECKING:
    from qtf.export.results import Result

_WITH_KERAS = {
    "export_dynamics": "qtf.export.saved_model",
    "export_outcomes": "qtf.export.saved_model",
    "export_result": "qtf.export.results",
    "export_wave_function": "qtf.export.saved_model",
}
__all__ = [*_WITH_KERAS]
__getattr__, __dir__ = lazy_names(__name__, {}, with_keras=_WITH_KERAS)


class _CallablePackage(ModuleType):
    """The package of this name, which is also what users call."""

    def __call__(self, result: "Result", folder: Path | str, **options: Any) -> Path:
        """Writes a result as the next version of a SavedModel, see `export_result`."""
        from qtf.export.results import export_result

        return export_result(result, folder, **options)


sys.modules[__name__].__class__ = _CallablePackage
