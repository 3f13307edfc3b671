"""What the names in a program stand for, from one operation to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from neurosim.assembly_calculus.instructions import Assembly
from neurosim.errors import InputError, nearest_name


class Names:
    """The stimuli, areas and assemblies that there are at one point of a program.

    Parameters
    ----------
    areas, stimuli : sequence of str

    Attributes
    ----------
    areas, stimuli : tuple of str
    assemblies : dict of str to Assembly
        All that were formed so far.
    inhibited : dict of str to None
        The areas that are inhibited, in the order in which they came to be.

    Raises
    ------
    InputError
        If a name is no text, is empty, or occurs twice; by the methods, if a name is unknown, taken
        or stands for something else than what is asked for.
    """

    def __init__(self, areas: Sequence[str], stimuli: Sequence[str]) -> None:
        self.areas = _checked(areas, "areas")
        self.stimuli = _checked(stimuli, "stimuli")
        both = [*self.areas, *self.stimuli]
        for name in both:
            if both.count(name) > 1:
                raise InputError(f"The name '{name}' occurs twice, expected different names.")
        self.assemblies: dict[str, Assembly] = {}
        self.inhibited: dict[str, None] = {}
        self._latest: dict[str, str] = {}  # assembly by area

    def source(self, name: str) -> str:
        """Return the stimulus or the assembly that is meant."""
        return name if name in self.stimuli else self.assembly(name, self.stimuli)

    def assembly(self, name: str, others: Iterable[str] = ()) -> str:
        """Return the assembly that is meant, by its name or by that of its area.

        Parameters
        ----------
        name : str
        others : iterable of str
            Names that would have been accepted too.
        """
        if not isinstance(name, str):
            raise InputError(f"What fires is {name!r}, expected a name.")
        if name in self.assemblies:
            return name
        if name in self._latest:
            return self._latest[name]
        if name in self.areas:
            raise InputError(f"Area '{name}' has no assembly yet; project a stimulus to it first.")
        known = [*self.assemblies, *self._latest, *others]
        raise InputError(f"There is no '{name}' that can fire; {nearest_name(name, known)}")

    def new_assembly(self, name: str, area: str, parents: tuple[str, ...]) -> Assembly:
        """Return an assembly to be formed, or the same one to be trained further."""
        self.check_areas([area])
        _checked([name], "assemblies")
        if name in self.areas or name in self.stimuli:
            raise InputError(f"The name '{name}' is taken, expected a new one for an assembly.")
        assembly = Assembly(name, area, parents)
        earlier = self.assemblies.get(name, assembly)
        if earlier != assembly:
            raise InputError(
                f"The name '{name}' is taken by the assembly that {quoted(earlier.parents)} formed "
                f"in area '{earlier.area}', expected a new one."
            )
        return assembly

    def add(self, assembly: Assembly) -> None:
        """Make an assembly known, and the latest one of its area."""
        self.assemblies[assembly.name] = assembly
        self._latest[assembly.area] = assembly.name

    def check_areas(self, names: Sequence[str]) -> None:
        """Refuse what is no area, or no name at all."""
        if not names:
            raise InputError("No area is named, expected one or more.")
        for name in names:
            if name not in self.areas:
                raise InputError(
                    f"There is no area '{name}'; {nearest_name(str(name), self.areas)}"
                )

    def check_disinhibited(self, area: str) -> None:
        """Refuse an area that is inhibited."""
        if area in self.inhibited:
            raise InputError(f"Area '{area}' is inhibited, expected it to be disinhibited before.")


def quoted(names: Iterable[str]) -> str:
    """Return names for a sentence: ``'a' and 'b'``."""
    return " and ".join(f"'{name}'" for name in names)


def _checked(names: Sequence[str], what: str) -> tuple[str, ...]:
    if isinstance(names, str):
        raise InputError(f"The {what} are '{names}', expected a list of names.")
    for name in names:
        if not isinstance(name, str) or not name:
            raise InputError(f"Among the names of {what} is {name!r}, expected text.")
    return tuple(names)
