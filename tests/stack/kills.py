"""Killing a deployed function at random points: its process ends without a word, before or after one of its calls.

The function is given a module that Python loads at start-up by its name. Each kill uses up a file, so there are as many
as were asked for and the function gets through at last.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.aliases import ALIAS
from infra.local.stack import LocalStack

KILLER = """
import http.client, os, pathlib, random

def _perhaps_die():
    if random.random() < 0.3:
        for lot in pathlib.Path(LOTS).glob(os.environ["AWS_LAMBDA_FUNCTION_NAME"] + "#*"):
            try:
                lot.unlink()
            except FileNotFoundError:
                continue
            os._exit(9)

def _dying(call, before):
    def called(self, *args, **kwargs):
        if before:
            _perhaps_die()
            return call(self, *args, **kwargs)
        answer = call(self, *args, **kwargs)
        _perhaps_die()
        return answer
    return called

http.client.HTTPConnection.endheaders = _dying(http.client.HTTPConnection.endheaders, True)
http.client.HTTPConnection.getresponse = _dying(http.client.HTTPConnection.getresponse, False)
"""


@contextmanager
def killed_at_random(stack: LocalStack, functions: list[str], *, times: int, home: Path) -> Iterator[Path]:
    """While open, functions (by the template's names) are killed so many times each; files left are kills to come."""
    lots, code = home / "lots", home / "code"
    lots.mkdir()
    code.mkdir()
    (code / "sitecustomize.py").write_text(KILLER.replace("LOTS", repr(str(lots))))
    lambdas = stack.deployed.functions
    names = {function: _deployed_name(stack, function) for function in functions}
    before = {name: _variables(lambdas, name) for name in names.values()}
    for name in names.values():
        for number in range(times):
            (lots / f"{name}#{number}").touch()
        _set(lambdas, name, before[name] | {"PYTHONPATH": str(code)})
    try:
        yield lots
    finally:
        for name, variables in before.items():
            _set(lambdas, name, variables)


def _deployed_name(stack: LocalStack, function: str) -> str:
    resource = stack.deployed.client("cloudformation").describe_stack_resource(
        StackName="sublet", LogicalResourceId=function
    )
    name: str = resource["StackResourceDetail"]["PhysicalResourceId"]
    return name


def _variables(lambdas: Any, name: str) -> dict[str, str]:
    configuration = lambdas.get_function_configuration(FunctionName=name)
    found: dict[str, str] = configuration["Environment"]["Variables"]
    return found


def _set(lambdas: Any, name: str, variables: dict[str, str]) -> None:
    lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    version = lambdas.publish_version(FunctionName=name)["Version"]
    lambdas.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)
