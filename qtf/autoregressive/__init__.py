"""Networks that give exact conditionals, one outcome after another, and exact samples."""

from qtf.autoregressive.gru import GRUNetwork
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.autoregressive.pixelcnn import PixelCNN
from qtf.autoregressive.transformer import Transformer

NETWORKS = {"gru": GRUNetwork, "pixelcnn": PixelCNN, "transformer": Transformer}

__all__ = ["NETWORKS", "AutoregressiveNetwork", "GRUNetwork", "PixelCNN", "Transformer"]
