"""Gives the emulator's API Gateway the answers that it gives itself on AWS: it does not read them in the template."""

from infra.gateway import gateway_responses
from infra.local.deployed import DeployedStack


def set_gateway_responses(deployed: DeployedStack) -> None:
    """Set them, and deploy the API with them."""
    gateway, api = deployed.client("apigateway"), deployed.outputs["RestAPIId"]
    for kind, response in gateway_responses().items():
        headers = response["ResponseParameters"]["Headers"]
        gateway.put_gateway_response(
            restApiId=api,
            responseType=kind,
            statusCode=str(response["StatusCode"]),
            responseParameters={f"gatewayresponse.header.{name}": value for name, value in headers.items()},
            responseTemplates=response["ResponseTemplates"],
        )
    gateway.create_deployment(restApiId=api, stageName=deployed.outputs["ApiStage"])
