"""One synapse with short-term plasticity: spike trains, the runner, probes and scores."""
