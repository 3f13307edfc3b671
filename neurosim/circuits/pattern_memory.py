"""Fast weights on one recurrent population: recent patterns are recalled from a part of them.

After Ba, Hinton, Mnih, Leibo & Ionescu 2016 (arXiv:1610.06258), whose matrix is auto-associative:
A(t) = lambda A(t-1) + eta h h^T, and the state settles for S >= 1 steps under an input that stays.
Here h is a pattern of spiking cells and A the matrix of the synapses among them, without its
diagonal: no cell has a synapse on itself. A spike of either side adds the trace of the other side
to the weight, which decays with one time constant. While a pattern is stored the synapses learn and
transmit nothing; while a cue asks they transmit and learn nothing. Where the paper normalises the
state and takes its positive part, inhibition lets about as many cells fire as a pattern has (ours).

The network is made of independent blocks, each a memory of its own with its own patterns.
Potentials are relative to rest. Every parameter is a shared variable of a group, so that the
compiled circuit takes it as an argument; only sizes, dt and the lengths of the tables are compiled
in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Clock, SpikeMonitor, Synapses, TimedArray, second

from neurosim.circuits.lif_blocks import (
    STIMULATED_CELLS,
    UNSTIMULATED_CELLS,
    connect_blocks,
    fixed_projection,
    population,
)
from neurosim.simulation.interactive import Circuit, circuit_of_patterns
from neurosim.tick import TICK

if TYPE_CHECKING:
    from brian2 import NeuronGroup

    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet

CELLS = (
    STIMULATED_CELLS
    + """
stimulus : volt (shared, constant)
cue : volt (shared, constant)
query : volt (shared, constant)
learning : 1
transmission : 1
"""
)

FAST_WEIGHTS = """
dw/dt = -w/tau_fast : volt (event-driven)
tau_fast : second (shared, constant)
learning_rate : volt (shared, constant)
"""

# A cell raises its trace after all synapses have read it: two spikes in one step are no pair.
TRANSMIT_AND_LEARN = """
v_post += transmission_post*w
w += learning_post*learning_rate*trace_post
"""
LEARN = "w += learning_post*learning_rate*trace_pre"
SUPPRESSED = "+= transmission_pre*weight"


def build(
    sheet: Sheet,
    seed: int = 0,
    patterns: np.ndarray | None = None,
    cues: np.ndarray | None = None,
) -> Circuit:
    """Build the memory to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``pattern_memory``, from `neurosim.load_model`.
    seed : int
        Draws the noise.
    patterns : ndarray of bool, shape (n_sequences, n_patterns, n_cells), optional
        The active cells of the patterns that are stored one after the other, in so many blocks;
        none is shown if left out.
    cues : ndarray of bool, shape (n_sequences, n_cells), optional
        What each block is asked with, after a gap; nothing if left out.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed, the patterns or the cues are refused.

    Examples
    --------
    >>> sheet = neurosim.load_model("ba2016_recurrent", {"simulation.n_blocks": 1})
    >>> patterns = numpy.random.default_rng(0).random((1, 4, sheet.cells.n)) < 0.1
    >>> circuit = neurosim.circuits.pattern_memory.build(sheet, 0, patterns, patterns[:, 0])
    >>> weights = StateMonitor(circuit.recurrent, "w", record=[0], dt=10*ms)
    >>> circuit.run(1.0*second, monitors=[weights])
    """
    return circuit_of_patterns("pattern_memory", sheet, seed, patterns, cues)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of the pattern memory.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``simulation.n_blocks``, ``cells.n`` and ``inhibitory_cells.n`` (of
        one block), ``simulation.dt`` (s), and the capacities of the tables: ``n_ticks`` and
        ``n_patterns``.
    stages : Stages
        Called between creation, connection and initial values, so that parameters, tables and
        states reach the objects on every target.

    Returns
    -------
    dict of str to Brian2 object
        Populations, projections, tables and monitors by name.
    """
    clock = Clock(structure["simulation.dt"] * second, name="step")
    tick = Clock(TICK * second, name="tick")
    n_blocks, n_cells = structure["simulation.n_blocks"], structure["cells.n"]
    n_inhibitory = structure["inhibitory_cells.n"]
    tables = _tables(structure)
    cells = population("cells", n_blocks * n_cells, CELLS, clock, tables)
    inhibitory_cells = population(
        "inhibitory_cells", n_blocks * n_inhibitory, UNSTIMULATED_CELLS, clock, tables
    )
    cells.run_regularly(
        f"learning = storing(t, i // {n_cells})\n"
        f"transmission = recalling(t, i // {n_cells})\n"
        f"shown = patterns(pattern_shown(t, i // {n_cells})*second, i)\n"
        "stored = background + (stimulus - background)*shown\n"
        "asked = query + (cue - query)*shown\n"
        "drive = stored + (asked - stored)*transmission",
        clock=tick,
        name="stimuli",
    )
    recurrent = _fast_weights(cells)
    excitation = fixed_projection(cells, inhibitory_cells, "cells_to_inhibitory", SUPPRESSED)
    inhibition = fixed_projection(inhibitory_cells, cells, "inhibitory_to_cells", "-= weight")
    groups, projections = (cells, inhibitory_cells), (recurrent, excitation, inhibition)
    objects = {
        **{it.name: it for it in (*groups, *projections)},
        **tables,
        **{f"{g.name}_spikes": SpikeMonitor(g, name=f"{g.name}_spikes") for g in groups},
    }

    stages.before_connecting(objects)
    # In order: the weights of a block are a matrix without its diagonal.
    first = f"(i // {n_cells})*{n_cells}"
    recurrent.connect(j=f"{first} + k for k in range({n_cells}) if {first} + k != i")
    connect_blocks(excitation, n_cells, n_inhibitory)
    connect_blocks(inhibition, n_inhibitory, n_cells)
    stages.before_initial_values(objects)
    for group in groups:
        group.v = "v_reset + rand()*(v_threshold - v_reset)"
    stages.before_running(objects)
    return objects


def _tables(structure: Mapping[str, Any]) -> dict[str, TimedArray]:
    n_ticks, n_blocks = structure["n_ticks"], structure["simulation.n_blocks"]
    schedules = {
        name: TimedArray(np.zeros((n_ticks, n_blocks)), dt=TICK * second, name=name)
        for name in ("pattern_shown", "storing", "recalling")
    }
    # Rows are patterns and cues, the first is none; their number, in seconds, stands for the time.
    # Every block has patterns of its own.
    shape = (structure["n_patterns"] + 1, n_blocks * structure["cells.n"])
    patterns = TimedArray(np.zeros(shape), dt=1 * second, name="patterns")
    return {**schedules, patterns.name: patterns}


def _fast_weights(cells: NeuronGroup) -> Synapses:
    synapses = Synapses(
        cells,
        cells,
        FAST_WEIGHTS,
        on_pre=TRANSMIT_AND_LEARN,
        on_post=LEARN,
        delay=0 * second,
        clock=cells.clock,
        namespace={},
        name="recurrent",
    )
    synapses.pre.order, synapses.post.order = 0, 1
    return synapses
