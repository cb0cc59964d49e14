"""Pieces of a loop computed by several threads.

    together(piece, table, count, crew)

calls ``piece(table, part)`` for every part from 0 to ``count - 1``: by the thread that asks, and by helpers from the
crew at the address `crew`, one for each free core; whoever is ready takes the next piece.
"""

from __future__ import annotations

from llvmlite import ir

from .emit import POINTER, Number, Operand, cast
from .flow import Defined
from .kinds import INT64
from .machine import SHARE

TABLE, COUNT, NEXT, PENDING = range(4)  # words of a task; `crew` reads the second and counts in the last


def together(builder: ir.IRBuilder, piece: Defined, table: Operand, count: Operand, crew: Operand) -> Number:
    """Append the call of all pieces of a loop."""
    with builder.goto_entry_block():
        task = builder.alloca(INT64.type, PENDING + 1)
    for place, value in ((TABLE, table), (COUNT, count), (NEXT, 0), (PENDING, 0)):
        builder.store(cast(builder, value, INT64).value, _entry(builder, task, place))
    place = builder.inttoptr(cast(builder, crew, INT64).value, POINTER)
    form = ir.FunctionType(ir.VoidType(), [POINTER, POINTER])
    share = builder.inttoptr(builder.load(_entry(builder, place, SHARE), typ=INT64.type), form.as_pointer())
    builder.call(share, [_runner(builder.module, piece), task])
    return cast(builder, 0, INT64)


def _entry(builder: ir.IRBuilder, array: ir.Value, place: int) -> ir.Value:
    return builder.gep(array, [INT64.constant(place)], inbounds=True, source_etype=INT64.type)


def _runner(module: ir.Module, piece: Defined) -> ir.Function:
    """Return the function that takes the next piece of a task until none is left."""
    name = f"{piece.function.name} runner"
    if name in module.globals:
        return module.globals[name]
    runner = ir.Function(module, ir.FunctionType(ir.VoidType(), [POINTER]), name)
    runner.linkage = "internal"
    runner.attributes.add("nounwind")
    (task,) = runner.args
    entry, take, work, done = (runner.append_basic_block(word) for word in ("entry", "take", "work", "done"))
    builder = ir.IRBuilder(entry)
    table, count = (builder.load(_entry(builder, task, place), typ=INT64.type) for place in (TABLE, COUNT))
    builder.branch(take)
    builder.position_at_end(take)
    part = builder.atomic_rmw("add", _entry(builder, task, NEXT), INT64.constant(1), "seq_cst")
    builder.cbranch(builder.icmp_signed("<", part, count), work, done)
    builder.position_at_end(work)
    builder.call(piece.function, [table, part])
    builder.branch(take)
    builder.position_at_end(done)
    builder.ret_void()
    return runner
