"""Recurrent layers of PyTorch, forward and backward; runs in the peers' environment."""

from typing import Any

import torch
from sru import SRU

from benchmarks.peers.remote import serve
from benchmarks.timing import Run, clock


def main() -> None:
    """Answers until standard input ends."""
    serve({"sru": _sru, "lstm": _lstm, "gru": _gru})


def _sru(n_steps: int, batch_size: int, units: int) -> Run:
    return _both_passes(SRU(units, units, num_layers=1), n_steps, batch_size, units)


def _lstm(n_steps: int, batch_size: int, units: int) -> Run:
    return _both_passes(torch.nn.LSTM(units, units), n_steps, batch_size, units)


def _gru(n_steps: int, batch_size: int, units: int) -> Run:
    return _both_passes(torch.nn.GRU(units, units), n_steps, batch_size, units)


def _both_passes(layer: Any, n_steps: int, batch_size: int, units: int) -> Run:
    """Returns a run of the gradient of sum(layer(x)**2) in x and all weights."""
    torch.manual_seed(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    layer = layer.to(device)
    x = torch.randn(n_steps, batch_size, units, device=device, requires_grad=True)

    def work() -> None:
        layer.zero_grad()
        x.grad = None
        layer(x)[0].square().sum().backward()
        if device == "cuda":
            torch.cuda.synchronize()

    return clock(work)


if __name__ == "__main__":
    main()
