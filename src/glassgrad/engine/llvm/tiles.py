"""Products of matrices with few columns, written out for their sizes: tiles of the result are summed in registers.

A BLAS is made for large matrices: it copies both operands into the order that its kernels like, and fills up what does
not fit them. Where the result has few columns, that costs a fifth of the time. Here the sizes are known while the
program is compiled, so that the loops fit them and the operands are read where they lie. A tile, some rows by some
vectors of columns, is summed over a piece of the inner axis whose part of the right operand stays in the nearest cache;
the few columns that fill no vector are summed by vectors along the left operand's own rows.

The order of summation depends on nothing but the sizes and the processor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import chain, pairwise

from llvmlite import ir

from .emit import POINTER
from .kinds import KINDS
from .sizes import Registers, Sizes
from .vectors import Place, Vectors

NEAREST = 24 * 1024  # bytes of the nearest cache that a piece of the right operand may fill
BAND = 192  # rows of the result at most that are finished before the next: the left operand's stay in the second cache
VECTORS = 4  # in a row of a tile at most: so few leave room for three rows, which take turns with what they read


class TiledProduct(Vectors):
    """Appends the loops of one product to a function.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
    sizes : Sizes
    registers : Registers
    alpha : llvmlite.ir.Value
        A number.
    left, right, result : llvmlite.ir.Value
        Addresses of A, B and C.
    """

    def __init__(self, builder: ir.IRBuilder, sizes: Sizes, registers: Registers, alpha: ir.Value, left: ir.Value,
                 right: ir.Value, result: ir.Value) -> None:
        super().__init__(builder, sizes.bits, registers.bits // sizes.bits)
        self.sizes, self.registers = sizes, registers
        self.left_step = sizes.left_step or (sizes.rows if sizes.left_turned else sizes.inner)
        self.alpha, self.left, self.right, self.result = alpha, left, right, result

    def write(self) -> None:
        """Append all of them."""
        sizes = self.sizes
        if sizes.right_turned:
            self.right = self._turned(self.right, sizes.columns, sizes.inner)
        if self.rest and not sizes.left_turned:
            self.right_rest = self._turned(self.right, sizes.inner, self.rest, sizes.columns, sizes.columns - self.rest)
        if sizes.left_turned and self.piece < sizes.inner:  # a column of it comes from as many pages of memory
            if not sizes.adds:
                self.each(sizes.rows, 1, self._clear)
            self.each(sizes.inner, self.piece, lambda start, length: self._bands(start, length, True))
        else:
            self._bands(0, sizes.inner, sizes.adds)

    def _bands(self, start: Place, length: int, adds: bool) -> None:
        self.each(self.sizes.rows, self.band, lambda band, rows: self._band(band, rows, start, length, adds))

    def _turned(self, matrix: ir.Value, rows: int, columns: int, step: int = 0, first: int = 0) -> ir.Value:
        """Return the transpose of a matrix, or of those of its columns that begin with `first`."""
        copy = self.scratch(rows * columns)

        def row(place: Place, _: int) -> None:
            for column in range(columns):
                entry = self.load(matrix, self.sum(self.times(place, step or columns), first + column))
                self.store(entry, copy, self.sum(place, column * rows))

        self.each(rows, 1, row)
        return copy

    # The plan -----------------------------------------------------------------------------------------------------

    @cached_property
    def rest(self) -> int:
        """Columns that fill no vector, if they are less work than a vector that overlaps its neighbour."""
        rest, inner = self.sizes.columns % self.lanes, self.sizes.inner
        if self.sizes.left_turned and self.sizes.rows % self.lanes:
            return 0  # nor do the rows fill theirs
        return rest if rest * (inner // self.lanes + self.lanes) < inner else 0

    @cached_property
    def tiles(self) -> list[list[int]]:
        """The columns where the vectors of each tile begin; the last vector may overlap the one before."""
        columns = self.sizes.columns - self.rest
        starts = [min(start, columns - self.lanes) for start in range(0, columns, self.lanes)]
        count = -(-len(starts) // VECTORS)
        cuts = [len(starts) * tile // count for tile in range(count + 1)]
        return [starts[first:last] for first, last in pairwise(cuts)]

    @cached_property
    def band(self) -> int:
        """Rows of a band: whole vectors, and equally many where that can be: the fewer loops there are to compile."""
        rows = self.sizes.rows
        equal = (size for size in range(BAND, BAND // 2, -self.lanes) if rows % size == 0)
        return rows if rows <= BAND else next(equal, BAND)

    @cached_property
    def piece(self) -> int:
        """Length of a piece of the inner axis."""
        count = -(-self.sizes.inner * self.sizes.columns * self.bits // 8 // NEAREST)
        return -(-self.sizes.inner // count)

    # Tiles --------------------------------------------------------------------------------------------------------

    def _band(self, band: Place, rows: int, first: Place, inner: int, adds: bool) -> None:
        """Compute rows of the result from a part of the inner axis."""
        if inner > self.piece and not adds:
            self.each(rows, 1, lambda row, _: self._clear(self.sum(band, row), 1))

        def piece(start: Place, length: int) -> None:
            for columns in self.tiles:
                self.each(rows, self.registers.rows(len(columns)), partial(
                    self._tile, band, columns, self.sum(first, start), length, adds or inner > self.piece))

        self.each(inner, self.piece, piece)
        if self.rest and self.sizes.left_turned:
            self._rest_of_turned(band, rows, first, inner, adds)
        elif self.rest:
            self._rest_of_plain(band, rows)

    def _place(self, row: Place, column: int) -> Place:
        return self.sum(self.times(row, self.sizes.columns), column)

    def _clear(self, row: Place, _: int) -> None:
        for column in chain(*self.tiles):
            self.store(self.zeros, self.result, self._place(row, column))
        for column in range(self.sizes.columns - self.rest, self.sizes.columns):
            self.store(ir.Constant(self.number, 0.0), self.result, self._place(row, column))

    def _tile(self, band: Place, columns: Sequence[int], start: Place, length: int, adds: bool, row: Place,
              rows: int) -> None:
        """Sum a tile over a piece of the inner axis."""
        row = self.sum(band, row)
        sizes = self.sizes
        row_step, inner_step = (1, self.left_step) if sizes.left_turned else (self.left_step, 1)
        first = self.times(row, row_step)

        def step(at: Place, sums: Sequence[ir.Value]) -> list[ir.Value]:
            inner = self.sum(start, at)
            left, right = self.sum(first, self.times(inner, inner_step)), self.times(inner, sizes.columns)
            return self._outer(
                rows, len(columns), lambda i: self.spread(self.load(self.left, self.sum(left, i * row_step))),
                lambda j: self.load_vector(self.right, self.sum(right, columns[j])), sums)

        sums = self.summed(length, 1, rows * len(columns), step)
        places = [self._place(self.sum(row, i), column) for i in range(rows) for column in columns]
        alpha = self.spread(self.alpha)
        before = [self.load_vector(self.result, place) for place in places] if adds else []
        for at, (place, total) in enumerate(zip(places, sums, strict=True)):  # vectors overlap: all loads come first
            self.store(self.fused(alpha, total, before[at]) if adds else self.builder.fmul(alpha, total),
                       self.result, place)

    def _outer(self, rows: int, columns: int, left: Callable[[int], ir.Value], right: Callable[[int], ir.Value],
               sums: Sequence[ir.Value]) -> list[ir.Value]:
        """Add a column times a row to the sums of a tile; of the longer one, a register holds one at a time."""
        result = list(sums)

        def add(i: int, x: ir.Value, j: int, y: ir.Value) -> None:
            result[i * columns + j] = self.fused(x, y, result[i * columns + j])

        if rows <= columns:
            kept = [left(i) for i in range(rows)]
            for j in range(columns):
                y = right(j)
                for i, x in enumerate(kept):
                    add(i, x, j, y)
        else:
            kept = [right(j) for j in range(columns)]
            for i in range(rows):
                x = left(i)
                for j, y in enumerate(kept):
                    add(i, x, j, y)
        return result

    # Columns that fill no vector ----------------------------------------------------------------------------------

    def _rest_of_plain(self, band: Place, rows: int) -> None:
        """Sum them by vectors along the inner axis, along which the left operand lies."""
        sizes, inner = self.sizes, self.sizes.inner

        def some(row: Place, count: int) -> None:
            first = self.times(self.sum(band, row), self.left_step)
            kept = self.scratch(count * self.rest * self.lanes)

            def left(at: Place, i: Place) -> Place:
                return self.sum(first, at, self.times(i, self.left_step))

            sums = self.summed(inner, self.lanes, count * self.rest, lambda at, sums: self._outer(
                count, self.rest, lambda i: self.load_vector(self.left, left(at, i)),
                lambda j: self.load_vector(self.right_rest, self.sum(at, j * inner)), sums))
            for place, total in enumerate(sums):
                self.store(total, kept, place * self.lanes)

            def put(i: Place, _: int) -> None:
                for j in range(self.rest):
                    place = self.sum(self.times(i, self.rest * self.lanes), j * self.lanes)
                    total = self.across(self.load_vector(kept, place))
                    for at in range(inner - inner % self.lanes, inner):
                        total = self.fused(self.load(self.left, left(at, i)),
                                           self.load(self.right_rest, j * inner + at), total)
                    self._put(self.sum(band, row, i), j, total, sizes.adds)

            self.each(count, 1, put)

        self.each(rows, self.registers.rows(self.rest), some)

    def _rest_of_turned(self, band: Place, rows: int, start: Place, inner: int, adds: bool) -> None:
        """Sum them by vectors along the rows, along which the left operand lies."""
        sizes, lanes = self.sizes, self.lanes

        def some(row: Place, count: int) -> None:
            vectors, first = count // lanes, self.sum(band, row)

            def step(at: Place, sums: Sequence[ir.Value]) -> list[ir.Value]:
                at = self.sum(start, at)
                return self._outer(
                    vectors, self.rest,
                    lambda i: self.load_vector(self.left, self.sum(self.times(at, self.left_step), first, i * lanes)),
                    lambda j: self.spread(self.load(self.right, self._place(at, sizes.columns - self.rest + j))), sums)

            kept = self.scratch(self.rest * count)
            for place, total in enumerate(self.summed(inner, 1, vectors * self.rest, step)):
                i, j = divmod(place, self.rest)
                self.store(total, kept, j * count + i * lanes)

            def put(row: Place, _: int) -> None:
                for j in range(self.rest):
                    self._put(self.sum(first, row), j, self.load(kept, self.sum(row, j * count)), adds)

            self.each(count, 1, put)

        self.each(rows - rows % lanes, lanes * self.registers.rows(self.rest), some)

    def _put(self, row: Place, rest: int, total: ir.Value, adds: bool) -> None:
        place = self._place(row, self.sizes.columns - self.rest + rest)
        scaled = self.builder.fmul(self.alpha, total)
        before = self.load(self.result, place) if adds else None
        self.store(scaled if before is None else self.builder.fadd(scaled, before), self.result, place)


def product(module: ir.Module, sizes: Sizes, registers: Registers) -> ir.Function:
    """Return the function ``(alpha, A, B, C)`` of a module that computes products of these sizes."""
    name = f"product_{sizes.name}"
    if name in module.globals:
        return module.globals[name]
    form = ir.FunctionType(ir.VoidType(), [KINDS[f"float{sizes.bits}"].type, POINTER, POINTER, POINTER])
    function = ir.Function(module, form, name)
    function.attributes.add("nounwind")
    function.args[3].add_attribute("noalias")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    TiledProduct(builder, sizes, registers, *function.args).write()
    builder.ret_void()
    return function
