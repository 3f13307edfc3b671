"""What the parameters of the working-memory network demand of one another, and derive."""

from __future__ import annotations

import pytest
from working_memory_bench import tiny

from neurosim.errors import InputError
from neurosim.parameters.library import load_model

SHEETS = ("mongillo2008", "mongillo2008_small", "tiddia2022")


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            {"excitatory.v_reset": "20 mV"},
            r"^excitatory\.v_reset is 20 mV, expected less than v_threshold \(20 mV\)\.$",
        ),
        ({"simulation.dt": "0.3 ms"}, r"dt is 0\.3 ms, expected a whole fraction of the 10 ms"),
        ({"stimulation.cue_duration": "355 ms"}, "is 355 ms, expected a multiple of 10 ms"),
        (
            {"selective.n": 11},
            r"selective\.n is 11 and selective\.coding_level is 0\.1, expected a product of at",
        ),
        ({"selective.coding_level": 1e-5}, "expected at least one of the 8000 excitatory neurons"),
        (
            {"excitatory_to_excitatory.delay_classes": 3},
            r"delay_classes is 3, expected a divisor of excitatory\.n \(8000\)",
        ),
        (
            {"excitatory_to_excitatory.delay_shortest": "2 ms"},
            r"delay_longest is 1 ms, expected at least delay_shortest \(2 ms\)",
        ),
        ({"synapses.delay": "0.05 ms"}, r"is 0\.05 ms, expected at least one time step"),
        (
            {"excitatory_to_excitatory.delay_longest": "3 ms"},
            r"delay_longest is 3 ms, expected at most excitatory\.t_refractory \(2 ms\)",
        ),
        ({"short_term_plasticity.release": "after"}, "did you mean 'after_jump'"),
    ],
)
def test_values_that_do_not_go_together_are_refused(
    overrides: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        load_model("mongillo2008", overrides)


def test_the_small_network_has_as_many_inputs_as_the_full_one() -> None:
    full, small = (load_model(name).parameters for name in SHEETS[:2])
    for cells in ("excitatory", "inhibitory"):
        inputs = [getattr(it, cells).n * it.synapses.p for it in (full, small)]
        assert inputs[0] == inputs[1]
    assert full.excitatory_to_excitatory == small.excitatory_to_excitatory
    assert full.short_term_plasticity == small.short_term_plasticity


def test_only_the_set_of_tiddia_releases_after_the_jump() -> None:
    first = [load_model(name).parameters.plasticity.first_release for name in SHEETS]
    assert first == pytest.approx([0.2, 0.2, 0.19 * 1.81])


def test_populations_are_disjoint_and_in_order() -> None:
    parameters = tiny(selective__n=3, selective__coding_level=0.25)
    assert parameters.n_per_population == 50
    found = parameters.selective_populations
    assert list(found) == ["selective_1", "selective_2", "selective_3"]
    assert [(units.start, units.stop) for units in found.values()] == [
        (0, 50),
        (50, 100),
        (100, 150),
    ]


def test_delays_are_equally_spaced() -> None:
    assert tiny().delays == pytest.approx([1e-4, 4e-4, 7e-4, 1e-3])
    assert tiny(excitatory_to_excitatory__delay_classes=1).delays == pytest.approx([1e-4])
