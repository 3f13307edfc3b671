"""Figures, one script each; found by `neurosim.folders`, never imported by name."""
