"""Networks that give exact conditionals, one outcome after another, and exact samples."""

from qtf.autoregressive.gated_2d import GatedRNN2D
from qtf.autoregressive.gru import GRUNetwork
from qtf.autoregressive.lstm_2d import LSTM2D
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.autoregressive.pixelcnn import PixelCNN
from qtf.autoregressive.transformer import Transformer

NETWORKS = {
    "gated_2d": GatedRNN2D,
    "gru": GRUNetwork,
    "lstm_2d": LSTM2D,
    "pixelcnn": PixelCNN,
    "transformer": Transformer,
}

__all__ = [
    "LSTM2D",
    "NETWORKS",
    "AutoregressiveNetwork",
    "GRUNetwork",
    "GatedRNN2D",
    "PixelCNN",
    "Transformer",
]
