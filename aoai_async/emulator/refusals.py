"""Every way in which the service says no, word for word where a recording shows the words."""

import json
import math

from aoai_async.emulator.answers import Answer, json_answer
from aoai_async.emulator.operations import Operation

__all__ = [
    "bad_field",
    "deployment_not_found",
    "empty_field",
    "missing_file",
    "model_error",
    "malformed_body",
    "no_credentials",
    "not_json",
    "overdue",
    "operation_not_supported",
    "resource_not_found",
    "stalled",
    "too_large",
    "too_many_requests",
    "wrong_key",
]


def _gateway_error(status: int, code: str, message: str) -> Answer:
    """The gateway's own spelling: compact but for one blank, as the recorded lengths show."""
    body = f'{{"error":{{"code":{json.dumps(code)},"message": {json.dumps(message)}}}}}'
    return Answer(status, body.encode(), {"Content-Type": "application/json"})


def _error(status: int, message: str, **facts: str) -> Answer:
    return json_answer({"error": {"message": message, **facts}}, status=status)


def wrong_key() -> Answer:
    """The `api-key` header holds another key."""
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
        "for an active subscription and use a correct regional API endpoint for your resource."
    )
    return _gateway_error(401, "401", message)


def no_credentials() -> Answer:
    """Neither a key nor an accepted bearer token; the service answers this one without a wrapper."""
    message = (
        "Unauthorized. Access token is missing, invalid, audience is incorrect "
        "(https://cognitiveservices.azure.com), or have expired."
    )
    return json_answer({"statusCode": 401, "message": message}, status=401)


def resource_not_found() -> Answer:
    """No such path, or no such api-version."""
    return _gateway_error(404, "404", "Resource not found")


def deployment_not_found() -> Answer:
    """The path names a deployment that does not exist."""
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within the last "
        "5 minutes, please wait a moment and try again."
    )
    return _gateway_error(404, "DeploymentNotFound", message)


def operation_not_supported(operation: Operation, deployment: str) -> Answer:
    """Audio asked of an image deployment, or the reverse."""
    message = (
        f"The {operation.capability} operation does not work with the specified model, {deployment}. "
        "Please choose different model and try again."
    )
    return _gateway_error(400, "OperationNotSupported", message)


def too_many_requests(operation: Operation, api_version: str, wait: float) -> Answer:
    """The deployment's quota is used up for the next `wait` seconds."""
    seconds = max(1, math.ceil(wait))
    unit = "second" if seconds == 1 else "seconds"
    message = (
        f"Requests to the {operation.apim_name} Operation under Azure OpenAI API version {api_version} have "
        "exceeded call rate limit of your current OpenAI S0 pricing tier. "
        f"Please retry after {seconds} {unit}. Please go here: https://aka.ms/oai/quotaincrease "
        "if you would like to further increase the default rate limit."
    )
    headers = {
        "apim-operation-name": operation.apim_name,
        "policy-id": "DeploymentRatelimit-Call",
        "Retry-After": str(seconds),
        "x-ratelimit-reset-requests": str(seconds),
    }
    return _gateway_error(429, "429", message).adding(headers)


def too_large(limit: int, size: int) -> Answer:
    """The whole body has `size` bytes, more than `limit`."""
    message = f"Maximum content size limit ({limit}) exceeded ({size} bytes read)"
    return _error(413, message, type="server_error")


def stalled(seconds: float) -> Answer:
    """The client stopped sending in the middle of its body."""
    return _error(408, f"No byte of the body arrived for {seconds:g} seconds.", type="invalid_request_error")


def overdue() -> Answer:
    """The model took too long."""
    return _error(504, "The model did not answer in time.", code="Timeout", type="server_error")


def malformed_body(reason: str) -> Answer:
    """The body does not follow its own Content-Type."""
    return _error(400, reason, code="invalidPayload", type="invalid_request_error")


def missing_file() -> Answer:
    """No part called `file` with a filename: an empty body, the reason in a header only."""
    return Answer(400, headers={"ms-azureml-model-error-reason": "model_error"})


def model_error(message: str, *, status: int = 400) -> Answer:
    """The model cannot use what it was given."""
    return _error(status, message, code="model_error", type="invalid_request_error", param="file")


def empty_field(name: str) -> Answer:
    """An optional field was sent without a value."""
    return _error(400, f"The field '{name}' must not be empty.", code="invalidPayload", param=name)


def bad_field(name: str, message: str) -> Answer:
    """A field has a value the service does not take."""
    return _error(400, message, code="invalid_value", type="invalid_request_error", param=name)


def not_json(reason: str) -> Answer:
    """A JSON body was expected."""
    message = f"We could not parse the JSON body of your request: {reason}"
    return _error(400, message, code="invalidPayload", type="invalid_request_error")
