"""Files .vtu of VTK, as ParaView, meshio and PyVista write them: names from arrays over the cells."""

from rdcalcium.geometry.formats.base import MeshFormat
from rdcalcium.geometry.formats.cell_arrays import read_arrays, write_arrays

FORMAT = MeshFormat((".vtu",), read_arrays, write_arrays, not_kept='"<>&')
