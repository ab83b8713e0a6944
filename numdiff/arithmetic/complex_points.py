"""What the engines share about complex points x + ih with a tiny imaginary part."""

from collections.abc import Sequence

from numdiff.arithmetic.ball import Undefined, Value
from numdiff.floats.formats import Dyadic


def complex_point_groups(points: Sequence[tuple[Dyadic, Dyadic]]) -> list[tuple[int, list[int]]]:
    """Group points by the bits that the smaller part needs beyond the precision.

    Many complex functions are computed with an error relative to |z| or to 1, while the complex step
    lives from the imaginary part: with h = 2**-k it would keep k bits less. So k more bits are
    carried; k is rounded up to a power of two, or to a multiple of 512, which leaves few groups.

    Returns
    -------
    list of (int, list of int)
        Extra bits, and the positions of the points that need them.
    """
    groups: dict[int, list[int]] = {}
    for position, parts in enumerate(points):
        sizes = [_magnitude(part) for part in parts if part[0]]
        lost = max(1, *sizes) - min(sizes) if sizes else 0
        groups.setdefault(_rounded_up(lost), []).append(position)
    return sorted(groups.items())


def outside_real_domain(values: Sequence[Value]) -> dict[int, Undefined]:
    """Return the positions where a function has no real value, with the reasons."""
    return {
        position: value
        for position, value in enumerate(values)
        if isinstance(value, Undefined) and value is not Undefined.UNDECIDED
    }


def _rounded_up(bits: int) -> int:
    if bits <= 0:
        return 0
    return 1 << (bits - 1).bit_length() if bits <= 512 else -(-bits // 512) * 512


def _magnitude(number: Dyadic) -> int:
    return number[0].bit_length() + number[1]
