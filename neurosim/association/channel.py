"""Whether the cells that respond to both pictures of a pair are what connects the two.

Some cells are silenced, and others are read: to silence the cells that respond to both and then to
count the cells that respond to both would remove the answer with the cause. Beside each set, as
many other cells are silenced: of the same assemblies but not of the link, at random or those that
fire most to the composite, and cells that respond to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.assembly_calculus.set_operations import NeuronSet, difference, drawn, intersection
from neurosim.association.pair_cells import (
    Cells,
    as_many,
    halves,
    most_active,
    size_and_ratio,
    together,
)
from neurosim.association.silenced_link import (
    LEARNING,
    SilencedLink,
    answering,
    highest_rate_of,
    rate_to_partner,
    rates_while_learning,
)

Values = dict[str, float]
Sets = Mapping[str, NeuronSet]
INTACT, PAIR, COMPOSITE = "intact", "pair", "composite"
ASSEMBLY, ACTIVE, OUTSIDE = "assembly", "active", "outside"


def examine_halves(link: SilencedLink) -> Values:
    """Silence a random half of the pair cells in tests and read the other half; then vice versa.

    Parameters
    ----------
    link : SilencedLink

    Returns
    -------
    dict of str to float
        Those of `size_of_link` and, with the sets ``pair`` (half of the pair cells), ``assembly``
        and ``outside``, those of `silenced_in_tests`, mean over the halves.
    """
    generator = link.session.generator("silenced halves")
    both = halves(link.cells.linked, generator)
    measured = [
        silenced_in_tests(link, _with_controls(link, silent, generator), read, f", half {number}")
        for number, (silent, read) in enumerate((both, both[::-1]), start=1)
    ]
    of_halves = {
        name: float(np.mean([values[name] for values in measured])) for name in measured[0]
    }
    return size_of_link(link) | of_halves


def examine_learning(link: SilencedLink) -> Values:
    """Silence the pair cells of a first run while the composites are learnt, and test all cells.

    Parameters
    ----------
    link : SilencedLink

    Returns
    -------
    dict of str to float
        Those of `size_of_link`, and with the sets ``pair`` (all pair cells), ``active``,
        ``assembly`` and ``outside`` those of `silenced_while_learning`. Of the pair cells of the
        first run, the share that responds to the partner again although the others of a random half
        were silenced (``half_pair``), or although as many other cells of the assemblies were, those
        that fire most to the composite (``half_active``); ``learning_silenced_half_pair`` and
        ``learning_silenced_half_active`` (cells).
    """
    cells, generator = link.cells, link.session.generator("silenced while learning")
    rates = rates_while_learning(link.linked.recording)

    def active(silent: Cells) -> NeuronSet:
        return together(most_active(silent, cells.unlinked, rates).values())

    sets = {**_with_controls(link, cells.linked, generator), ACTIVE: active(cells.linked)}
    values = silenced_while_learning(link, sets)
    both = halves(cells.linked, generator)
    again: dict[str, list[float]] = {PAIR: [], ACTIVE: []}
    sizes: dict[str, list[float]] = {PAIR: [], ACTIVE: []}
    for number, (silent, read) in enumerate((both, both[::-1]), start=1):
        for name, chosen in ((PAIR, together(silent.values())), (ACTIVE, active(silent))):
            phase = f"{name} silenced while learning, half {number}"
            again[name].append(answering(link.learnt(phase, chosen), phase, read))
            sizes[name].append(float(chosen.size))
    of_halves = {f"half_{name}": float(np.mean(shares)) for name, shares in again.items()}
    of_halves |= {
        f"learning_silenced_half_{name}": float(np.mean(each)) for name, each in sizes.items()
    }
    return size_of_link(link) | values | of_halves


def examine_composite_cells(link: SilencedLink) -> Values:
    """Silence the cells that answer a composite and neither of its pictures.

    In tests they are those that do so after learning, while learning those that did so before.

    Parameters
    ----------
    link : SilencedLink

    Returns
    -------
    dict of str to float
        ``composite_before``, ``composite_after`` (cells) and the same with ``_to_chance``;
        ``composite_kept`` (of the former, the share that is among the latter),
        ``composite_to_shared`` (the share that responds to both pictures after learning);
        with the sets ``composite``, ``assembly`` and ``outside`` those of `silenced_in_tests`; with
        ``composite`` and ``outside`` those of `silenced_while_learning`, for the assemblies may
        have fewer cells.
    """
    cells, generator = link.cells, link.session.generator("silenced composite cells")
    sizes: Values = {}
    for name, sets in (("before", cells.composite_before), ("after", cells.composite_after)):
        size, ratio = size_and_ratio(sets)
        sizes |= {f"composite_{name}": size, f"composite_{name}_to_chance": ratio}
    before = together(each.neurons for each in cells.composite_before)
    after = together(each.neurons for each in cells.composite_after)
    shared = together(each.neurons for each in cells.shared)
    sizes["composite_kept"] = _share_in(before, after)
    sizes["composite_to_shared"] = _share_in(before, shared)

    in_tests = {
        COMPOSITE: after,
        ASSEMBLY: drawn(together(cells.unlinked.values()), after.size, generator),
        OUTSIDE: drawn(cells.outside, after.size, generator),
    }
    learning = {COMPOSITE: before, OUTSIDE: drawn(cells.outside, before.size, generator)}
    return (
        sizes
        | silenced_in_tests(link, in_tests, cells.linked)
        | silenced_while_learning(link, learning)
    )


def size_of_link(link: SilencedLink) -> Values:
    """Return how many cells link the pictures in the first run.

    Returns
    -------
    dict of str to float
        ``pair_cells`` (that responded to one picture before and respond to both after),
        ``shared_cells`` (all that respond to both after) and ``shared_to_chance``.
    """
    size, ratio = size_and_ratio(link.cells.shared)
    linked = sum(each.size for each in link.cells.linked.values())
    return {"pair_cells": float(linked), "shared_cells": size, "shared_to_chance": ratio}


def silenced_in_tests(link: SilencedLink, sets: Sets, read: Cells, suffix: str = "") -> Values:
    """Test with each set silenced in turn, and with none.

    Parameters
    ----------
    link : SilencedLink
    sets : mapping of str to NeuronSet
        By name; one is ``outside``.
    read : mapping of (str, str) to NeuronSet
        The cells that are read, by own picture and partner.
    suffix : str
        Of the phases' names.

    Returns
    -------
    dict of str to float
        For each name and ``intact``: ``partner_NAME`` and ``own_NAME`` (share of the cells read
        that respond to the partner of their own picture, and to their own) and ``rate_NAME`` (to
        the partner, Hz). For each name ``tests_silenced_NAME`` (cells). ``tests_silenced_rate``
        (of any silenced cell in any trial, Hz) and ``tests_outside_change`` (of ``rate_outside``
        from ``rate_intact``, over the latter).
    """
    values: Values = {}
    rates = [0.0]
    for name in (INTACT, *sets):
        phase = f"{name} silenced{suffix}" if name in sets else INTACT
        recording = link.tested(phase, sets.get(name))
        values[f"partner_{name}"] = answering(recording, phase, read)
        values[f"own_{name}"] = answering(recording, phase, read, own=True)
        values[f"rate_{name}"] = rate_to_partner(recording, phase, read)
        if name in sets:
            values[f"tests_silenced_{name}"] = float(sets[name].size)
            rates.append(highest_rate_of(recording, phase, sets[name]))
    values["tests_silenced_rate"] = max(rates)
    values["tests_outside_change"] = values[f"rate_{OUTSIDE}"] / values[f"rate_{INTACT}"] - 1
    return values


def silenced_while_learning(link: SilencedLink, sets: Sets) -> Values:
    """Learn with each set silenced in turn, and with none; test with all cells.

    Parameters
    ----------
    link : SilencedLink
    sets : mapping of str to NeuronSet
        By name; one is ``outside``.

    Returns
    -------
    dict of str to float
        For each name and ``intact``, shares that respond to the partner of their own picture:
        ``link_NAME`` (of the cells of the assemblies that were not silenced), ``former_NAME`` (of
        the pair cells of the first run, silenced or not) and ``others_NAME`` (of the other cells of
        the assemblies that were not silenced). For each name ``learning_silenced_NAME`` (cells) and
        ``learning_rate_NAME`` (of these to the composites in the first run, Hz).
        ``learning_silenced_rate`` (of any silenced cell, Hz) and ``learning_outside_change`` (of
        ``link_outside`` from ``link_intact``).
    """
    values: Values = {}
    rates = [0.0]
    former, unlinked = link.cells.linked, link.cells.unlinked
    active = rates_while_learning(link.linked.recording)
    for name in (INTACT, *sets):
        phase = f"{name} silenced while learning" if name in sets else f"{INTACT} while learning"
        recording = link.learnt(phase, sets.get(name))
        others = _without(unlinked, sets.get(name))
        free = _without(former, sets.get(name))
        assemblies = {key: together([free[key], others[key]]) for key in others}
        values[f"link_{name}"] = answering(recording, phase, assemblies)
        values[f"former_{name}"] = answering(recording, phase, former)
        values[f"others_{name}"] = answering(recording, phase, others)
        if name in sets:
            values[f"learning_silenced_{name}"] = float(sets[name].size)
            values[f"learning_rate_{name}"] = _mean(active[sets[name].members])
            rates.append(highest_rate_of(recording, LEARNING, sets[name]))
    values["learning_silenced_rate"] = max(rates)
    values["learning_outside_change"] = values[f"link_{OUTSIDE}"] - values[f"link_{INTACT}"]
    return values


def _with_controls(link: SilencedLink, silent: Cells, generator: np.random.Generator) -> Sets:
    """Return cells to be silenced, as many of the same assemblies, and as many of neither."""
    chosen = together(silent.values())
    return {
        PAIR: chosen,
        ASSEMBLY: together(as_many(silent, link.cells.unlinked, generator).values()),
        OUTSIDE: drawn(link.cells.outside, chosen.size, generator),
    }


def _without(cells: Cells, silent: NeuronSet | None) -> Cells:
    if silent is None:
        return cells
    return {key: difference(each, silent).neurons for key, each in cells.items()}


def _share_in(cells: NeuronSet, others: NeuronSet) -> float:
    common = intersection(cells, others).neurons.size
    return common / cells.size if cells.size else float("nan")


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
