"""How many neurons a circuit records of a population that fires too much to keep all of it."""

# A module of its own, so that no circuit is compiled anew when the range of a parameter changes.
# Projection neurons in front of an area, the first ones. Ours: enough for a raster; all of them
# would fire half of the spikes of a recording.
N_PROJECTION_NEURONS = 64
