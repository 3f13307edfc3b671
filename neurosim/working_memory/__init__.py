"""Working memory in facilitated synapses: cues and readouts, population spikes, their measures."""
