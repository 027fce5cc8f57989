"""The vendor's own SDK drives the emulator through the whole lifecycle.

Usage: lifecycle.py ENDPOINT DOMAIN CA_FILE SECRET_ID SECRET_KEY
"""

import http.client
import json
import socket
import ssl
import sys
import time

from tencentcloud.ags.v20250920 import ags_client, models
from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import (
    TencentCloudSDKException,
)
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

endpoint, domain, ca_file, secret_id, secret_key = sys.argv[1:]


def client(secret_id=secret_id, secret_key=secret_key, kind=ags_client.AgsClient):
    http_profile = HttpProfile(endpoint=endpoint.removeprefix("https://"), certification=ca_file)
    profile = ClientProfile(httpProfile=http_profile)
    return kind(credential.Credential(secret_id, secret_key), "ap-chongqing", profile)


ags = client()


def call(method, request, **fields):
    request.from_json_string(json.dumps(fields))
    reply = getattr(ags, method)(request)
    assert reply.RequestId
    return reply


def refused(code, call, *arguments, **fields):
    try:
        call(*arguments, **fields)
    except TencentCloudSDKException as error:
        assert error.get_code() == code, error
        assert error.get_request_id(), error
    else:
        raise AssertionError(f"{code} expected")


def get(instance, token, path):
    """A request through the gateway, as any HTTP client makes it."""
    host, port = domain.rsplit(":", 1)
    name = f"8000-{instance}.{host}"
    context = ssl.create_default_context(cafile=ca_file)
    raw = socket.create_connection(("127.0.0.1", int(port)))
    connection = http.client.HTTPConnection(name, int(port))
    connection.sock = context.wrap_socket(raw, server_hostname=name)
    connection.request("GET", path, headers={"X-Access-Token": token} if token else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def wait(statuses, describe):
    for _ in range(600):
        status = describe().Status
        if status in statuses:
            return status
        time.sleep(0.05)
    raise AssertionError(f"not {statuses} but {status}")


def tool_state():
    return call("DescribeSandboxToolList", models.DescribeSandboxToolListRequest(), ToolIds=[tool]).SandboxToolSet[0]


def instance_state():
    return call(
        "DescribeSandboxInstanceList", models.DescribeSandboxInstanceListRequest(), InstanceIds=[instance]
    ).InstanceSet[0]


# Create, and wait as the vendor's examples do.
create = dict(
    ToolName="from-python",
    ToolType="custom",
    NetworkConfiguration={"NetworkMode": "PUBLIC"},
    Description="driven by the vendor's SDK",
    DefaultTimeout="10m",
    ClientToken="create-1",
    Tags=[{"Key": "team", "Value": "sandbox"}],
    CustomConfiguration={
        "Image": "python:3.11",
        "ImageRegistryType": "enterprise",
        "Command": ["/bin/sh", "-c"],
        "Args": ["echo inside > hello.txt; exec python3 -m http.server 8000 --bind 127.0.0.1"],
        "Env": [{"Name": "GREETING", "Value": "hello"}],
        "Ports": [{"Name": "http", "Port": 8000, "Protocol": "TCP"}],
        "Resources": {"CPU": "1", "Memory": "1Gi"},
        "Probe": {
            "HttpGet": {"Path": "/", "Port": 8000, "Scheme": "HTTP"},
            "ReadyTimeoutMs": 30000,
            "ProbeTimeoutMs": 1000,
            "ProbePeriodMs": 2000,
            "SuccessThreshold": 1,
            "FailureThreshold": 15,
        },
    },
)
tool = call("CreateSandboxTool", models.CreateSandboxToolRequest(), **create).ToolId
assert call("CreateSandboxTool", models.CreateSandboxToolRequest(), **create).ToolId == tool
assert tool_state().Status == "CREATING"
refused("ResourceUnavailable.SandboxTool", call, "StartSandboxInstance", models.StartSandboxInstanceRequest(), ToolId=tool)
wait(["ACTIVE"], tool_state)
described = tool_state()
assert described.ToolName == "from-python" and described.DefaultTimeoutSeconds == 600
assert described.CustomConfiguration.Resources.Memory == "1024Mi"
call("UpdateSandboxTool", models.UpdateSandboxToolRequest(), ToolId=tool, Description="updated")
assert tool_state().Description == "updated"

# Start, token, use.
started = call(
    "StartSandboxInstance",
    models.StartSandboxInstanceRequest(),
    ToolId=tool,
    Timeout="5m",
    ClientToken="start-1",
    Metadata=[{"Name": "run", "Value": "7"}],
    CustomConfiguration={"Image": "python:3.12", "ImageRegistryType": "enterprise"},
).Instance
instance = started.InstanceId
assert started.Status == "RUNNING" and started.TimeoutSeconds == 300, started
assert started.CustomConfiguration.Image == "python:3.12"
assert started.CustomConfiguration.ImageDigest.startswith("sha256:")
assert started.CustomConfiguration.Env[0].Value == "hello"
issued = call("AcquireSandboxInstanceToken", models.AcquireSandboxInstanceTokenRequest(), InstanceId=instance)
assert issued.Token.startswith("sit_") and issued.ExpiresAt.endswith("Z")
assert get(instance, issued.Token, "/hello.txt") == (200, b"inside\n")
assert get(instance, None, "/hello.txt")[0] == 401
assert get(instance, "sit_wrong", "/hello.txt")[0] == 401

# Update, pause, resume.
call("UpdateSandboxInstance", models.UpdateSandboxInstanceRequest(), InstanceId=instance, Timeout="10m")
assert instance_state().TimeoutSeconds == 600
paused = call("PauseSandboxInstance", models.PauseSandboxInstanceRequest(), InstanceId=instance)
assert paused.InstanceStatus in ("PAUSING", "PAUSED")
wait(["PAUSED"], instance_state)
call("ResumeSandboxInstance", models.ResumeSandboxInstanceRequest(), InstanceId=instance, Timeout="5m")
wait(["RUNNING"], instance_state)
assert get(instance, issued.Token, "/hello.txt")[0] == 200
by_ids = call("DescribeSandboxInstances", models.DescribeSandboxInstancesRequest(), InstanceIds=[instance])
assert [found.InstanceId for found in by_ids.InstanceSet] == [instance]
usage = call("DescribeQuotaOverview", models.DescribeQuotaOverviewRequest()).AccountQuotaOverview.Usage
assert (usage.SandboxTools, usage.SandboxInstances, usage.CPUCores) == (1, 1, 1)

# Refusals, with the codes of the vendor.
refused("ResourceInUse.SandboxTool", call, "DeleteSandboxTool", models.DeleteSandboxToolRequest(), ToolId=tool)
refused("MissingParameter", call, "StopSandboxInstance", models.StopSandboxInstanceRequest())
refused("ResourceNotFound.SandboxInstance", call, "StopSandboxInstance", models.StopSandboxInstanceRequest(), InstanceId="x")
refused(
    "InvalidParameterValue.SandboxTool", call, "CreateSandboxTool", models.CreateSandboxToolRequest(), **{**create, "ClientToken": "2"}
)
describe = models.DescribeSandboxToolListRequest()
refused("AuthFailure.SecretIdNotFound", client(secret_id="AKIDunknown").DescribeSandboxToolList, describe)
refused("AuthFailure.SignatureFailure", client(secret_key="wrong").DescribeSandboxToolList, describe)


class Old(ags_client.AgsClient):
    """Its clock is ten minutes slow."""

    def _build_req_with_tc3_signature(self, *arguments, **named):
        now = time.time
        time.time = lambda: now() - 600
        try:
            return super()._build_req_with_tc3_signature(*arguments, **named)
        finally:
            time.time = now


class Tampered(ags_client.AgsClient):
    """Somebody changes the body on the way."""

    def _build_req_with_tc3_signature(self, action, params, request, *arguments, **named):
        super()._build_req_with_tc3_signature(action, params, request, *arguments, **named)
        assert request.data == "{}", request.data
        request.data = '{"Limit": 1}'


refused("AuthFailure.SignatureExpire", client(kind=Old).DescribeSandboxToolList, describe)
refused("AuthFailure.SignatureFailure", client(kind=Tampered).DescribeSandboxToolList, describe)

# Stop, and delete.
call("StopSandboxInstance", models.StopSandboxInstanceRequest(), InstanceId=instance)
assert instance_state().Status in ("STOPPING", "STOPPED")
wait(["STOPPED"], instance_state)
assert instance_state().StopReason == "manual"
assert get(instance, issued.Token, "/hello.txt")[0] == 404
call("DeleteSandboxTool", models.DeleteSandboxToolRequest(), ToolId=tool)
assert call("DescribeSandboxToolList", models.DescribeSandboxToolListRequest()).TotalCount == 0
print("the whole lifecycle")
