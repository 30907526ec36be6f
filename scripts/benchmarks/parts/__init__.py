"""The parts of the benchmark: each a module whose docstring says what it measures, and whose `tables` measures it."""

# In the order in which they are measured; the box problem against other programs is a script of its own.
PARTS = (
    *("bandwidth", "kernels", "cut", "threads", "steps", "memory", "meshing"),
    *("runs", "growth", "proteins", "sites", "start"),
)
