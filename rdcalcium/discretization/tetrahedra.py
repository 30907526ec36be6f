"""Control volumes of a tetrahedral mesh: its circumcentric (Voronoi) dual, around each node."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array, triu
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from rdcalcium.discretization.base import CellComplex, Discretization, SurfaceArea
from rdcalcium.discretization.sliced_ell import sliced_ell
from rdcalcium.discretization.tetrahedron_locator import TetrahedronLocator
from rdcalcium.geometry.mesh import TetrahedralMesh

# Each edge (i, j) of a tetrahedron with its two other corners (k, l).
EDGES = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2), (1, 2, 0, 3), (1, 3, 0, 2), (2, 3, 0, 1))

SMALLEST_SHARE = 0.3  # of the barycentric volume; smaller dual volumes are replaced (one ≤ 0 would end a run)
ROUNDING = 1e-12  # couplings below this share of the mean are zero (cospherical nodes)
LANCZOS_MARGIN = 1.02  # the estimate comes from below
BLOCK = 1 << 15  # tetrahedra worked on at once, so that they stay in the cache


def discretize_tetrahedra(mesh: TetrahedralMesh) -> Discretization:
    """Vertex-centred finite volumes on the circumcentric dual of the mesh.

    conductance_ij = (signed area of the dual face of edge ij) / |x_j - x_i|: a two-point flux that is exact
    for linear fields on any tetrahedra, positive inside every Delaunay mesh, and kept with its sign
    elsewhere as far as stability allows. Nodes are renumbered by reverse Cuthill–McKee, to keep neighbours
    near in memory; centres and cells use the new order. Eymard, Gallouët & Herbin, Handbook of Numerical
    Analysis 7:713 (2000).

    The report holds negative_couplings (their share of all edges), negative_ratio (Σ|negative| / Σ positive),
    min_edge (µm), blended_nodes, capped_couplings (see stable), pieces (connected parts), gershgorin and
    spectral_radius (of L, µm⁻²).
    """
    points, tetrahedra, measure, surfaces, edges = _renumbered(mesh)
    size = len(points)
    shares = edge_shares(points, tetrahedra)
    conductance, capped = stable(_symmetric(_summed(tetrahedra, shares, size)))
    volumes, blended = guarded_sums(tetrahedra, _corner_volumes(points, tetrahedra, shares), measure)
    lengths = np.linalg.norm(points[edges[0]] - points[edges[1]], axis=1)
    report = {"min_edge": float(lengths.min()), "blended_nodes": blended, "capped_couplings": capped}
    report |= _quality(conductance, volumes)
    return Discretization(
        kind="tetrahedra",
        volumes=volumes,
        assemble=lambda: conductance,
        centres=points,
        surfaces={name: surface_area(points, faces) for name, faces in surfaces.items()},
        locator=TetrahedronLocator(points, tetrahedra, _mean_per_node(edges, lengths, size)),
        layout=sliced_ell(conductance, volumes),
        cells=CellComplex(points, tetrahedra, "point", np.arange(size)),
        radius=min(report["gershgorin"], LANCZOS_MARGIN * report["spectral_radius"]),
        report=report,
    )


def _renumbered(mesh: TetrahedralMesh):
    """Points, tetrahedra, their volumes, surfaces and edges (2, e), in reverse Cuthill–McKee order."""
    size = len(mesh.points)
    graph = _summed(mesh.tetrahedra, np.ones((6, len(mesh.tetrahedra)), dtype=np.int32), size)
    order = reverse_cuthill_mckee(csr_array(graph + graph.T), symmetric_mode=True)
    new = np.empty(size, dtype=np.int64)
    new[order] = np.arange(size)
    tetrahedra = new[mesh.tetrahedra]
    along = np.argsort(tetrahedra.min(axis=1), kind="stable")
    surfaces = {name: new[faces] for name, faces in mesh.surfaces.items()}
    edges = new[np.stack(graph.tocoo().coords)]
    return mesh.points[order], tetrahedra[along], mesh.volumes()[along], surfaces, edges


def edge_shares(points: np.ndarray, tetrahedra: np.ndarray) -> np.ndarray:
    """What each tetrahedron adds to the conductance of its six edges, in the order of EDGES; (6, m) µm.

    With H_l the signed distance of the circumcentre from the face opposite to corner l (positive inwards) and
    θ_k the angle at corner k of that face (i, j, k), the dual face of edge ij inside the tetrahedron is two
    right triangles, of area / length = (cot θ_k H_l + cot θ_l H_k) / 4.
    """
    shares = np.empty((6, len(tetrahedra)))
    for start in range(0, len(tetrahedra), BLOCK):
        block = slice(start, start + BLOCK)
        shares[:, block] = _edge_shares(points[tetrahedra[block]])
    return shares


def _edge_shares(corners: np.ndarray) -> np.ndarray:
    normals, heights = _faces_and_heights(corners)
    squared = {}
    for i, j, *_ in EDGES:
        squared[i, j] = squared[j, i] = ((corners[:, i] - corners[:, j]) ** 2).sum(axis=1)

    def cotangent(i, j, k, face):  # at k in the triangle (i, j, k)
        return (squared[i, k] + squared[j, k] - squared[i, j]) / 2 / normals[face]

    return np.stack(
        [(cotangent(i, j, k, l) * heights[l] + cotangent(i, j, l, k) * heights[k]) / 4 for i, j, k, l in EDGES]
    )


def _faces_and_heights(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twice the area of each face (4, b) µm², and the signed height of the circumcentre above it, µm."""
    u, v, w = (corners[:, k] - corners[:, 0] for k in (1, 2, 3))
    vw, wu, uv = np.cross(v, w), np.cross(w, u), np.cross(u, v)
    uu, vv, ww = ((a * a).sum(axis=1, keepdims=True) for a in (u, v, w))
    centre = (uu * vw + vv * wu + ww * uv) / (2 * (u * vw).sum(axis=1, keepdims=True))
    outward = np.stack([vw + wu + uv, -vw, -wu, -uv])
    doubled = np.linalg.norm(outward, axis=2)
    above = np.stack([centre - u, centre, centre, centre])
    return doubled, -(above * outward).sum(axis=2) / doubled


