"""Functions are called by their alias, and a release has a name of its own."""

from typing import Any

import pytest

from infra.aliases import name_of_release, use_aliases

ADDRESS = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/%s/invocations"


@pytest.fixture
def template() -> dict[str, Any]:
    """What Chalice writes of an API with an authorizer, cut short."""
    authorizer = {"authorizerUri": {"Fn::Sub": ADDRESS % "${ApiKeyAuthorizer.Arn}"}}
    integration = {"x-amazon-apigateway-integration": {"uri": {"Fn::Sub": ADDRESS % "${APIHandler.Arn}"}}}
    definition = {
        "paths": {"/v1/partner": {"get": integration}},
        "securityDefinitions": {"api_key_authorizer": {"x-amazon-apigateway-authorizer": authorizer}},
    }
    return {
        "Resources": {
            "APIHandler": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}},
            "ApiKeyAuthorizer": {"Type": "AWS::Serverless::Function", "Properties": {}},
            "RestAPI": {"Type": "AWS::Serverless::Api", "Properties": {"DefinitionBody": definition}},
            "MayCall": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Ref": "APIHandler"}}},
            "MayAsk": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {"FunctionName": {"Fn::GetAtt": ["ApiKeyAuthorizer", "Arn"]}},
            },
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        }
    }


def test_requests_and_their_authorizer_go_to_the_aliases(template: dict[str, Any]) -> None:
    use_aliases(template)

    definition = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    integration = definition["paths"]["/v1/partner"]["get"]["x-amazon-apigateway-integration"]
    authorizer = definition["securityDefinitions"]["api_key_authorizer"]["x-amazon-apigateway-authorizer"]
    assert integration["uri"] == {"Fn::Sub": ADDRESS % "${APIHandlerAliaslive}"}
    assert authorizer["authorizerUri"] == {"Fn::Sub": ADDRESS % "${ApiKeyAuthorizerAliaslive}"}


def test_the_gateway_may_call_the_aliases_alone(template: dict[str, Any]) -> None:
    use_aliases(template)

    allowed = {name: template["Resources"][name]["Properties"]["FunctionName"] for name in ("MayCall", "MayAsk")}
    assert allowed == {"MayCall": {"Ref": "APIHandlerAliaslive"}, "MayAsk": {"Ref": "ApiKeyAuthorizerAliaslive"}}


def test_every_function_gets_a_version_with_each_release(template: dict[str, Any]) -> None:
    use_aliases(template)

    published = {"AutoPublishAlias": "live", "AutoPublishCodeSha256": {"Ref": "Release"}}
    assert template["Resources"]["APIHandler"]["Properties"] == {"CodeUri": "./deployment.zip", **published}
    assert template["Resources"]["Table"]["Properties"] == {}


def test_a_release_is_named_anew_when_code_or_a_parameter_changes() -> None:
    name = name_of_release("templates/a.json", {"Stage": "prod", "LogLevel": "INFO"})

    assert name == name_of_release("templates/a.json", {"LogLevel": "INFO", "Stage": "prod", "Release": name})
    assert name != name_of_release("templates/b.json", {"Stage": "prod", "LogLevel": "INFO"})
    assert name != name_of_release("templates/a.json", {"Stage": "prod", "LogLevel": "DEBUG"})
