"""How VTK draws the plume: translucent surfaces in their true order, and smooth edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vtkmodules.vtkRenderingOpenGL2 import vtkSSAAPass

PEELS = 12  # layers of translucent surfaces, at most


def smooth_and_peeled() -> vtkSSAAPass:
    """Render passes that sort translucent surfaces (depth peeling) and smooth edges (four samples a pixel).

    pyvista offers the two one at a time: its SSAA draws translucent surfaces in the order they were added,
    and VTK's multi-sampling loses them. Dual depth peeling, which pyvista prefers, loses what is between the near side
    of a terminal and its membrane.
    """
    from vtkmodules import vtkRenderingOpenGL2

    passes = vtkRenderingOpenGL2.vtkRenderPassCollection()
    peeling = vtkRenderingOpenGL2.vtkDepthPeelingPass()
    peeling.SetTranslucentPass(vtkRenderingOpenGL2.vtkTranslucentPass())
    peeling.SetMaximumNumberOfPeels(PEELS)
    for step in (
        vtkRenderingOpenGL2.vtkLightsPass(),
        vtkRenderingOpenGL2.vtkOpaquePass(),
        peeling,
        vtkRenderingOpenGL2.vtkOverlayPass(),
    ):
        passes.AddItem(step)
    sequence, camera, smoothing = (
        vtkRenderingOpenGL2.vtkSequencePass(),
        vtkRenderingOpenGL2.vtkCameraPass(),
        vtkRenderingOpenGL2.vtkSSAAPass(),
    )
    sequence.SetPasses(passes)
    camera.SetDelegatePass(sequence)
    smoothing.SetDelegatePass(camera)
    return smoothing