def _corner_volumes(points: np.ndarray, tetrahedra: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Volume of the dual cell of each corner inside each tetrahedron, Σ_edges |e|² share / 6; (m, 4) µm³."""
    volumes = np.zeros(tetrahedra.shape)
    for share, (i, j, *_) in zip(shares, EDGES, strict=True):
        part = ((points[tetrahedra[:, i]] - points[tetrahedra[:, j]]) ** 2).sum(axis=1) * share / 6
        volumes[:, i] += part
        volumes[:, j] += part
    return volumes


def guarded_sums(members: np.ndarray, dual: np.ndarray, measure: np.ndarray) -> tuple[np.ndarray, int]:
    """Volume (or area) of each node, circumcentric unless that is too small; in sum exact.

    Where a node gets less than SMALLEST_SHARE of its barycentric measure, the simplices around it are shared
    evenly between their corners instead, until no node is left.

    members  (m, c)  nodes of each simplex
    dual     (m, c)  µm³ (µm²), circumcentric share of each corner
    measure  (m,)    µm³ (µm²), of the simplex
    returns  (n,) µm³ (µm²) and the number of nodes that needed it
    """
    even = np.broadcast_to(measure[:, None] / members.shape[1], members.shape)
    least = SMALLEST_SHARE * np.bincount(members.ravel(), even.ravel())
    low = np.zeros(len(least), dtype=bool)
    while True:
        replaced = low[members].any(axis=1, keepdims=True)
        sums = np.bincount(members.ravel(), np.where(replaced, even, dual).ravel())
        fresh = (sums < least) & ~low
        if not fresh.any():
            return sums, int(low.sum())
        low |= fresh


def surface_area(points: np.ndarray, faces: np.ndarray) -> SurfaceArea:
    """Circumcentric share of a surface that each of its nodes carries, µm²; positive, and in sum the area.

    In a triangle (i, j, k), edge ij gives |e|² cot θ_k / 8 to i and to j.
    """
    nodes, members = np.unique(faces, return_inverse=True)
    members = members.reshape(-1, 3)
    corners = points[faces]
    doubled = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    dual = np.zeros(faces.shape)
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        a, b = corners[:, i] - corners[:, k], corners[:, j] - corners[:, k]
        part = ((a - b) ** 2).sum(axis=1) * (a * b).sum(axis=1) / doubled / 8
        dual[:, i] += part
        dual[:, j] += part
    return SurfaceArea(nodes, guarded_sums(members, dual, doubled / 2)[0])


def _summed(tetrahedra: np.ndarray, shares: np.ndarray, size: int) -> csr_array:
    """Sum of the shares of each edge, as a matrix above the diagonal."""
    pairs = [(tetrahedra[:, i], tetrahedra[:, j]) for i, j, *_ in EDGES]
    low = np.concatenate([np.minimum(a, b) for a, b in pairs]).astype(np.int32)
    high = np.concatenate([np.maximum(a, b) for a, b in pairs]).astype(np.int32)
    return coo_array((shares.ravel(), (low, high)), shape=(size, size)).tocsr()


def _symmetric(upper: csr_array) -> csr_array:
    negligible = np.abs(upper.data) < ROUNDING * np.abs(upper.data).mean()
    upper.data[negligible] = 0.0
    upper.eliminate_zeros()
    matrix = csr_array(upper + upper.T)
    matrix.sort_indices()
    return matrix


def stable(conductance: csr_array) -> tuple[csr_array, int]:
    """Cap negative couplings so that no mode of the concentration can grow; also how many edges were changed.

    A coupling -g between i and j does no harm where detours i-k-j conduct at least as much: the triangle with
    conductances (-g, a, b) is positive semidefinite if and only if g ≤ a b / (a + b). Every edge is shared
    evenly among the triangles that claim it, so the whole Laplacian is a sum of semidefinite parts. Uncapped,
    a few slivers between vesicles gave modes that grow by e in 0.01 µs; where nothing is capped linear fields
    stay exact.
    """
    upper = triu(conductance, k=1, format="coo")
    weight, (row, column) = upper.data, upper.coords
    bad = np.flatnonzero(weight < 0)
    if not len(bad):
        return conductance, 0
    good = np.flatnonzero(weight > 0)
    number = coo_array((good + 1, (row[good], column[good])), shape=conductance.shape).tocsr()
    number = csr_array(number + number.T)
    first, second = number[row[bad]], number[column[bad]]  # positive edges of either end of each bad edge
    claim, one = _both(first, second)
    _, other = _both(second, first)
    claims = np.bincount(np.concatenate([one, other]), minlength=len(weight))
    a, b = weight[one] / claims[one], weight[other] / claims[other]
    detour = np.bincount(claim, a * b / (a + b), minlength=len(bad))
    capped = -weight[bad] > detour
    weight[bad] = np.maximum(weight[bad], -detour)
    return _symmetric(upper.tocsr()), int(capped.sum())


def _both(numbers: csr_array, others: csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Row and edge number of the entries of the first matrix that the second holds too."""
    common = csr_array(numbers.multiply(others.astype(bool)))
    common.sort_indices()
    return np.repeat(np.arange(common.shape[0]), np.diff(common.indptr)), common.data - 1


def _mean_per_node(edges: np.ndarray, lengths: np.ndarray, size: int) -> np.ndarray:
    ends = edges.ravel()
    return np.bincount(ends, np.tile(lengths, 2), size) / np.bincount(ends, minlength=size)


def _quality(conductance: csr_array, volumes: np.ndarray) -> dict[str, float]:
    values = conductance.data
    negative = values < 0
    absolute = csr_array(abs(conductance)).sum(axis=1)
    gershgorin = float(((absolute + np.abs(conductance.sum(axis=1))) / volumes).max())
    return {
        "negative_couplings": float(negative.mean()),
        "negative_ratio": float(-values[negative].sum() / values[~negative].sum()),
        "pieces": int(connected_components(conductance, directed=False, return_labels=False)),
        "gershgorin": gershgorin,
        "spectral_radius": _spectral_radius(conductance, volumes, gershgorin),
    }


def _spectral_radius(conductance: csr_array, volumes: np.ndarray, bound: float) -> float:
    """Largest eigenvalue of -L to about 1 %, by Lanczos on the symmetric V^-1/2 (D - G) V^-1/2; µm⁻²."""
    scale = diags_array(1 / np.sqrt(volumes))
    matrix = csr_array(scale @ (diags_array(conductance.sum(axis=1)) - conductance) @ scale)
    start = np.cos(np.arange(len(volumes)) ** 2)  # rough, so that it holds the fastest mode, and reproducible
    try:
        return float(eigsh(matrix, k=1, which="LA", v0=start, tol=1e-2, return_eigenvectors=False)[0])
    except ArpackNoConvergence:
        return bound
