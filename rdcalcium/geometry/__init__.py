"""Where: meshes, grids, shapes of terminals, and places on them."""
