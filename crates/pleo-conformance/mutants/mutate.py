#!/usr/bin/env python3
"""Changes a client in Python in small ways, one at a time, and has the conformance suite judge each change:

    cargo build --bin pleo-conformance
    python3 crates/pleo-conformance/mutants/mutate.py crates/pleo-conformance/adapters/python_client.py

What the suite passes is judged again with more cases, and printed if it passes again. docs/maintainers/mutants.md says what has
become of those.
"""

import argparse
import ast
import collections
import concurrent.futures
import copy
import difflib
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

COMPARISONS = {
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn], ast.NotIn: [ast.In], ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is], ast.Lt: [ast.LtE, ast.GtE], ast.LtE: [ast.Lt, ast.Gt], ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
}  # fmt: skip
NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}


def altered(node, **fields):
    """The same node with other fields."""
    node = copy.copy(node)
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def without_each(node, *lists):
    """The same node without one item of its lists, for each item."""
    for index in range(len(getattr(node, lists[0]))):
        kept = {name: getattr(node, name)[:index] + getattr(node, name)[index + 1 :] for name in lists}
        yield altered(node, **kept)


def constants(value):
    """Other values of a constant."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1]
    if isinstance(value, str):
        return {"", value.swapcase()} - {value}
    return []


def variants(node):
    """What can be in the place of a node."""
    match node:
        case ast.Constant(value):
            yield from (ast.Constant(other) for other in sorted(constants(value)))
        case ast.Compare(ops=[operator]):
            yield from (altered(node, ops=[other()]) for other in COMPARISONS[type(operator)])
        case ast.BoolOp(op, values):
            yield altered(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            yield from values
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left, op, right):
            yield from (left, right)
            if isinstance(op, ast.Add):
                yield altered(node, left=right, right=left)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Dict():
            yield from without_each(node, "keys", "values")
        case ast.List() | ast.Tuple() if isinstance(node.ctx, ast.Load):
            yield from without_each(node, "elts")
        case ast.JoinedStr():
            yield from without_each(node, "values")
        case ast.comprehension():
            yield from without_each(node, "ifs")
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name], ast.Load())
        case ast.Call(func=func, args=args):
            yield from without_each(node, "keywords")
            yield from args[:1]
            if len(args) > 1:
                yield altered(node, args=args[:-1])
                yield altered(node, args=[args[1], args[0], *args[2:]])
            if isinstance(func, ast.Attribute) and not isinstance(func.value, ast.Constant):
                yield func.value
        case ast.If(test=test) | ast.While(test=test):
            yield from (altered(node, test=ast.Constant(other)) for other in (True, False))
        case ast.For(body=body):
            yield altered(node, body=[*body, ast.Break()])
            yield altered(node, body=[ast.Pass()])
        case ast.Try():
            yield from without_each(node, "handlers")
            if node.finalbody:
                yield altered(node, finalbody=[ast.Pass()])
        case ast.With(body=body):
            yield ast.If(ast.Constant(True), body, [])
        case ast.Continue():
            yield from (ast.Break(), ast.Pass())
        case ast.Return(value=value) if value is not None:
            yield from (ast.Return(None), ast.Pass())
        case ast.Expr(value=ast.Constant()):
            return
        case ast.Raise() | ast.Assign() | ast.AugAssign() | ast.Expr():
            yield ast.Pass()


class Replace(ast.NodeTransformer):
    """Puts one node into the place of another."""

    def __init__(self, old, new):
        self.old, self.new = old, new

    def visit(self, node):
        return self.new if node is self.old else self.generic_visit(node)


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def difference(before, after):
    """The lines that differ, on one line."""
    _, _, *lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0)
    return "  ".join(f"{line[0]} {line[1:].strip()}" for line in lines if line[0] in "-+")


def changeable(statement):
    """The nodes of a statement, in their order. The words of an error or a log are not what this is about."""
    nodes = list(ast.walk(statement))
    told = {inner for node in nodes if isinstance(node, ast.Raise) for inner in ast.walk(node.exc or node)}
    told |= {inner for node in nodes if isinstance(node, ast.JoinedStr) for inner in node.values if is_text(inner)}
    told |= {node.value for node in nodes if isinstance(node, ast.Expr) and is_text(node.value)}
    nodes = [node for node in nodes if node not in told and (hasattr(node, "lineno") or hasattr(node, "ifs"))]
    return sorted(nodes, key=line_of)


def line_of(node):
    return node.lineno if hasattr(node, "lineno") else node.target.lineno


def mutants(source, until):
    """Each change, as a description and a program, up to the class with which the adapter begins."""
    statements = ast.parse(source).body
    texts = [ast.unparse(statement) for statement in statements]
    names = [getattr(statement, "name", None) for statement in statements]
    for index, statement in enumerate(statements[: names.index(until)]):
        seen = {texts[index]}
        for node in changeable(statement):
            for new in list(variants(node)):
                changed = ast.unparse(ast.fix_missing_locations(Replace(node, new).visit(statement)))
                Replace(new, node).visit(statement)
                try:
                    compile(changed, "mutant", "exec")
                except SyntaxError:
                    continue
                if changed not in seen:
                    seen.add(changed)
                    change = f"{line_of(node)}: {difference(texts[index], changed)}"
                    yield change, "\n\n".join([*texts[:index], changed, *texts[index + 1 :]])


def judge(options, program, cases):
    """The rules that fail or end with an error on a program, by verdict."""
    with tempfile.TemporaryDirectory() as folder:
        client, report = pathlib.Path(folder, "client.py"), pathlib.Path(folder, "report.json")
        client.write_text(program)
        command = [options.runner, "run", "--client", shlex.join([sys.executable, "-I", str(client)])]
        command += ["--cases", str(cases), "--timeout", "5", "--summary", "--report", f"json={report}"]
        try:
            subprocess.run(command, capture_output=True, check=False, timeout=60 + 4 * cases)
            results = json.loads(report.read_text())["results"]
        except (subprocess.TimeoutExpired, OSError, ValueError) as error:
            return collections.defaultdict(list, error=[type(error).__name__])
    verdicts = collections.defaultdict(list)
    for result in results:
        verdicts[result["verdict"]].append(result["id"])
    return verdicts


def outcome(options, change, program):
    """What becomes of a change: more cases are tried as long as it passes."""
    for cases in options.cases:
        verdicts = judge(options, program, cases)
        if verdicts["fail"]:
            return "noticed", change, f"{cases} cases", " ".join(verdicts["fail"])
        if verdicts["error"]:
            return "broke", change, f"{cases} cases", " ".join(verdicts["error"])
    return "survived", change, f"{cases} cases", " ".join(verdicts["inconclusive"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("client", type=pathlib.Path, help="the adapter with the client in it")
    parser.add_argument("--until", default="Session", help="the class with which the adapter begins")
    parser.add_argument("--runner", default="target/debug/pleo-conformance", help="the built runner")
    parser.add_argument("--cases", type=int, nargs="+", default=[2, 8, 64], help="how many, one run after the other")
    parser.add_argument("--jobs", type=int, default=1, help="how many changes are judged at the same time")
    parser.add_argument("--only", default="", help="only changes whose description has this in it")
    parser.add_argument("--list", action="store_true", help="only list the changes")
    options = parser.parse_args()
    changes = [pair for pair in mutants(options.client.read_text(), options.until) if options.only in pair[0]]
    if options.list:
        print(*[change for change, _ in changes], len(changes), sep="\n")
        return
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for found in pool.map(lambda pair: outcome(options, *pair), changes):
            print(*found, sep="\t", flush=True)
            counts[found[0]] += 1
    print(", ".join(f"{count} {name}" for name, count in counts.items()), "of", len(changes))


if __name__ == "__main__":
    main()
