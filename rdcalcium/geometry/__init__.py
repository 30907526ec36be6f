"""Where: meshes, grids, and the shapes of terminals."""
