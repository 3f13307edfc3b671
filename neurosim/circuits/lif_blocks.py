"""Independent blocks side by side in one network: integrate-and-fire cells, and what joins them.

What circuits of fast weights share: each block is a memory of its own with its own stimuli, so that
many run at the cost of one start. Potentials are relative to rest. Parameters are shared variables
of the groups, so that a compiled circuit takes them as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from brian2 import NeuronGroup, Synapses, second

if TYPE_CHECKING:
    from brian2 import Clock, TimedArray

# One step of Euler's method solves these exactly: the drive is constant within a step, so v decays
# towards it by exp(-dt/tau_m), and the noise has the variance that such a step adds to a process
# whose standard deviation is `noise`. It is drawn from a uniform distribution, of variance 1/12,
# which takes half of the time of the whole network off: the membrane sums tens of draws, and their
# sum is normal.
_CELLS = """
dv/dt = (drive - v)*(1 - exp(-dt/tau_m))/dt + kick*(rand() - 0.5)/dt : volt (unless refractory)
kick = noise*sqrt(12*(1 - exp(-2*dt/tau_m))) : volt (shared)
{drive}
tau_m : second (shared, constant)
v_threshold : volt (shared, constant)
v_reset : volt (shared, constant)
t_refractory : second (shared, constant)
noise : volt (shared, constant)
background : volt (shared, constant)
"""

# A trace of the last spikes, decaying exactly in the same way. It depends on one cell only, so it
# lives there and not at every synapse.
_TRACE = """
dtrace/dt = -trace*(1 - exp(-dt/tau_trace))/dt : 1
tau_trace : second (shared, constant)
"""

# Cells whose drive a table gives, with a trace; and cells that are driven by their background.
STIMULATED_CELLS = _CELLS.format(drive="drive : volt") + _TRACE
UNSTIMULATED_CELLS = _CELLS.format(drive="drive = background : volt (shared)")

_WEIGHT = """
weight : volt (shared, constant)
"""


def population(
    name: str, n: int, equations: str, clock: Clock, tables: Mapping[str, TimedArray]
) -> NeuronGroup:
    """Return cells of all blocks; a spike adds 1 to the trace of those that have one.

    Parameters
    ----------
    name : str
    n : int
        Cells of all blocks together.
    equations : str
        `STIMULATED_CELLS`, with what is added to them, or `UNSTIMULATED_CELLS`.
    clock : Clock
    tables : mapping of str to TimedArray
        What the code of the group refers to.

    Returns
    -------
    NeuronGroup
    """
    traces = "; trace += 1" if _TRACE in equations else ""
    return NeuronGroup(
        n,
        equations,
        threshold="v > v_threshold",
        reset=f"v = v_reset{traces}",
        refractory="t_refractory",
        method="euler",
        clock=clock,
        namespace=tables,
        name=name,
    )


def fixed_projection(source: NeuronGroup, target: NeuronGroup, name: str, effect: str) -> Synapses:
    """Return synapses of one weight without a delay.

    Parameters
    ----------
    source, target : NeuronGroup
    name : str
    effect : str
        Of a spike on the potential, such as ``"-= weight"``.

    Returns
    -------
    Synapses
    """
    return Synapses(
        source,
        target,
        _WEIGHT,
        on_pre=f"v_post {effect}",
        delay=0 * second,
        clock=target.clock,
        namespace={},
        name=name,
    )


def connect_blocks(projection: Synapses, n_source: int, n_target: int) -> None:
    """Join all cells of each block to all of the same block.

    Parameters
    ----------
    projection : Synapses
        Its synapses are in order, so that the weights are a matrix by block.
    n_source, n_target : int
        Cells of one block.
    """
    projection.connect(j=f"(i // {n_source})*{n_target} + k for k in range({n_target})")
