"""What opens the gates of plasticity in an area; see `neurosim.circuits.plasticity_gates`."""

# A module of its own, for sheets are read without what their circuits need, and no circuit is
# compiled anew when the range of a parameter changes.
NO_GATE, PLATEAU, NOVELTY = "none", "plateau", "novelty"
MECHANISMS = (NO_GATE, PLATEAU, NOVELTY)
