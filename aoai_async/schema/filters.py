"""Verdicts of the content filter, as images carry them (API reference: Components)."""

from __future__ import annotations

from attrs import frozen

from aoai_async.schema.base import OpenEnum, SchemaObject

__all__ = [
    "ContentFilterDetectedResult",
    "ContentFilterSeverity",
    "ContentFilterSeverityResult",
    "DalleContentFilterResults",
    "DalleFilterResults",
]


class ContentFilterSeverity(OpenEnum):
    """How harmful a content is; further values may appear."""

    SAFE = "safe"
    VERY_LOW = "very_low"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@frozen(kw_only=True, repr=False)
class ContentFilterSeverityResult(SchemaObject):
    """A verdict with a severity (API reference: contentFilterSeverityResult).

    Attributes:
        filtered: Whether the content was stopped for it.
        severity: How harmful it is.
    """

    filtered: bool
    severity: ContentFilterSeverity | None = None


@frozen(kw_only=True, repr=False)
class ContentFilterDetectedResult(SchemaObject):
    """A verdict of yes or no (API reference: contentFilterDetectedResult).

    Attributes:
        filtered: Whether the content was stopped for it.
        detected: Whether it was found.
    """

    filtered: bool
    detected: bool | None = None


@frozen(kw_only=True, repr=False)
class DalleContentFilterResults(SchemaObject):
    """Verdicts on a picture; a category the service leaves out is None.

    A category whose verdict is of an unknown form is kept, as it came, in `extra`.
    """

    sexual: ContentFilterSeverityResult | None = None
    violence: ContentFilterSeverityResult | None = None
    hate: ContentFilterSeverityResult | None = None
    self_harm: ContentFilterSeverityResult | None = None


@frozen(kw_only=True, repr=False)
class DalleFilterResults(DalleContentFilterResults):
    """Verdicts on a prompt (API reference: dalleFilterResults)."""

    profanity: ContentFilterDetectedResult | None = None
    jailbreak: ContentFilterDetectedResult | None = None
