"""Settings as the flags of a command hold them, and back: see `qtf.configuration`."""

from qtf.configuration import config_dict, from_config

__all__ = ["config_dict", "from_config"]
