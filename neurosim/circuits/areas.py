"""Several plastic areas side by side, joined by plastic fibres that are opened and closed.

Every area is that of `neurosim.circuits.area`, with an input of its own. Between any two areas
there are random excitatory synapses in both directions, which learn by the same rule. All that is
done to them stands in tables with a row for each tick: which stimulus each area is shown, which of
its cells are stimulated directly or silenced, whether it is inhibited, at what rate each projection
learns, and how far each fibre is open.

Cells of one kind form one group, area after area; only the number of areas, sizes, dt and the
lengths of the tables are compiled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Clock, NeuronGroup, SpikeMonitor, Synapses, TimedArray, second

from neurosim.circuits.area import (
    EXCITATORY,
    FIRES,
    INHIBITORY,
    INPUT,
    PLASTIC,
    fixed_projection,
    pattern_tables,
    plastic_synapses,
)
from neurosim.circuits.poisson import event_count
from neurosim.circuits.stages import Stages
from neurosim.simulation.interactive import Circuit, circuit_of_areas
from neurosim.tick import TICK

if TYPE_CHECKING:
    from neurosim.assembly_calculus.schedule import Schedule
    from neurosim.parameters import Sheet

AREA = "\narea : integer (constant)\n"

# An inhibited area is held below threshold by a conductance with the reversal potential of
# inhibition.
EXCITATORY_OF_AREAS = (
    EXCITATORY.format(currents=" + g_silencing*(v_inhibitory - v)")
    + AREA
    + """
