"""The package that goes to AWS: valid, wired, and with no more rights than it needs."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from samtranslator.translator.transform import transform

from infra.aliases import alias_of
from infra.package import Package, package, read_template
from infra.tables import table_definitions
from tests import rights

SCHEDULES = ("SweepRenewals", "SweepTrials", "SweepPrepaid", "SweepDeliveries", "Heal", "AuditBooks")
FUNCTIONS = (
    *("APIHandler", "ApiKeyAuthorizer", "WorkDue", "RenderInvoice", "SendPasswordReset"),
    *("PublishChanges", "SpreadEvents", "SendNotices", "SuppressAddresses", "DeliverWebhooks"),
    *SCHEDULES,
)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return package(tmp_path_factory.mktemp("package"), wheels=False)


@pytest.fixture(scope="module")
def resources(packaged: Package) -> dict[str, Any]:
    loaded: dict[str, Any] = read_template(packaged.template)["Resources"]
    return loaded


def test_cloudformation_finds_nothing_to_complain_of(packaged: Package) -> None:
    assert _complaints(packaged.template) == (0, "")


def test_the_app_declares_exactly_the_functions_the_template_knows(resources: dict[str, Any]) -> None:
    functions = {name for name, resource in resources.items() if resource["Type"] == "AWS::Serverless::Function"}

    assert functions == set(FUNCTIONS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_a_role_of_its_own(resources: dict[str, Any], function: str) -> None:
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    others = [resources[other]["Properties"]["Role"]["Fn::GetAtt"][0] for other in FUNCTIONS if other != function]

    assert resources[role]["Type"] == "AWS::IAM::Role"
    assert role not in others


def test_only_the_api_may_invoke_functions(resources: dict[str, Any]) -> None:
    """Lambda stops functions that invoke themselves, after about 16 rounds (docs/decisions/long-runs.md)."""
    roles = {name: each for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"}

    assert [name for name, role in roles.items() if "lambda:InvokeFunction" in str(role)] == ["ApiHandlerRole"]


def test_no_role_may_do_or_touch_just_anything(resources: dict[str, Any]) -> None:
    for statement in _statements(resources):
        assert not [action for action in _listed(statement["Action"]) if "*" in action], statement["Sid"]
        assert "*" not in _listed(statement["Resource"]), statement["Sid"]


def test_functions_are_called_by_their_alias_alone(packaged: Package, resources: dict[str, Any]) -> None:
    """SAM lets events call it; what Chalice and we write ourselves is looked at here."""
    template = read_template(packaged.template)
    granted = [each["Properties"]["FunctionName"] for each in resources.values() if "Permission" in each["Type"]]
    named = [resources["APIHandler"]["Properties"]["Environment"], resources["ApiHandlerRole"], template["Outputs"]]

    assert all(resources[name]["Properties"]["AutoPublishAlias"] == "live" for name in FUNCTIONS)
    assert [each for each in granted if each["Ref"] not in map(alias_of, FUNCTIONS)] == []
    assert ".Arn}/invocations" not in str(resources["RestAPI"])
    for call in ("RenderInvoice", "SendPasswordReset"):
        assert f"'{call}'" not in str(named)
    for name in ("SendPasswordReset", "SuppressAddresses"):
        failures = resources[f"{name}Failures"]
        assert (failures["Properties"]["Qualifier"], failures["DependsOn"]) == ("live", alias_of(name))


@pytest.fixture(scope="module")
def released(packaged: Package) -> dict[str, Any]:
    """The resources of the first release, as SAM makes them."""
    return _transformed(packaged, Release="first")


def test_events_call_aliases_too(released: dict[str, Any]) -> None:
    mappings = [each["Properties"]["FunctionName"] for each in _of_type(released, "AWS::Lambda::EventSourceMapping")]
    targets = [each["Properties"]["Targets"][0]["Arn"] for each in _of_type(released, "AWS::Events::Rule")]

    assert len(mappings) == 15
    assert len(targets) == 7
    assert [each for each in mappings + targets if not each["Ref"].endswith("Aliaslive")] == []


def test_the_next_release_publishes_a_version_of_every_function_and_a_canary_of_it_is_undone_when_it_fails(
    packaged: Package, released: dict[str, Any]
) -> None:
    made = _transformed(packaged, Release="second", Canary="Canary10Percent5Minutes")
    new, old = ({name for name in each if "Version" in name} for each in (made, released))
    groups = {name: each for name, each in made.items() if each["Type"] == "AWS::CodeDeploy::DeploymentGroup"}
    gradual = {name for name, each in made.items() if "CodeDeployLambdaAliasUpdate" in each.get("UpdatePolicy", {})}

    assert len(new - old) == len(old - new) == len(FUNCTIONS)
    assert gradual == {alias_of(name) for name in ("APIHandler", "ApiKeyAuthorizer", "WorkDue")}
    assert len(groups) == 3
    for group in groups.values():
        alarms = {each["Name"]["Ref"] for each in group["Properties"]["AlarmConfiguration"]["Alarms"]}
        assert alarms == {"AvailabilityBurnFastShort", "WorkerErrorsAlarm", "StuckAccountsAlarm"}
        assert all(made[alarm]["Type"] == "AWS::CloudWatch::Alarm" for alarm in alarms)


def test_without_a_canary_there_is_nothing_of_codedeploy(released: dict[str, Any]) -> None:
    assert [each for each in released.values() if "CodeDeploy" in str(each)] == []


def test_the_apis_definition_holds_no_parameter(resources: dict[str, Any]) -> None:
    """SAM deploys an API anew when its definition as written has changed, not when a parameter has another value."""
    api = resources["RestAPI"]["Properties"]
    definition = str([api["DefinitionBody"], api["GatewayResponses"]])

    assert "Fn::If" not in definition
    assert set(re.findall(r"\$\{([\w:]+)\}", definition)) == {
        *("AWS::Partition", "AWS::Region", "APIHandlerAliaslive", "ApiKeyAuthorizerAliaslive")
    }


@pytest.mark.prove
@pytest.mark.parametrize(
    "chosen", [{"Canary": "Canary10Percent5Minutes"}, {"GatewayLogRole": "there"}, {"Stage": "staging"}], ids=str
)
def test_cloudformation_accepts_what_may_be_chosen(packaged: Package, tmp_path: Path, chosen: dict[str, str]) -> None:
    template = read_template(packaged.template)
    for name, value in chosen.items():
        template["Parameters"][name]["Default"] = value
    (tmp_path / "sam.json").write_text(json.dumps(template), encoding="utf-8")

    assert _complaints(tmp_path / "sam.json") == (0, "")


@pytest.mark.parametrize("function", rights.functions())
def test_a_role_may_do_what_its_policy_says_and_nothing_more(resources: dict[str, Any], function: str) -> None:
    role = resources[f"{function.title().replace('_', '')}Role"]["Properties"]
    policy = json.loads(rights.functions()[function].read_text(encoding="utf-8"))

    assert [attached["PolicyDocument"] for attached in role["Policies"]] == [policy]
    assert "ManagedPolicyArns" not in role


def test_nobody_else_has_a_role_but_the_gateways_log(resources: dict[str, Any]) -> None:
    roles = {name for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"}

    assert len(roles - {"GatewayLogRoleOfAccount"}) == len(FUNCTIONS)


def test_every_function_is_told_every_table(packaged: Package) -> None:
    template = read_template(packaged.template)
    variables = template["Globals"]["Function"]["Environment"]["Variables"]

    missing = [table.env_var for table in table_definitions() if table.env_var not in variables]

    assert missing == []


PARTIAL = [("DueQueue", "WorkDue"), ("NoticesQueue", "SendNotices")]
CONSUMERS = [*PARTIAL, ("DeliveriesQueue", "DeliverWebhooks")]


@pytest.mark.parametrize(("queue", "function"), CONSUMERS)
def test_a_message_stays_hidden_for_six_times_as_long_as_its_function_may_take(
    resources: dict[str, Any], queue: str, function: str
) -> None:
    hidden_seconds = resources[queue]["Properties"]["VisibilityTimeout"]
    function_seconds = resources[function]["Properties"]["Timeout"]

    assert hidden_seconds >= 6 * function_seconds


@pytest.mark.parametrize(("queue", "function"), PARTIAL)
def test_a_failed_message_does_not_fail_its_batch(resources: dict[str, Any], queue: str, function: str) -> None:
    source = resources[function]["Properties"]["Events"][f"{function}SqsEventSource"]["Properties"]

    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["Queue"] == {"Fn::Sub": f"${{{queue}.Arn}}"}


def test_every_table_with_a_stream_is_published(resources: dict[str, Any]) -> None:
    sources = resources["PublishChanges"]["Properties"]["Events"].values()
    published = {source["Properties"]["Stream"]["Fn::GetAtt"][0] for source in sources}

    assert published | {"EventsTable"} == {
        table.logical_id for table in table_definitions() if "StreamSpecification" in table.create_table_arguments
    }
    assert "EventsTable" not in published


def test_new_events_are_spread_in_order_and_none_is_given_up_in_silence(resources: dict[str, Any]) -> None:
    [source] = [event["Properties"] for event in resources["SpreadEvents"]["Properties"]["Events"].values()]

    assert source["Stream"] == {"Fn::GetAtt": ["EventsTable", "StreamArn"]}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["FailuresQueue", "Arn"]}


@pytest.mark.parametrize("function", SCHEDULES)
def test_a_schedule_that_cannot_start_its_function_is_not_lost(resources: dict[str, Any], function: str) -> None:
    [event] = resources[function]["Properties"]["Events"].values()

    assert event["Properties"]["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["FailuresQueue", "Arn"]}


@pytest.mark.parametrize("function", ["SendPasswordReset", "SuppressAddresses"])
def test_a_reset_link_or_a_bounce_report_that_keeps_failing_is_not_lost(
    resources: dict[str, Any], function: str
) -> None:
    failures = resources[f"{function}Failures"]["Properties"]

    assert failures["FunctionName"] == {"Ref": function}
    assert failures["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["FailuresQueue", "Arn"]}
    assert "FailuresQueue" in str(resources[f"{function}Role"]["Properties"])


def test_api_gateways_own_answers_are_problems(resources: dict[str, Any]) -> None:
    for response in resources["RestAPI"]["Properties"]["GatewayResponses"].values():
        problem = yaml.safe_load(response["ResponseTemplates"]["application/json"])

        assert problem["status"] == response["StatusCode"]
        assert problem.keys() == {"type", "title", "status", "code", "detail", "request_id"}


def test_the_api_gives_up_before_api_gateway_does(resources: dict[str, Any]) -> None:
    assert resources["APIHandler"]["Properties"]["Timeout"] < 29


CHARGING = {"StripeKeyParameter", "PayPalCredentialsParameter"}
"""What is needed to ask the processors of cards and payouts."""


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        ("APIHandler", {*CHARGING, "StripeWebhookSecretParameter", "MasterKeyParameter"}),
        ("WorkDue", {*CHARGING, "ProvisioningSecretParameter", "MasterKeyParameter"}),
        ("AuditBooks", CHARGING),
        ("SendNotices", {"MasterKeyParameter"}),
        ("DeliverWebhooks", {"MasterKeyParameter"}),
    ],
)
def test_a_function_reads_just_the_secrets_it_needs(
    resources: dict[str, Any], function: str, parameters: set[str]
) -> None:
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    readers = [s for s in _statements({role: resources[role]}) if "ssm:GetParameter" in _listed(s["Action"])]

    assert {arn["Fn::Sub"].partition(":parameter")[2] for s in readers for arn in _listed(s["Resource"])} == {
        "${" + parameter + "}" for parameter in parameters
    }


@pytest.mark.parametrize("function", ["ApiKeyAuthorizer", "PublishChanges", "SpreadEvents", "SweepRenewals", "Heal"])
def test_the_others_read_no_secrets(resources: dict[str, Any], function: str) -> None:
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]

    for statement in _statements({role: resources[role]}):
        assert not {"ssm:GetParameter", "kms:Decrypt"} & set(_listed(statement["Action"]))


def test_a_secret_is_decrypted_only_where_it_is_read(resources: dict[str, Any]) -> None:
    for statement in _statements(resources):
        if "kms:Decrypt" in _listed(statement["Action"]):
            assert "kms:EncryptionContext:PARAMETER_ARN" in statement["Condition"]["StringEquals"], statement["Sid"]


def _complaints(template: Path) -> tuple[int, str]:
    """What cfn-lint finds in a template, and its exit code."""
    command = [Path(sys.executable).with_name("cfn-lint"), "--template", template]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout


def _transformed(packaged: Package, **parameters: str) -> dict[str, Any]:
    """The resources that SAM makes of the package with these values of parameters, as CloudFormation does."""
    template = read_template(packaged.template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://packages/deployment.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        made: dict[str, Any] = transform(template, parameters, NoPolicies())["Resources"]
    return made


class NoPolicies:
    """Stands for the list of AWS's managed policies, which no function of ours uses by name."""

    def load(self) -> dict[str, str]:
        return {}


def _of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in resources.values() if each["Type"] == kind]


def _statements(resources: dict[str, Any]) -> Iterator[dict[str, Any]]:
    roles = [resource for resource in resources.values() if resource["Type"] == "AWS::IAM::Role"]
    for role in roles:
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
