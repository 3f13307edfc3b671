"""Fast weights: an associative memory whose synapses learn by a decaying Hebbian term.

After Ba, Hinton, Mnih, Leibo & Ionescu 2016 (arXiv:1610.06258): A(t) = lambda A(t-1) + eta v k^T,
in which keys and values are populations of spiking cells and A is the matrix of the synapses
between them. A spike of either side adds the trace of the other side to the weight, which decays
with one time constant. While a pair is stored the synapses learn and transmit nothing; while a key
asks they transmit and learn nothing.

So that a key that is bound again forgets its old value, a synapse is depressed whenever its key
cell fires, its value cell is predicted strongly by all key cells that fire, and is silent
nevertheless. This rule is ours: it has no physiological source.

Instead of it the synapses can have fixed random weights and presynaptic short-term plasticity
(Tsodyks & Markram), the control that can store which keys were shown, but not their values.

The network is made of independent blocks, each a memory of its own with its own stimuli. Potentials
are relative to rest. Every parameter is a shared variable of a group, so that the compiled circuit
takes it as an argument; only sizes, dt and the lengths of the tables are compiled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Clock, NeuronGroup, SpikeMonitor, Synapses, TimedArray, second

from neurosim.circuits.lif_blocks import (
    STIMULATED_CELLS,
    UNSTIMULATED_CELLS,
    connect_blocks,
    fixed_projection,
    population,
)
from neurosim.circuits.tsodyks_markram import RELEASE, clearing, terminals
from neurosim.memory_mechanisms import HEBBIAN
from neurosim.release_conventions import BEFORE_JUMP
from neurosim.simulation.interactive import Circuit, circuit_of_strings
from neurosim.tick import TICK

if TYPE_CHECKING:
    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet

KEY_CELLS = (
    STIMULATED_CELLS
    + """
stimulus : volt (shared, constant)
"""
)

# The prediction is what a dendrite would hear of the keys if the synapses transmitted: a trace of
# their weights over their spikes.
VALUE_CELLS = (
    STIMULATED_CELLS
    + """
