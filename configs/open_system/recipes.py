"""What the configurations of open systems share."""

from ml_collections import ConfigDict

from trainers import open_system_config

# Up to so many sites sums over all outcomes take the place of samples.
MAX_LISTED_SITES = 9


def paper_network(*, units: int = 32, n_layers: int = 1, n_sites: int) -> ConfigDict:
    """The Transformer of the paper, and samples where all outcomes would be too many."""
    config = open_system_config.default()
    config.network.units = units
    config.network.n_layers = n_layers
    config.network.n_attention_heads = 1
    config.network.feed_forward_units = 16
    config.network.norm_last = True
    config.network.sinusoidal = True
    # The paper's "l1" leaves thirty times the error at the same cost.
    config.objective.norm = "chi2"
    if n_sites > MAX_LISTED_SITES:
        config.objective.every_outcome = False
        # Bounds the memory.
        config.sampling.chunk = 8
    return config
