"""Heisenberg antiferromagnet on an open square, H = sum S S.

    --config=heisenberg_square:SIDE[,sign], by default 4

With `sign`, Marshall's sign rule is built in; without, the network has to learn it.
"""

from ml_collections import ConfigDict

from qtf.ground_states.runs.recipes import train_square
from trainers.choices import parse_choice, parse_word


def get_config(choice: str = "4") -> ConfigDict:
    kinds = (int, parse_word("sign")) if "," in choice else (int,)
    side, *rest = parse_choice(choice, "SIDE or SIDE,sign", *kinds)
    return train_square(side, signs_known=bool(rest))
