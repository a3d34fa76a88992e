"""Networks that give exact conditionals, one outcome after another, and exact samples."""

from qtf.autoregressive.settings import NETWORKS
from qtf.lazy_names import lazy_names

_NETWORKS = {"AutoregressiveNetwork": "qtf.autoregressive.network"} | {
    name: f"qtf.autoregressive.{file}"
    for kind in NETWORKS.values()
    for file, name in [kind.network.split(".")]
}
_PLACES = {
    "Estimate": "qtf.autoregressive.estimates",
    "Estimates": "qtf.autoregressive.estimates",
}
__all__ = ["NETWORKS", *_NETWORKS, *_PLACES]
__getattr__, __dir__ = lazy_names(__name__, _PLACES, with_keras=_NETWORKS)
