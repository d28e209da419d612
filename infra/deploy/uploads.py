"""The bucket of packages: code and templates under their digests, and a note of each deployment, for a rollback."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.package import Package, read_template


@dataclass(frozen=True)
class Release:
    """What was deployed: the template, which names its code, by its key in the bucket; and a short name for people.

    ``rows`` numbers the form in which it stores rows: it reads those of all lower numbers.
    """

    template: str
    name: str
    at: str = ""
    rows: int = 0


@dataclass(frozen=True)
class Bucket:
    """A bucket for the packages of one AWS account and region."""

    storage: Any
    name: str
    region: str

    def make(self) -> bool:
        """Make the bucket, private and versioned, unless it is there. Returns whether it was made."""
        try:
            self.storage.head_bucket(Bucket=self.name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
        else:
            return False
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        self.storage.create_bucket(Bucket=self.name, **({"CreateBucketConfiguration": place} if place else {}))
        blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.storage.put_public_access_block(
            Bucket=self.name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True)
        )
        self.storage.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        return True

    def upload(self, made: Package) -> Release:
        """Put a package into the bucket; one that is there already is not sent again."""
        template = read_template(made.template)
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                properties = resource["Properties"]
                code = self._put(made.template.parent / properties["CodeUri"], "code")
                properties["CodeUri"] = {"Bucket": self.name, "Key": code}
        text = json.dumps(template).encode()
        digest = hashlib.sha256(text).hexdigest()
        key = f"templates/{digest}.json"
        self._put_bytes(text, key)
        return Release(template=key, name=digest[:12], rows=template.get("Metadata", {}).get("FormOfRows", 0))

    def address(self, release: Release) -> str:
        """The template's address, as CloudFormation wants it."""
        return f"{self.storage.meta.endpoint_url}/{self.name}/{release.template}"

    def note(self, stack: str, release: Release) -> None:
        """Remember that a release was deployed, just now."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        body = json.dumps(asdict(release) | {"at": at}).encode()
        self.storage.put_object(Bucket=self.name, Key=f"deployed/{stack}/{at}.json", Body=body)

    def deployed(self, stack: str) -> list[Release]:
        """The releases of a stack, the newest first; one that was deployed twice in a row once."""
        pages = self.storage.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=f"deployed/{stack}/")
        keys = sorted((each["Key"] for page in pages for each in page.get("Contents", [])), reverse=True)
        releases: list[Release] = []
        for key in keys:
            body = self.storage.get_object(Bucket=self.name, Key=key)["Body"].read()
            release = Release(**json.loads(body))
            if not releases or releases[-1].template != release.template:
                releases.append(release)
        return releases

    def _put(self, file: Path, folder: str) -> str:
        """Put a file into the bucket under its digest, unless it is there; returns its key."""
        content = file.read_bytes()
        key = f"{folder}/{hashlib.sha256(content).hexdigest()}{file.suffix}"
        self._put_bytes(content, key)
        return key

    def _put_bytes(self, content: bytes, key: str) -> None:
        if not self._has(key):
            self.storage.put_object(Bucket=self.name, Key=key, Body=content)

    def _has(self, key: str) -> bool:
        try:
            self.storage.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return False
        return True
