"""Activity as a memory: one population with random recurrent synapses that never change.

What was shown lives on in the ongoing activity, as in the echo state network (Jaeger 2001, GMD
Report 148) and the liquid state machine (Maass, Natschlaeger & Markram 2002, Neural Comput
14:2531). Each synapse is strong or weak, excitatory or inhibitory at random, as in Sompolinsky,
Crisanti & Sommers 1988 (Phys Rev Lett 61:259), against Dale's law; its current decays slowly.

The network is made of independent blocks, copies of one brain: all have the same synapses, each
has stimuli of its own. Potentials are relative to rest. Every parameter is a shared variable of a
group, so that the compiled circuit takes it as an argument; only sizes, dt and the lengths of the
tables are compiled in. The synapses are a table too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Clock, SpikeMonitor, Synapses, TimedArray, second

from neurosim.circuits.lif_blocks import population
from neurosim.simulation.interactive import Circuit, circuit_of_activity
from neurosim.tick import TICK

if TYPE_CHECKING:
    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet
    from neurosim.schedules import Patterns
    from neurosim.timeline import Timeline

# A step of Euler's method is exact but for the current's decay within it: v decays towards the
# drive by exp(-dt/tau_m), and the noise has the variance that such a step adds to a process whose
# standard deviation is `noise`. It is uniform in a step; the membrane sums tens of draws.
CELLS = """
dv/dt = (drive - v)*(1 - exp(-dt/tau_m))/dt + kick*(rand() - 0.5)/dt : volt (unless refractory)
dcurrent/dt = -current*(1 - exp(-dt/tau_synapse))/dt : volt
drive = background + stimulation*shown + current : volt
kick = noise*sqrt(12*(1 - exp(-2*dt/tau_m))) : volt (shared)
shown : 1
tau_m : second (shared, constant)
v_threshold : volt (shared, constant)
v_reset : volt (shared, constant)
t_refractory : second (shared, constant)
noise : volt (shared, constant)
background : volt (shared, constant)
stimulation : volt (shared, constant)
tau_synapse : second (shared, constant)
"""

# In units of the standard deviation.
RANDOM_WEIGHTS = """
w : 1
sd : volt (shared, constant)
"""


def build(
    sheet: Sheet,
    seed: int = 0,
    timeline: Timeline | None = None,
    patterns: Patterns | None = None,
) -> Circuit:
    """Build the memory to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``activity_memory``, from `neurosim.load_model`.
    seed : int
        Draws the synapses, then the noise.
    timeline : Timeline, optional
        Trials that are shown to every block; silence if left out.
    patterns : mapping of str to mapping of str to ndarray of bool, optional
        ``{"cells": {stimulus: driven cells}}`` for every stimulus of the timeline.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed, the timeline or a pattern is refused.

    Examples
    --------
    >>> sheet = neurosim.load_model("activity_random", {"simulation.n_blocks": 1})
    >>> timeline = Timeline((Trial("first ten", 0.15, 1.0, "store"),))
    >>> first_ten = numpy.arange(sheet.cells.n) < 10
    >>> circuit = neurosim.circuits.activity_memory.build(
    ...     sheet, 0, timeline, {"cells": {"first ten": first_ten}}
    ... )
    >>> circuit.run(1.0*second)
    """
    return circuit_of_activity("activity_memory", sheet, seed, timeline, patterns)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of the memory.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``simulation.n_blocks``, ``cells.n`` (of one block),
        ``simulation.dt`` (s), and the capacities of the tables: ``n_ticks`` and ``n_patterns``.
    stages : Stages
        Called between creation, connection and initial values, so that parameters and tables
        reach the objects on every target.

    Returns
    -------
    dict of str to Brian2 object
        The population, its synapses, tables and monitor by name.
    """
    clock = Clock(structure["simulation.dt"] * second, name="step")
    tick = Clock(TICK * second, name="tick")
    n_blocks, n = structure["simulation.n_blocks"], structure["cells.n"]
    stimulus = TimedArray(
        np.zeros((structure["n_ticks"], n_blocks)), dt=TICK * second, name="stimulus"
    )
    # Rows are stimuli, or postsynaptic cells; their number, in seconds, stands for the time.
    lookups = {
        name: TimedArray(np.zeros((n_rows, n)), dt=1 * second, name=name)
        for name, n_rows in (("cells_patterns", structure["n_patterns"]), ("recurrent_weights", n))
    }
    tables = {"stimulus": stimulus, **lookups}
    cells = population("cells", n_blocks * n, CELLS, clock, tables)
    cells.run_regularly(
        f"shown = cells_patterns(stimulus(t, i // {n})*second, i % {n})", clock=tick, name="stimuli"
    )
    recurrent = Synapses(
        cells,
        cells,
        RANDOM_WEIGHTS,
        on_pre="current_post += sd*w",
        delay=0 * second,
        clock=clock,
        namespace=tables,
        name="recurrent",
    )
    objects = {
        "cells": cells,
        "recurrent": recurrent,
        **tables,
        "cells_spikes": SpikeMonitor(cells, name="cells_spikes"),
    }

    stages.before_connecting(objects)
    recurrent.connect(
        j=f"(i // {n})*{n} + k for k in range({n}) if recurrent_weights(k*second, i % {n}) != 0"
    )
    stages.before_initial_values(objects)
    recurrent.w = f"recurrent_weights((j % {n})*second, i % {n})"
    cells.v = "v_reset + rand()*(v_threshold - v_reset)"
    stages.before_running(objects)
    return objects
