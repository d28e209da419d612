"""What a deployed stack says about itself: its outputs, and the settings of its functions."""

from typing import Any


def stack_outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """The outputs of a deployed stack, by name."""
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def stack_environment(lambda_: Any, outputs: dict[str, str]) -> dict[str, str]:
    """The settings of a deployed stack, as its functions have them in their environment."""
    configuration = lambda_.get_function_configuration(FunctionName=outputs["APIHandler"])
    variables: dict[str, str] = configuration["Environment"]["Variables"]
    return variables
