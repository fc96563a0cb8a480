import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from aoai_async import errors
from aoai_async.errors import (
    APIError,
    APIStatusError,
    AzureOpenAIError,
    ConfigurationError,
    ContentFilteredError,
    InternalServerError,
    InvalidInputError,
    PictureError,
    RateLimitError,
    status_error_class,
)
from aoai_async.schema.filters import ContentFilterDetectedResult, DalleFilterResults

CLASSES = sorted(
    {kind for name in errors.__all__ if isinstance(kind := getattr(errors, name), type)}, key=lambda kind: kind.__name__
)
OPTIONS: dict[type[AzureOpenAIError], dict[str, Any]] = {
    InvalidInputError: {"field": "file"},
    PictureError: {"status_code": 403},
    APIError: {
        "status_code": 429,
        "code": "429",
        "type": "t",
        "param": "p",
        "request_id": "id",
        "region": "East US",
        "remaining_requests": 0,
        "retry_after": 59.0,
        "headers": CIMultiDict({"Retry-After": "59"}),
        "body": "{}",
    },
}


def _made(kind: type[AzureOpenAIError], message: str = "It broke") -> AzureOpenAIError:
    options = next((options for base, options in OPTIONS.items() if issubclass(kind, base)), {})
    return kind(message, **options)


def _again(error: AzureOpenAIError) -> AzureOpenAIError:
    restored = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(restored, AzureOpenAIError)
    return restored


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_can_be_pickled(kind: type[AzureOpenAIError]) -> None:
    """An error crosses a process boundary with all its attributes, its attempts and its notes."""
    error = _made(kind)
    error.attempts = 3
    error.add_note("It was not sent again")
    again = _again(error)
    assert type(again) is kind
    assert (again.args, vars(again), str(again)) == (error.args, vars(error), str(error))
    assert (again.attempts, again.__notes__) == (3, ["It was not sent again"])


@given(st.sampled_from(CLASSES), st.text())
def test_any_message_can_be_pickled_and_copied(kind: type[AzureOpenAIError], message: str) -> None:
    """The message is kept whatever it says, and so is that nothing was sent."""
    for again in (_again(_made(kind, message)), copy.copy(_made(kind, message))):
        assert (again.message, again.args, again.attempts) == (message, (message,), 0)


def test_verdicts_can_be_pickled() -> None:
    """A filtered prompt's error keeps its verdicts, and another one has none."""
    error = ContentFilteredError("no", status_code=400)
    error.filter_results = DalleFilterResults(jailbreak=ContentFilterDetectedResult(filtered=True))
    error.revised_prompt = "a corgi"
    again = _again(error)
    assert isinstance(again, ContentFilteredError)
    assert (again.filter_results, again.revised_prompt) == (error.filter_results, "a corgi")
    assert ContentFilteredError("no", status_code=400).filter_results is None


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_of_the_tree(kind: type[AzureOpenAIError]) -> None:
    """One class catches all, and its docstring draws each."""
    assert issubclass(kind, AzureOpenAIError)
    assert kind.__name__ in f"{errors.__doc__}"


def test_wrong_parameters_are_also_value_errors() -> None:
    """What a caller did wrong can be caught as Python's own error."""
    assert issubclass(ConfigurationError, ValueError)
    assert issubclass(InvalidInputError, ValueError)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (409, "ConflictError"),
        (413, "RequestTooLargeError"),
        (422, "UnprocessableEntityError"),
        (424, "APIStatusError"),
        (429, "RateLimitError"),
        (499, "APIStatusError"),
        (500, "InternalServerError"),
        (503, "InternalServerError"),
        (999, "InternalServerError"),
    ],
)
def test_each_status_has_its_class(status: int, name: str) -> None:
    """The class follows the status; where there is no closer one it is the general one."""
    assert status_error_class(status).__name__ == name


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RateLimitError("Slow down", status_code=429, code="429", request_id="id"), "429: Slow down (request id id)"),
        (APIStatusError("No", status_code=404, code="DeploymentNotFound"), "404 DeploymentNotFound: No"),
        (InternalServerError("No", status_code=500), "500: No"),
        (APIError("Lost"), "Lost"),
        (APIError("Lost", request_id="id"), "Lost (request id id)"),
        (InvalidInputError("Empty", field="file"), "Empty"),
    ],
)
def test_an_errors_text_says_what_support_needs(error: AzureOpenAIError, expected: str) -> None:
    """Status, code, message and request id are in the text, each once and only where known."""
    assert str(error) == expected


def test_openai_pythons_names_are_the_same_classes() -> None:
    """Code that catches openai-python's names goes on working."""
    assert errors.OpenAIError is AzureOpenAIError
    assert errors.APIResponseValidationError is errors.UnexpectedAnswerError
    assert issubclass(errors.APITimeoutError, errors.APIConnectionError)


def test_an_error_without_an_answer_has_no_headers() -> None:
    """Headers can be asked for always, and are nobody else's."""
    assert dict(APIError("Lost").headers) == {}
    assert APIError("Lost").headers is not APIError("Lost").headers
