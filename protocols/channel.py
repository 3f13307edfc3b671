"""Are shared neurons what connects two assemblies? Some are silenced, and others are read.

After learning, some neurons respond to both pictures of a pair (Ison, Quian Quiroga & Fried 2015,
Neuron 87:220-230); assemblies that are associated come to share neurons, and two that are merged
evoke a third (Papadimitriou, Vempala, Mitropolsky, Collins & Maass 2020, PNAS 117:14464-14472). To
silence the shared neurons and then to count shared neurons would remove the answer with the cause.
So other neurons are read than are silenced, or they are silenced at another time than they are
read; and every time as many other neurons are silenced as a control. A silenced neuron takes in
what it receives and does not fire.

One area, the experiment of ison2015. Its pair cells respond to one picture before learning and to
both after it, by the criterion of the paper. A random half of them is silenced in tests and the
other half is read ("main"); they are silenced while the composite is learnt, all neurons are tested
afterwards ("learning"); neurons that respond to the composite and to neither picture are silenced
at both times ("composite_only"). Controls are neurons of the same assemblies that are no pair
cells, drawn at random or those that fire most to the composite, and neurons that respond to
nothing.

Three areas, a program of assembly_calculus: assemblies of A and B are merged in C, neurons of C are
silenced, and B is read while A's stimulus is shown, and the other way round ("merger"). The areas
are those of the sheet papadimitriou2020, whatever sheet the others take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from neurosim.assembly_calculus import merged_channel as mc
from neurosim.association import channel as ch
from neurosim.association import paired_associates as pa
from neurosim.association.silenced_link import SilencedLink
from neurosim.parameters import parameter
from neurosim.parameters.library import load_model
from neurosim.recording import Recording
from neurosim.scorecard import Target, reported
from neurosim.session import Session

CIRCUIT, MODEL = "area", "ison2015"
MODEL_WITH = {("protocol.encoder", pa.SPIKING): pa.HASHED}
AREAS, AREAS_MODEL = "areas", "papadimitriou2020"
CONDITIONS = {
    "main": "half of the pair cells is silenced in tests, the other half is read",
    "learning": "the pair cells of a first run are silenced while the composite is learnt",
    "composite_only": "cells that answer the composite only are silenced",
    "merger": "a merged assembly is silenced while one parent recalls the other",
}
QUICK = {"imprint_trials": 12, "test_trials": 8, "composite_trials": 3}


@dataclass(frozen=True)
class Options(pa.PairedAssociates):
    """What can be changed about the experiment in one area; trials are per stimulus."""

    condition: str = parameter(choices=(*CONDITIONS, "all"), default="main")


NONE = ("no published value", "plausibility")
GOAL = ("goal of ours, as of assembly_calculus", "plausibility")
CONTROL = ("must be nothing", "control")
UNCHANGED = ("must not change", "control")
# Ours: silencing neurons that do not fire moves neither rate, link nor recall by more than this.
SMALL = 0.05
QUIET = Target("of a silenced cell in any trial, the highest", *CONTROL, "Hz", high=0)
SIZES = reported(
    *NONE,
    pair_cells="respond to one picture before, to both after",
    shared_cells="all that respond to both after",
    shared_to_chance="over random sets of these sizes",
)


def in_tests(*names: str) -> dict[str, Target]:
    """Return the targets of what is read while sets of these names are silenced."""
    every = (ch.INTACT, *names)
    return {
        **reported(*NONE, **{f"partner_{name}": "of the cells read" for name in every}),
        **reported(*NONE, **{f"own_{name}": "of the cells read" for name in every}),
        **reported(*NONE, "Hz", **{f"rate_{name}": "to the partner" for name in every}),
        **reported(*NONE, **{f"tests_silenced_{name}": "cells" for name in names}),
        "tests_silenced_rate": QUIET,
        "tests_outside_change": Target(
            "of the rate to the partner", *UNCHANGED, "1", -SMALL, SMALL
        ),
    }


def while_learning(*names: str) -> dict[str, Target]:
    """Return the targets of what is learnt while sets of these names are silenced."""
    every = (ch.INTACT, *names)
    return {
        **reported(*NONE, **{f"link_{name}": "of all not silenced" for name in every}),
        **reported(*NONE, **{f"former_{name}": "of the pair cells" for name in every}),
        **reported(*NONE, **{f"others_{name}": "of others, not silenced" for name in every}),
        **reported(*NONE, **{f"learning_silenced_{name}": "cells" for name in names}),
        **reported(*NONE, "Hz", **{f"learning_rate_{name}": "to the composite" for name in names}),
        "learning_silenced_rate": QUIET,
        "learning_outside_change": Target("of the link", *UNCHANGED, "1", -SMALL, SMALL),
    }


THIRD = (mc.INTACT, *mc.SILENCED)
TARGETS: Mapping[str, Mapping[str, Target]] = {
    "main": SIZES | in_tests(ch.PAIR, ch.ASSEMBLY, ch.OUTSIDE),
    "learning": SIZES
    | while_learning(ch.PAIR, ch.ACTIVE, ch.ASSEMBLY, ch.OUTSIDE)
    | reported(*NONE, half_pair="link again, the others silenced")
    | reported(*NONE, half_active="link again, as many silenced")
    | reported(*NONE, learning_silenced_half_pair="cells", learning_silenced_half_active="cells"),
    "composite_only": reported(
        *NONE,
        composite_before="respond to it only, before",
        composite_before_to_chance="over random sets",
        composite_after="respond to it only, after",
        composite_after_to_chance="over random sets",
        composite_kept="of those before",
        composite_to_shared="of those before, both after",
    )
    | in_tests(ch.COMPOSITE, ch.ASSEMBLY, ch.OUTSIDE)
    | while_learning(ch.COMPOSITE, ch.OUTSIDE),
    "merger": {
        **reported(*NONE, merged_size="share of the area"),
        **reported(*NONE, **{f"silenced_{name}": "cells of C" for name in mc.SILENCED}),
        **reported(*NONE, **{f"recall_{name}": "other parent fires" for name in THIRD}),
        **reported(*NONE, **{f"wrong_{name}": "a wrong assembly fires" for name in THIRD}),
        **reported(*NONE, **{f"third_{name}": "of C fires" for name in THIRD}),
        "recall_intact": Target("other parent fires", *GOAL, low=0.75),
        "wrong_intact": Target("a wrong assembly fires", *GOAL, high=0.05),
        "recall_area": Target("other parent fires, C silent", *CONTROL, high=0.05),
        "wrong_area": Target("a wrong assembly, C silent", *CONTROL, high=0.05),
        "silenced_rate": QUIET,
        "others_change": Target("of the recall", *UNCHANGED, "1", -SMALL, SMALL),
    },
}
EXAMINATIONS = {
    "main": ch.examine_halves,
    "learning": ch.examine_learning,
    "composite_only": ch.examine_composite_cells,
}


def targets(options: Options) -> Mapping[str, Mapping[str, Target]]:
    """Return the targets by condition and name; they are the same with all options."""
    return TARGETS


def run_condition(
    condition: str, session: Session, options: Options
) -> tuple[Recording, dict[str, float]]:
    """Simulate a condition; return its recording and what was measured."""
    if condition == "merger":
        areas = load_model(AREAS_MODEL).parameters
        beside = replace(session, parameters=areas, circuit=AREAS)
        measured = mc.examine_merger(beside)
        session.build_seconds, session.run_seconds = beside.build_seconds, beside.run_seconds
        return measured
    link = SilencedLink(session, pa.stimuli_of(options, session), options)
    values = EXAMINATIONS[condition](link)
    return link.recording, values
