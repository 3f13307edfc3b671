"""The grid in time on which stimuli and learning rates change."""

# A module of its own, for circuits are compiled with it: it alone is part of their key.
TICK = 0.01  # s; coarse enough for schedules to be short arrays. All times of the protocols fit it
