"""Levels of free calcium by which others are judged, µM."""

HIGH = 100.0  # to which it comes near open channels: up to there rates are asked for
LEAST_REST = 0.01  # the resting level of which small changes are a share where there is less
