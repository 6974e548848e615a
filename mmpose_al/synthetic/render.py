"""Analytic rendering of bodies made of ellipsoids and cone frusta.

A part is a canonical quadric, placed by an affine map ``x = M q + o``:

* ellipsoid: ``qx^2 + qy^2 + qz^2 = 1``;
* frustum: ``qx^2 + qy^2 = (r0 + k qz)^2`` for ``0 <= qz <= 1``.

Along the ray ``s (x, y, 1)`` of a pixel the quadric is ``a s^2 - 2 b s + c``,
so s is the depth z, and a, b and the discriminant are polynomials in x and y
whose coefficients are worked out once a part. :func:`rasterise` evaluates
them in the part's own bounding rectangle only and keeps the nearest part of
each pixel; :func:`shade` then finds normals and textures for the covered
pixels together. The rays are those of the camera's distorted pixels, so the
picture agrees with the projection of 3D points through K, dist, R and t.
"""

from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

from .body import SEGMENT_INDEX, Body
from .cameras import Camera, pixel_rays, to_pixels

# ------------------------------------------------------------------ parts

MATERIALS = ('skin', 'shirt', 'sleeve', 'trousers', 'lower_leg', 'shoes', 'hair', 'face')
_MATERIAL = {name: i for i, name in enumerate(MATERIALS)}


class Parts(NamedTuple):
    """P placed parts.

    Attributes:
        M: (P, 3, 3) and o (P, 3), the affine map from canonical coordinates.
        o: see M; mm.
        r0: (P,) radius at ``qz = 0`` (frusta).
        k: (P,) growth of the radius (frusta).
        frustum: (P,) bool.
        segment: (P,) body segment, -1 for what is not the subject's.
        colour: (P, 3) BGR in 0..1.
        texture: (P, 4) texture number, scale (texels/mm), amplitude, offset.
    """

    M: np.ndarray
    o: np.ndarray
    r0: np.ndarray
    k: np.ndarray
    frustum: np.ndarray
    segment: np.ndarray
    colour: np.ndarray
    texture: np.ndarray


class Appearance(NamedTuple):
    """Per material: colour (8, 3) BGR in 0..1 and texture (8, 4)."""

    colour: np.ndarray
    texture: np.ndarray


def sample_appearance(rng: np.random.Generator) -> Appearance:
    """Draw clothes and skin, the same for left and right, front and back."""
    skin = np.array([0.48, 0.60, 0.82]) * rng.uniform(0.45, 1.1)
    hair = skin * rng.uniform(0.15, 0.6) + rng.normal(0, 0.03, 3)
    hair = np.maximum(hair, 0.03)
    shirt, trousers, shoes = (_random_colour(rng) for _ in range(3))
    colour = dict(
        skin=skin,
        shirt=shirt,
        trousers=trousers,
        shoes=shoes,
        hair=hair,
        sleeve=shirt if rng.random() < 0.5 else skin,
        lower_leg=trousers if rng.random() < 0.7 else skin,
        # On the way to the hair: the face is a hint, not a give-away.
        face=hair + (skin - hair) * rng.uniform(0.6, 1.0),
    )
    texture = dict.fromkeys(MATERIALS, (5, 0.5, 0.08, 0))
    for name in ('shirt', 'trousers'):
        texture[name] = (
            rng.integers(len(textures())),
            rng.uniform(0.25, 0.6),
            rng.uniform(0.1, 0.45),
            rng.integers(256),
        )
    for name, source in (('sleeve', 'shirt'), ('lower_leg', 'trousers')):
        if colour[name] is colour[source]:
            texture[name] = texture[source]
    return Appearance(
        np.array([colour[m] for m in MATERIALS]),
        np.array([texture[m] for m in MATERIALS], np.float64),
    )


