"""Where a run stops, what a step must not pass, and when an implicit one pays: the same for host and device."""

from __future__ import annotations

SAME_TIME = 1e-12  # ms, by which two times may differ and still be meant to be one: the end of a step and a stop
SHORTEST_STEP = 1e-10  # ms; an error estimate that asks for less is a blow-up, not a transient
IMPLAUSIBLE = 1e6  # µM of calcium, more than dissolves; a current in the wrong unit, not physiology
HEADROOM = (2.0, 10.0)  # calcium may rise to this many times its highest value, and µM more, while a step is taken
RADIUS_FLOOR = 1e-9  # ms⁻¹, where nothing moves
# Stages above which a quiet stretch is crossed by implicit steps: one costs as many, and has to be shorter than an
# explicit step. Each that succeeds lowers the bar for the next one, down to what one costs; a rejected one lifts it, so
# that a state which they do not suit is left to explicit steps.
IMPLICIT_FROM, IMPLICIT_ON = 200.0, 50.0
IMPLICIT_EASE, IMPLICIT_AGAIN = 0.7, 2.0
