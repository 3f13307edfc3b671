"""Fast weights: strings of keys and values, the spiking memory's runner, its examinations."""
