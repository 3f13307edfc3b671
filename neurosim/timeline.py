"""Trials over time: the one source for simulation, analysis and plots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from neurosim.errors import InputError
from neurosim.tick import TICK

NO_PAIR = -1


@dataclass(frozen=True)
class Trial:
    """One presentation of a stimulus and the silence after it.

    Parameters
    ----------
    stimulus : str
        Name of the stimulus that is shown.
    duration, gap : float
        Seconds for which the stimulus is on, and for which nothing is shown afterwards;
        multiples of `TICK`.
    phase : str
        Part of the experiment (``"imprint"``, ``"before"``, ...).
    role : str
        What the stimulus is in its pair (``"P"``, ``"NP"``, ``"NA"``, ``"C"``), or empty.
    pair : int
        Number of the pair, `NO_PAIR` for none.
    learning_rates : mapping of str to float
        Scale of the plasticity of each projection during the trial and its gap; a projection
        that is not named is not plastic.
    gated : bool
        Whether the gates of a circuit that has some (`neurosim.circuits.plasticity_gates`) are
        in force during the trial and its gap; they are held open otherwise.
    silenced : str
        Name of the pattern of excitatory cells that do not fire during the trial and its gap; empty
        for none.

    Raises
    ------
    InputError
        If a time is no multiple of `TICK` or is negative.
    """

    stimulus: str
    duration: float
    gap: float
    phase: str
    role: str = ""
    pair: int = NO_PAIR
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    gated: bool = True
    silenced: str = ""

    def __post_init__(self) -> None:
        for name in ("duration", "gap"):
            _ticks(getattr(self, name), f"{name} of a trial of '{self.stimulus}'")

    @property
    def plastic(self) -> bool:
        """Whether any projection learns during the trial."""
        return any(rate > 0 for rate in self.learning_rates.values())


@dataclass(frozen=True)
class TrialTable:
    """The trials of a recording as parallel arrays, one entry per trial.

    Parameters
    ----------
    start_time, stop_time : ndarray of float, shape (n_trials,)
        Onset and offset of the stimulus, seconds.
    phase, stimulus, role : ndarray of str, shape (n_trials,)
    pair : ndarray of int, shape (n_trials,)
    plastic : ndarray of bool, shape (n_trials,)
    """

    start_time: np.ndarray
    stop_time: np.ndarray
    phase: np.ndarray
    stimulus: np.ndarray
    role: np.ndarray
    pair: np.ndarray
    plastic: np.ndarray

    def __len__(self) -> int:
        return len(self.start_time)

    def where(self, **values: str | int | bool) -> np.ndarray:
        """Return the indices of the trials whose columns have these values.

        Parameters
        ----------
        **values
            ``column=value``, for example ``phase="before", stimulus="palace"``.

        Returns
        -------
        ndarray of int
            Indices in order of time.
        """
        mask = np.ones(len(self), dtype=bool)
        for column, value in values.items():
            mask &= getattr(self, column) == value
        return np.flatnonzero(mask)

    def followed_by(self, other: TrialTable, delay: float) -> TrialTable:
        """Return this table with the trials of another, `delay` seconds later, behind it."""
        return TrialTable(
            start_time=np.concatenate([self.start_time, other.start_time + delay]),
            stop_time=np.concatenate([self.stop_time, other.stop_time + delay]),
            phase=np.concatenate([self.phase, other.phase]),
            stimulus=np.concatenate([self.stimulus, other.stimulus]),
            role=np.concatenate([self.role, other.role]),
            pair=np.concatenate([self.pair, other.pair]),
            plastic=np.concatenate([self.plastic, other.plastic]),
        )


@dataclass(frozen=True)
class Timeline:
    """Trials one behind the other.

    Parameters
    ----------
    trials : tuple of Trial
    lead_in : float
        Seconds before the first trial, in which the network settles (several times its longest
        time constant, the 150 ms of adaptation); a multiple of `TICK`.
    """

    trials: tuple[Trial, ...]
    lead_in: float = 0.5

    def __post_init__(self) -> None:
        _ticks(self.lead_in, "lead-in of a timeline")

    @classmethod
    def of(cls, trials: Iterable[Trial], lead_in: float = 0.5) -> Timeline:
        """Make a timeline from any iterable of trials."""
        return cls(tuple(trials), lead_in)

    @property
    def onset_ticks(self) -> list[int]:
        """Onset of every trial in units of `TICK`."""
        onsets, now = [], _ticks(self.lead_in, "lead-in")
        for trial in self.trials:
            onsets.append(now)
            now += _ticks(trial.duration, "duration") + _ticks(trial.gap, "gap")
        return onsets

    @property
    def n_ticks(self) -> int:
        """Length in units of `TICK`."""
        return _ticks(self.lead_in, "lead-in") + sum(
            _ticks(trial.duration, "duration") + _ticks(trial.gap, "gap") for trial in self.trials
        )

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_ticks * TICK

    @property
    def stimuli(self) -> list[str]:
        """Names of the stimuli in order of their first appearance."""
        return list(dict.fromkeys(trial.stimulus for trial in self.trials))

    @property
    def silenced(self) -> list[str]:
        """Names of the patterns of cells that are silenced, in order of their first appearance."""
        return list(dict.fromkeys(trial.silenced for trial in self.trials if trial.silenced))

    def stimulus_schedule(self, numbers: Mapping[str, int]) -> np.ndarray:
        """Return which stimulus is on at each tick.

        Parameters
        ----------
        numbers : mapping of str to int
            Number of each stimulus, 1 or higher; 0 stands for none.

        Returns
        -------
        ndarray of int, shape (n_ticks,)
        """
        schedule = np.zeros(self.n_ticks, dtype=int)
        for onset, trial in zip(self.onset_ticks, self.trials, strict=True):
            end = onset + _ticks(trial.duration, "duration")
            schedule[onset:end] = numbers[trial.stimulus]
        return schedule

    def silenced_schedule(self, numbers: Mapping[str, int]) -> np.ndarray:
        """Return which pattern of cells is silenced at each tick, gaps included.

        Parameters
        ----------
        numbers : mapping of str to int
            Number of each pattern, 1 or higher; 0 stands for none.

        Returns
        -------
        ndarray of float, shape (n_ticks,)
        """
        return self._schedule([{"": 0, **numbers}[trial.silenced] for trial in self.trials])

    def learning_rate_schedule(self, projection: str) -> np.ndarray:
        """Return the scale of a projection's plasticity at each tick, gaps included.

        Returns
        -------
        ndarray of float, shape (n_ticks,)
        """
        return self._schedule([it.learning_rates.get(projection, 0.0) for it in self.trials])

    def gates_held_open(self) -> np.ndarray:
        """Return 1 at each tick of the trials that are not gated, gaps included, 0 elsewhere.

        Returns
        -------
        ndarray of float, shape (n_ticks,)
        """
        return self._schedule([float(not trial.gated) for trial in self.trials])

    def _schedule(self, values: Iterable[float]) -> np.ndarray:
        schedule = np.zeros(self.n_ticks)
        for onset, trial, value in zip(self.onset_ticks, self.trials, values, strict=True):
            end = onset + _ticks(trial.duration, "duration") + _ticks(trial.gap, "gap")
            schedule[onset:end] = value
        return schedule

    def table(self) -> TrialTable:
        """Return the trials as the arrays that a recording keeps."""
        onsets = np.array(self.onset_ticks, dtype=float) * TICK
        durations = np.array([trial.duration for trial in self.trials], dtype=float)
        return TrialTable(
            start_time=onsets,
            stop_time=onsets + durations,
            phase=_strings(trial.phase for trial in self.trials),
            stimulus=_strings(trial.stimulus for trial in self.trials),
            role=_strings(trial.role for trial in self.trials),
            pair=np.array([trial.pair for trial in self.trials], dtype=int),
            plastic=np.array([trial.plastic for trial in self.trials], dtype=bool),
        )


def _strings(values: Iterable[str]) -> np.ndarray:
    return np.array(list(values), dtype=object)


def _ticks(seconds: float, what: str) -> int:
    ticks = round(seconds / TICK)
    if seconds < 0 or abs(ticks * TICK - seconds) > 1e-9:
        raise InputError(f"The {what} is {seconds:g} s, expected a multiple of {TICK:g} s.")
    return ticks
