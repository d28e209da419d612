"""Operator keys, which no route can make: `python -m infra.operator --stack NAME` makes one and prints it, once.

The key's row is written by the product's own service, straight into the stack's table, with the credentials of whoever
runs this.
"""

import argparse
import json
import os
from typing import Any

import boto3


def stack_outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """What a deployed stack tells of itself, by name."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def stack_environment(lambda_: Any, outputs: dict[str, str]) -> dict[str, str]:
    """The settings of a deployed stack, as its functions have them in their environment."""
    configuration = lambda_.get_function_configuration(FunctionName=outputs["APIHandlerName"])
    variables: dict[str, str] = configuration["Environment"]["Variables"]
    return variables


def create_operator_key(stack: str) -> dict[str, str]:
    """Make an operator key in a deployed stack: its id, and the key itself, which is kept nowhere.

    The process takes on the stack's settings for good: one process, one stack.
    """
    outputs = stack_outputs(boto3.client("cloudformation"), stack)
    os.environ.update(stack_environment(boto3.client("lambda"), outputs))

    from chalicelib.api import clock
    from chalicelib.services import api_keys

    created = api_keys.create_operator_key(now=clock.now())
    return {"id": created.id, "key": created.key}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m infra.operator", description="Make an operator key.")
    parser.add_argument("--stack", default="sublet", help="name of the deployed stack (default: sublet)")
    parser.add_argument("--json", action="store_true", help='print {"id", "key"}')
    arguments = parser.parse_args()
    created = create_operator_key(arguments.stack)
    print(json.dumps(created) if arguments.json else created["key"])


if __name__ == "__main__":
    main()
