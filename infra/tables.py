"""The tables as infra/template.yaml declares them, for the tests on moto, which have no CloudFormation."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).with_name("template.yaml")

TABLE = "AWS::DynamoDB::Table"

# What CloudFormation and CreateTable spell alike. The rest (recovery, expiry, protection) CreateTable does not take.
SHARED_ARGUMENTS = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


@dataclass(frozen=True)
class TableDefinition:
    """One table of the template, its conditions ignored."""

    logical_id: str
    properties: dict[str, Any]

    @property
    def env_var(self) -> str:
        """The environment variable that holds the table's name: `ACCOUNTS_TABLE` for `AccountsTable`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.logical_id).upper()

    @property
    def name(self) -> str:
        """The table's name where no stack names it: `sublet-accounts` for `AccountsTable`."""
        return "sublet-" + self.env_var.removesuffix("_TABLE").replace("_", "-").lower()

    @property
    def expires_by(self) -> str | None:
        """The attribute DynamoDB deletes outdated items by, if any."""
        expiry: dict[str, Any] = self.properties.get("TimeToLiveSpecification", {})
        return expiry.get("AttributeName")

    @cached_property
    def create_table_arguments(self) -> dict[str, Any]:
        """Keyword arguments for boto3's `create_table`, under the definition's own name."""
        arguments = {key: self.properties[key] for key in SHARED_ARGUMENTS if key in self.properties}
        if stream := self.properties.get("StreamSpecification"):
            arguments["StreamSpecification"] = {"StreamEnabled": True, **stream}
        return {"TableName": self.name, **arguments}


def table_definitions(template: Path = TEMPLATE) -> list[TableDefinition]:
    """Every table of the template, in its order."""
    resources = yaml.safe_load(template.read_text(encoding="utf-8"))["Resources"]
    return [
        TableDefinition(logical_id=logical_id, properties=resource["Properties"])
        for logical_id, resource in resources.items()
        if resource.get("Type") == TABLE
    ]
