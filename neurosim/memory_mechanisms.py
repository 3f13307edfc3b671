"""How the synapses of an associative memory store; see `neurosim.circuits.associative_memory`."""

# A module of its own, so that no circuit is compiled anew when the range of a parameter changes.
HEBBIAN, PRESYNAPTIC = "hebbian", "presynaptic"
