"""Let Brian2 write the C++ project of a circuit, ready to take every parameter as an argument.

The generated ``main`` is called as
``main --results_dir R/ DURATION BRAIN_SEED NOISE_SEED NAME=VALUE... --state NAME=FILE...
--unrecorded MONITOR...``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.simulation.faster import make_faster
from neurosim.simulation.objects import simulated

# Brian2 leaves the user's arguments in `args`. Three of them are ours, and the state is set apart,
# because it can be applied only after the initial values that it replaces.
TAKE_ARGUMENTS = """
const auto from_mark = [&args](const std::string& mark) {
    const auto place = std::find(args.begin(), args.end(), mark);
    const bool found = place != args.end();
    const std::vector<std::string> behind(found ? place + 1 : place, args.end());
    args.erase(place, args.end());
    return behind;
};
if (args.size() < 3) {
    std::cerr << "Error: DURATION BRAIN_SEED NOISE_SEED expected" << std::endl;
    return 2;
}
const double run_duration = atof(args[0].c_str());
const unsigned long brain_seed = strtoul(args[1].c_str(), NULL, 10);
const unsigned long noise_seed = strtoul(args[2].c_str(), NULL, 10);
args.erase(args.begin(), args.begin() + 3);
const std::vector<std::string> unrecorded = from_mark("--unrecorded");
const std::vector<std::string> state_args = from_mark("--state");
"""
SEED = "for (auto& generator : brian::_random_generators) generator.seed({seed});"
# A monitor that nobody reads costs time and memory in every step: it leaves the network.
LEAVE_OUT = """
if (std::find(unrecorded.begin(), unrecorded.end(), "{monitor}") != unrecorded.end())
    for (auto& object : {network}.objects)
        if (object.second == _run_{code_object}) object.second = NULL;
"""
# Progress is told between slices, for Brian2's own report reads the clock before every object of
# every step, which costs as much as a small network.
RUN = """
const double slice = 1.0;
for (double done = 0; run_duration - done > 1e-9 && !Network::_globally_stopped; done += slice) {{
    {network}.run(std::min(slice, run_duration - done), NULL, slice);
    std::cout << "progress " << std::min(1.0, (done + slice)/run_duration) << std::endl;
}}
"""


class StandaloneStages:
    """Insert into the generated program what makes every parameter live; see `Stages`.

    Arguments are applied three times: connection probabilities before the graph is drawn, the
    parameters of initial values before these, and everything again because initial values and
    connections have set some of it anew.
    """

    def __init__(self) -> None:
        from brian2 import get_device

        self.device: Any = get_device()
        self.device.insert_code("after_start", TAKE_ARGUMENTS)

    def before_connecting(self, objects: dict[str, Any]) -> None:
        """Seed the brain and take the parameters of the groups."""
        self.device.insert_code("main", SEED.format(seed="brain_seed"))
        self.device.insert_code("main", "set_from_command_line(args);")

    def before_initial_values(self, objects: dict[str, Any]) -> None:
        """Take the parameters of the synapses, which exist now."""
        self.device.apply_run_args()

    def before_running(self, objects: dict[str, Any]) -> None:
        """Take the parameters once more and the state, then seed the noise."""
        self.device.insert_code("main", "set_from_command_line(args);")
        self.device.insert_code("main", "set_from_command_line(state_args);")
        self.device.insert_code("main", SEED.format(seed="noise_seed"))


def start_project() -> StandaloneStages:
    """Switch Brian2 to a fresh standalone project and return its stages."""
    from brian2 import get_device, prefs, set_device

    set_device("cpp_standalone", build_on_run=False)
    device: Any = get_device()
    device.reinit()
    device.activate(build_on_run=False)
    if "<algorithm>" not in prefs["codegen.cpp.headers"]:
        prefs["codegen.cpp.headers"] += ["<algorithm>"]
    return StandaloneStages()


def finish_project(objects: Iterable[Any], directory: Path) -> dict[str, Any]:
    """Write the C++ sources of a network and describe the arrays that it will write.

    Parameters
    ----------
    objects : iterable of Brian2 objects
        What the network simulates.
    directory : Path
        Where the sources go.

    Returns
    -------
    dict
        ``files``: for each file of results its item size, its length and its counter: the file
        that holds by how much the length has to be multiplied (None if it is fixed; the length is
        None if it is not known beforehand). ``arrays``: file, dtype and number of dimensions by
        ``"group.variable"``. ``monitors``: the names of those that a run may leave out.
    """
    from brian2 import EventMonitor, Network, StateMonitor, get_device, second

    device: Any = get_device()
    objects = list(objects)
    network = Network(objects)
    # A run of zero seconds makes Brian2 prepare everything; the real one takes its duration from
    # the arguments.
    network.run(0 * second)
    monitors = [item for item in objects if isinstance(item, EventMonitor | StateMonitor)]
    for monitor in monitors:
        names = {"network": network.name, "monitor": monitor.name}
        for code_object in monitor.code_objects:
            code = LEAVE_OUT.format(code_object=code_object.name, **names)
            device.insert_code("main", code)
    device.insert_code("main", RUN.format(network=network.name))
    # Brian2 ignores the directory of set_device here.
    device.build(directory=str(directory), compile=False, run=False)
    make_faster(directory)
    return {**_describe_results(device), "monitors": [monitor.name for monitor in monitors]}


def generate(circuit: str, structure: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """Write the C++ sources of a circuit; see `finish_project` for what it returns."""
    stages = start_project()
    module = importlib.import_module(f"neurosim.circuits.{circuit}")
    objects = module.assemble(structure, stages)
    return finish_project(simulated(objects), directory)


def _describe_results(device: Any) -> dict[str, Any]:
    from brian2.core.variables import ArrayVariable

    files: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    for variable in device.arrays:
        if not isinstance(variable, ArrayVariable):
            continue
        file = device.get_array_filename(variable)
        dtype = np.dtype(variable.dtype)
        files[file] = {"itemsize": dtype.itemsize, **_length(variable, device)}
        # Pathways of one Synapses object share its name: the first is the one that arguments set.
        arrays.setdefault(
            f"{variable.owner.name}.{variable.name}",
            {"file": file, "dtype": dtype.str, "ndim": getattr(variable, "ndim", 1)},
        )
    return {"files": files, "arrays": arrays}


def _length(variable: Any, device: Any) -> dict[str, Any]:
    from brian2.core.variables import DynamicArrayVariable

    if variable.scalar or not isinstance(variable, DynamicArrayVariable):
        return {"length": int(variable.size), "counter": None}
    # Spikes, samples and synapses are counted by the `N` of their group.
    owner = variable.owner.variables
    if owner.indices[variable.name] != "_idx" or "N" not in owner:
        return {"length": None, "counter": None}
    width = variable.size[1] if variable.ndim == 2 else 1
    return {"length": int(width), "counter": device.get_array_filename(owner["N"])}
