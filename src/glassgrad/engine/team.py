"""Pieces of a loop computed by several threads, which live as long as the loop.

    together(piece, table, count, spare)

calls ``piece(table, part)`` for every part from 0 to ``count - 1``: by the thread that asks, and by one more for each
free core, of which there are as many as stand at the address `spare`; whoever is ready takes the next piece. Threads
are not kept: starting one takes some 50 us, and there is nothing that a fork could break or that had to be stopped.
Where the system has no POSIX threads the pieces are computed one after the other; the results are the same.
"""

from __future__ import annotations

from llvmlite import ir

from .emit import POINTER, Number, Operand, cast, declared
from .flow import Defined, counted
from .kinds import INT32, INT64
from .machine import THREADS, known

TABLE, COUNT, NEXT = range(3)  # entries of a task
HELPERS = 63  # threads at most


def together(builder: ir.IRBuilder, piece: Defined, table: Operand, count: Operand, spare: Operand) -> Number:
    """Append the call of all pieces of a loop."""
    if not known().issuperset(THREADS):
        with counted(builder, 0, count) as part:
            piece(builder, table, part)
        return cast(builder, 0, INT64)
    with builder.goto_entry_block():
        task, threads = (builder.alloca(INT64.type, size) for size in (NEXT + 1, HELPERS))
    for place, value in ((TABLE, table), (COUNT, count), (NEXT, 0)):
        builder.store(cast(builder, value, INT64).value, _entry(builder, task, place))
    helper = _helper(builder.module, piece)
    free = builder.inttoptr(cast(builder, spare, INT64).value, POINTER)
    started = _start(builder, helper, task, threads, cast(builder, count, INT64).value, free)
    builder.call(helper, [task])
    join = declared(builder.module, "pthread_join", ir.FunctionType(INT32.type, [INT64.type, POINTER]))
    with counted(builder, 0, Number(builder, started, INT64)) as number:
        thread = builder.load(_entry(builder, threads, number.value), typ=INT64.type)
        builder.call(join, [thread, ir.Constant(POINTER, None)])
        builder.atomic_rmw("add", free, INT64.constant(1), "seq_cst")
    return cast(builder, 0, INT64)


def _entry(builder: ir.IRBuilder, array: ir.Value, place: int | ir.Value) -> ir.Value:
    offset = INT64.constant(place) if isinstance(place, int) else place
    return builder.gep(array, [offset], inbounds=True, source_etype=INT64.type)


def _helper(module: ir.Module, piece: Defined) -> ir.Function:
    """Return the function that a thread runs: it takes the next piece of the task until none is left."""
    name = f"{piece.function.name} helper"
    if name in module.globals:
        return module.globals[name]
    helper = ir.Function(module, ir.FunctionType(POINTER, [POINTER]), name)
    helper.linkage = "internal"
    helper.attributes.add("nounwind")
    (task,) = helper.args
    entry, take, work, done = (helper.append_basic_block(word) for word in ("entry", "take", "work", "done"))
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
    builder.ret(ir.Constant(POINTER, None))
    return helper


def _start(builder: ir.IRBuilder, helper: ir.Function, task: ir.Value, threads: ir.Value, count: ir.Value,
           free: ir.Value) -> ir.Value:
    """Start a thread for every piece but one, as long as there are free cores; return how many were started."""
    create = declared(builder.module, "pthread_create", ir.FunctionType(INT32.type, [POINTER] * 4))
    nothing = ir.Constant(POINTER, None)
    one = INT64.constant(1)
    few = builder.icmp_signed("<", count, INT64.constant(HELPERS + 1))
    wanted = builder.select(few, builder.sub(count, one), INT64.constant(HELPERS))
    before = builder.block
    more, take, start, back, after = (builder.append_basic_block(word) for word in
                                      ("more", "take", "start", "back", "after"))
    builder.branch(more)
    builder.position_at_end(more)
    started = builder.phi(INT64.type)
    started.add_incoming(INT64.constant(0), before)
    builder.cbranch(builder.icmp_signed("<", started, wanted), take, after)
    builder.position_at_end(take)
    left = builder.atomic_rmw("sub", free, one, "seq_cst")
    builder.cbranch(builder.icmp_signed(">", left, INT64.constant(0)), start, back)
    builder.position_at_end(start)
    status = builder.call(create, [_entry(builder, threads, started), nothing, helper, task])
    started.add_incoming(builder.add(started, one), start)
    builder.cbranch(builder.icmp_signed("==", status, INT32.constant(0)), more, back)
    builder.position_at_end(back)
    builder.atomic_rmw("add", free, one, "seq_cst")
    builder.branch(after)
    builder.position_at_end(after)
    return started
