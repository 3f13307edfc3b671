"""The moments at which a circuit under construction takes its parameters and its state."""

from __future__ import annotations

from typing import Any, Protocol


class Stages(Protocol):
    """What a target does while a circuit is assembled.

    The order matters: connection probabilities have to be known before the graph is drawn, the
    parameters that initial values are computed from before these, and a state that replaces
    initial values after them.
    """

    def before_connecting(self, objects: dict[str, Any]) -> None:
        """All groups exist; set the parameters, seed the brain."""

    def before_initial_values(self, objects: dict[str, Any]) -> None:
        """The graph is drawn; set the parameters of the synapses too."""

    def before_running(self, objects: dict[str, Any]) -> None:
        """Initial values are set; load the state, seed the noise."""
