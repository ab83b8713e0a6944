"""The third group of functions: written after all others, and used for no constant of any check."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from experiments.gradient_check.functions.case import WIDE, Data, Drawn, RealisticFunction, joined, mean, number
from experiments.gradient_check.functions.networks import cross_entropy, normalised, squared_loss
from numdiff.floats.fixed_order import matrix_product

__all__ = ["FUNCTIONS"]

Found = tuple[Any, Callable[[], np.ndarray]]


# --- networks -------------------------------------------------------------------------------------------


def _sigmoid(z: np.ndarray) -> np.ndarray:
    one = number(z, 1)
    return one / (one + np.exp(-z))


def _gru(x: np.ndarray, data: Data) -> Found:
    """A gated recurrent unit: h′ = (1 − z)·h + z·tanh(C·u + D·(r·h)), with the gates z and r of u and h."""
    u, h, one = data["input"], data["state"], number(x, 1)
    w_z, u_z, w_r, u_r, w_c, u_c = x.reshape(6, 2, 2)

    def times(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
        return (matrix * vector).sum(axis=-1)

    z, r = _sigmoid(times(w_z, u) + times(u_z, h)), _sigmoid(times(w_r, u) + times(u_r, h))
    kept = r * h
    c = np.tanh(times(w_c, u) + times(u_c, kept))
    loss, derivative = squared_loss((one - z) * h + z * c, data["target"])

    def back() -> np.ndarray:
        delta = derivative()
        d_z, d_c = delta * (c - h) * z * (one - z), delta * z * (one - c * c)
        d_r = (u_c * d_c[:, None]).sum(axis=0) * h * r * (one - r)
        pairs = ((d_z, u), (d_z, h), (d_r, u), (d_r, h), (d_c, u), (d_c, kept))
        return joined(*(slope[:, None] * vector for slope, vector in pairs))

    return loss, back


def _draw_gru(rng: np.random.Generator) -> Drawn:
    names = ("input", "state", "target")
    return rng.normal(size=24), {name: rng.normal(size=2) for name in names}


def _batch_norm(x: np.ndarray, data: Data) -> Found:
    """A linear layer, normalised over the samples, with a factor and an offset for each unit, through tanh."""
    inputs, factor, offset, one = data["inputs"], x[6:9], x[9:], number(x, 1)
    y, through = normalised(matrix_product(inputs, x[:6].reshape(2, 3)), 0)
    t = np.tanh(y * factor + offset)
    loss, derivative = squared_loss(t, data["targets"])

    def back() -> np.ndarray:
        delta = derivative() * (one - t * t)
        weights = matrix_product(inputs.T, through(delta * factor))
        return joined(weights, (delta * y).sum(axis=0), delta.sum(axis=0))

    return loss, back


def _draw_batch_norm(rng: np.random.Generator) -> Drawn:
    return rng.normal(size=12), {"inputs": rng.normal(size=(8, 2)), "targets": rng.uniform(-1, 1, (8, 3))}


def _contrastive(x: np.ndarray, data: Data) -> Found:
    """Two views of three samples: cross-entropy of their cosines over a temperature of 0.2."""
    left, right, five = x[:6].reshape(3, 2), x[6:].reshape(3, 2), number(x, 5)
    sizes = [np.sqrt((part * part).sum(axis=-1, keepdims=True)) for part in (left, right)]
    a, b = left / sizes[0], right / sizes[1]
    scores = matrix_product(a, np.ascontiguousarray(b.T)) * five
    loss, derivative = cross_entropy(scores, np.eye(3, dtype=x.dtype))

    def back() -> np.ndarray:
        delta = derivative() * five
        slopes = matrix_product(delta, b), matrix_product(delta.T, a)
        return joined(
            *(
                (slope - unit * (slope * unit).sum(axis=-1, keepdims=True)) / size
                for slope, unit, size in zip(slopes, (a, b), sizes, strict=True)
            )
        )

    return loss, back


def _draw_contrastive(rng: np.random.Generator) -> Drawn:
    return rng.normal(size=12), {}


# --- likelihoods ----------------------------------------------------------------------------------------


def _mixture(x: np.ndarray, data: Data) -> Found:
    """−log p of two Gaussians: means, logarithms of widths, and logits of their shares."""
    means, logs, logits = x[:2], x[2:4], x[4:]
    half, one = number(x, 0.5), number(x, 1)
    top = logits.max()
    powers = np.exp(logits - top)
    shares = powers / powers.sum()
    z = (data["sample"][:, None] - means) / np.exp(logs)
    parts = np.log(shares) - logs - half * z * z
    highest = parts.max(axis=-1, keepdims=True)
    weights = np.exp(parts - highest)
    total = weights.sum(axis=-1, keepdims=True)

    def back() -> np.ndarray:
        owned = weights / total
        size = number(x, len(z))
        slopes = (owned * z).sum(axis=0) / np.exp(logs), (owned * (z * z - one)).sum(axis=0)
        return -joined(*slopes, owned.sum(axis=0) - size * shares)

    return -(highest + np.log(total)).sum(), back


def _draw_mixture(rng: np.random.Generator) -> Drawn:
    sample = np.concatenate([rng.normal(-1.5, 0.7, 6), rng.normal(1.0, 0.5, 6)])
    start = np.array([-1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    return start + rng.normal(0, 0.4, 6), {"sample": sample}


def _student(x: np.ndarray, data: Data) -> Found:
    """A regression with errors of Student's distribution with three degrees of freedom: slopes, log of the width."""
    design, log_width = data["design"], x[-1]
    off = matrix_product(design, x[:-1, None])[:, 0] - data["y"]
    square, three, two, one = np.exp(log_width + log_width), number(x, 3), number(x, 2), number(x, 1)
    ratio = off * off / (three * square)

    def back() -> np.ndarray:
        slopes = two * (two * off / (three * square)) / (one + ratio)
        width = number(x, len(off)) - (two * two * ratio / (one + ratio)).sum()
        return joined(matrix_product(design.T, slopes[:, None]), np.asarray(width))

    return (two * np.log(one + ratio)).sum() + number(x, len(off)) * log_width, back


