"""Networks that give exact conditionals, one outcome after another, and exact samples."""

from qtf.autoregressive.gru import GRUNetwork
from qtf.autoregressive.lstm_2d import LSTM2D
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.autoregressive.pixelcnn import PixelCNN
from qtf.autoregressive.transformer import Transformer

NETWORKS = {
    "gru": GRUNetwork,
    "lstm_2d": LSTM2D,
    "pixelcnn": PixelCNN,
    "transformer": Transformer,
}

__all__ = ["LSTM2D", "NETWORKS", "AutoregressiveNetwork", "GRUNetwork", "PixelCNN", "Transformer"]
