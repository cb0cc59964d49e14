"""Uniform random numbers for native code, bit for bit those of `ops.random`: NumPy's Philox, keyed by seed and stream.

    uniform_32(address, count, seed, stream, step)

fills `count` float32 from an address on, as ``Generator(Philox(key=[seed, stream], counter=[0, 0, step, 0]))`` would.
J. K. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3" (2011), give the bijection, Philox-4x64-10: four
words of 64 bits that count, ten rounds of products of 128 bits. NumPy counts before it takes a block, and halves each
word for float32, the lower half first.
"""

from __future__ import annotations

from llvmlite import ir

from .emit import POINTER, Number, Operand, cast
from .flow import counted
from .kinds import INT64, KINDS

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


def _floats(words: list[Number], bits: int) -> list[Number]:
    """Return the numbers in [0, 1) that NumPy makes of words: of as many of the upper bits as a float has digits."""
    digits = {32: 24, 64: 53}[bits]
    if bits == 32:
        words = [half for word in words for half in (word & 0xFFFFFFFF, word >> 32)]
    real = KINDS[f"float{bits}"]
    return [cast(word.builder, word >> (bits - digits), real) * 2.0**-digits for word in words]


def uniform(bits: int, builder: ir.IRBuilder, *given: Operand) -> Number:
    """Fill memory with floats of that width: address, count, seed, stream, step."""
    address, count, seed, stream, step = (cast(builder, value, INT64) for value in given)
    real, many = KINDS[f"float{bits}"], {32: 8, 64: 4}[bits]
    place = builder.inttoptr(address.value, POINTER)
    blocks = (count + (many - 1)).value
    with counted(builder, 0, count.make(builder.udiv(blocks, INT64.constant(many)))) as here:
        zero = here.like(0)
        words = block([here + 1, zero, step, zero], [seed, stream])
        for k, value in enumerate(_floats(words, bits)):
            index = here * many + k
            with builder.if_then((index < count).value, likely=True):
                builder.store(value.value, builder.gep(place, [index.value], source_etype=real.type))
    return count.like(0)