def _draw_student(rng: np.random.Generator) -> Drawn:
    return rng.normal(0, 0.7, 5), {"design": rng.normal(size=(9, 4)), "y": rng.standard_t(3, 9)}


def _divergence(x: np.ndarray, data: Data) -> Found:
    """The Kullback-Leibler divergence of two Gaussians with diagonal covariances: means and logarithms of widths."""
    m, a, n, b = x.reshape(4, 3)
    half, one = number(x, 0.5), number(x, 1)
    ratio, off = np.exp((a - b) + (a - b)), (m - n) * np.exp(-b)

    def back() -> np.ndarray:
        step = off * np.exp(-b)
        return joined(step, ratio - one, -step, one - ratio - off * off)

    return (b - a + half * (ratio + off * off - one)).sum(), back


def _draw_divergence(rng: np.random.Generator) -> Drawn:
    return rng.normal(0, 0.6, 12), {}


# --- physics and geometry -------------------------------------------------------------------------------


def _lennard_jones(x: np.ndarray, data: Data) -> Found:
    """The energy Σ r⁻¹² − 2·r⁻⁶ of four atoms in the plane."""
    places = x.reshape(4, 2)
    left, right = np.triu_indices(4, 1)
    off = places[left] - places[right]
    inverse = number(x, 1) / (off * off).sum(axis=-1)
    cube = inverse * inverse * inverse

    def back() -> np.ndarray:
        pulls = (number(x, 12) * inverse * cube * (number(x, 1) - cube))[:, None] * off
        slopes = np.zeros_like(places)
        for row, (i, j) in enumerate(zip(left, right, strict=True)):
            slopes[i] += pulls[row]
            slopes[j] -= pulls[row]
        return slopes.ravel()

    return (cube * cube - number(x, 2) * cube).sum(), back


def _draw_lennard_jones(rng: np.random.Generator) -> Drawn:
    corners = np.array([[0.0, 0.0], [1.1, 0.0], [0.0, 1.1], [1.1, 1.1]])
    return (corners + rng.normal(0, 0.08, (4, 2))).ravel(), {}