dprediction/dt = -prediction*(1 - exp(-dt/tau_prediction))/dt : volt
tau_prediction : second (shared, constant)
teacher : volt (shared, constant)
query : volt (shared, constant)
learning : 1
transmission : 1
"""
)

FAST_WEIGHTS = """
dw/dt = -w/tau_fast : volt (event-driven)
tau_fast : second (shared, constant)
learning_rate : volt (shared, constant)
depression : 1 (shared, constant)
prediction_threshold : volt (shared, constant)
silent_trace : 1 (shared, constant)
"""

# All spikes of a step count for the prediction before any synapse compares itself with it, so that
# the order of the synapses does not matter. A cell raises its trace after all synapses have read
# it: two spikes in one step are no pair.
PREDICT = "prediction_post += learning_post*w"
TRANSMIT_AND_LEARN = """
v_post += transmission_post*w
mismatch = int(prediction_post > prediction_threshold)*int(trace_post < silent_trace)
w += learning_post*(learning_rate*trace_post - depression*mismatch*w)
"""
POTENTIATE = "w += learning_post*learning_rate*trace_pre"

# The other kind of memory: fixed random weights, and short-term plasticity of the presynaptic cell,
# which knows nothing of the value cells.
RANDOM_WEIGHTS = """
w : volt
weight : volt (shared, constant)
"""
TRANSMIT_RELEASE = "v_post += transmission_post*w*release_pre"


def build(sheet: Sheet, seed: int = 0, strings: str = "") -> Circuit:
    """Build the memory to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``associative_memory``, from `neurosim.load_model`.
    seed : int
        Draws the cells of letters and digits, then the noise.
    strings : str
        Strings of the retrieval task, separated by commas, one for each block; nothing is shown if
        there are none.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or a string is refused.

    Examples
    --------
    >>> sheet = neurosim.load_model("ba2016", {"simulation.n_blocks": 1})
    >>> circuit = neurosim.circuits.associative_memory.build(sheet, strings="c9k8j3f1??c")
    >>> weights = StateMonitor(circuit.key_to_value, "w", record=[0], dt=10*ms)
    >>> circuit.run(1.0*second, monitors=[weights])
    """
    return circuit_of_strings("associative_memory", sheet, seed, strings)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of the associative memory.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``simulation.n_blocks``, ``key_cells.n``, ``value_cells.n`` and
        ``inhibitory_cells.n`` (of one block), ``key_to_value.mechanism``, ``simulation.dt`` (s),
        and the capacities of the tables: ``n_ticks``, ``n_keys`` and ``n_values``.
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
    n_blocks = structure["simulation.n_blocks"]
    sizes = {
        name: structure[f"{name}.n"] for name in ("key_cells", "value_cells", "inhibitory_cells")
    }
    tables = _tables(structure)

    def cells(name: str, equations: str) -> NeuronGroup:
        return population(name, n_blocks * sizes[name], equations, clock, tables)

    is_hebbian = structure["key_to_value.mechanism"] == HEBBIAN
    key_cells = cells("key_cells", KEY_CELLS + ("" if is_hebbian else RELEASE))
    value_cells = cells("value_cells", VALUE_CELLS)
    inhibitory_cells = cells("inhibitory_cells", UNSTIMULATED_CELLS)
    block = f"i // {sizes['key_cells']}"
    key_cells.run_regularly(
        f"drive = background + (stimulus - background)*key_codes(key_shown(t, {block})*second, i)",
        clock=tick,
        name="keys",
    )
    block = f"i // {sizes['value_cells']}"
    cell = f"i % {sizes['value_cells']}"
    value_cells.run_regularly(
        f"learning = storing(t, {block})\n"
        f"transmission = recalling(t, {block})\n"
        f"taught = value_codes(value_shown(t, {block})*second, {cell})\n"
        "drive = background + (teacher - background)*taught + (query - background)*transmission",
        clock=tick,
        name="values",
    )

    key_to_value = (
        _fast_weights(key_cells, value_cells)
        if is_hebbian
        else _random_weights(key_cells, value_cells)
    )
    value_to_inhibitory = fixed_projection(
        value_cells, inhibitory_cells, "value_to_inhibitory", "+= weight"
    )
    inhibitory_to_value = fixed_projection(
        inhibitory_cells, value_cells, "inhibitory_to_value", "-= weight"
    )
    projections = (key_to_value, value_to_inhibitory, inhibitory_to_value)
    # u and x of each key cell, brought up to date before its synapses transmit.
    of_cells = () if is_hebbian else _short_term_plasticity(key_cells)
    groups = (key_cells, value_cells, inhibitory_cells)
    objects = {
        **{group.name: group for group in groups},
        **{synapses.name: synapses for synapses in (*projections, *of_cells)},
        **tables,
        **{f"{g.name}_spikes": SpikeMonitor(g, name=f"{g.name}_spikes") for g in groups},
    }

    stages.before_connecting(objects)
    for projection in projections:
        connect_blocks(projection, sizes[projection.source.name], sizes[projection.target.name])
    for synapses in of_cells:
        synapses.connect(j="i")
    stages.before_initial_values(objects)
    for group in groups:
        group.v = "v_reset + rand()*(v_threshold - v_reset)"
    if not is_hebbian:
        objects["terminals"].x = 1
        key_to_value.w = "2*weight*rand()"
    stages.before_running(objects)
    return objects


def _tables(structure: Mapping[str, Any]) -> dict[str, TimedArray]:
    n_ticks, n_blocks = structure["n_ticks"], structure["simulation.n_blocks"]
    schedules = {
        name: TimedArray(np.zeros((n_ticks, n_blocks)), dt=TICK * second, name=name)
        for name in ("key_shown", "value_shown", "storing", "recalling")
    }
    # Rows are keys and values, the first is none; their number, in seconds, stands for the time.
    # The keys of every block have codes of their own.
    shapes = {
        "key_codes": (structure["n_keys"] + 1, n_blocks * structure["key_cells.n"]),
        "value_codes": (structure["n_values"] + 1, structure["value_cells.n"]),
    }
    codes = {
        name: TimedArray(np.zeros(shape), dt=1 * second, name=name)
        for name, shape in shapes.items()
    }
    return {**schedules, **codes}


def _fast_weights(key_cells: NeuronGroup, value_cells: NeuronGroup) -> Synapses:
    synapses = Synapses(
        key_cells,
        value_cells,
        FAST_WEIGHTS,
        on_pre={"predict": PREDICT, "pre": TRANSMIT_AND_LEARN},
        on_post=POTENTIATE,
        delay={"predict": 0 * second, "pre": 0 * second},
        clock=key_cells.clock,
        namespace={},
        name="key_to_value",
    )
    synapses.predict.order, synapses.pre.order, synapses.post.order = -1, 0, 1
    return synapses


def _random_weights(key_cells: NeuronGroup, value_cells: NeuronGroup) -> Synapses:
    synapses = Synapses(
        key_cells,
        value_cells,
        RANDOM_WEIGHTS,
        on_pre=TRANSMIT_RELEASE,
        delay=0 * second,
        clock=key_cells.clock,
        namespace={},
        name="key_to_value",
    )
    synapses.pre.order = 0
    return synapses


def _short_term_plasticity(key_cells: NeuronGroup) -> tuple[Synapses, Synapses]:
    clock, delay = key_cells.clock, 0 * second
    # Before the synapses that transmit, whose order is 0, and behind them.
    return (
        terminals(key_cells, BEFORE_JUMP, delay, clock, order=-1),
        clearing(key_cells, delay, clock, order=1),
    )
