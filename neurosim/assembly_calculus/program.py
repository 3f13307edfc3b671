"""Programs of the assembly calculus: operations on named stimuli, areas and assemblies.

A program records; nothing runs. Every name is checked when an operation is recorded, so that what
can be recorded can be run, on the abstract machine or on areas of spiking neurons::

    program = Program(areas=["A", "B", "C"], stimuli=["S", "T"])
    person = program.project("S", "A")
    place = program.project("T", "B")
    scene = program.merge(person, place, "C")
    program.recall("S", "A", "C", "B")

The operations are those of Papadimitriou, Vempala, Mitropolsky, Collins & Maass 2020, Brain
computation by assemblies of neurons, PNAS 117:14464. `Program.recall`, which only looks, is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any, overload

from neurosim.assembly_calculus.instructions import (
    Assembly,
    Completion,
    Fibre,
    Instruction,
    Reading,
    evocation,
    fibre_from,
    learning_and_readings,
    lineage,
)
from neurosim.assembly_calculus.names import Names, quoted
from neurosim.errors import InputError, nearest_name

OPERATIONS = (
    "project",
    "reciprocal_project",
    "associate",
    "merge",
    "pattern_complete",
    "recall",
    "inhibit",
    "disinhibit",
)


@dataclass(frozen=True)
class Operation:
    """One recorded operation.

    Parameters
    ----------
    name : str
        One of `OPERATIONS`.
    arguments : mapping
        What the method of that name was given: strings, numbers and lists of strings.
    instructions : tuple of Learning, Reading or Completion
        What a machine has to do for it, in this order; none for inhibition, which is already in
        the instructions that follow.
    """

    name: str
    arguments: Mapping[str, Any]
    instructions: tuple[Instruction, ...]

    def __str__(self) -> str:
        given = (value for key, value in self.arguments.items() if key not in ("rounds", "share"))
        words = [", ".join(value) if isinstance(value, list) else str(value) for value in given]
        return f"{self.name}({', '.join(words)})"


class Program:
    """Operations on assemblies, recorded one after the other.

    Parameters
    ----------
    areas, stimuli : sequence of str
        Their names; any number, all different.

    Raises
    ------
    InputError
        If a name is no text, is empty, or occurs twice; by the methods, if a name is unknown or
        taken, an area is inhibited, or a number is out of range.
    """

    def __init__(self, areas: Sequence[str], stimuli: Sequence[str]) -> None:
        self._names = Names(areas, stimuli)
        self._operations: list[Operation] = []

    @property
    def areas(self) -> tuple[str, ...]:
        """Names of the areas."""
        return self._names.areas

    @property
    def stimuli(self) -> tuple[str, ...]:
        """Names of the stimuli."""
        return self._names.stimuli

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The recorded operations."""
        return tuple(self._operations)

    @property
    def assemblies(self) -> Mapping[str, Assembly]:
        """The assemblies that they form, by name."""
        return dict(self._names.assemblies)

    @overload
    def project(
        self, source: str, target: str, *, assembly: str | None = None, rounds: int | None = None
    ) -> str: ...

    @overload
    def project(
        self,
        source: str,
        target: list[str] | tuple[str, ...],
        *,
        assembly: Sequence[str] | None = None,
        rounds: int | None = None,
    ) -> tuple[str, ...]: ...

    def project(
        self,
        source: str,
        target: str | list[str] | tuple[str, ...],
        *,
        assembly: str | Sequence[str] | None = None,
        rounds: int | None = None,
    ) -> str | tuple[str, ...]:
        """Let a stimulus or an assembly fire until it has formed an assembly in another area.

        What evokes the source stays on meanwhile, so that it keeps firing.

        Parameters
        ----------
        source : str
            A stimulus; an assembly; or an area, for the assembly that was formed there last.
        target : str, or list or tuple of str
            The area, or several that receive at the same time.
        assembly : str or sequence of str, optional
            Name of the new assembly, or of one in each target; by default the source's name, ``>``
            and the area's. The name of an assembly that the same source formed there trains that
            one further.
        rounds : int, optional
            Rounds of firing on the abstract machine, trials on the spiking one; by default as many
            as the machine uses.

        Returns
        -------
        str or tuple of str
            Name of the new assembly, or names if several targets were given.
        """
        source = self._names.source(source)
        targets = listed(target, "target")
        self._names.check_areas(targets)
        if len(set(targets)) < len(targets):
            raise InputError(f"'{source}' is projected to {quoted(targets)}, expected them once.")
        names = [f"{source}>{area}" for area in targets]
        if assembly is not None:
            names = listed(assembly, "assembly")
        if len(names) != len(targets):
            raise InputError(
                f"There are {len(names)} assemblies for {len(targets)} areas, expected as many."
            )
        arguments = {"source": source, "target": target, "assembly": assembly, "rounds": rounds}
        new = [
            self._names.new_assembly(name, area, (source,))
            for name, area in zip(names, targets, strict=True)
        ]
        fibres = [fibre_from(source, area, self._names.assemblies) for area in targets]
        self._learn("project", arguments, (source,), new, fibres, rounds)
        return names[0] if isinstance(target, str) else tuple(names)

    def reciprocal_project(
        self, source: str, target: str, *, assembly: str | None = None, rounds: int | None = None
    ) -> str:
        """Project an assembly to another area that projects back, so that each evokes the other.

        Parameters
        ----------
        source : str
            An assembly; or an area, for the assembly that was formed there last.
        target : str
            Area.
        assembly, rounds
            As in `project`.

        Returns
        -------
        str
            Name of the new assembly.
        """
        source = self._names.assembly(source)
        name = f"{source}>{target}" if assembly is None else assembly
        arguments = {"source": source, "target": target, "assembly": assembly, "rounds": rounds}
        new = self._names.new_assembly(name, target, (source,))
        there = fibre_from(source, target, self._names.assemblies)
        back = Fibre(there.target, there.source)
        self._learn("reciprocal_project", arguments, (source,), [new], [there, back], rounds)
        return name

    def merge(
        self,
        first: str,
        second: str,
        target: str,
        *,
        assembly: str | None = None,
        rounds: int | None = None,
    ) -> str:
        """Let assemblies of two areas form one in a third, which projects back to both.

        Parameters
        ----------
        first, second : str
            Assemblies, or areas for the assemblies that were formed there last.
        target : str
            Area.
        assembly : str, optional
            Name of the new assembly; by default made of the parents' names.
        rounds
            As in `project`.

        Returns
        -------
        str
            Name of the new assembly.
        """
        parents = (self._names.assembly(first), self._names.assembly(second))
        origins = [self._names.assemblies[name].area for name in parents]
        if origins[0] == origins[1]:
            raise InputError(
                f"'{parents[0]}' and '{parents[1]}' are both in area '{origins[0]}', expected two "
                "areas; associate joins assemblies of one."
            )
        name = f"({parents[0]}+{parents[1]})>{target}" if assembly is None else assembly
        arguments = {
            "first": parents[0],
            "second": parents[1],
            "target": target,
            "assembly": assembly,
            "rounds": rounds,
        }
        new = self._names.new_assembly(name, target, parents)
        there = [Fibre(area, target) for area in origins]
        back = [Fibre(target, area) for area in origins]
        self._learn("merge", arguments, parents, [new], [*there, *back], rounds)
        return name

    def associate(self, first: str, second: str, *, rounds: int | None = None) -> None:
        """Evoke two assemblies of one area together, so that they come to share neurons.

        Both keep their names.

        Parameters
        ----------
        first, second : str
            Assemblies.
        rounds
            As in `project`.
        """
        pair = (self._names.assembly(first), self._names.assembly(second))
        one, other = (self._names.assemblies[name] for name in pair)
        if one == other:
            raise InputError(f"'{pair[0]}' is associated with itself, expected two assemblies.")
        if one.area != other.area:
            raise InputError(
                f"'{pair[0]}' is in area '{one.area}' and '{pair[1]}' in '{other.area}', expected "
                "one area; project both to one, or merge them."
            )
        arguments = {"first": pair[0], "second": pair[1], "rounds": rounds}
        fibres = [fibre for name in pair for fibre in evocation(name, self._names.assemblies)[-1]]
        parents = (*one.parents, *other.parents)
        self._learn("associate", arguments, parents, [one, other], fibres, rounds)

    def pattern_complete(
        self, assembly: str, *, share: float = 0.5, rounds: int | None = None
    ) -> None:
        """Fire a random part of an assembly, and let its area's own synapses bring back the rest.

        The weights are afterwards as they were before.

        Parameters
        ----------
        assembly : str
            An assembly; or an area, for the assembly that was formed there last.
        share : float
            Of the assembly's neurons, above 0 and up to 1.
        rounds
            As in `project`.
        """
        name = self._names.assembly(assembly)
        rounds = _whole_rounds(rounds)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise InputError(f"The share is {share!r}, expected a number above 0 and up to 1.")
        self._names.check_disinhibited(self._names.assemblies[name].area)
        arguments = {"assembly": name, "share": share, "rounds": rounds}
        self._record("pattern_complete", arguments, Completion(name, share, rounds))

    def recall(self, source: str, *path: str) -> None:
        """Fire a source and see what answers along a path of areas; nothing learns.

        An inhibited area on the path stays silent.

        Parameters
        ----------
        source : str
            As in `project`; an assembly is evoked by what formed it.
        *path : str
            Areas in the order in which activity passes through them.
        """
        source = self._names.source(source)
        self._names.check_areas(path)
        known = self._names.assemblies
        way = evocation(source, known) if source in known else ()
        steps = [fibre_from(source, path[0], known), *(Fibre(*ends) for ends in pairwise(path))]
        for fibre in steps:
            if fibre.source == fibre.target:
                raise InputError(
                    f"The path of '{source}' goes from area '{fibre.source}' to itself, "
                    "expected another area."
                )
        waves = (*way, *((fibre,) for fibre in steps))
        areas = tuple(dict.fromkeys(path))
        self._record(
            "recall",
            {"source": source, "path": list(path)},
            Reading(waves, areas, silent=tuple(self._names.inhibited)),
        )

    def inhibit(self, *areas: str) -> None:
        """Silence areas until they are disinhibited: they answer nothing and learn nothing.

        Parameters
        ----------
        *areas : str
        """
        self._names.check_areas(areas)
        self._names.inhibited |= dict.fromkeys(areas)
        self._record("inhibit", {"areas": list(areas)})

    def disinhibit(self, *areas: str) -> None:
        """Let inhibited areas fire again.

        Parameters
        ----------
        *areas : str
        """
        self._names.check_areas(areas)
        for area in areas:
            if area not in self._names.inhibited:
                raise InputError(
                    f"Area '{area}' is not inhibited; {nearest_name(area, self._names.inhibited)}"
                )
        for area in areas:
            self._names.inhibited.pop(area, None)
        self._record("disinhibit", {"areas": list(areas)})

    def _learn(
        self,
        operation: str,
        arguments: dict[str, Any],
        sources: Sequence[str],
        new: Sequence[Assembly],
        fibres: Sequence[Fibre],
        rounds: int | None,
    ) -> None:
        """Record an operation in which sources fire and form or train assemblies."""
        firing = lineage(sources, self._names.assemblies)
        upstream = {self._names.assemblies[name].area for name in firing}
        for assembly in new:
            if assembly.area in upstream:
                raise InputError(
                    f"Area '{assembly.area}' already fires with {quoted(sources)}, "
                    "expected another target."
                )
        for area in (*upstream, *(assembly.area for assembly in new)):
            self._names.check_disinhibited(area)
        instructions = learning_and_readings(
            firing, new, fibres, self._names.assemblies, _whole_rounds(rounds)
        )
        for assembly in new:
            self._names.add(assembly)
        self._record(operation, arguments, *instructions)

    def _record(self, name: str, arguments: dict[str, Any], *instructions: Instruction) -> None:
        given = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in arguments.items()
            if value is not None
        }
        self._operations.append(Operation(name, given, instructions))


def listed(names: object, what: str) -> list[str]:
    """Return one name, or several, as a list.

    Parameters
    ----------
    names : str or iterable of str
    what : str
        For the error: what they are names of.
    """
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise InputError(f"The {what} is {names!r}, expected a name or a list of names.")
    return list(names)


def _whole_rounds(rounds: object) -> int | None:
    if rounds is None:
        return None
    if isinstance(rounds, bool) or not isinstance(rounds, Integral) or rounds < 1:
        raise InputError(f"The number of rounds is {rounds!r}, expected 1 or more.")
    return int(rounds)