def _camera(x: np.ndarray, data: Data) -> Found:
    """Points seen by a camera: focal length in pixels, angle about the upright axis, place; squared pixels missed."""
    focal, angle, place = x[0], x[1], x[2:]
    sine, cosine = np.sin(angle), np.cos(angle)
    px, py, pz = data["points"].T
    u, v, w = cosine * px + sine * pz + place[0], py + place[1], cosine * pz - sine * px + place[2]
    off_x, off_y = focal * u / w - data["pixels"][:, 0], focal * v / w - data["pixels"][:, 1]

    def back() -> np.ndarray:
        two = number(x, 2 / (2 * len(u)))
        d_u, d_v = two * off_x * focal / w, two * off_y * focal / w
        d_w = -(d_u * u + d_v * v) / w
        turn = (d_u * (cosine * pz - sine * px) - d_w * (sine * pz + cosine * px)).sum()
        by_focal = (two * (off_x * u + off_y * v) / w).sum()
        return np.array([by_focal, turn, d_u.sum(), d_v.sum(), d_w.sum()])

    return mean(joined(off_x * off_x, off_y * off_y)), back


def _draw_camera(rng: np.random.Generator) -> Drawn:
    points = rng.uniform(-1, 1, (6, 3))
    x = np.array([800.0, 0.2, 0.1, -0.1, 5.0]) + rng.normal(size=5) * [20, 0.1, 0.1, 0.1, 0.3]
    return x, {"points": points, "pixels": rng.normal(0, 120, (6, 2))}


_STEPS = 20


def _pendulum(x: np.ndarray, data: Data) -> Found:
    """The angle after 20 leapfrog steps from angle, speed and g/l, beside a target: squared."""
    half, step, one = number(x, 0.05), number(x, 0.1), number(x, 1)
    angle, speed, pull = x
    angles = [angle]
    for _ in range(_STEPS):
        speed = speed - half * pull * np.sin(angle)
        angle = angle + step * speed
        speed = speed - half * pull * np.sin(angle)
        angles.append(angle)
    off = angle - data["target"][0]

    def back() -> np.ndarray:
        d_angle, d_speed, d_pull = off + off, number(x, 0), number(x, 0)
        for before, after in reversed(list(pairwise(angles))):
            d_pull = d_pull - half * d_speed * np.sin(after)
            d_angle = d_angle - half * d_speed * pull * np.cos(after)
            d_speed = d_speed * one + step * d_angle
            d_pull = d_pull - half * d_speed * np.sin(before)
            d_angle = d_angle - half * d_speed * pull * np.cos(before)
        return np.array([d_angle, d_speed, d_pull])

    return off * off, back


def _draw_pendulum(rng: np.random.Generator) -> Drawn:
    return rng.uniform([-2.0, -1.0, 2.0], [2.0, 1.0, 6.0]), {"target": rng.uniform(-2, 2, 1)}


FUNCTIONS = (
    RealisticFunction("gru", "A step of a gated recurrent unit, squared loss", _draw_gru, _gru),
    RealisticFunction("batch_norm", "A layer with batch normalisation, through tanh", _draw_batch_norm, _batch_norm),
    RealisticFunction("contrastive", "A contrastive loss of unit vectors", _draw_contrastive, _contrastive),
    RealisticFunction("gaussian_mixture", "The likelihood of two Gaussians", _draw_mixture, _mixture),
    RealisticFunction("student", "A regression with Student's errors", _draw_student, _student),
    RealisticFunction("divergence", "The divergence of two Gaussians", _draw_divergence, _divergence),
    RealisticFunction("lennard_jones", "The energy of four atoms", _draw_lennard_jones, _lennard_jones),
    RealisticFunction("camera", "Points projected by a camera, in pixels", _draw_camera, _camera, WIDE),
    RealisticFunction("pendulum", "A pendulum after twenty steps", _draw_pendulum, _pendulum),
)
"""The functions of this module."""
