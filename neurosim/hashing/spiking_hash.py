"""Present odours to the circuit of the fly's hash, in batches of any number, and read its tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import InputError
from neurosim.hashing.odours import odour_tables, projection_of
from neurosim.parameters.fly_hash import FlyHashParameters
from neurosim.recording import Recording, SpikeTrains, Trace, TrialValues
from neurosim.session import Session
from neurosim.timeline import NO_PAIR, TrialTable

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Odours that one run of the compiled circuit has room for; the number of odours is not compiled
# in. Ours: starting a run costs as much as a hundred odours, and its results stay below 100 MB.
BATCH = 2048
KENYON_CELL_SPIKES = ("kenyon_cells_spikes.i", "kenyon_cells_spikes.t")
EVERYTHING = (
    *KENYON_CELL_SPIKES,
    "projection_neurons_spikes.i",
    "projection_neurons_spikes.t",
    "kenyon_cell_potential.v",
    "apl_potential.v",
)


@dataclass(frozen=True, eq=False)
class HashCircuit:
    """A circuit of one sheet and one projection, ready to be presented odours.

    Parameters
    ----------
    session : Session
        Its seed draws the noise; its target runs the circuit.
    parameters : FlyHashParameters
    projection : ndarray of bool, shape (n_kenyon_cells, n_projection_neurons)
        The projection neurons that each Kenyon cell samples.
    scale : float
        Hz of the receptor neurons for 1 in the data.
    """

    session: Session
    parameters: FlyHashParameters
    projection: np.ndarray
    scale: float = 1.0

    @classmethod
    def draw(
        cls, session: Session, n_projection_neurons: int, number: int = 0, **changes: float | str
    ) -> HashCircuit:
        """Make a circuit with a projection neuron for each feature of the data.

        Parameters
        ----------
        session : Session
        n_projection_neurons : int
        number : int
            Which of the projections of the session's seed.
        **changes : float or str
            Other values of parameters, ``section__field=value``: SI numbers or words.

        Raises
        ------
        InputError
            If a value is refused, or there are fewer features than claws.
        """
        sheet: FlyHashParameters = session.parameters
        parameters = sheet.changed(projection_neurons__n=n_projection_neurons, **changes)
        return cls(session, parameters, projection_of(parameters, session.seed, number))

    def changed(self, **changes: float | str) -> HashCircuit:
        """Return the same circuit, with the same projection, at other values of parameters.

        Raises
        ------
        InputError
            If a value is refused.
        """
        return replace(self, parameters=self.parameters.changed(**changes))

    def counts(self, samples: np.ndarray, noise: str) -> csr_matrix:
        """Return how often each Kenyon cell fires to each sample: the tag.

        Parameters
        ----------
        samples : ndarray of float, shape (n_samples, n_features)
            Magnitudes, 0 or higher, in the unit of `scale`.
        noise : str
            Purpose of the noise: the same one gives the same spikes again.

        Returns
        -------
        csr_matrix of float, shape (n_samples, n_kenyon_cells)
            Only Kenyon cells that fired are stored.

        Raises
        ------
        InputError
            If the samples do not fit the circuit or are no magnitudes.
        SimulationError
            If the simulation fails.
        """
        from scipy.sparse import csr_matrix, vstack

        tags = [
            self._tags(arrays["kenyon_cells_spikes.i"], arrays["kenyon_cells_spikes.t"], n)
            for arrays, n in self._batches(samples, noise, KENYON_CELL_SPIKES)
        ]
        return csr_matrix(vstack(tags, format="csr"))

    def recording(self, samples: np.ndarray, names: Sequence[str], noise: str) -> Recording:
        """Present samples and keep everything: a trial for each, spikes and potentials.

        Parameters
        ----------
        samples : ndarray of float, shape (n_samples, n_features)
        names : sequence of str, length n_samples
            Names of the stimuli.
        noise : str

        Returns
        -------
        Recording
            Populations ``projection_neurons`` and ``kenyon_cells``; traces
            ``apl_potential`` and ``kenyon_cell_potential`` of a few cells, V above rest; values of
            the trials ``receptor_neuron_rate``, the rate of each type of receptor neurons (Hz).

        Raises
        ------
        InputError
            If the samples do not fit the circuit or are no magnitudes.
        SimulationError
            If the simulation fails.
        """
        if len(names) != len(samples):
            raise InputError(
                f"Got {len(names)} names, expected one for each of {len(samples)} odours."
            )
        parts, done = [], 0
        for arrays, n in self._batches(samples, noise, EVERYTHING):
            parts.append(self._recording(arrays, samples[done : done + n], names[done : done + n]))
            done += n
        return reduce(Recording.followed_by, parts)

    def tags_of(self, recording: Recording) -> csr_matrix:
        """Return the tags of the odours in a recording of this circuit, as `counts` does."""
        spikes = recording.spikes["kenyon_cells"]
        return self._tags(spikes.index, spikes.time, len(recording.trial_table))

    def _batches(
        self, samples: np.ndarray, noise: str, outputs: tuple[str, ...]
    ) -> Iterator[tuple[Mapping[str, np.ndarray], int]]:
        if np.ndim(samples) != 2 or len(samples) == 0:
            raise InputError(
                f"The samples have shape {np.shape(samples)}, expected one or more rows of "
                f"{self.parameters.projection_neurons.n} features."
            )
        window = self.parameters.simulation.window
        structure = {**self.parameters.structure(), "n_odours": BATCH}
        arguments = self.parameters.run_arguments()
        for number, start in enumerate(range(0, len(samples), BATCH)):
            batch = samples[start : start + BATCH] * self.scale
            tables = odour_tables(self.parameters, self.projection, batch, BATCH)
            duration = len(batch) * window
            purpose = f"{noise}, batch {number}"
            arrays = self.session.execute(structure, arguments, tables, duration, purpose, outputs)
            yield arrays, len(batch)

    def _tags(self, cells: np.ndarray, times: np.ndarray, n_samples: int) -> csr_matrix:
        from scipy.sparse import csc_matrix

        window, dt = self.parameters.simulation.window, self.parameters.simulation.dt
        odour = np.floor((times + dt / 2) / window).astype(np.int64)
        shape = (n_samples, self.parameters.kenyon_cells.n)
        # By column first: there the spikes of a cell are in order, as they are in time, so that
        # nothing has to be sorted.
        return csc_matrix((np.ones(len(odour)), (odour, cells)), shape=shape).tocsr()

    def _recording(
        self, arrays: Mapping[str, np.ndarray], samples: np.ndarray, names: Sequence[str]
    ) -> Recording:
        window = self.parameters.simulation.window
        n, duration = len(samples), len(samples) * window
        onsets = np.arange(n) * window
        empty = np.array([""] * n, dtype=object)
        trials = TrialTable(
            start_time=onsets,
            stop_time=onsets + window,
            phase=empty,
            stimulus=np.array(names, dtype=object),
            role=empty,
            pair=np.full(n, NO_PAIR),
            plastic=np.zeros(n, dtype=bool),
        )
        spikes = {
            name: SpikeTrains(size, arrays[f"{name}_spikes.i"], arrays[f"{name}_spikes.t"])
            for name, size in self.parameters.populations.items()
        }
        rates = TrialValues(
            samples * self.scale, "Hz", "Mean rate of the receptor neurons of each type."
        )
        presented = {"receptor_neuron_rate": rates}
        return Recording(spikes, trials, duration, self._traces(arrays), "", presented)

    def _traces(self, arrays: Mapping[str, np.ndarray]) -> dict[str, Trace]:
        potentials = {
            "apl_potential": "Potential of APL above rest.",
            "kenyon_cell_potential": "Potential of the first Kenyon cells above rest.",
        }
        traces = {}
        for name, description in potentials.items():
            data = arrays[f"{name}.v"].astype(np.float32)
            rate = 1 / self.parameters.simulation.dt
            traces[name] = Trace(
                data, round(rate, 6), "V", 0.0, description, np.arange(data.shape[1])
            )
        return traces
