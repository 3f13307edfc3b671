"""What a machine is asked to do for an operation: learn, read, or complete.

Both machines understand these three and nothing else, so that a program means the same on either.
An instruction names stimuli, areas, assemblies and fibres, and no neuron: which neurons an assembly
has is known to a machine only after it has run what came before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple


class Fibre(NamedTuple):
    """All synapses from a stimulus or an area to an area; an area's own if both are the same."""

    source: str
    target: str


Wave = tuple[Fibre, ...]


@dataclass(frozen=True)
class Assembly:
    """What is known of an assembly before anything runs.

    Parameters
    ----------
    name, area : str
    parents : tuple of str
        The stimuli or assemblies whose firing formed it, and evokes it.
    """

    name: str
    area: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Learning:
    """Let stimuli and areas fire together while all fibres between them learn.

    Parameters
    ----------
    fibres : tuple of Fibre
        Open throughout; a stimulus that is a source is on throughout.
    firing : tuple of str
        Assemblies that fire from the start. All other areas are silent at first.
    forms : mapping of str to str or None
        The areas that fire, those with new assemblies first, and the assembly that each forms or
        trains further; None where two fire at once, which are then read one by one.
    rounds : int or None
        Rounds, or trials on a machine with time; None for the machine's default.
    """

    fibres: tuple[Fibre, ...]
    firing: tuple[str, ...]
    forms: Mapping[str, str | None]
    rounds: int | None


@dataclass(frozen=True)
class Reading:
    """Fire a stimulus and see which neurons answer along a path; nothing learns.

    Parameters
    ----------
    waves : tuple of tuple of Fibre
        The fibres that are open, in the order in which activity passes along them.
    areas : tuple of str
        The areas that are read.
    shows : str or None
        The assembly that is thereby read, in the last area; None if the question is what fires.
    silent : tuple of str
        Areas that are inhibited.
    """

    waves: tuple[Wave, ...]
    areas: tuple[str, ...]
    shows: str | None = None
    silent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Completion:
    """Fire a part of an assembly, then leave its area to its own synapses.

    Parameters
    ----------
    assembly : str
    share : float
        Of its neurons.
    rounds : int or None
        As in `Learning`.
    """

    assembly: str
    share: float
    rounds: int | None


Instruction = Learning | Reading | Completion


def lineage(names: Iterable[str], assemblies: Mapping[str, Assembly]) -> tuple[str, ...]:
    """Return these assemblies and those that they come from, nearest first, each once.

    Parameters
    ----------
    names : iterable of str
        Assemblies; stimuli are skipped.
    assemblies : mapping of str to Assembly
        All that are known, by name.
    """
    found: dict[str, None] = {}
    pending = [name for name in names if name in assemblies]
    while pending:
        found |= dict.fromkeys(pending)
        parents = [parent for name in pending for parent in assemblies[name].parents]
        pending = [name for name in parents if name in assemblies and name not in found]
    return tuple(found)


def evocation(name: str, assemblies: Mapping[str, Assembly]) -> tuple[Wave, ...]:
    """Return the fibres that lead from the stimuli to an assembly, wave by wave.

    Parameters
    ----------
    name : str
        An assembly.
    assemblies : mapping of str to Assembly

    Returns
    -------
    tuple of tuple of Fibre
        The last wave reaches the assembly's area. Ways of unequal length end together.
    """
    assembly = assemblies[name]
    ways = [evocation(parent, assemblies) for parent in assembly.parents if parent in assemblies]
    merged = [
        tuple(sorted({fibre for wave in waves for fibre in wave}))
        for waves in zip_longest(*(reversed(way) for way in ways), fillvalue=())
    ]
    last = tuple(
        sorted({fibre_from(parent, assembly.area, assemblies) for parent in assembly.parents})
    )
    return (*reversed(merged), last)


def learning_and_readings(
    firing: Sequence[str],
    new: Sequence[Assembly],
    fibres: Iterable[Fibre],
    assemblies: Mapping[str, Assembly],
    rounds: int | None,
) -> tuple[Learning | Reading, ...]:
    """Return the instructions for an operation in which assemblies are formed or trained.

    Parameters
    ----------
    firing : sequence of str
        The assemblies that fire, with those that they come from.
    new : sequence of Assembly
        Those that are to be formed or trained.
    fibres : iterable of Fibre
        Which lead to the new ones, and back. Added are those that evoke what fires, and those of
        every area to itself.
    assemblies : mapping of str to Assembly
        All that are known before.
    rounds : int or None

    Returns
    -------
    tuple of Learning and Reading
    """
    known = {**assemblies, **{assembly.name: assembly for assembly in new}}
    held: dict[str, list[str]] = {}  # assemblies by area
    for name in dict.fromkeys([*(assembly.name for assembly in new), *firing]):
        held.setdefault(known[name].area, []).append(name)
    way = [fibre for name in firing for wave in evocation(name, known) for fibre in wave]
    own = [Fibre(area, area) for area in held]
    learning = Learning(
        fibres=tuple(sorted({*fibres, *way, *own})),
        firing=tuple(firing),
        forms={area: names[0] if len(names) == 1 else None for area, names in held.items()},
        rounds=rounds,
    )
    # Where two fire at once, what fires is neither: each is evoked by itself afterwards.
    readings = [
        Reading(evocation(name, known), (area,), shows=name)
        for area, names in held.items()
        if len(names) > 1
        for name in names
    ]
    return (learning, *readings)


def fibre_from(source: str, area: str, assemblies: Mapping[str, Assembly]) -> Fibre:
    """Return the fibre by which a stimulus or an assembly reaches an area."""
    return Fibre(assemblies[source].area if source in assemblies else source, area)
