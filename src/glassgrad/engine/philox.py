"""Uniform random numbers for native code, bit for bit those of `ops.random`: NumPy's Philox, keyed by seed and stream.

    uniform_32(address, count, seed, stream, step)

fills `count` float32 from an address on, as ``Generator(Philox(key=[seed, stream], counter=[0, 0, step, 0]))`` would.
J. K. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3" (2011), give the bijection, Philox-4x64-10: four
words of 64 bits that count, ten rounds of products of 128 bits. NumPy counts before it takes a block, and halves each
word for float32, the lower half first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .emit import FLOATS, WHOLES, Number

MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
STEPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)  # what is added to the key from round to round
ROUNDS = 10


def _product(x: Number, multiplier: int) -> tuple[Number, Number]:
    """Return the upper and the lower word of a product."""
    builder, double = x.builder, ir.IntType(128)
    product = builder.mul(builder.zext(x.value, double), ir.Constant(double, multiplier))
    upper = builder.lshr(product, ir.Constant(double, 64))
    return x.make(builder.trunc(upper, x.value.type)), x.make(builder.trunc(product, x.value.type))


def block(counter: list[Number], key: list[Number]) -> list[Number]:
    """Return the four words of a counter of four."""
    a, b, c, d = counter
    first, second = key
    for number in range(ROUNDS):
        upper_a, lower_a = _product(a, MULTIPLIERS[0])
        upper_c, lower_c = _product(c, MULTIPLIERS[1])
        a, b = upper_c ^ b ^ (first + number * STEPS[0] % 2**64), lower_c
        c, d = upper_a ^ d ^ (second + number * STEPS[1] % 2**64), lower_a
    return [a, b, c, d]


def _floats(words: list[Number], bits: int) -> list[ir.Value]:
    """Return the numbers in [0, 1) that NumPy makes of words: of as many of the upper bits as a float has digits."""
    digits = {32: 24, 64: 53}[bits]
    if bits == 32:
        words = [half for word in words for half in (word & 0xFFFFFFFF, word >> 32)]
    found = []
    for word in words:
        builder = word.builder
        whole = builder.trunc((word >> (bits - digits)).value, WHOLES[bits])
        found.append(builder.fmul(builder.sitofp(whole, FLOATS[bits]), ir.Constant(FLOATS[bits], 2.0**-digits)))
    return found


def _fill(bits: int) -> Callable[..., ir.Value]:
    """Return the function that writes the instructions of a fill with floats of that width."""
    many = {32: 8, 64: 4}[bits]

    def write(_context: Any, builder: ir.IRBuilder, _signature: Any, values: Any) -> ir.Value:
        address, count, *numbers = values
        seed, stream, step = (Number(builder, value) for value in numbers)
        place = builder.inttoptr(address, FLOATS[bits].as_pointer())
        last = builder.add(count, ir.Constant(count.type, many - 1))
        with cgutils.for_range(builder, builder.udiv(last, ir.Constant(count.type, many))) as loop:
            here = Number(builder, loop.index)
            zero = here.like(0)
            start = here * many
            for k, value in enumerate(_floats(block([here + 1, zero, step, zero], [seed, stream]), bits)):
                index = (start + k).value
                with builder.if_then(builder.icmp_unsigned("<", index, count), likely=True):
                    builder.store(value, builder.gep(place, [index]))
        return cgutils.get_null_value(ir.IntType(64))

    return write


def _uniform(bits: int) -> Any:
    signature = types.int64(*[types.int64] * 5)  # address, count, seed, stream, step
    return intrinsic(lambda context, address, count, seed, stream, step: (signature, _fill(bits)))


uniform_32, uniform_64 = _uniform(32), _uniform(64)