class _Rows(list):
    """The parts of a subject while they are put together, see :class:`Parts`."""

    def ellipsoid(self, segment, material, centre, semi, tilt=0.0):
        M = np.diag(semi).astype(np.float64)
        if tilt:
            c, s = np.cos(tilt), np.sin(tilt)
            M = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ M
        self.append((M, centre, 1.0, 0.0, False, segment, material))

    def frustum(self, segment, material, base, axis, r0, r1, flat=1.0):
        """From ``base`` along z by ``axis`` mm; ``flat`` squeezes x."""
        M = np.diag([flat, 1.0, axis])
        self.append((M, base, r0, r1 - r0, True, segment, material))


def body_parts(body: Body, look: Appearance) -> Parts:
    """A subject's parts, each in its segment's own frame (axes x forward, y
    left, z up; limbs hang down)."""
    rows = _Rows()
    _add_trunk(rows, body.lengths, body.girth)
    for side in ('left_', 'right_'):
        _add_arm(rows, body.lengths, body.girth, side)
        _add_leg(rows, body.lengths, body.girth, side)
    M, o, r0, k, frusta, segment, material = zip(*rows)
    material = np.array([_MATERIAL[m] for m in material])
    return Parts(
        np.stack(M),
        np.array(o, np.float64),
        np.array(r0),
        np.array(k),
        np.array(frusta),
        np.array([SEGMENT_INDEX[s] for s in segment]),
        look.colour[material],
        look.texture[material],
    )


def _add_trunk(rows: _Rows, n: dict, g: float) -> None:
    """Pelvis to head, of lengths ``n`` in mm and girth ``g``."""
    hip, shoulder, head = n['hip'], n['shoulder'], n['head']
    rows.ellipsoid('pelvis', 'trousers', (-5, 0, 5), (108 * g, hip + 70 * g, 115))
    rows.ellipsoid('abdomen', 'shirt', (0, 0, -15), (106 * g, 148 * g, 60))
    rows.frustum('abdomen', 'shirt', (0, 0, -30), n['abdomen'] + 40, 145 * g, 138 * g, 0.72)
    rows.ellipsoid('chest', 'shirt', (0, 0, 0), (102 * g, 139 * g, 50))
    rows.frustum('chest', 'shirt', (0, 0, 0), 0.72 * n['chest'], 138 * g, 0.86 * shoulder, 0.72)
    rows.ellipsoid(
        'chest', 'shirt', (0, 0, 0.70 * n['chest']), (112 * g, 0.93 * shoulder, 0.34 * n['chest'])
    )
    # An open collar, the other hint at the front.
    rows.ellipsoid('chest', 'skin', (68 * g, 0, 0.92 * n['chest']), (34 * g, 42 * g, 42 * g))
    rows.frustum('head', 'skin', (0, 0, -45), 0.35 * head + 45, 62 * g, 52 * g)
    rows.ellipsoid(
        'head', 'face', (0.03 * head, 0, 0.60 * head), (0.33 * head, 0.265 * head, 0.42 * head)
    )
    rows.ellipsoid(
        'head',
        'hair',
        (-0.085 * head, 0, 0.655 * head),
        (0.315 * head, 0.285 * head, 0.385 * head),
        -0.25,
    )
    rows.ellipsoid(
        'head', 'face', (0.34 * head, 0, 0.53 * head), (0.075 * head, 0.05 * head, 0.075 * head)
    )


def _add_arm(rows: _Rows, n: dict, g: float, side: str) -> None:
    arm, fore, hand = (side + s for s in ('upper_arm', 'forearm', 'hand'))
    rows.ellipsoid(arm, 'shirt', (0, 0, 0), (60 * g, 58 * g, 62 * g))
    rows.frustum(arm, 'shirt', (0, 0, -n['upper_arm']), n['upper_arm'], 46 * g, 57 * g)
    rows.ellipsoid(fore, 'sleeve', (0, 0, 0), (46 * g,) * 3)
    rows.frustum(fore, 'sleeve', (0, 0, -n['forearm']), n['forearm'], 32 * g, 47 * g)
    rows.ellipsoid(hand, 'skin', (0, 0, -0.42 * n['hand']), (42 * g, 24 * g, 0.5 * n['hand']))