g_silencing : siemens
silencing_conductance : siemens (shared, constant)
between_total : siemens
between_budget : siemens
p_between_areas : 1 (shared, constant)
"""
)

# Axons between areas are of different lengths, so that what fires in step in one area does not
# arrive in step in the other, before inhibition there can choose among its cells.
FIBRE = """
fibre : integer (constant)
gain = between_areas_gain(t, fibre) : 1
delay_shortest : second (shared, constant)
delay_longest : second (shared, constant)
"""

SCHEDULES = {  # one column for each area
    "stimulus": "number of the stimulus that the area is shown; 0 for none",
    "stimulated": "number of the pattern of cells that are stimulated directly; 0 for none",
    "silenced_cells": "number of the pattern of cells that do not fire; 0 for none",
    "inhibited": "whether the area is silenced",
    "input_to_excitatory_learning_rate": "scale of its plasticity",
    "excitatory_to_excitatory_learning_rate": "scale of its plasticity",
    "between_areas_normalised": "whether any fibre into the area learns",
}
FIBRE_SCHEDULES = {  # one column for each pair of areas: source*n_areas + target
    "between_areas_learning_rate": "scale of its plasticity",
    "between_areas_gain": "how far the fibre is open: 0 for closed, 1 for fully",
}


def build(sheet: Sheet, seed: int = 0, schedule: Schedule | None = None) -> Circuit:
    """Build areas to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``areas``, from `neurosim.load_model`.
    seed : int
        Draws the brain, then the noise.
    schedule : Schedule, optional
        What is done to them; two areas that are left to themselves by default.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed is refused.

    Examples
    --------
    >>> circuit = neurosim.circuits.areas.build(neurosim.load_model("papadimitriou2020"), seed=1)
    >>> circuit.run(1*second)
    """
    return circuit_of_areas("areas", sheet, seed, schedule)


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of several areas.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``excitatory.n``, ``inhibitory.n``, ``input.n`` (of each area),
        ``simulation.dt`` (s), ``n_areas``, and the capacities ``n_ticks`` and ``n_patterns``.
    stages : Stages
        As in `neurosim.circuits.area.assemble`.

    Returns
    -------
    dict of str to Brian2 object
        Populations, projections, schedules, patterns and monitors by name.
    """
    clock = Clock(structure["simulation.dt"] * second, name="step")
    tick = Clock(TICK * second, name="tick")
    tables, n_areas = _tables(structure), structure["n_areas"]

    def group(name: str, equations: str, threshold: str, reset: str, **more: Any) -> NeuronGroup:
        return NeuronGroup(
            n_areas * structure[f"{name}.n"],
            equations,
            threshold=threshold,
            reset=reset,
            method="exponential_euler",
            clock=clock,
            namespace=tables,
            name=name,
            **more,
        )

    excitatory = group(
        "excitatory",
        EXCITATORY_OF_AREAS,
        FIRES,
        "v = v_reset; g_adaptation += adaptation_increment; r1 += 1; o1 += 1; o2 += 1",
        refractory="t_refractory",
        events={
            "normalise_input": _due("input_to_excitatory_learning_rate(t, area)"),
            "normalise_recurrent": _due("excitatory_to_excitatory_learning_rate(t, area)"),
            "normalise_between": _due("between_areas_normalised(t, area)"),
        },
    )
    inhibitory = group(
        "inhibitory",
        INHIBITORY + AREA,
        "v > v_threshold",
        "v = v_reset",
        refractory="t_refractory",
    )
    inputs = group("input", INPUT + AREA, "t >= t_next", "t_next -= log(rand())/rate; r1 += 1")
    neurons = {"excitatory": excitatory, "inhibitory": inhibitory, "input": inputs}
    for cells in (excitatory, inhibitory):
        cells.run_regularly(
            f"u = rand()\ng_e += background_weight*{event_count('u', '(background_rate*dt)')}",
            clock=clock,
            name=f"background_to_{cells.name}",
        )
    cell, unit = f"i % {structure['excitatory.n']}", f"i % {structure['input.n']}"
    excitatory.run_regularly(
        "g_stimulation = stimulation_conductance"
        f"*excitatory_patterns(stimulated(t, area)*second, {cell})\n"
        f"silenced = excitatory_patterns(silenced_cells(t, area)*second, {cell})\n"
        "g_silencing = silencing_conductance*inhibited(t, area)",
        clock=tick,
        name="stimulation",
    )
    # As in one area: the next spike is drawn from the end of the last step on.
    last_step = f"t - {structure['simulation.dt']!r}*second"
    inputs.run_regularly(
        "rate = idle_rate + (stimulus_rate - idle_rate)"
        f"*input_patterns(stimulus(t, area)*second, {unit})\n"
        f"t_next = {last_step} - log(rand())/rate",
        clock=tick,
        name="stimulus_onset",
    )
    excitatory.run_on_event("normalise_input", "input_total = 0*siemens", when="end")
    excitatory.run_on_event("normalise_recurrent", "recurrent_total = 0*siemens", when="end")
    excitatory.run_on_event(
        "normalise_between", "between_total = 0*siemens\nbetween_budget = 0*siemens", when="end"
    )

    # While any fibre into a cell learns, the weights of all of them keep their mean, together: what
    # one area writes into a cell takes from what the others can, so that cells which answer to one
    # area are not those that answer to another.
    projections = {
        "input_to_excitatory": _plastic_projection(
            inputs, excitatory, "normalise_input", "input_total", "input_budget_post", tables
        ),
        "excitatory_to_excitatory": _plastic_projection(
            excitatory,
            excitatory,
            "normalise_recurrent",
            "recurrent_total",
            "w_initial*N_incoming",
            tables,
        ),
        "between_areas": plastic_synapses(
            excitatory,
            excitatory,
            "between_areas",
            PLASTIC.format(learning_rate="between_areas_learning_rate(t, fibre) : 1") + FIBRE,
            transmitted="gain*w",
            rate="learning_rate",
            event="normalise_between",
            add_up="between_total_post += w; between_budget_post += w_initial",
            rescale="w = clip(w*between_budget_post/between_total_post, 0*siemens, w_max)",
            namespace=tables,
            delay=None,
        ),
        "excitatory_to_inhibitory": fixed_projection(excitatory, inhibitory, "g_e"),
        "inhibitory_to_excitatory": fixed_projection(inhibitory, excitatory, "g_i"),
        "inhibitory_to_inhibitory": fixed_projection(inhibitory, inhibitory, "g_i"),
    }
    monitors = {
        f"{name}_spikes": SpikeMonitor(cells, name=f"{name}_spikes")
        for name, cells in neurons.items()
    }
    objects = {**neurons, **projections, **tables, **monitors}

    stages.before_connecting(objects)
    for cells in neurons.values():
        cells.area = f"i // {structure[f'{cells.name}.n']}"
    for name, projection in projections.items():
        source, target = projection.source, projection.target
        if name == "between_areas":
            projection.connect(condition="area_pre != area_post", p="p_between_areas_post")
            projection.fibre = f"area_pre*{n_areas} + area_post"
            continue
        itself = " and i != j" if source is target else ""
        projection.connect(
            condition=f"area_pre == area_post{itself}", p=f"p_from_{source.name}_post"
        )
    stages.before_initial_values(objects)
    for cells in (excitatory, inhibitory):
        cells.v = "v_reset + rand()*(v_threshold - v_reset)"
    for name in ("input_to_excitatory", "excitatory_to_excitatory", "between_areas"):
        projections[name].w = "clip(w_initial*(1 + w_spread*(2*rand() - 1)), 0*siemens, w_max)"
    projections["between_areas"].delay = "delay_shortest + rand()*(delay_longest - delay_shortest)"
    stages.before_running(objects)
    return objects


def _tables(structure: Mapping[str, Any]) -> dict[str, TimedArray]:
    n_areas = structure["n_areas"]
    columns = dict.fromkeys(SCHEDULES, n_areas) | dict.fromkeys(FIBRE_SCHEDULES, n_areas**2)
    schedules = {
        name: TimedArray(np.zeros((structure["n_ticks"], n)), dt=TICK * second, name=name)
        for name, n in columns.items()
    }
    return {**schedules, **pattern_tables(structure, ("input", "excitatory"))}


def _due(rate: str) -> str:
    # First what is the same for all cells, so that the tables are read when it is time only.
    return f"t_in_timesteps % timestep(normalisation_interval, dt) == 0 and {rate} > 0"


def _plastic_projection(
    source: NeuronGroup,
    target: NeuronGroup,
    event: str,
    total: str,
    budget: str,
    namespace: Mapping[str, Any],
) -> Synapses:
    name = f"{source.name}_to_{target.name}"
    return plastic_synapses(
        source,
        target,
        name,
        PLASTIC.format(learning_rate=f"{name}_learning_rate(t, area_post) : 1"),
        transmitted="w",
        rate="learning_rate",
        event=event,
        add_up=f"{total}_post += w",
        rescale=f"w = clip(w*{budget}/{total}_post, 0*siemens, w_max)",
        namespace=namespace,
    )
