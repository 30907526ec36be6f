"""Time-stepping schemes, one a file; each states its order."""
