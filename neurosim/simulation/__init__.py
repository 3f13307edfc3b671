"""Build, cache and run compiled circuits; run them without a compiler."""
