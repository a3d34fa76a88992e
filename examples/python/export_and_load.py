"""A run folder is loaded again, and exported as a SavedModel that needs no qtf.

About a minute on two cores and 1.3 GB.
"""

import tensorflow as tf

import qtf
from qtf.physics import Chain, heisenberg

qtf.find_ground_state(heisenberg(Chain(8)), preset="quick", workdir="RUN")
ground_state = qtf.load("RUN")
version = qtf.export(ground_state, "MODELS/chain")
served = tf.saved_model.load(str(version)).signatures["log_psi"]
bits = ground_state.sample(4)
print(ground_state.energy, served(bits=tf.constant(bits)), ground_state.psi(bits), sep="\n")
