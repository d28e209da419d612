"""What holds for all tables, queues and buckets of the template alike, said once: whose key encrypts them."""

from typing import Any

_OWN_KEY = {"Ref": "CustomerKeyArn"}
_NOTHING = {"Ref": "AWS::NoValue"}


def harden(template: dict[str, Any]) -> None:
    """Encrypt tables, queues and buckets with the customer's key, if the stack was given one, instead of AWS's own."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        match resource.get("Type"):
            case "AWS::DynamoDB::Table":
                own = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": _OWN_KEY}
                properties["SSESpecification"] = _if_own_key(own, _NOTHING)
            case "AWS::SQS::Queue":
                properties["SqsManagedSseEnabled"] = _if_own_key(_NOTHING, True)
                properties["KmsMasterKeyId"] = _if_own_key(_OWN_KEY, _NOTHING)
            case "AWS::S3::Bucket":
                own = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": _OWN_KEY}
                rule = {"ServerSideEncryptionByDefault": _if_own_key(own, {"SSEAlgorithm": "AES256"})}
                properties["BucketEncryption"] = {
                    "ServerSideEncryptionConfiguration": [rule | {"BucketKeyEnabled": _if_own_key(True, _NOTHING)}]
                }


def _if_own_key(then: Any, otherwise: Any) -> dict[str, Any]:
    return {"Fn::If": ["OwnKey", then, otherwise]}
