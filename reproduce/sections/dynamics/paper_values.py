"""What the paper reports, quoted to stand beside our numbers.

Source: Zhang et al., "Predicting quantum many-body dynamics with transferable neural
networks" (2020): figure 2 of the preprint (losses), figure 4 of the letter (MRE), table 1
(times), figure 5 of the letter (transfer).
"""

# Largest loss of a rollout of 100 steps, any n.
ROLLOUT_LOSS = 2e-4
# Largest MRE within 100 steps, any n of 2..7.
MRE_100 = 0.03

# n_sites -> batch size -> (exact diagonalisation on a Xeon E5-2680, network on a Tesla P40),
# seconds for 100 steps.
TIMES = {
    2: {1: (0.015, 0.425), 64: (1.1, 0.74), 128: (2.3, 0.83), 256: (4.6, 0.69)},
    3: {1: (0.035, 0.425), 64: (2.2, 0.74), 128: (4.4, 0.69), 256: (8.7, 0.71)},
    4: {1: (0.059, 0.425), 64: (3.8, 0.77), 128: (7.6, 0.66), 256: (15.1, 0.72)},
    5: {1: (0.271, 0.425), 64: (17.5, 0.82), 128: (34.9, 0.76), 256: (69.7, 0.79)},
    6: {1: (0.556, 0.425), 64: (35.2, 0.71), 128: (70.5, 0.66), 256: (141.4, 0.98)},
    7: {1: (1.15, 0.425), 64: (73.1, 0.80), 128: (146.3, 0.91), 256: (292.5, 2.18)},
}
