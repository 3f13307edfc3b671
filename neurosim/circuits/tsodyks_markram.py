"""Tsodyks-Markram short-term plasticity as parts of circuits: event-driven, exact, and shared.

The variables are those of Tsodyks, Pawelzik & Markram 1998 (Neural Computation 10:821), which is
convention A of `neurosim.abstract.short_term_plasticity`: u decays to 0 with tau_facilitation, a
spike raises it by U*(1 - u) and releases u x, with u after this jump and x before it. The
convention of a sheet, its ``release``, is a choice of what is released:

``"before_jump"``
    u x. The same as in convention B, where u decays to U and is released before its jump.
``"after_jump"``
    (U + (1 - U) u) x. The same as in convention C, where u decays to U and is released after its
    jump (Tiddia et al. 2022): the first release is U (2 - U).

Nothing is integrated: u and x are brought up to date when a spike arrives, from the number of time
steps since the last one. They depend on the presynaptic spikes only, so there are three places for
them, each of which takes `variables` and `on_arrival`:

every synapse
    Right with any delays, at the price of two numbers and two exponentials for each synapse.
the neuron, in its reset
    Behind `on_arrival` comes ``release = released``, and synapses read ``release_pre``. Right only
    if every delay is at least a time step, for resets come behind synapses, and none is longer
    than the refractory period: a synapse that is still to meet an older spike would read the
    release of the younger.
a terminal for each neuron and delay
    `terminals` are reached by each spike at the moment at which it reaches the synapses, just
    before them, and put what is released into the neuron's variable ``release``; `clearing` takes
    it out behind them. However many spikes are on their way, each synapse meets the release of its
    own, as if it had u and x of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brian2 import Synapses

if TYPE_CHECKING:
    from brian2 import Clock, NeuronGroup

RELEASE = "release : 1\n"
"""Variable that the neurons of `terminals` need: what arrives, in the moment of an arrival."""

_VARIABLES = """
U : 1 (shared, constant)
tau_facilitation : second (shared, constant)
tau_recovery : second (shared, constant)
u : 1
x : 1
last_step : integer
elapsed_now = (t_in_timesteps - last_step)*dt : second
u_now = u*exp(-elapsed_now/tau_facilitation) : 1
"""
_DIRECT = "x_now = 1 - (1 - x)*exp(-elapsed_now/tau_recovery) : 1\n"

# With resources that stay active for a while, y, before they are inactive, 1 - x - y.
_ACTIVE = """
tau_inactivation : second (shared, constant)
y : 1
y_now = y*exp(-elapsed_now/tau_inactivation) : 1
x_now = 1 - y_now - (1 - x - y)*exp(-elapsed_now/tau_recovery) - y*(exp(-elapsed_now/tau_recovery)
        - exp(-elapsed_now/tau_inactivation))*tau_recovery/(tau_recovery - tau_inactivation) : 1
"""

_ARRIVAL = """
elapsed = (t_in_timesteps - last_step)*dt
u = u*exp(-elapsed/tau_facilitation)
u = u + U*(1 - u)
{recovery}
released = {share}*x
x = x - released
{activation}
last_step = t_in_timesteps
"""
_DIRECT_RECOVERY = "x = 1 - (1 - x)*exp(-elapsed/tau_recovery)"
_RECOVERY = """
left_inactive = exp(-elapsed/tau_recovery)
left_active = exp(-elapsed/tau_inactivation)
became_inactive = y*(left_inactive - left_active)*tau_recovery/(tau_recovery - tau_inactivation)
inactive = (1 - x - y)*left_inactive + became_inactive
y = y*left_active
x = 1 - y - inactive
"""


def variables(inactivates: bool = False) -> str:
    """Return the variables of a synapse with short-term plasticity, for a model in Brian2.

    Parameters
    ----------
    inactivates : bool
        Whether resources stay active for tau_inactivation before they begin to recover.

    Returns
    -------
    str
        ``U``, ``tau_facilitation``, ``tau_recovery`` (and ``tau_inactivation``) are shared
        constants. ``u`` and ``x`` (and ``y``) are those of the last arrival, ``u_now`` and
        ``x_now`` (and ``y_now``) of the moment. Before the first spike u is 0 and x has to be 1.
    """
    return _VARIABLES + (_ACTIVE if inactivates else _DIRECT)


def on_arrival(release: str, inactivates: bool = False) -> str:
    """Return the code of a spike's arrival, which leaves what is released in ``released``.

    Parameters
    ----------
    release : str
        ``"before_jump"`` or ``"after_jump"``.
    inactivates : bool
        As in `variables`.

    Returns
    -------
    str
        Further lines may follow it, such as ``v_post += weight*released``.
    """
    code = _ARRIVAL.format(
        recovery=_RECOVERY if inactivates else _DIRECT_RECOVERY,
        share="(U + (1 - U)*u)" if release == "after_jump" else "u",
        activation="y = y + released" if inactivates else "",
    )
    return "\n".join(line for line in code.splitlines() if line)


def terminals(
    neurons: NeuronGroup,
    release: str,
    delay: Any,
    clock: Clock,
    inactivates: bool = False,
    order: int = 0,
    name: str = "terminals",
) -> Synapses:
    """Return u and x once for each neuron, for all of its synapses with one delay.

    Connect it with ``connect(j="i")`` and set ``x = 1``. A projection from the neurons with the
    same delay, `order` + 1 and ``on_pre="v_post += weight*release_pre"`` transmits what is
    released; `clearing` with `order` + 2 has to follow. Several delays need a variable ``release``
    no more than once if their orders do not overlap.

    Parameters
    ----------
    neurons : NeuronGroup
        Has the variable `RELEASE`.
    release, inactivates
        As in `on_arrival`.
    delay : Brian2 quantity
    clock : Clock
    order : int
        Within the synapses of a time step.
    name : str

    Returns
    -------
    Synapses
    """
    arrivals = Synapses(
        neurons,
        neurons,
        variables(inactivates),
        on_pre=f"{on_arrival(release, inactivates)}\nrelease_post += released",
        delay=delay,
        clock=clock,
        namespace={},
        name=name,
    )
    arrivals.pre.order = order
    return arrivals


def clearing(
    neurons: NeuronGroup, delay: Any, clock: Clock, order: int = 2, name: str = "clearing"
) -> Synapses:
    """Return what takes the release out of the neurons again; see `terminals`.

    Connect it with ``connect(j="i")``.
    """
    # In place, so that it does not matter in which order Brian2 visits the synapses.
    behind = Synapses(
        neurons,
        neurons,
        on_pre="release_post *= 0",
        delay=delay,
        clock=clock,
        namespace={},
        name=name,
    )
    behind.pre.order = order
    return behind
