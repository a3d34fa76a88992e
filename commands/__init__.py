"""The command `qtf`: the other commands as parts of it, by the names of their modules."""
