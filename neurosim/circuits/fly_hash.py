"""The fly's hash: projection neurons, Kenyon cells and APL (Dasgupta et al. 2017, figure 1).

Odours come one behind the other, each for a window, and every window starts afresh. Each Kenyon
cell sums a few projection neurons, its claws; APL, one graded neuron that does not spike, is
excited by all Kenyon cells and inhibits them all, so that only the most strongly driven ones fire.
Projection neurons integrate: either the Poisson spikes of all receptor neurons of their type, each
weighted by the gain of the antennal lobe, or the rate itself, which makes them fire regularly from
a random phase on.

Potentials are relative to rest. Every parameter is a shared variable of a group, so that the
compiled circuit takes it as an argument; only sizes, dt, the kind of spike trains and the power of
APL's release are compiled in. The odours and the claws are tables, which it takes as arguments too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from brian2 import (
    Clock,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    linked_var,
    second,
)

from neurosim.simulation.interactive import Circuit, circuit_of_odours

if TYPE_CHECKING:
    from neurosim.circuits.stages import Stages
    from neurosim.parameters import Sheet

# The last step of a window: what is done at its end holds from the first step of the next one on.
ENDS = "(t_in_timesteps + 1) % timestep(window, dt) == 0"
# The odour of the next window: its number, in seconds, stands for the time in the tables.
NEXT = "floor((t + 1.5*dt)/window)*second"
FIRST = "0*second"
SILENT = "1e-9*hertz"  # a receptor neuron without input waits until long after the end

# A Poisson unit knows when it fires next, so that random numbers are drawn per spike, not per step.
RECEPTOR_NEURONS = """
rate : hertz
t_next : second
window : second (shared, constant)
"""

WINDOW = """
window : second (shared, constant)
"""

REGULAR_NEURONS = """
dphase/dt = rate : 1
rate : hertz
"""

# Of several receptor neurons that fire at the mean rate r, each spike moves the phase by
# rate/(n*r), so that the projection neuron fires at `rate`: the gain that the antennal lobe sets.
DRIVEN_NEURONS = """
phase : 1
rate : hertz
increment : 1
window : second (shared, constant)
"""

# Inhibition is in units of the leak. More of it than a cell could follow within one step is cut
# off, for the midpoint rule would turn it into excitation. The power of APL's potential is written
# out as a product, for a power function in each cell and step would cost more than all the rest.
KENYON_CELLS = """
dv/dt = (drive - v + inhibition*(v_inhibition - v))/tau_m : volt
ddrive/dt = -drive/tau_synapse : volt
inhibition = clip({released}, 0, tau_m/dt - 1) : 1
v_apl : volt (linked)
gain : 1/volt (shared, constant)
tau_m : second (shared, constant)
tau_synapse : second (shared, constant)
v_threshold : volt (shared, constant)
v_reset : volt (shared, constant)
v_inhibition : volt (shared, constant)
"""

APL = """
dv/dt = -v/tau_m : volt
tau_m : second (shared, constant)
"""

WEIGHT = """
weight : volt (shared, constant)
"""

N_TRACED = 8


def build(sheet: Sheet, seed: int = 0, odours: npt.ArrayLike | None = None) -> Circuit:
    """Build the circuit to work with in Python, with every Brian2 object within reach.

    Parameters
    ----------
    sheet : Sheet
        Of the circuit ``fly_hash``, from `neurosim.load_model`. Values that are calibrated on data
        (``apl.gain``, ``kenyon_cells.epsp``) are taken as they stand: give them, for example those
        that `neurosim.calibrate_apl` returns.
    seed : int
        Draws the claws, then the noise.
    odours : array_like of float, shape (n_odours, n_projection_neurons), optional
        Rates of the receptor neurons of each type, Hz, one odour a window; behind the last one
        there is silence, and nothing else if left out.

    Returns
    -------
    Circuit
        Its attributes are the objects of `assemble`.

    Raises
    ------
    InputError
        If the sheet is of another circuit, or the seed or the odours are refused.
    """
    return circuit_of_odours("fly_hash", sheet, seed, odours)


def kenyon_cell_equations(release_exponent: int) -> str:
    """Return the equations of Kenyon cells that APL inhibits.

    Parameters
    ----------
    release_exponent : int
        The power of APL's potential that inhibition grows with, 1 or more.
    """
    return KENYON_CELLS.format(released="*".join(["gain*v_apl"] * release_exponent))


def assemble(structure: Mapping[str, Any], stages: Stages) -> dict[str, Any]:
    """Create the Brian2 objects of the fly's hash.

    Parameters
    ----------
    structure : mapping
        What is compiled in: ``receptor_neurons.n_per_type``, ``projection_neurons.n``,
        ``projection_neurons.spikes``, ``kenyon_cells.n``, ``kenyon_cells.claws``,
        ``apl.release_exponent``, ``simulation.dt`` (s), and the capacity ``n_odours`` of the
        tables.
    stages : Stages
        Called between creation, connection and initial values, so that parameters and tables
        reach the objects on every target.

    Returns
    -------
    dict of str to Brian2 object
        Populations, projections, tables and monitors by name.
    """
    clock = Clock(structure["simulation.dt"] * second, name="step")
    tables = _tables(structure)
    kenyon_cells = NeuronGroup(
        structure["kenyon_cells.n"],
        kenyon_cell_equations(structure["apl.release_exponent"]),
        threshold="v > v_threshold",
        reset="v = v_reset",
        # The inhibition changes in every step: exponential Euler would take an exponential of each
        # cell in each step, three times the cost of the whole circuit.
        method="rk2",
        clock=clock,
        namespace={},
        name="kenyon_cells",
    )
    apl = NeuronGroup(
        1,
        APL + WINDOW,
        events={"window_ends": ENDS},
        method="exponential_euler",
        clock=clock,
        namespace={},
        name="apl",
    )
    apl.run_on_event("window_ends", "v = 0*volt", when="end")
    kenyon_cells.v_apl = linked_var(apl, "v")
    glomeruli = _glomeruli(structure, clock, tables)
    projection_neurons = glomeruli["projection_neurons"]

    claws = Synapses(
        projection_neurons,
        kenyon_cells,
        WEIGHT,
        on_pre="drive_post += weight",
        clock=clock,
        namespace=tables,
        name="claws",
    )
    to_apl = Synapses(
        kenyon_cells,
        apl,
        WEIGHT,
        on_pre="v_post += weight",
        clock=clock,
        namespace={},
        name="kenyon_cells_to_apl",
    )
    # One event of one neuron instead of a question to every Kenyon cell in every step.
    clearing = Synapses(
        apl,
        kenyon_cells,
        on_pre={"clear": "v_post = 0*volt\ndrive_post = 0*volt"},
        on_event={"clear": "window_ends"},
        clock=clock,
        namespace={},
        name="clearing",
    )
    clearing.clear.when = "end"  # behind the spikes and resets of the same step
    monitors = {
        f"{group.name}_spikes": SpikeMonitor(group, name=f"{group.name}_spikes")
        for group in (projection_neurons, kenyon_cells)
    }
    traced = range(min(N_TRACED, len(kenyon_cells)))
    monitors["kenyon_cell_potential"] = StateMonitor(
        kenyon_cells, "v", record=traced, clock=clock, name="kenyon_cell_potential"
    )
    monitors["apl_potential"] = StateMonitor(
        apl, "v", record=True, clock=clock, name="apl_potential"
    )
    projections = {"claws": claws, "kenyon_cells_to_apl": to_apl, "clearing": clearing}
    objects = {
        **glomeruli,
        "kenyon_cells": kenyon_cells,
        "apl": apl,
        **projections,
        **tables,
        **monitors,
    }

    stages.before_connecting(objects)
    # By projection neuron, for then the synapses that a spike reaches lie side by side.
    first, end = "int(first_claw(i*second))", "int(first_claw((i + 1)*second))"
    claws.connect(j=f"int(claw_table(k*second)) for k in range({first}, {end})")
    to_apl.connect()
    clearing.connect()
    if "receptor_neurons_to_projection_neurons" in objects:
        n_per_type = structure["receptor_neurons.n_per_type"]
        objects["receptor_neurons_to_projection_neurons"].connect(j=f"i // {n_per_type}")
    stages.before_initial_values(objects)
    stages.before_running(objects)
    # Behind the seed of the noise, as in all later windows.
    _present_first_odour(structure, objects)
    return objects


def _present_first_odour(structure: Mapping[str, Any], objects: Mapping[str, Any]) -> None:
    codes = {"projection_neurons": _new_odour(structure, FIRST)}
    if "receptor_neurons" in objects:
        codes["receptor_neurons"] = _new_rates(structure, FIRST, "-dt")
    for group, code in codes.items():
        for line in code.splitlines():
            variable, _, expression = line.partition(" = ")
            setattr(objects[group], variable, expression)


def _tables(structure: Mapping[str, Any]) -> dict[str, TimedArray]:
    n_types, n_odours = structure["projection_neurons.n"], structure["n_odours"]
    shapes = {
        "claw_table": structure["kenyon_cells.claws"] * structure["kenyon_cells.n"],
        "first_claw": n_types + 1,
        "projection_neuron_rates": (n_odours, n_types),
    }
    if structure["projection_neurons.spikes"] != "regular":
        shapes["receptor_neuron_rates"] = (n_odours, n_types)
    return {
        name: TimedArray(np.zeros(shape), dt=1 * second, name=name)
        for name, shape in shapes.items()
    }


def _glomeruli(
    structure: Mapping[str, Any], clock: Clock, tables: Mapping[str, TimedArray]
) -> dict[str, Any]:
    """Return projection neurons, with receptor neurons and their synapses where these are."""
    regular = structure["projection_neurons.spikes"] == "regular"
    projection_neurons = NeuronGroup(
        structure["projection_neurons.n"],
        REGULAR_NEURONS + WINDOW if regular else DRIVEN_NEURONS,
        threshold="phase >= 1",
        reset="phase -= 1",
        events={"window_ends": ENDS},
        method="rk2",
        clock=clock,
        namespace=tables,
        name="projection_neurons",
    )
    # After everything else in the step, so that no spike of this window reaches the next.
    projection_neurons.run_on_event("window_ends", _new_odour(structure, NEXT), when="end")
    if regular:
        return {"projection_neurons": projection_neurons}

    n_per_type = structure["receptor_neurons.n_per_type"]
    receptor_neurons = NeuronGroup(
        n_per_type * structure["projection_neurons.n"],
        RECEPTOR_NEURONS,
        threshold="t >= t_next",
        reset="t_next -= log(rand())/rate",
        events={"window_ends": ENDS},
        method="euler",
        clock=clock,
        namespace=tables,
        name="receptor_neurons",
    )
    receptor_neurons.run_on_event("window_ends", _new_rates(structure, NEXT, "t"), when="end")
    # Their spikes arrive in the same step, so that projection neurons fire at `rate` on average.
    receptor_neurons.set_event_schedule("spike", when="before_groups")
    convergence = Synapses(
        receptor_neurons,
        projection_neurons,
        on_pre="phase_post += increment_post",
        clock=clock,
        namespace={},
        name="receptor_neurons_to_projection_neurons",
    )
    convergence.pre.when = "groups"
    return {
        "receptor_neurons": receptor_neurons,
        "projection_neurons": projection_neurons,
        convergence.name: convergence,
    }


def _new_odour(structure: Mapping[str, Any], odour: str) -> str:
    """Return the code that presents an odour to the projection neurons."""
    code = f"rate = projection_neuron_rates({odour}, i)*hertz\nphase = rand()"
    if structure["projection_neurons.spikes"] == "regular":
        return code
    n_per_type = structure["receptor_neurons.n_per_type"]
    received = f"{n_per_type}*receptor_neuron_rates({odour}, i)*hertz"
    return f"{code}\nincrement = rate/clip({received}, {SILENT}, inf*hertz)"


def _new_rates(structure: Mapping[str, Any], odour: str, before: str) -> str:
    """Return the code that presents an odour to the receptor neurons.

    A Poisson process has no memory, so the next spike may be drawn anew. A step holds the spikes
    since the step `before` it.
    """
    n_per_type = structure["receptor_neurons.n_per_type"]
    rate = f"receptor_neuron_rates({odour}, i // {n_per_type})*hertz"
    return f"rate = clip({rate}, {SILENT}, inf*hertz)\nt_next = {before} - log(rand())/rate"