def _add_leg(rows: _Rows, n: dict, g: float, side: str) -> None:
    thigh, shin, foot = (side + s for s in ('thigh', 'shin', 'foot'))
    rows.ellipsoid(thigh, 'trousers', (0, 0, 0), (92 * g, 88 * g, 92 * g))
    rows.frustum(thigh, 'trousers', (0, 0, -n['thigh']), n['thigh'], 60 * g, 88 * g)
    rows.ellipsoid(shin, 'lower_leg', (0, 0, 0), (60 * g,) * 3)
    rows.frustum(shin, 'lower_leg', (0, 0, -n['shin']), n['shin'], 40 * g, 58 * g)
    rows.ellipsoid(
        shin, 'lower_leg', (-18 * g, 0, -0.32 * n['shin']), (52 * g, 50 * g, 0.26 * n['shin'])
    )
    rows.ellipsoid(foot, 'shoes', (0, 0, -10), (46 * g, 44 * g, 52 * g))
    rows.ellipsoid(
        foot, 'shoes', (0.24 * n['foot'], 0, -n['ankle'] + 38), (0.52 * n['foot'], 46 * g, 38)
    )


def lowest_point(parts: Parts, rotations: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Lowest z (F,) of a body's parts, from orientations (F, S, 3, 3) and
    origins (F, S, 3)."""
    R, p = rotations[:, parts.segment, 2], origins[:, parts.segment, 2]
    row = np.einsum('fpj,pjk->fpk', R, parts.M)
    base = p + np.einsum('fpj,pj->fp', R, parts.o)
    flat = np.hypot(row[..., 0], row[..., 1])
    solid = base - np.hypot(flat, row[..., 2])
    end0 = base - parts.r0 * flat
    end1 = base + row[..., 2] - (parts.r0 + parts.k) * flat
    return np.where(parts.frustum, np.minimum(end0, end1), solid).min(1)


def move_parts(parts: Parts, R: np.ndarray, t: np.ndarray) -> Parts:
    """Apply rotations R (3, 3) or (P, 3, 3) and shifts t (3,) or (P, 3)."""
    o = (R @ parts.o[:, :, None])[..., 0] + t
    return parts._replace(M=R @ parts.M, o=o)


def pose_parts(parts: Parts, rotations: np.ndarray, origins: np.ndarray) -> Parts:
    """Place a body's parts by its segments' (S, 3, 3) and (S, 3)."""
    return move_parts(parts, rotations[parts.segment], origins[parts.segment])


def join_parts(*several: Parts) -> Parts:
    return Parts(*(np.concatenate(field) for field in zip(*several)))


# ------------------------------------------------------------ depth buffer


class View(NamedTuple):
    """A camera with its pixels' rays (H, W, 3) and their monomials x^2, xy,
    y^2, x, y, 1 (H, W, 6)."""

    camera: Camera
    rays: np.ndarray
    monomials: np.ndarray


class Buffers(NamedTuple):
    """depth (H, W) in mm, inf where nothing is; part (H, W), -1 there."""

    depth: np.ndarray
    part: np.ndarray


def make_view(camera: Camera) -> View:
    rays = pixel_rays(camera)
    x, y = rays[..., 0], rays[..., 1]
    return View(camera, rays, np.stack([x * x, x * y, y * y, x, y, np.ones_like(x)], -1))


def empty_buffers(view: View) -> Buffers:
    shape = view.rays.shape[:2]
    return Buffers(np.full(shape, np.inf), np.full(shape, -1, np.int16))


def rasterise(parts: Parts, view: View, buffers: Buffers, first: int = 0) -> None:
    """Draw parts, given in camera space, into the buffers.

    Args:
        parts: Parts in camera space (z along the view).
        view: The camera's rays.
        buffers: Changed in place.
        first: Number that the first part gets.
    """
    coefficients = quadric_coefficients(parts)
    rectangles = part_rectangles(parts, view.camera).tolist()
    frustum = parts.frustum.tolist()
    with np.errstate(divide='ignore', invalid='ignore'):
        for i, (x0, y0, x1, y1) in enumerate(rectangles):
            if x0 >= x1 or y0 >= y1:
                continue
            window = slice(y0, y1), slice(x0, x1)
            nearest = buffers.depth[window]
            terms = view.monomials[window] @ coefficients[i, :, :4]
            a = terms[..., 0]
            # A root below 0 is NaN from here on, and fails each comparison.
            depth = (terms[..., 2] - np.sqrt(terms[..., 1])) / a
            hit = depth < nearest
            if frustum[i]:
                along = depth * terms[..., 3] + coefficients[i, 5, 4]
                hit &= a > 0
                hit &= along >= 0
                hit &= along <= 1
            np.copyto(nearest, depth, where=hit)
            np.copyto(buffers.part[window], first + i, where=hit)


def quadric_coefficients(parts: Parts) -> np.ndarray:
    """Coefficients (P, 6, 5) over x^2, xy, y^2, x, y, 1 of a, the
    discriminant b^2 - a c, b, and the slope of qz in the depth; the last
    column holds qz's constant at row 5."""
    inverse = np.linalg.inv(parts.M)
    q0 = -(inverse @ parts.o[:, :, None])[..., 0]
    r, k = parts.r0, parts.k
    # F(q) = q' G q + 2 h q_z + e
    cone = parts.frustum
    G = np.ones((len(r), 3))
    G[:, 2] = np.where(cone, -k * k, 1.0)
    h = np.where(cone, -r * k, 0.0)
    e = np.where(cone, -r * r, -1.0)
    GA = G[:, :, None] * inverse
    A = inverse.transpose(0, 2, 1) @ GA
    b = -(q0[:, None] @ GA)[:, 0] - h[:, None] * inverse[:, 2]
    c = (G * q0 * q0).sum(1) + 2 * h * q0[:, 2] + e
    D = b[:, :, None] * b[:, None] - c[:, None, None] * A
    out = np.zeros((len(r), 6, 5))
    for column, S in ((0, A), (1, D)):
        out[:, :, column] = np.stack(
            [S[:, 0, 0], 2 * S[:, 0, 1], S[:, 1, 1], 2 * S[:, 0, 2], 2 * S[:, 1, 2], S[:, 2, 2]],
            axis=1,
        )
    out[:, 3:, 2] = b
    out[:, 3:, 3] = inverse[:, 2]
    out[:, 5, 4] = q0[:, 2]
    return out


def part_rectangles(parts: Parts, camera: Camera) -> np.ndarray:
    """Pixel rectangles (P, 4) x0, y0, x1, y1 (ends exclusive) that hold each
    part; empty for parts that are not wholly in front of the camera.

    The outline of an ellipsoid ``M q + o`` is bounded exactly by its dual
    conic ``o o' - M M'``; a frustum lies in the hull of its two end discs.
    """
    centre = np.stack([parts.o, parts.o], axis=1)
    scale = np.ones((len(parts.r0), 2, 3))
    cone = parts.frustum
    centre[cone, 1] += parts.M[cone, :, 2]
    scale[cone] = 0
    scale[cone, 0, :2] = parts.r0[cone, None]
    scale[cone, 1, :2] = (parts.r0 + parts.k)[cone, None]
    M = parts.M[:, None] * scale[:, :, None]
    S = M @ M.transpose(0, 1, 3, 2)
    z2 = centre[..., 2] ** 2 - S[..., 2, 2]
    front = (centre[..., 2] > 0) & (z2 > 1)
    z2 = np.where(front, z2, 1.0)
    low, high = [], []
    for i in (0, 1):
        mid = centre[..., i] * centre[..., 2] - S[..., i, 2]
        reach = np.sqrt(np.maximum(mid**2 - (centre[..., i] ** 2 - S[..., i, i]) * z2, 0))
        low.append(((mid - reach) / z2).min(1))
        high.append(((mid + reach) / z2).max(1))
    # Distortion bends the edges: besides the corners, take the points of the
    # edges that lie nearest the axis, where they bulge most.
    zero = [np.clip(0, low[i], high[i]) for i in (0, 1)]
    xs = np.stack([low[0], zero[0], high[0]], axis=1)
    ys = np.stack([low[1], zero[1], high[1]], axis=1)
    grid = np.stack([np.repeat(xs, 3, axis=1), np.tile(ys, 3)], axis=-1)
    pixels = to_pixels(grid, camera)
    limit = np.array([camera.width, camera.height])
    start = np.clip(np.floor(pixels.min(1)) - 1, 0, limit)
    stop = np.clip(np.ceil(pixels.max(1)) + 2, 0, limit)
    out = np.concatenate([start, stop], axis=1).astype(int)
    out[~front.all(1)] = 0
    return out


# ----------------------------------------------------------------- shading


class Light(NamedTuple):
    """direction (3,) towards the light in camera space; colour (3,) BGR;
    ambient share in 0..1."""

    direction: np.ndarray
    colour: np.ndarray
    ambient: float


def shade(parts: Parts, view: View, buffers: Buffers, light: Light, image: np.ndarray) -> None:
    """Paint the covered pixels into image (H, W, 3), float32 BGR 0..1."""
    where = np.flatnonzero(buffers.part.ravel() >= 0)
    if not len(where):
        return
    index = buffers.part.ravel()[where]
    point = np.take(view.rays.reshape(-1, 3), where, axis=0)
    point *= np.take(buffers.depth.ravel(), where)[:, None]
    point = point.astype(np.float32)

    # q = inverse @ point - origin; the gradient of a frustum's quadric is
    # (qx, qy, -k^2 qz - r0 k), that of an ellipsoid q itself.
    inverse = np.linalg.inv(parts.M)
    origin = (inverse @ parts.o[:, :, None])[..., 0]
    bend = np.where(parts.frustum, -(parts.k**2), 1)
    lift = np.where(parts.frustum, -parts.k * parts.r0, 0)
    rows = _gather(inverse, index)
    q = np.einsum('nij,nj->ni', rows, point) - _gather(origin, index)
    gradient = q.copy()
    gradient[:, 2] = q[:, 2] * _gather(bend, index) + _gather(lift, index)
    normal = np.einsum('nij,ni->nj', rows, gradient)
    length = np.sqrt(np.einsum('ni,ni->n', normal, normal)) + 1e-9

    style = parts.texture
    size = np.sqrt((parts.M**2).sum(1))[:, 1:] * style[:, 1:2]
    texel = q[:, 1:] * _gather(size, index)
    texel = (texel + _gather(style[:, 3:], index)).astype(np.int32) & 255
    tile = np.take(style[:, 0].astype(np.int32), index)
    pattern = np.take(textures().ravel(), (tile << 16) + (texel[:, 1] << 8) + texel[:, 0])
    pattern = 1 + pattern * _gather(style[:, 2], index)

    direct = normal @ light.direction.astype(np.float32) / length
    facing = np.abs(normal[:, 2]) / length
    amount = pattern * (
        light.ambient * (0.55 + 0.45 * facing) + (1.15 - light.ambient) * np.maximum(direct, 0)
    )
    image.reshape(-1, 3)[where] = _gather(parts.colour * light.colour, index) * amount[:, None]


def _gather(per_part: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Values (P, ...) of the part of each pixel, (N, ...) float32."""
    return np.take(per_part.astype(np.float32), index, axis=0)


_TEXTURES = None


def textures() -> np.ndarray:
    """The texture tiles (T, 256, 256) in -1..1: smooth blotches, two widths
    of stripes across, stripes along, checks, fine noise, dots."""
    global _TEXTURES
    if _TEXTURES is None:
        rng = np.random.default_rng(20240)
        v, u = np.mgrid[:256, :256] * (2 * np.pi / 256)
        noise = rng.standard_normal((256, 256)).astype(np.float32)
        tiles = [
            _smooth(noise, 12),
            np.sign(np.sin(8 * v)),
            np.sin(20 * v),
            np.sign(np.sin(10 * u)),
            np.sign(np.sin(8 * u)) * 0.5 + np.sign(np.sin(8 * v)) * 0.5,
            _smooth(noise[::-1], 1.5),
            np.sign(np.sin(12 * u) * np.sin(12 * v) - 0.5),
        ]
        _TEXTURES = np.stack(tiles).astype(np.float32)
    return _TEXTURES


def _smooth(noise: np.ndarray, sigma: float) -> np.ndarray:
    """Periodic low-pass noise, scaled to about -1..1."""
    pad = int(4 * sigma) + 1
    wide = cv2.GaussianBlur(np.pad(noise, pad, mode='wrap'), (0, 0), sigma)
    out = wide[pad:-pad, pad:-pad]
    return np.clip(out / (2 * out.std()), -1, 1)


def _random_colour(rng: np.random.Generator) -> np.ndarray:
    """A BGR colour in 0..1, often muted, as clothes are."""
    grey = rng.uniform(0.08, 0.9)
    return grey + (rng.uniform(0.05, 0.95, 3) - grey) * rng.uniform(0, 0.8)


# ----------------------------------------------------------------- clutter


def clutter_background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A cluttered scene (H, W, 3), float32 BGR 0..1: a wall and a floor,
    furniture-like shapes, and strokes that resemble limbs."""
    tone = rng.uniform(0.2, 0.8, (4, 4, 1)) + rng.normal(0, 0.06, 3)
    coarse = (tone + rng.normal(0, 0.06, (4, 4, 3))).astype(np.float32)
    mean = coarse.mean((0, 1))
    image = cv2.resize(
        mean + (coarse - mean) * rng.uniform(0.2, 0.9),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    image[int(height * rng.uniform(0.55, 0.85)) :] *= rng.uniform(0.5, 1.4)
    scale = min(width, height)
    for _ in range(int(rng.integers(8, 22))):
        colour = _random_colour(rng)
        centre = rng.uniform(0, 1, 2) * (width, height)
        size = rng.uniform(0.05, 0.35, 2) * scale
        kind = rng.integers(4)
        angle = rng.uniform(0, 180) if rng.random() < 0.4 else 0.0
        if kind == 0:
            box = cv2.boxPoints((centre.tolist(), size.tolist(), angle))
            cv2.fillConvexPoly(image, box.astype(np.int32), colour.tolist(), cv2.LINE_AA)
        elif kind == 1:
            cv2.ellipse(image, (centre.tolist(), size.tolist(), angle), colour.tolist(), -1)
        else:
            limb_stroke(
                image,
                rng,
                centre,
                scale * rng.uniform(0.12, 0.4),
                scale * rng.uniform(0.015, 0.045),
                colour,
            )
    tile = textures()[int(rng.integers(len(textures())))]
    start = rng.integers(0, 128, 2)
    tile = cv2.resize(
        tile[start[0] : start[0] + 128, start[1] : start[1] + 128],
        (width, height),
        interpolation=cv2.INTER_LINEAR,
    )
    image *= 1 + rng.uniform(0.02, 0.15) * tile[..., None]
    if rng.random() < 0.6:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4) * scale / 160)
    return np.clip(image, 0, 1)


def limb_stroke(
    image: np.ndarray,
    rng: np.random.Generator,
    start: np.ndarray,
    length: float,
    radius: float,
    colour: np.ndarray,
) -> None:
    """Paint a bent, lit stroke that looks much like an arm or a leg."""
    turn = rng.uniform(0, 2 * np.pi)
    bend = turn + rng.uniform(-1.5, 1.5)
    points = np.cumsum(
        [
            start,
            [np.cos(turn) * length / 2, np.sin(turn) * length / 2],
            [np.cos(bend) * length / 2, np.sin(bend) * length / 2],
        ],
        axis=0,
    )
    for tone, share in ((0.6, 1.0), (0.85, 0.7), (1.05, 0.35)):
        width = max(1, int(round(2 * radius * share)))
        cv2.polylines(
            image,
            [np.round(points).astype(np.int32)],
            False,
            (colour * tone).tolist(),
            width,
            cv2.LINE_AA,
        )


def clutter_occluder(
    rng: np.random.Generator, width: int, height: int
) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """Something between camera and person: a pole, a board, a bush or a
    piece of furniture. Returns a mask (H, W) bool and colours (H, W, 3)."""
    mask = np.zeros((height, width), np.uint8)
    scale = min(width, height)
    kind = rng.integers(4)
    x = width * (0.5 + rng.uniform(0.02, 0.3) * rng.choice([-1, 1]))
    if kind == 0:  # pole
        lean = rng.normal(0, 0.1) * height
        cv2.line(
            mask,
            (int(x - lean), -5),
            (int(x + lean), height + 5),
            255,
            max(2, int(scale * rng.uniform(0.02, 0.06))),
        )
    elif kind == 1:  # board or bag
        box = cv2.boxPoints(
            (
                (x, height * rng.uniform(0.3, 0.9)),
                tuple(rng.uniform(0.1, 0.28, 2) * scale),
                rng.uniform(-25, 25),
            )
        )
        cv2.fillConvexPoly(mask, box.astype(np.int32), 255)
    elif kind == 2:  # bush
        for _ in range(9):
            centre = (int(x + rng.normal(0, 0.07) * scale), int(height * rng.uniform(0.65, 1.0)))
            cv2.circle(mask, centre, int(scale * rng.uniform(0.02, 0.07)), 255, -1)
    else:  # table or counter along the lower edge
        top = int(height * rng.uniform(0.66, 0.85))
        left = int(x - scale * rng.uniform(0.1, 0.35))
        right = int(x + scale * rng.uniform(0.1, 0.35))
        cv2.rectangle(mask, (left, top), (right, height), 255, -1)
    colours = clutter_background(rng, width, height)
    colours = np.clip(0.5 * colours + 0.5 * _random_colour(rng).astype(np.float32), 0, 1)
    return mask > 0, colours


_NOISE = None


def finish_image(
    image: np.ndarray, rng: np.random.Generator, blur: float, noise: float, gain: float
) -> np.ndarray:
    """Exposure, optics and sensor: float32 BGR 0..1 to uint8.

    Args:
        image: (H, W, 3).
        rng: Source of randomness (where in the stored noise to read).
        blur: Gaussian sigma in pixels.
        noise: Standard deviation of the sensor noise, of 255.
        gain: Factor on the brightness.
    """
    global _NOISE
    if _NOISE is None:
        # Drawn once a process: fresh normal numbers would cost as much as
        # the body. The start differs from picture to picture.
        _NOISE = np.random.default_rng(20241).standard_normal(1 << 21, dtype=np.float32)
    out = cv2.GaussianBlur(image, (0, 0), blur) if blur > 0.2 else image
    if out.size > len(_NOISE):
        grain = np.resize(_NOISE, out.shape)
    else:
        start = int(rng.integers(len(_NOISE) - out.size + 1))
        grain = _NOISE[start : start + out.size].reshape(out.shape)
    return cv2.addWeighted(out, 255.0 * gain, grain, noise, 0, dtype=cv2.CV_8U)


def ground_shadow(image: np.ndarray, outline: np.ndarray, strength: float) -> None:
    """Darken the soft inside of a polygon (N, 2) in pixels, in place."""
    spread = max(1, int(min(image.shape[:2]) * 0.03))
    height, width = image.shape[:2]
    x0, y0 = np.maximum(outline.min(0).astype(int) - 3 * spread, 0)
    x1, y1 = np.minimum(outline.max(0).astype(int) + 3 * spread, (width, height))
    if x0 >= x1 or y0 >= y1:
        return
    tone = np.ones((y1 - y0, x1 - x0), np.float32)
    cv2.fillPoly(tone, [np.round(outline - (x0, y0)).astype(np.int32)], 1 - strength)
    tone = cv2.blur(tone, (2 * spread + 1,) * 2)
    image[y0:y1, x0:x1] *= tone[..., None]


# ------------------------------------------------------------------- views


class ViewContent(NamedTuple):
    """What one view shows, apart from its camera.

    Attributes:
        person: The subject's parts, camera space.
        others: Other parts (furniture, another person's limbs), or None.
        background: (H, W, 3) float32 BGR 0..1.
        occluder: (mask, colours) in front of everything, or None.
        light: The light, camera space.
        shadow: (N, 2) outline on the floor in pixels, or None.
        blur, noise, gain: see :func:`finish_image`.
    """

    person: Parts
    others: Optional[Parts]
    background: np.ndarray
    occluder: Optional[Tuple[np.ndarray, np.ndarray]]
    light: Light
    shadow: Optional[np.ndarray]
    blur: float
    noise: float
    gain: float


class RenderedView(NamedTuple):
    """image (H, W, 3) uint8 BGR; depth (H, W) mm; segment (H, W) of the
    subject seen there, -1 elsewhere; silhouette (H, W) bool, the subject
    without anything in front."""

    image: np.ndarray
    depth: np.ndarray
    segment: np.ndarray
    silhouette: np.ndarray


def render_view(content: ViewContent, view: View, rng: np.random.Generator) -> RenderedView:
    """Render one picture; see the classes for what goes in and comes out."""
    buffers = empty_buffers(view)
    rasterise(content.person, view, buffers)
    silhouette = buffers.part >= 0
    parts = content.person
    if content.others is not None:
        rasterise(content.others, view, buffers, first=len(parts.r0))
        parts = join_parts(parts, content.others)
    image = content.background.copy()
    if content.shadow is not None:
        ground_shadow(image, content.shadow, 0.4)
    shade(parts, view, buffers, content.light, image)
    # Part -1, nothing, reads the appended last entry.
    segment = np.take(np.append(parts.segment, -1), buffers.part)
    depth = buffers.depth
    if content.occluder is not None:
        mask, colours = content.occluder
        image[mask] = colours[mask]
        segment[mask] = -1
        depth[mask] = 0
    image = finish_image(image, rng, content.blur, content.noise, content.gain)
    return RenderedView(image, depth, segment, silhouette)


#: How deep below the surface each COCO joint lies at most, mm.
_JOINT_DEPTH = np.array(
    [45, 45, 45, 45, 45] + [110] * 2 + [75] * 2 + [60] * 2 + [150] * 2 + [90] * 2 + [75] * 2,
    np.float64,
)


def joint_visibility(pixels: np.ndarray, depths: np.ndarray, rendered: RenderedView) -> np.ndarray:
    """COCO visibility (17,): 2 seen, 1 hidden, 0 outside the picture.

    A joint is seen if the subject's surface at its pixel is no more than the
    body's own thickness in front of it.

    Args:
        pixels: (17, 2) projections. depths: (17,) camera z in mm.
        rendered: The view.
    """
    height, width = rendered.depth.shape
    nearest = np.round(pixels).astype(int)
    inside = ((nearest >= 0) & (nearest < (width, height))).all(1)
    x, y = np.clip(nearest, 0, (width - 1, height - 1)).T
    seen = (rendered.segment[y, x] >= 0) & (rendered.depth[y, x] > depths - _JOINT_DEPTH)
    return np.where(inside, np.where(seen, 2, 1), 0)
