"""What each stimulus of a recorded experiment on pairs was, read from the trial table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neurosim.association.paired_stimuli import Pair
from neurosim.errors import InputError
from neurosim.recording import Recording

PHASE = "imprint"  # shows every single stimulus and nothing else


@dataclass(frozen=True)
class PairedRoles:
    """The single stimuli of a recording by what they are.

    Parameters
    ----------
    pairs : tuple of Pair
        In the order of their numbers, one or more.
    others : tuple of str
        Stimuli that are not associated, NA; "code 2" stands before "code 10".
    """

    pairs: tuple[Pair, ...]
    others: tuple[str, ...]

    @classmethod
    def of(cls, recording: Recording) -> PairedRoles:
        """Read them from the trials of the phase ``imprint``.

        Raises
        ------
        InputError
            If no pair was imprinted.
        """
        table = recording.trial_table
        trials = table.where(phase=PHASE)
        kind = {
            (table.role[trial], int(table.pair[trial]), str(table.stimulus[trial]))
            for trial in trials
        }
        members = {(role, pair): name for role, pair, name in kind if role in ("P", "NP")}
        numbers = sorted({pair for _, pair in members})
        if not numbers or len(members) != 2 * len(numbers):
            raise InputError(
                f"The recording shows {len(members)} stimuli of a pair in the phase '{PHASE}', "
                "expected both of one pair or more."
            )
        others = sorted((n for role, _, n in kind if role == "NA"), key=lambda n: (len(n), n))
        pairs = tuple(Pair(members["P", k], members["NP", k]) for k in numbers)
        return cls(pairs, tuple(others))

    @property
    def singles(self) -> tuple[str, ...]:
        """P and NP of the first pair, of the second and so on, then the others."""
        return (*(name for pair in self.pairs for name in (pair.p, pair.partner)), *self.others)

    @property
    def directions(self) -> list[tuple[str, str]]:
        """Own stimulus and partner, both ways for every pair."""
        return [direction for pair in self.pairs for direction in pair.directions]

    def strangers(self, pair: Pair) -> tuple[str, ...]:
        """Return the single stimuli that are not in a pair: the others, and those of other pairs.

        Parameters
        ----------
        pair : Pair

        Returns
        -------
        tuple of str
            The others first.
        """
        of_pairs = [name for name in self.singles if name not in self.others]
        return tuple(n for n in (*self.others, *of_pairs) if n not in (pair.p, pair.partner))

    @property
    def labels(self) -> dict[str, str]:
        """Role of every single stimulus: P, NP and NA, numbered where there are several of a kind.

        P1 and NP1 are the first pair.
        """
        numbers = [str(k) if len(self.pairs) > 1 else "" for k in range(1, len(self.pairs) + 1)]
        roles = [f"{role}{number}" for number in numbers for role in ("P", "NP")]
        several = len(self.others) > 1
        roles += [f"NA{k}" if several else "NA" for k in range(1, len(self.others) + 1)]
        return dict(zip(self.singles, roles, strict=True))


def short_name(name: str, n_letters: int = 11) -> str:
    """Return the name of a stimulus as a figure has room for it.

    Parameters
    ----------
    name : str
        A picture of a user's own is named by its path.
    n_letters : int
        What is longer is cut and ends in an ellipsis.

    Returns
    -------
    str
    """
    stem = Path(name).stem
    return stem if len(stem) <= n_letters else f"{stem[: n_letters - 1]}…"
