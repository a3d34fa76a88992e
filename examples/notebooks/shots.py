# %% [markdown]
# # A Hamiltonian from shots
#
# A laboratory does not have states but strings of bits: prepare the spins, wait, measure each of
# them along some axis, repeat. From such shots this notebook learns couplings, a decay rate and
# how often the detector errs, each with an error bar. NumPy and SciPy are all it needs.

# %%
import numpy as np

import qtf
from qtf.autoregressive import Estimates
from qtf.measurements import ShotModel, random_settings, simulate_shots

truth = {"ZZ": 1.0, "X": 0.7, "decay": 0.1, "e01": 0.02, "e10": 0.05}
words = {"terms": ["ZZ", "X"], "jumps": ["decay"], "readout": ["e01", "e10"]}
model = ShotModel.of_words(4, **words)

# %% [markdown]
# ## The experiment
#
# We play the laboratory: an Ising chain of four spins in a transverse field, with decay. A 0 is
# read as 1 with the probability `e01`, a 1 as 0 with `e10`. Each setting is a preparation, a time
# and an axis for each spin, all drawn at random. From here on only the counts are used.

# %%
settings = random_settings(
    4, times=(0.3, 0.6, 0.9, 1.2), n_settings=10, shots=200, preparation="axes", seed=1
)
shots = simulate_shots(model, [truth[name] for name in model.names], settings, seed=2)
print(settings[0])

# %% [markdown]
# ## The fit

# %%
learned = qtf.learn_from_shots(shots, **words)
print("\n".join(learned.lines()))

# %% [markdown]
# The error bars are those of the Fisher information, which no unbiased estimate can beat. Each
# estimate should be off by about one of its error bars, and seldom by more than two:

# %%
off = np.array([learned[name] - truth[name] for name in model.names])
for name, deviation in zip(model.names, off / learned.errors, strict=True):
    print(f"{name:6} is off by {deviation:+.1f} error bars")

# %% [markdown]
# Decay and `e01` look alike to a detector, as both turn a 0 into a 1: where one estimate is low,
# the other is high. Chi squared with the whole covariance matrix allows for that. It should be
# about five, the number of parameters.

# %%
place = {name: k for k, name in enumerate(model.names)}
both = learned.covariance[place["decay"], place["e01"]]
correlation = both / (learned.errors[place["decay"]] * learned.errors[place["e01"]])
chi_squared = off @ np.linalg.solve(learned.covariance, off)
print(f"correlation of decay and e01 {correlation:.2f}; chi squared {chi_squared:.1f}")
assert chi_squared < 26  # larger in one of ten thousand experiments
assert learned.explains_the_data

# %% [markdown]
# ## More shots
#
# Ten times as many shots make the errors smaller by the square root of ten. The dashed line is
# that law, through the first point.

# %%
numbers = np.array([20, 60, 200, 600, 2000])
fits = []
for number in numbers:
    more = random_settings(
        4, times=(0.3, 0.6, 0.9, 1.2), n_settings=10, shots=int(number), preparation="axes", seed=1
    )
    simulated = simulate_shots(model, [truth[name] for name in model.names], more, seed=3)
    fits.append(qtf.learn_from_shots(simulated, **words))
total = 40 * numbers
field = np.array([fit["X"] for fit in fits])
bars = np.array([fit.errors[place["X"]] for fit in fits])
qtf.plot_curves(
    {"learned": (total, Estimates(field, bars))},
    exact={"truth": (total, np.full(len(total), truth["X"]))},
    x_label="shots in all",
    y_label="transverse field [J]",
    logarithmic="x",
    title="Transverse field of an Ising chain of 4, learned from shots",
)

# %%
law = bars[0] * np.sqrt(total[0] / total)
qtf.plot_curves(
    {name: (total, [fit.errors[place[name]] for fit in fits]) for name in ("ZZ", "X", "decay")},
    exact={"inverse square root of the shots": (total, law)},
    x_label="shots in all",
    y_label="error bar [J]",
    logarithmic="xy",
    title="Error bars of an Ising chain of 4",
)

# %% [markdown]
# ## A model that is wrong
#
# Suppose nobody had told us of the transverse field. The fit then says that the model does not
# explain the data, and which terms the data ask for.

# %%
without_field = qtf.learn_from_shots(shots, terms=["ZZ"], jumps=["decay"], readout=["e01", "e10"])
print("\n".join(without_field.lines()[-2:]))
assert not without_field.explains_the_data
assert without_field.missing[0].name.startswith("X")

# %% [markdown]
# Where to go on: [learning from shots](../../docs/measurements.md) tells of files, of chains of
# more than sixteen spins, of finding which terms there are, and of planning the next shots.
