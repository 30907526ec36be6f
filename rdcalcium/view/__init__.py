"""Pictures of a run, drawn from its folder alone: see scene.py and figures.py."""
