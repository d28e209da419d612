"""The bucket of documents: files are made once, kept, and served by links that soon expire."""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib import aws
from chalicelib.config import settings


def exists(key: str) -> bool:
    """Whether a document has that key."""
    try:
        _s3().head_object(Bucket=settings().documents_bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def put(key: str, content: bytes, *, content_type: str, file_name: str) -> None:
    """Keep a document; a browser shows it and saves it as ``file_name``."""
    _s3().put_object(
        Bucket=settings().documents_bucket,
        Key=key,
        Body=content,
        ContentType=content_type,
        ContentDisposition=f'inline; filename="{file_name}"',
        CacheControl="private, no-store",
    )


def read(key: str) -> bytes:
    """The document itself."""
    content: bytes = _s3().get_object(Bucket=settings().documents_bucket, Key=key)["Body"].read()
    return content


def link(key: str, *, seconds: int) -> str:
    """A URL that opens the document without an API key for this many seconds of the real clock."""
    address: str = _s3().generate_presigned_url(
        "get_object", Params={"Bucket": settings().documents_bucket, "Key": key}, ExpiresIn=seconds
    )
    return address


@cache
def _s3() -> Any:
    # By default botocore signs links for the global endpoint, which redirects for most regions.
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"}, read_timeout=10)
    return aws.client("s3", config)
