"""Generated source as LLVM's language: the part of Python that `source` writes, and no more.

    def program(table):
        at = array(table, (5,), int64)
        x = array(at[4], (100,), float32)
        for i in range(100):
            x[i] = x[i] * float32(0.5)
        return 0

Functions take whole numbers, such as the address of a table, and return one. A variable is of the kind of its first
value; whole numbers of several kinds may stand beside each other, floats are converted only where the source says so.
Names mean a variable, a word (`words`) or an earlier function of the same source.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from llvmlite import ir

from .emit import Number, Operand, alike, cast, number, where
from .flow import Array, Defined, Marks, Place, array, counted
from .kinds import BOOLEAN, INT64, Kind
from .machine import Modules
from .nests import along_rows, is_nest, marks
from .words import words

OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}
SIGNS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}


class UnknownWordError(Exception):
    """The source says something that it has no words for, which only a bug of ours could be."""


def translated(text: str, name: str, ints: int, triple: str, layout: str) -> Modules:
    """Return generated source as modules of LLVM, of which other programs call the function `name`.

    Parameters
    ----------
    text, name : str
    ints : int
        Width of the integers of the BLAS that is called.
    triple, layout : str
        The machine, and how it lays out memory, in LLVM's words.
    """
    module, products = ir.Module(name), ir.Module("products")
    for each in (module, products):
        each.triple, each.data_layout = triple, layout
    known = words(ints, products)
    for definition in ast.parse(text).body:
        if not isinstance(definition, ast.FunctionDef):
            raise UnknownWordError(type(definition).__name__)
        form = ir.FunctionType(INT64.type, [INT64.type] * len(definition.args.args))
        function = ir.Function(module, form, definition.name)
        function.attributes.add("nounwind")
        if definition.name != name:
            function.linkage = "internal"
        _Translator(function, known).translate(definition)
        known[definition.name] = Defined(function)
    return Modules(str(module), str(products))


class _Translator:
    """Translates one function, line by line; variables lie in memory, from which LLVM takes them into registers."""

    def __init__(self, function: ir.Function, known: Mapping[str, Any]) -> None:
        self._function, self._words = function, known
        self._builder = ir.IRBuilder(function.append_basic_block("entry"))
        self._variables: dict[str, Place | Array] = {}
        self._in_nest, self._nests = False, 0
        self._marks: dict[int, Marks] = {}

    def translate(self, definition: ast.FunctionDef) -> None:
        """Append the instructions of the whole function."""
        for argument, value in zip(definition.args.args, self._function.args, strict=True):
            self._assign(argument.arg, Number(self._builder, value, INT64))
        self._lines(definition.body)

    # Statements

    def _lines(self, lines: list[ast.stmt]) -> None:
        for line in lines:
            self._line(line)

    def _line(self, line: ast.stmt) -> None:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="array"), args=where)):
                address, shape, kind = map(self._value, where)
                self._variables[name] = array(self._builder, address, shape, kind, _slot(where[0]))
            case ast.Assign(targets=[target], value=value):
                self._set(target, self._value(value))
            case ast.AugAssign(target=target, op=op, value=value):
                place = self._place(target)
                place.store(self._builder, _binary(self._builder, op, place.load(self._builder), self._value(value)))
            case ast.Expr(value=value):
                self._value(value)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=limits)):
                self._loop(line, name, limits)
            case ast.If(test=test, body=body, orelse=[]):
                with self._builder.if_then(self._truth(test).value):
                    self._lines(body)
            case ast.Return(value=ast.expr() as value):
                self._builder.ret(cast(self._builder, self._value(value), INT64).value)
            case _:
                raise UnknownWordError(ast.unparse(line))

    def _loop(self, loop: ast.For, name: str, limits: list[ast.expr]) -> None:
        """Repeat the lines of a loop; if it is the outermost of a step, say first what is known of its arrays."""
        outermost = not self._in_nest and is_nest(loop)
        if outermost:
            self._in_nest, self._nests = True, self._nests + 1
            arrays = {name: found for name, found in self._variables.items() if isinstance(found, Array)}
            self._marks = marks(self._function.module, f"{self._function.name} {self._nests}", loop, arrays)
        with counted(self._builder, *self._limits(limits), one_by_one=along_rows(loop)) as index:
            self._assign(name, index)
            self._lines(loop.body)
        if outermost:
            self._in_nest, self._marks = False, {}

    def _limits(self, limits: list[ast.expr]) -> tuple[Operand, Operand, int]:
        """Return first, last and step of a range, which may be just its length."""
        values = [self._value(limit) for limit in limits]
        start, stop, *step = values if len(values) > 1 else (0, *values)
        return start, stop, step[0] if step else 1

    def _set(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._assign(target.id, value)
        else:
            self._place(target).store(self._builder, value)

    def _assign(self, name: str, value: Any) -> None:
        """Give a variable this value; the first one decides of which kind it is."""
        given = number(self._builder, value)
        if name not in self._variables:
            with self._builder.goto_entry_block():
                pointer = self._builder.alloca(given.kind.stored)
            self._variables[name] = Place(pointer, given.kind)
        place = self._variables[name]
        if not isinstance(place, Place) or place.kind != given.kind:
            raise UnknownWordError(f"{name} changes its kind")
        place.store(self._builder, given)

    def _place(self, target: ast.expr) -> Place:
        """Return where a variable or an entry lies."""
        match target:
            case ast.Name(id=name):
                found = self._variables[name]
            case ast.Subscript(value=value, slice=index):
                places = index.elts if isinstance(index, ast.Tuple) else [index]
                array = self._value(value)
                assert isinstance(array, Array), ast.unparse(value)
                marks = {} if array.slot is None else self._marks.get(array.slot, {})
                found = array.entry(self._builder, [self._value(place) for place in places], marks)
            case _:
                raise UnknownWordError(ast.unparse(target))
        assert isinstance(found, Place), ast.unparse(target)
        return found

    # Expressions

    def _truth(self, test: ast.expr) -> Number:
        return cast(self._builder, self._value(test), BOOLEAN)

    def _value(self, node: ast.expr) -> Any:
        """Return the value of an expression: a number of the program or of Python, an array, a kind, a word."""
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return value
            case ast.Name(id=name):
                found = self._variables.get(name)
                if found is None:
                    return self._word(name)
                return found.load(self._builder) if isinstance(found, Place) else found
            case ast.Subscript():
                return self._place(node).load(self._builder)
            case ast.Tuple(elts=parts):
                return [self._value(part) for part in parts]
        return self._computed(node)

    def _computed(self, node: ast.expr) -> Any:
        builder = self._builder
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return _binary(builder, op, self._value(left), self._value(right))
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                one, other = alike(builder, self._value(left), self._value(right))
                return one.compare(SIGNS[type(sign)], other)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._truth(operand) ^ 1
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return where(self._truth(test), *alike(builder, self._value(body), self._value(orelse)))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                word, values = self._word(name), [self._value(argument) for argument in arguments]
                return cast(builder, values[0], word) if isinstance(word, Kind) else word(builder, *values)
        raise UnknownWordError(ast.unparse(node))

    def _word(self, name: str) -> Any:
        if name not in self._words:
            raise UnknownWordError(name)
        return self._words[name]


def _slot(address: ast.expr) -> int | None:
    """Return which entry of the table an address is, if it is one, or that of the piece of a loop from there on."""
    match address:
        case ast.BinOp(left=start, op=ast.Add(), right=ast.BinOp(op=ast.Mult(), right=ast.Name(id="part"))):
            return _slot(start)
        case ast.Subscript(value=ast.Name(id="at"), slice=ast.Constant(value=int() as slot)):
            return slot
    return None


def _binary(builder: ir.IRBuilder, op: ast.operator, left: Any, right: Any) -> Any:
    """Return the value of two operands and what stands between them; numbers of Python become one of Python."""
    apply = OPERATORS[type(op)]
    if isinstance(left, Number) or isinstance(right, Number):
        return apply(*alike(builder, left, right))
    return apply(left, right)
