"""Ground state and correlations of the frustrated J1-J2 model on a periodic 4 x 4 square.

A minute on two cores and 1.6 GB; the exact energy is -33.83169340558.
"""

import qtf
from qtf.physics import Square, j1j2

square = Square(4, 4, periodic=True)
hamiltonian = j1j2(square, coupling=1.0, next_nearest_coupling=0.5, units="pauli")
ground_state = qtf.find_ground_state(hamiltonian, lattice=square)
print(ground_state.energy)
correlations = ground_state.correlations("ZZ")
print(correlations[0, 1], correlations[0, 5])
ground_state.plot_correlations("ZZ").savefig("correlations.png")
