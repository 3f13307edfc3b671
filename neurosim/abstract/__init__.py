"""The algorithms in plain NumPy: the yardstick beside each spiking circuit."""
