"""Model sheets, one TOML file each; found by `neurosim.folders`, never imported by name."""
