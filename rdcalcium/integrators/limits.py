"""Where a run stops, what a step must not pass, and when an implicit one pays: the same for host and device."""

from __future__ import annotations

SAME_TIME = 1e-12  # ms, by which two times may differ and still be meant to be one: the end of a step and a stop
SHORTEST_STEP = 1e-10  # ms; an error estimate that asks for less is a blow-up, not a transient
IMPLAUSIBLE = 1e6  # µM of calcium, more than dissolves; a current in the wrong unit, not physiology
HEADROOM = (2.0, 10.0)  # calcium may rise to this many times its highest value, and µM more, while a step is taken
RADIUS_FLOOR = 1e-9  # ms⁻¹, where nothing moves
# Stages above which a quiet stretch is crossed by implicit steps, and above which it goes on so: one costs as much as
# many stages, and has to be shorter than an explicit step; to come back and forth would cost most.
IMPLICIT_FROM, IMPLICIT_ON = 200, 50
